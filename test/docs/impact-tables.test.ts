import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { impactPagePath, renewImpactPage } from "../../docs/impact-tables.ts";

describe("the page about impact", () => {
  it("shows the verdicts that the tests' table gives (else: node docs/impact-tables.ts)", () => {
    const page = readFileSync(impactPagePath, "utf8");
    assert.equal(page, renewImpactPage(page));
  });

  it("refuses an example that the table does not have", () => {
    assert.throws(
      () => renewImpactPage("<!-- example: nothing -->\n<!-- end -->"),
      /no row of the table is an example of "nothing"/u,
    );
  });
});

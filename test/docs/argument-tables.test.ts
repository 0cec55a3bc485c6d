import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pagePath, renewTables } from "../../docs/argument-tables.ts";

describe("the tables of arguments", () => {
  const page = readFileSync(pagePath, "utf8");

  it("say what the TSDoc says; `node docs/argument-tables.ts` renews them", () => {
    assert.equal(page, renewTables(page));
  });

  it("tell the default and the reason of every argument", () => {
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    assert.ok(rows.length > 60);
    for (const row of rows) {
      const [, , , byDefault, why] = row.replaceAll("\\|", "").split("|");
      assert.ok(byDefault?.trim() !== "" && why?.trim() !== "", row);
    }
  });

  it("are only for what there is", () => {
    assert.throws(() => renewTables("<!-- arguments: Nothing -->\n<!-- end -->"), /asks for Nothing/u);
  });
});

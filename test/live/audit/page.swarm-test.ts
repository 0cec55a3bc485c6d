import assert from "node:assert/strict";
import { auditPage } from "../../../live/audit/page.ts";
import { hostileAudit } from "../../cli/hostile-audit.ts";
import { BrowsedPage, browserStartMs } from "../../support/browser.ts";

describe("the page of an audit in a browser", function () {
  this.timeout(60_000);
  let page: BrowsedPage;
  before(async function () {
    this.timeout(browserStartMs);
    page = await BrowsedPage.open(auditPage(hostileAudit()));
  });
  after(() => {
    page[Symbol.dispose]();
  });

  it("shows its tables, and obeys no name in them", async () => {
    const dom = await page.dom();
    const elements = new Set(dom.match(/(?<=<)[a-z][a-z0-9]*/gu));
    assert.deepEqual([...elements].sort(), [
      ...["body", "br", "code", "h1", "h2", "head", "html", "li", "main", "meta", "p", "section", "style", "table"],
      ...["tbody", "td", "th", "title", "tr", "ul"],
    ]);
    assert.equal(dom.match(/<section/gu)?.length, 11);
  });

  it("is light or dark as its reader's system is", async () => {
    assert.deepEqual(await page.firstPixel("light"), [255, 255, 255]);
    assert.deepEqual(await page.firstPixel("dark"), [13, 17, 23]);
  });
});

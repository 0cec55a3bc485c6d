import assert from "node:assert/strict";
import { renderHtml } from "../../impact/render/html.ts";
import { analyse } from "../../impact/report.ts";
import { readDigest } from "../../inputs/pulumi/preview.ts";
import { BrowsedPage, browserStartMs } from "../support/browser.ts";
import { recordedPreview } from "./recorded.ts";

describe("the page of verdicts in a browser", function () {
  this.timeout(60_000);
  let page: BrowsedPage;
  before(async function () {
    this.timeout(browserStartMs);
    const report = analyse(readDigest(JSON.parse(recordedPreview("pin-changed")), "preview", "pulumi"));
    page = await BrowsedPage.open(renderHtml(report));
  });
  after(() => {
    page[Symbol.dispose]();
  });

  it("has a lane for each node and draws what stays behind", async () => {
    const dom = await page.dom();
    assert.equal(dom.match(/class="lane"/gu)?.length, 2);
    assert.match(dom, /stateful: left behind/u);
  });

  it("is light or dark as its reader's system is", async () => {
    assert.deepEqual(await page.firstPixel("light"), [255, 255, 255]);
    assert.deepEqual(await page.firstPixel("dark"), [13, 17, 23]);
  });
});

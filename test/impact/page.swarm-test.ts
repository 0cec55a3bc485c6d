import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { readDigest } from "../../impact/pulumi-preview.ts";
import { renderHtml } from "../../impact/render-html.ts";
import { analyse } from "../../impact/report.ts";
import { browserStartMs, openBrowser, type Browse } from "../support/browser.ts";
import { recordedPreview } from "./recorded.ts";

describe("the page of verdicts in a browser", function () {
  this.timeout(60_000);
  let folder: string;
  let browse: Browse;
  const show = (...options: string[]) => browse(`file://${join(folder, "page.html")}`, ...options);

  before(async function () {
    this.timeout(browserStartMs);
    browse = await openBrowser();
    folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));
    const report = analyse(readDigest(JSON.parse(recordedPreview("pin-changed")), "preview", "pulumi"));
    writeFileSync(join(folder, "page.html"), renderHtml(report));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("has a lane for each node and draws what stays behind", async () => {
    const page = await show("--dump-dom");
    assert.equal(page.match(/class="lane"/gu)?.length, 2);
    assert.match(page, /stateful: left behind/u);
  });

  it("is light or dark as its reader's system is", async () => {
    const shot = join(folder, "page.png");
    await show("--window-size=800,600", `--screenshot=${shot}`);
    assert.deepEqual(firstPixel(readFileSync(shot)), [255, 255, 255]);
    await show("--window-size=800,600", "--blink-settings=preferredColorScheme=0", `--screenshot=${shot}`);
    assert.deepEqual(firstPixel(readFileSync(shot)), [13, 17, 23]);
  });
});

/** The first pixel of a PNG, which no filter changes. */
function firstPixel(png: Buffer): number[] {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return [...inflateSync(Buffer.concat(parts)).subarray(1, 4)];
}

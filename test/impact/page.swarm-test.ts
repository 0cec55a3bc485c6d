import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import { readDigest } from "../../impact/pulumi-preview.ts";
import { renderHtml } from "../../impact/render-html.ts";
import { analyse } from "../../impact/report.ts";
import { recordedPreview } from "./recorded.ts";

const browser = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

describe("the page of verdicts in a browser", function () {
  this.timeout(60_000);
  let folder: string;
  before(function () {
    if (browser === undefined) this.skip();
    folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));
    const report = analyse(readDigest(JSON.parse(recordedPreview("pin-changed")), "preview", "pulumi"));
    writeFileSync(join(folder, "page.html"), renderHtml(report));
  });
  after(() => {
    if (browser !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  async function browse(...options: string[]): Promise<string> {
    const usual = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      `--user-data-dir=${join(folder, "profile")}`,
    ];
    const run = promisify(execFile)(browser ?? "", [...usual, ...options, `file://${join(folder, "page.html")}`], {
      timeout: 50_000,
    });
    return (await run).stdout;
  }

  it("has a lane for each node and draws what stays behind", async () => {
    const page = await browse("--dump-dom");
    assert.equal(page.match(/class="lane"/gu)?.length, 2);
    assert.match(page, /stateful: left behind/u);
  });

  it("is light or dark as its reader's system is", async () => {
    const shot = join(folder, "page.png");
    await browse("--window-size=800,600", `--screenshot=${shot}`);
    assert.deepEqual(firstPixel(readFileSync(shot)), [255, 255, 255]);
    await browse("--window-size=800,600", "--blink-settings=preferredColorScheme=0", `--screenshot=${shot}`);
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

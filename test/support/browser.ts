/** Pages in a headless browser, where the machine has one. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";

const program = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
  .find((path) => existsSync(path));

/** Whether there is a browser on the PATH. */
export const hasBrowser = program !== undefined;

/** A page that can be looked at. */
export class BrowsedPage implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));

  constructor(page: string) {
    writeFileSync(join(this.#folder, "page.html"), page);
  }

  /** What the browser has made of it, as HTML. */
  dom(): Promise<string> {
    return this.#browse("--dump-dom");
  }

  /** Its first pixel, as red, green and blue, for a reader whose system is light or dark. */
  async firstPixel(system: "light" | "dark"): Promise<number[]> {
    const shot = join(this.#folder, "page.png");
    const dark = system === "dark" ? ["--blink-settings=preferredColorScheme=0"] : [];
    await this.#browse("--window-size=800,600", ...dark, `--screenshot=${shot}`);
    return firstPixel(readFileSync(shot));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #browse(...options: string[]): Promise<string> {
    const usual = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      `--user-data-dir=${join(this.#folder, "profile")}`,
    ];
    const page = `file://${join(this.#folder, "page.html")}`;
    return (await promisify(execFile)(program ?? "", [...usual, ...options, page], { timeout: 50_000 })).stdout;
  }
}

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

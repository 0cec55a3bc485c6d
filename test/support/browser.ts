/** Chromium, for tests that look at pages: the machine's own, or one unpacked like the rest of the lab's tools. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { inflateSync } from "node:zlib";
import { fillToolbox, findProgram, type ToolboxContents } from "../../lab/host/toolbox.ts";
import { testCacheDirectory } from "./sandbox.ts";

/** How long the first {@link BrowsedPage.open} of a machine may take: some 100 MB are downloaded once. */
export const browserStartMs = 300_000;

const contents: ToolboxContents = { name: "browser", packages: { chromium: "chromium" }, programs: [] };

const usualOptions = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** A browser, and the environment that it needs. */
interface Browser {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A page that can be looked at. */
export class BrowsedPage implements Disposable {
  readonly #browser: Browser;
  readonly #folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));

  private constructor(browser: Browser, page: string) {
    this.#browser = browser;
    writeFileSync(join(this.#folder, "page.html"), page);
  }

  /** Opens a page, given as HTML, in a browser that is fetched where the machine has none. */
  static async open(page: string): Promise<BrowsedPage> {
    return new BrowsedPage(await findBrowser(), page);
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
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #browse(...options: string[]): Promise<string> {
    const { program, env } = this.#browser;
    const profile = `--user-data-dir=${join(this.#folder, "profile")}`;
    const args = [...usualOptions, profile, ...options, `file://${join(this.#folder, "page.html")}`];
    return (await promisify(execFile)(program, args, { env, timeout: 50_000 })).stdout;
  }
}

async function findBrowser(): Promise<Browser> {
  const { directory, environment } = await fillToolbox(testCacheDirectory, () => undefined, contents);
  // The wrapper /usr/bin/chromium of a package that is only unpacked looks for the rest in the machine's own folders.
  const path = [join(directory, "usr/lib/chromium"), environment["PATH"]].join(delimiter);
  const program = await findProgram({ PATH: path }, "chromium");
  if (program === undefined) throw new Error("no Chromium in its package");
  const libraries = (environment["LD_LIBRARY_PATH"] ?? "").split(delimiter);
  // libpulse finds its private half by a path that is fixed when it is built.
  const privateLibraries = libraries.map((folder) => join(folder, "pulseaudio"));
  const env = { ...process.env, ...environment, LD_LIBRARY_PATH: [...libraries, ...privateLibraries].join(delimiter) };
  return { program, env };
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

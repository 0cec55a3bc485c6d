/** Chromium, for tests that look at pages: the machine's own, or one unpacked like the rest of the lab's tools. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { fillToolbox, findProgram, type ToolboxContents } from "../../lab/toolbox.ts";
import { testCacheDirectory } from "./sandbox.ts";

/** How long the first {@link openBrowser} of a machine may take: some 100 MB are downloaded once. */
export const browserStartMs = 300_000;

const contents: ToolboxContents = { name: "browser", packages: { chromium: "chromium" }, programs: [] };

const usualOptions = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/** Shows a page with Chromium's options and answers what it prints. */
export type Browse = (page: string, ...options: string[]) => Promise<string>;

/** Finds or fetches Chromium. */
export async function openBrowser(): Promise<Browse> {
  const { directory, environment } = await fillToolbox(testCacheDirectory, () => undefined, contents);
  // The wrapper /usr/bin/chromium of a package that is only unpacked looks for the rest in the machine's own folders.
  const unpacked = join(directory, "usr/lib/chromium");
  const path = [unpacked, environment["PATH"]].join(delimiter);
  const program = await findProgram({ PATH: path }, "chromium");
  if (program === undefined) throw new Error("no Chromium in its package");
  const libraries = (environment["LD_LIBRARY_PATH"] ?? "").split(delimiter);
  // libpulse finds its private half by a path that is fixed when it is built.
  const privateLibraries = libraries.map((folder) => join(folder, "pulseaudio"));
  const env = { ...process.env, ...environment, LD_LIBRARY_PATH: [...libraries, ...privateLibraries].join(delimiter) };
  return async (page, ...options) => {
    const profile = await mkdtemp(join(tmpdir(), "holdfast-browser-"));
    try {
      const args = [...usualOptions, `--user-data-dir=${profile}`, ...options, page];
      return (await promisify(execFile)(program, args, { env, timeout: 50_000 })).stdout;
    } finally {
      await rm(profile, { recursive: true, force: true, maxRetries: 3 });
    }
  };
}

import { readdir, readFile } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { FolderCopy } from "./assembled-image.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The folders of the project that the companion's program is made of. */
const rooms = ["backup", "model", "text"];

const packageSchema = z.object({ dependencies: z.record(z.string(), z.string()).default({}) });

/**
 * What the companion's program (backup/main.ts) is made of: its own files, those of the rooms that it uses, and the packages that any of
 * them import, with what these depend on.
 *
 * @param to - the folder in the image
 */
export async function backupProgram(to: string): Promise<FolderCopy[]> {
  const packages = new Set<string>();
  for (const room of rooms) {
    for (const name of await importedPackages(join(root, room))) await addPackage(name, root, packages);
  }
  return [
    { from: join(root, "package.json"), to: `${to}/package.json` },
    ...rooms.map((room) => ({ from: join(root, room), to: `${to}/${room}`, except: /^Dockerfile$/u })),
    // What a compiler, an editor or a person reads is left out.
    ...[...packages]
      .sort()
      .map((path) => ({ from: path, to: `${to}/${relative(root, path)}`, except: /\.(?:map|md|[cm]?ts)$/u })),
  ];
}

/** The names of the packages that the files of a folder import. */
async function importedPackages(folder: string): Promise<Set<string>> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return new Set(texts.flatMap(packagesIn));
}

/** The packages that a module imports. */
export function packagesIn(source: string): string[] {
  return Array.from(
    source.matchAll(/(?:\bfrom|\bimport\()\s*"(@[^/"]+\/[^/"]+|[^./"][^/"]*)/gu),
    ([, name = ""]) => name,
  ).filter((name) => !isBuiltin(name));
}

/** Adds the folder of a package, as a file beside it would find it, and those that it depends on. */
async function addPackage(name: string, importer: string, found: Set<string>): Promise<void> {
  const candidates = createRequire(join(importer, "any.js")).resolve.paths(name) ?? [];
  for (const candidate of candidates) {
    const folder = join(candidate, name);
    const text = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    if (found.has(folder)) return;
    found.add(folder);
    const { dependencies } = packageSchema.parse(JSON.parse(text));
    for (const dependency of Object.keys(dependencies)) await addPackage(dependency, folder, found);
    return;
  }
}

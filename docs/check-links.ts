/**
 * Checks what the Markdown pages refer to: linked files and headings, and files of this project that are named in code
 * spans. `node docs/check-links.ts` lists what does not exist and exits with 1.
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A reference to something that is not there. */
export interface BrokenReference {
  /** The page, relative to the project. */
  page: string;
  line: number;
  target: string;
  problem: string;
}

interface Reference {
  line: number;
  target: string;
  kind: "link" | "code";
}

/** Folders that hold nothing of the project's own. */
const foreign = new Set(["node_modules", ".git", ".holdfast", ".pulumi", "coverage", "dist", "data"]);

/** Finds the broken references of all pages below a folder. */
export function brokenReferences(root: string): BrokenReference[] {
  const pages = new Map(markdownFiles(root, root).map((path) => [path, readFileSync(join(root, path), "utf8")]));
  const folders = new Set(readdirSync(root));
  return [...pages].flatMap(([page, text]) =>
    references(text).flatMap(({ line, target, kind }) => {
      const problem =
        kind === "link" ? linkProblem(page, target, pages, root) : codeProblem(page, target, folders, root);
      return problem === undefined ? [] : [{ page, line, target, problem }];
    }),
  );
}

function markdownFiles(root: string, folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : markdownFiles(root, path);
    return entry.name.endsWith(".md") ? [relative(root, path)] : [];
  });
}

/** Links and code spans outside code blocks, with the lines on which they stand. */
export function references(text: string): Reference[] {
  return proseLines(text).flatMap(({ line, prose }): Reference[] => {
    const withoutCode = prose.replaceAll(/`[^`]*`/g, (span) => " ".repeat(span.length));
    const links = [
      ...withoutCode.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g),
      ...withoutCode.matchAll(/^\s*\[[^\]]+\]:\s+<?(\S+?)>?$/g),
      ...withoutCode.matchAll(/(?:href|src)="([^"]+)"/g),
    ].map(([, target = ""]) => ({ line, target, kind: "link" as const }));
    const spans = [...prose.matchAll(/`([^`\s]+)`/g)].map(([, target = ""]) => ({
      line,
      target,
      kind: "code" as const,
    }));
    return [...links, ...spans];
  });
}

function proseLines(text: string): { line: number; prose: string }[] {
  let fence: string | undefined;
  return text.split("\n").map((line, index) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    const isInside = fence !== undefined;
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
    }
    return { line: index + 1, prose: isInside || mark !== undefined ? "" : line };
  });
}

function linkProblem(
  page: string,
  target: string,
  pages: ReadonlyMap<string, string>,
  root: string,
): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = "", anchor] = decodeURI(target).split("#", 2);
  const file = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(root, file))) return `there is no ${file}`;
  const text = pages.get(file);
  if (anchor === undefined || text === undefined || anchors(text).has(anchor)) return undefined;
  return `there is no heading #${anchor} in ${file}`;
}

/** Only what looks like a file of this project: `folder/name.extension` with a folder that exists. */
function codeProblem(page: string, target: string, folders: ReadonlySet<string>, root: string): string | undefined {
  const path = target.replace(/:\d+$/, "");
  if (!/^[\w.-]+(\/[\w.-]+)+\.(ts|js|json|ya?ml|md)$/.test(path)) return undefined;
  const [folder = ""] = path.split("/");
  if (!folders.has(folder) || foreign.has(folder)) return undefined;
  const isThere = existsSync(join(root, path)) || existsSync(join(root, dirname(page), path));
  return isThere ? undefined : `there is no ${path}`;
}

/** The anchors that GitHub gives to the headings of a page, and those that it sets itself. */
export function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const { prose } of proseLines(text)) {
    for (const [, id = ""] of prose.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) found.add(id);
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(prose)?.[1];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    let unique = slug;
    for (let count = 1; found.has(unique); count++) unique = `${slug}-${count}`;
    found.add(unique);
  }
  return found;
}

function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/<[^>]*>/g, "")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const broken = brokenReferences(fileURLToPath(new URL("..", import.meta.url)));
  for (const { page, line, target, problem } of broken) console.error(`${page}:${line}: ${target}: ${problem}`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}

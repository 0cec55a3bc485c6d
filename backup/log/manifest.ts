import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { SituationError } from "../../text/situation-error.ts";

/** A file that a manifest names, and its number. */
export interface LogFile {
  readonly name: string;
  readonly seq: number;
}

/** The manifest of an append-only log (Redis 7 and newer, Valkey). */
export interface LogManifest {
  /** The state at the beginning of the first increment. */
  readonly base: LogFile | undefined;
  /** What was appended since, in its order; the server appends to the last one. */
  readonly increments: readonly LogFile[];
}

/**
 * Reads a manifest, lines such as `file appendonly.aof.1.incr.aof seq 1 type i startoffset 7`.
 *
 * @throws SituationError for a line that has another form
 * @see https://github.com/redis/redis/blob/8.0/src/aof.c (`aofLoadManifestFromFile`)
 */
export function readLogManifest(text: string): LogManifest {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const files = lines.map((line) => {
    const words = manifestWords(line);
    const fields = new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1]]] : [])));
    const [name, seq, type] = ["file", "seq", "type"].map((field) => fields.get(field) ?? "");
    const isPlain = name !== undefined && name !== "" && !/[/\0]/u.test(name) && name !== "." && name !== "..";
    if (!isPlain || !/^\d+$/u.test(seq ?? "") || !/^[bhi]$/u.test(type ?? ""))
      throw new SituationError({
        what: "The manifest of the append-only log has a line of a form that is not known",
        fix: "Check whether the server starts with it, and whether this image is too old for the server",
      });
    return { name, seq: Number(seq), type };
  });
  const ofType = (wanted: string): readonly LogFile[] =>
    files
      .filter(({ type }) => type === wanted)
      .map(({ name, seq }) => ({ name, seq }))
      .sort((one, other) => one.seq - other.seq);
  return { base: ofType("b").at(-1), increments: ofType("i") };
}

/**
 * Finds and reads the manifest in the folder of a log, and gives the log's name with it (`appendfilename`).
 *
 * @throws SituationError when there is none, or more than one
 */
export async function findLogManifest(folder: string): Promise<{ name: string; manifest: LogManifest }> {
  const names = await readdir(folder).catch(() => []);
  const [file, ...others] = names.filter((each) => each.endsWith(".manifest"));
  if (file === undefined || others.length > 0)
    throw new SituationError({
      what: `There is ${file === undefined ? "no" : "more than one"} manifest of an append-only log in ${folder}`,
      fix: "Check whether the server runs, with `appendonly yes`, Redis 7 or newer, and on this volume",
    });
  const manifest = readLogManifest(await readFile(join(folder, file), "utf8"));
  return { name: file.slice(0, -".manifest".length), manifest };
}

/** Writes the manifest that {@link readLogManifest} reads. */
export function writeLogManifest({ base, increments }: LogManifest): string {
  const lines = [...(base ? [{ ...base, type: "b" }] : []), ...increments.map((file) => ({ ...file, type: "i" }))];
  return lines.map(({ name, seq, type }) => `file ${manifestWord(name)} seq ${seq} type ${type}\n`).join("");
}

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\u0007", b: "\b" };

/** The words of a line; those between quotation marks have escapes (sds.c, `sdssplitargs`). */
function manifestWords(line: string): readonly string[] {
  return Array.from(line.matchAll(/"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>\S+)/gu), ({ groups }) => {
    const quoted = groups?.["quoted"];
    if (quoted === undefined) return groups?.["bare"] ?? "";
    const bytes = quoted.replaceAll(
      /\\(?:x([0-9a-f]{2})|(.))/giu,
      (_, code: string | undefined, escaped: string | undefined) =>
        code === undefined ? (escapes[escaped ?? ""] ?? escaped ?? "") : String.fromCharCode(Number.parseInt(code, 16)),
    );
    // The escapes are of bytes.
    return /\\x/u.test(quoted) ? Buffer.from(bytes, "latin1").toString("utf8") : bytes;
  });
}

function manifestWord(name: string): string {
  if (/^[\w.-]+$/u.test(name)) return name;
  const bytes = Array.from(Buffer.from(name), (byte) => {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === "\\") return `\\${character}`;
    return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${bytes.join("")}"`;
}

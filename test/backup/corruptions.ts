/** Everything that may be wrong with a repository, at places that a seed decides; and what must come of it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rm, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { backupSecretFiles, type ProofLevel } from "../../backup/protocol.ts";
import { oneFrom, type Draw } from "./random.ts";
import type { Recording, RepositoryCopy, StoredPart } from "./recording.ts";
import type { Ran, RigOptions } from "./rig.ts";
import { digestOfFiles } from "./store.ts";

/** What was done, and what has to be named. */
interface Done {
  readonly naming: RegExp;
  /** Of the time before the newest state. */
  readonly at?: number;
  /** What the program is told otherwise than before. */
  readonly options?: Pick<RigOptions, "store" | "secrets">;
  readonly level?: ProofLevel;
}

/** A way to damage a backup. */
export interface Corruption {
  readonly title: string;
  readonly of: "newest" | "all" | "snapshots";
  readonly times: number;
  damage(copy: RepositoryCopy, draw: Draw, recordings: Recordings): Promise<Done>;
}

/** What can be damaged. */
export interface Recordings {
  /** Two generations with all their bases and increments. */
  readonly all: Recording;
  /** Only what the newest state needs: every file counts. */
  readonly newest: Recording;
  readonly snapshots: Recording;
}

const anyPart =
  /^(?:\S+\.aof|\S+\.base\.\d+|\d+\.dump\.rdb|snapshot [0-9a-f]{8}|log \d+ of generation \S+, from byte \d+) /u;
const repository =
  /^(?:The repository|There is no repository|The secret repository-password does not open the repository) \//u;
const partOrRepository = new RegExp(`${anyPart.source}|${repository.source}`, "u");
const gap = /^log \d+ of generation \S+, from byte \d+ is missing up to /u;

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
const named = ({ file }: Pick<StoredPart, "file">): RegExp => new RegExp(`^${escaped(file)} `, "u");
const either = (...patterns: readonly RegExp[]): RegExp =>
  new RegExp(patterns.map(({ source }) => source).join("|"), "u");

const withTag = (tags: readonly string[], name: string, value: string | number): readonly string[] =>
  tags.map((tag) => (tag.startsWith(`${name}=`) ? `${name}=${value}` : tag));
const tagOf = ({ tags }: StoredPart, name: string): string =>
  tags.find((tag) => tag.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

/** The pieces of the newest increment; not the last one, without which the backup is whole, and older. */
async function innerPieces(copy: RepositoryCopy): Promise<readonly StoredPart[]> {
  const pieces = await copy.parts("log");
  const newest = pieces.at(-1)?.file.replace(/\.\d+-\d+\.aof$/u, "");
  return pieces.filter(({ file }) => file.startsWith(`${newest}.`)).slice(0, -1);
}

async function retag(copy: RepositoryCopy, { id }: StoredPart, tags: readonly string[]): Promise<void> {
  await copy.restic("tag", ...tags.flatMap((tag) => ["--set", tag]), id);
}

function wrongTag(
  kind: "log" | "base",
  name: string,
  change: (value: string, draw: Draw) => string | number,
): Corruption {
  return {
    title: `a ${kind === "log" ? "piece" : "base"} with another ${name}`,
    of: "newest",
    times: 1,
    damage: async (copy, draw) => {
      const part = oneFrom(kind === "log" ? await innerPieces(copy) : await copy.parts("base"), draw);
      await retag(copy, part, withTag(part.tags, name, change(tagOf(part, name), draw)));
      return { naming: either(named(part), gap) };
    },
  };
}

const shifted = (value: string, draw: Draw): number => Number(value) + 1 + Math.floor(draw() * 1000);

/** Replaces content by half of it, or by something else, under the same tags. */
function otherContent(title: string, times: number, content: (bytes: Buffer, draw: Draw) => Buffer): Corruption {
  return {
    title,
    of: "newest",
    times,
    damage: async (copy, draw) => {
      const part = oneFrom([...(await innerPieces(copy)), ...(await copy.parts("base"))], draw);
      await copy.replace(part, content(await copy.content(part), draw));
      return { naming: either(named(part), gap) };
    },
  };
}

const half = (bytes: Buffer, draw: Draw): Buffer => bytes.subarray(0, Math.ceil((bytes.length - 1) * draw()));
const flippedBytes = (bytes: Buffer, draw: Draw): Buffer => {
  const copy = Buffer.from(bytes);
  const at = Math.floor(draw() * copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << Math.floor(draw() * 8));
  return copy;
};

/** Flips a bit somewhere in a file. */
async function flipBit(path: string, draw: Draw): Promise<void> {
  const bytes = await readFile(path);
  await rm(path, { force: true });
  await writeFile(path, flippedBytes(bytes, draw));
}

async function cut(path: string, draw: Draw): Promise<void> {
  await truncate(path, Math.floor((await readFile(path)).length * draw()));
}

function onFile(
  title: string,
  times: number,
  kind: Parameters<RepositoryCopy["files"]>[0],
  naming: RegExp,
  change: (path: string, draw: Draw) => Promise<void>,
  of: Corruption["of"] = "newest",
): Corruption {
  return {
    title,
    of,
    times,
    damage: async (copy, draw) => {
      await change(oneFrom(await copy.files(kind), draw), draw);
      return { naming };
    },
  };
}

/** All of them, forty in all. */
export const corruptions: readonly Corruption[] = [
  onFile("a flipped bit in a pack", 4, "data", anyPart, flipBit),
  onFile("a pack cut off", 1, "data", anyPart, cut),
  onFile("a pack missing", 2, "data", anyPart, unlink),
  onFile("a flipped bit in a pack of snapshots", 1, "data", anyPart, flipBit, "snapshots"),
  {
    title: "a pack of another repository",
    of: "newest",
    times: 1,
    damage: async (copy, draw, { snapshots }) => {
      await using other = await snapshots.copy();
      await copyFile(oneFrom(await other.files("data"), draw), oneFrom(await copy.files("data"), draw));
      return { naming: anyPart };
    },
  },
  {
    title: "two packs in each other's place",
    of: "newest",
    times: 1,
    damage: async (copy, draw) => {
      const packs = await copy.files("data");
      const one = oneFrom(packs, draw);
      const other = oneFrom(
        packs.filter((pack) => pack !== one),
        draw,
      );
      const bytes = await readFile(one);
      await copyFile(other, one);
      await writeFile(other, bytes);
      return { naming: anyPart };
    },
  },
  onFile("a flipped bit in an index", 1, "index", partOrRepository, flipBit),
  onFile("an index missing", 1, "index", partOrRepository, unlink),
  onFile("a flipped bit in a snapshot", 2, "snapshots", anyPart, flipBit),
  onFile("a snapshot cut off", 1, "snapshots", anyPart, cut),
  onFile("a flipped bit in a key", 1, "keys", partOrRepository, flipBit),
  onFile("the key missing", 1, "keys", partOrRepository, unlink),
  {
    title: "a flipped bit in the configuration",
    of: "newest",
    times: 1,
    damage: async (copy, draw) => {
      await flipBit(join(copy.folder, "config"), draw);
      return { naming: repository };
    },
  },
  {
    title: "the configuration missing",
    of: "newest",
    times: 1,
    damage: async (copy) => {
      await unlink(join(copy.folder, "config"));
      return { naming: repository };
    },
  },
  {
    title: "the key of another repository",
    of: "newest",
    times: 1,
    damage: async (copy, _, { snapshots }) => {
      await using other = await snapshots.copy();
      const [[own = ""], [foreign = ""]] = [await copy.files("keys"), await other.files("keys")];
      await copyFile(foreign, own);
      return { naming: repository };
    },
  },
  {
    title: "another password",
    of: "newest",
    times: 1,
    damage: async (copy, draw) => {
      const secrets = `${copy.folder}-secrets`;
      await mkdir(secrets);
      await writeFile(join(secrets, backupSecretFiles.password), String(draw()));
      return { naming: repository, options: { secrets } };
    },
  },
  {
    title: "the backup of another store",
    of: "all",
    times: 1,
    damage: () =>
      Promise.resolve({
        naming: /^The repository holds no backup of shop\/test\/redis, but of shop\/prod\/redis/u,
        options: { store: "shop/test/redis" },
      }),
  },
  otherContent("a torn piece or base", 2, half),
  otherContent("a piece or a base with a flipped bit, stored as if it were right", 1, flippedBytes),
  {
    title: "a piece missing in the chain",
    of: "all",
    times: 2,
    damage: async (copy, draw) => {
      const piece = oneFrom(await innerPieces(copy), draw);
      await copy.restic("forget", piece.id);
      return { naming: gap };
    },
  },
  {
    title: "the only base missing",
    of: "newest",
    times: 1,
    damage: async (copy) => {
      for (const { id } of await copy.parts("base")) await copy.restic("forget", id);
      return { naming: /^the backup holds no state yet/u };
    },
  },
  wrongTag("log", "from", shifted),
  wrongTag("log", "seq", shifted),
  wrongTag("log", "sha256", (value) => value.replaceAll(/^./gu, (digit) => (digit === "0" ? "1" : "0"))),
  wrongTag("log", "last", shifted),
  wrongTag("log", "generation", () => "20200101T000000Z-abcdef"),
  wrongTag("base", "last", (value) => Number(value) - 60),
  wrongTag("base", "name", () => "other.aof"),
  {
    title: "two pieces with each other's tags",
    of: "newest",
    times: 1,
    damage: async (copy, draw) => {
      const pieces = await innerPieces(copy);
      const one = oneFrom(pieces, draw);
      const other = oneFrom(
        pieces.filter(({ id }) => id !== one.id),
        draw,
      );
      await retag(copy, one, other.tags);
      await retag(copy, other, one.tags);
      return { naming: either(named(one), named(other), gap) };
    },
  },
  {
    title: "another content beside a piece, for the same place",
    of: "newest",
    times: 1,
    damage: async (copy, draw) => {
      const piece = oneFrom(await innerPieces(copy), draw);
      const content = flippedBytes(await copy.content(piece), draw);
      const digest = createHash("sha256").update(content).digest("hex");
      const tags = withTag(withTag(piece.tags, "sha256", digest), "running", digest);
      await copy.add(
        piece,
        content,
        tags.filter((tag) => !tag.startsWith("sealed=")),
      );
      return { naming: named(piece) };
    },
  },
  {
    title: "the base of another generation",
    of: "all",
    times: 1,
    damage: async (copy) => {
      const bases = await copy.parts("base");
      const [first, last] = [bases[0], bases.at(-1)];
      if (!first || !last) throw new Error("there is no base");
      await copy.replace(last, await copy.content(first));
      return { naming: named(last) };
    },
  },
  {
    title: "a snapshot cut off, of a store without a log",
    of: "snapshots",
    times: 1,
    damage: async (copy, draw) => {
      const snapshot = (await copy.parts("snapshot")).at(-1);
      if (!snapshot) throw new Error("there is no snapshot");
      await copy.replace(snapshot, half(await copy.content(snapshot), draw));
      return { naming: named(snapshot) };
    },
  },
  {
    title: "a snapshot of something made by hand",
    of: "snapshots",
    times: 1,
    damage: async (copy) => {
      const snapshot = (await copy.parts("snapshot")).at(-1);
      if (!snapshot) throw new Error("there is no snapshot");
      const content = await copy.content(snapshot);
      await copy.replace(snapshot, Buffer.from("made by hand\n".repeat(content.length).slice(0, content.length)));
      return { naming: named(snapshot) };
    },
  },
];

/** What came of a corruption. */
export interface Verdict {
  /** Whether what is wrong was told, named, and never restored as if it were right. */
  readonly isDetected: boolean;
  /** Whether the state can be restored all the same, and nothing was told: no part of it was hit. */
  readonly isHarmless: boolean;
  readonly words: string;
}

/** Damages a copy, and looks at what the program says of it, and makes of it. */
export async function judge(corruption: Corruption, recordings: Recordings, draw: Draw): Promise<Verdict> {
  const recording = recordings[corruption.of];
  await using copy = await recording.copy();
  const { naming, at, options = {}, level = "check" } = await corruption.damage(copy, draw, recordings);
  const time = at === undefined ? [] : ["--at", String(at)];
  const told = found(await copy.run(["verify", "--level", level, ...time], options));
  const state = await restoredState(recording, copy, time, options);
  const isNamed = told.split("; ").some((words) => naming.test(words)) && (await isTrue(copy, told));
  return {
    // Of snapshots the one before it is taken, as after an upload that was cut off.
    isDetected: isNamed && state !== "wrong" && (state !== "former" || corruption.of === "snapshots"),
    isHarmless: told === "" && state === "right",
    words: ["wrong", "former"].includes(state) ? `a ${state} state was restored; ${told}` : told,
  };
}

/** Whether a restore gives the newest state, a former one, nothing, or something else. */
async function restoredState(
  recording: Recording,
  copy: RepositoryCopy,
  time: readonly string[],
  options: RigOptions,
): Promise<"right" | "former" | "none" | "wrong"> {
  const folder = join(recording.rig.folder, `restored-${Math.random()}`);
  const { exitCode } = await copy.run(["restore", "--to", folder, ...time], options);
  try {
    if (exitCode !== 0) return !existsSync(folder) || existsSync(join(folder, ".holdfast-restore")) ? "none" : "wrong";
    const kind = existsSync(join(folder, "dump.rdb")) ? "snapshot" : "log";
    const digest = await digestOfFiles(folder, kind);
    if (digest === recording.checkpoints.at(-1)?.digest) return "right";
    return recording.checkpoints.some((each) => each.digest === digest) ? "former" : "wrong";
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a part that is said to be unreadable cannot be read by restic alone either. */
async function isTrue(copy: RepositoryCopy, told: string): Promise<boolean> {
  const [, file] = /^(\S+) cannot be read: /u.exec(told) ?? [];
  if (file === undefined || file === "snapshot") return true;
  const parts = await Promise.all((["log", "base", "snapshot"] as const).map((kind) => copy.parts(kind)));
  const part = parts.flat().find((each) => each.file === file);
  return part !== undefined && (await copy.isUnreadable(part));
}

/** The words of what was found; an empty text where nothing was. */
export function found({ exitCode, last }: Ran): string {
  if (exitCode === 0) return "";
  if (last.type !== "result" || last.command !== "verify")
    return last.type === "error" ? last.message : JSON.stringify(last);
  return last.mistakes.map(({ part, problem }) => `${part} ${problem}`).join("; ");
}

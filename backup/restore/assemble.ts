import { createHash, type Hash } from "node:crypto";
import { mkdir, open, rename, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { errorWords } from "../../text/error-text.ts";
import { SituationError } from "../../text/situation-error.ts";
import { NotJudgedError } from "../check/not-judged.ts";
import { CommandScanner } from "../log/commands.ts";
import { logFolder } from "../log/follower.ts";
import { writeLogManifest, type LogFile } from "../log/manifest.ts";
import type { ChainLink, PartMistake, RestorePlan } from "../repository/catalogue.ts";
import type { Restic } from "../repository/restic.ts";
import type { LogBase, LogPiece, SnapshotFile } from "../repository/tags.ts";

/** A plan that can be carried out. */
export type WholePlan = Exclude<RestorePlan, { kind: "none" }>;

/** What came of reading the parts. */
export interface Assembled {
  /** The files that were written, below the folder; the one that a server loads is the first. */
  readonly files: readonly string[];
  readonly parts: number;
  readonly bytes: number;
  /** The time of the last command that is in it. */
  readonly point: number;
  readonly mistakes: readonly PartMistake[];
}

/** How far the reading is. */
export type TellProgress = (words: string, doneBytes: number, allBytes: number) => void;

/**
 * Reads all parts of a plan for a Redis out of the repository and checks each: its digest, its length, and that the log consists of whole commands.
 *
 * @param folder - where the server's files are written; undefined when the parts are only checked
 */
export async function assembleRedis(
  reader: PartReader,
  plan: WholePlan,
  folder: string | undefined,
): Promise<Assembled> {
  return plan.kind === "snapshot"
    ? assembleSnapshot(reader, plan.snapshot, folder, "dump.rdb")
    : assembleLog(reader, plan, folder);
}

/** What a plan reads out of the repository, and writes. */
export function bytesOf(plan: WholePlan): number {
  if (plan.kind === "snapshot") return plan.snapshot.bytes;
  return plan.base.bytes + plan.links.reduce((sum, { piece: { from, to } }) => sum + to - from, 0);
}

/** The same for a single file. */
export async function assembleSnapshot(
  reader: PartReader,
  snapshot: SnapshotFile,
  folder: string | undefined,
  file: string,
): Promise<Assembled> {
  await using handle = folder === undefined ? undefined : await open(join(folder, file), "w");
  const mistakes = await reader.read(snapshot, (chunk) => handle?.write(chunk));
  await handle?.sync();
  return { files: [file], parts: 1, bytes: snapshot.bytes, point: snapshot.last, mistakes };
}

async function assembleLog(
  reader: PartReader,
  plan: Extract<WholePlan, { kind: "log" }>,
  folder: string | undefined,
): Promise<Assembled> {
  const { base, links, cutAfter } = plan;
  const target = folder === undefined ? undefined : join(folder, logFolder);
  if (target !== undefined) await mkdir(target, { recursive: true });
  const { name: baseName, mistakes } = await readBase(reader, base, target);
  let point = base.last;
  const increments: LogFile[] = [];
  const bySeq = Map.groupBy(links, ({ piece: { seq } }) => seq);
  // The server needs one to append to, even if it is empty.
  for (const seq of bySeq.size === 0 ? [base.log] : bySeq.keys()) {
    const name = `${base.name}.${seq}.incr.aof`;
    increments.push({ name, seq });
    await using handle = target === undefined ? undefined : await open(join(target, name), "w");
    const running = createHash("sha256");
    for (const link of bySeq.get(seq) ?? []) {
      const { seconds, problems } = await readPiece(reader, link, { cutAfter, handle, running });
      mistakes.push(...problems);
      if (mistakes.length === 0 && running.copy().digest("hex") !== link.piece.running)
        mistakes.push({ part: link.piece.file, problem: "does not follow what is stored of the log before it" });
      point = Math.max(point, seconds);
    }
    await handle?.sync();
  }
  const manifest = `${base.name}.manifest`;
  const text = writeLogManifest({ base: { name: baseName, seq: base.seq }, increments });
  if (target !== undefined) await writeFile(join(target, manifest), text, { flush: true });
  const names = [manifest, baseName, ...increments.map(({ name }) => name)];
  const files = names.map((name) => join(logFolder, name));
  return { files, parts: links.length + 1, bytes: bytesOf(plan), point, mistakes };
}

async function readBase(
  reader: PartReader,
  base: LogBase,
  target: string | undefined,
): Promise<{ name: string; mistakes: PartMistake[] }> {
  // The server knows the form by the name.
  const name = (form: string): string => `${base.name}.${base.seq}.base.${form}`;
  if (target === undefined) return { name: name("rdb"), mistakes: await reader.read(base, () => undefined) };
  const partial = join(target, name("partial"));
  const handle = await open(partial, "w+");
  const head = Buffer.alloc(6);
  let mistakes: PartMistake[];
  try {
    mistakes = await reader.read(base, (chunk) => handle.write(chunk));
    await handle.read(head, 0, head.length, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const whole = name(/^(?:REDIS|VALKEY)/u.test(head.toString("latin1")) ? "rdb" : "aof");
  await rename(partial, join(target, whole));
  return { name: whole, mistakes };
}

/** Where a piece is written, and what is done with it. */
interface PieceTarget {
  readonly cutAfter: number | undefined;
  readonly handle: FileHandle | undefined;
  /** Of the increment, from its beginning. */
  readonly running: Hash;
}

async function readPiece(
  reader: PartReader,
  { piece, skipBytes }: ChainLink,
  { cutAfter, handle, running }: PieceTarget,
): Promise<{ seconds: number; problems: readonly PartMistake[] }> {
  const scanner = new CommandScanner(piece.from, piece.first, cutAfter);
  let at = piece.from;
  const problems = await reader.read(piece, async (chunk) => {
    scanner.feed(chunk);
    const skipped = Math.max(0, piece.from + skipBytes - at);
    if (skipped < chunk.length) {
      running.update(chunk.subarray(skipped));
      await handle?.write(chunk, skipped, chunk.length - skipped, at + skipped);
    }
    at += chunk.length;
  });
  const { boundary, mistake, isPast } = scanner;
  if (!isPast && boundary !== piece.to && problems.length === 0) {
    const problem = mistake ? `has ${mistake.problem} at byte ${mistake.offset}` : "ends within a command";
    problems.push({ part: piece.file, problem });
  }
  if (isPast) await handle?.truncate(boundary);
  return { seconds: cutAfter === undefined ? piece.last : (scanner.seconds ?? piece.first), problems };
}

/** Reads parts, one after the other, and tells how far it is. */
export class PartReader {
  readonly #restic: Restic;
  readonly #progress: TellProgress;
  readonly #allBytes: number;
  #doneBytes = 0;
  #toldMs = 0;

  constructor(restic: Restic, plan: WholePlan, progress: TellProgress) {
    this.#restic = restic;
    this.#progress = progress;
    this.#allBytes = bytesOf(plan);
  }

  /** @returns what is wrong with the part */
  async read(
    part: LogPiece | LogBase | SnapshotFile,
    take: (chunk: Buffer) => Promise<unknown> | undefined,
  ): Promise<PartMistake[]> {
    const expected = part.kind === "log" ? part.to - part.from : part.bytes;
    const hash = createHash("sha256");
    let bytes = 0;
    let unwritten: unknown;
    try {
      await this.#restic.read(part.id, part.file, async (content) => {
        for await (const chunk of content as AsyncIterable<Buffer>) {
          hash.update(chunk);
          bytes += chunk.length;
          this.#doneBytes += chunk.length;
          this.#tell(part.file);
          try {
            await take(chunk);
          } catch (error) {
            unwritten = error;
            throw error;
          }
        }
      });
    } catch (error) {
      if (unwritten !== undefined) throw notWritten(part.file, unwritten);
      if (error instanceof NotJudgedError) throw error;
      return [{ part: part.file, problem: `cannot be read: ${errorWords(error)}` }];
    }
    if (bytes !== expected) return [{ part: part.file, problem: `has ${bytes} of ${expected} bytes` }];
    if (hash.digest("hex") === part.sha256) return [];
    return [{ part: part.file, problem: "has a different digest from what was sent" }];
  }

  #tell(file: string): void {
    const now = Date.now();
    if (now - this.#toldMs < 1000) return;
    this.#toldMs = now;
    this.#progress(file, this.#doneBytes, this.#allBytes);
  }
}

/** That it cannot be written says nothing of the backup. */
function notWritten(file: string, error: unknown): SituationError {
  return new SituationError({
    what: `${file} was read but could not be written: ${errorWords(error)}`,
    fix: "Free some space there and run it again: nothing is wrong with the backup",
  });
}

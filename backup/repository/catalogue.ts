import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { restoreRangeSchema } from "../protocol.ts";
import type { ResticSnapshot } from "./restic.ts";
import {
  expectedBytes,
  readPart,
  tagProblem,
  type BackupPart,
  type CopyFile,
  type LogBase,
  type LogPiece,
  type LogPosition,
  type SnapshotFile,
  type StoredProof,
} from "./tags.ts";

/** What is wrong with a part of a backup. */
export interface PartMistake {
  readonly part: string;
  readonly problem: string;
}

/** Mistakes in words: the first, and how many more there are; undefined where there are none. */
export function mistakesWords(mistakes: readonly PartMistake[]): string | undefined {
  const [first, ...others] = mistakes.map(({ part, problem }) => `${part} ${problem.trimEnd().replace(/\.$/u, "")}`);
  return others.length > 0 ? `${first}, and ${others.length} more` : first;
}

/** What the repository holds of one store. */
export interface Catalogue {
  /** By generation, the oldest first. */
  readonly generations: readonly Generation[];
  /** The oldest first. */
  readonly snapshots: readonly SnapshotFile[];
  /** The copies of servers that the bases name, and those whose base never came. */
  readonly copies: readonly CopyFile[];
  /** The newest first. */
  readonly proofs: readonly StoredProof[];
  /** Snapshots that restic finds and cannot read, or whose tags somebody has changed: nobody knows what they were. */
  readonly unreadable: readonly PartMistake[];
  /** Snapshots that hold less or more than they should: their upload was cut off. They are as good as not there. */
  readonly torn: readonly { readonly part: BackupPart; readonly problem: string }[];
}

/** A log without a gap, as its companion has followed it. */
export interface Generation {
  readonly name: string;
  /** In the order of the log. */
  readonly pieces: readonly LogPiece[];
  /** In the order of the log. */
  readonly bases: readonly LogBase[];
}

/** A piece in a chain, and how many of its first bytes the pieces before it have already. */
export interface ChainLink {
  readonly piece: LogPiece;
  readonly skipBytes: number;
}

/** The pieces that follow each other from a place on. */
export interface Chain {
  readonly links: readonly ChainLink[];
  readonly end: LogPosition;
  /** What is missing where the log goes on after the end. */
  readonly gap: PartMistake | undefined;
}

/** What a restore needs; or why there is none. */
export type RestorePlan =
  | { readonly kind: "none"; readonly mistake: PartMistake }
  | { readonly kind: "snapshot"; readonly snapshot: SnapshotFile; readonly point: number }
  | {
      readonly kind: "log";
      readonly generation: string;
      readonly base: LogBase;
      readonly links: readonly ChainLink[];
      /** The last second whose commands count; undefined when all of the pieces do. */
      readonly cutAfter: number | undefined;
      /** The time of the state, as far as the catalogue knows it. */
      readonly point: number;
    };

/** Sorts a store's snapshots by what they are. */
export function readCatalogue(
  snapshots: readonly ResticSnapshot[],
  unreadable: readonly PartMistake[] = [],
): Catalogue {
  const changed = snapshots.flatMap((snapshot) => {
    const problem = tagProblem(snapshot);
    return problem === undefined ? [] : [{ snapshot, mistake: { part: partName(snapshot), problem } }];
  });
  const isChanged = new Set(changed.map(({ snapshot }) => snapshot));
  const read = snapshots.flatMap((snapshot) => {
    if (isChanged.has(snapshot)) return [];
    const part = readPart(snapshot);
    const actual = snapshot.summary?.total_bytes_processed;
    const expected = part && expectedBytes(part);
    const isWhole = expected === undefined || actual === undefined || actual === expected;
    return part ? [{ part, isWhole, problem: `holds ${actual ?? 0} of ${expected ?? 0} bytes` }] : [];
  });
  const whole = read.filter(({ isWhole }) => isWhole).map(({ part }) => part);
  const pieces = whole.filter((part) => part.kind === "log");
  const bases = whole.filter((part) => part.kind === "base");
  const names = [...new Set([...pieces, ...bases].map(({ generation }) => generation))].sort();
  return {
    generations: names.map((name) => ({
      name,
      pieces: pieces
        .filter(({ generation }) => generation === name)
        .sort((one, other) => one.seq - other.seq || one.from - other.from || one.to - other.to),
      bases: bases
        .filter(({ generation }) => generation === name)
        .sort((one, other) => one.log - other.log || one.deliveredSeconds - other.deliveredSeconds),
    })),
    copies: whole.filter((part) => part.kind === "copy"),
    snapshots: whole.filter((part) => part.kind === "snapshot").sort((one, other) => one.last - other.last),
    proofs: whole
      .filter((part) => part.kind === "proof")
      .sort((one, other) => other.deliveredSeconds - one.deliveredSeconds),
    unreadable: [...unreadable, ...changed.map(({ mistake }) => mistake)],
    torn: read.filter(({ isWhole }) => !isWhole).map(({ part, problem }) => ({ part, problem })),
  };
}

function partName({ id, paths: [path] }: ResticSnapshot): string {
  return path?.replace(/^\//u, "") ?? `snapshot ${id.slice(0, 8)}`;
}

/** The chain of pieces from the beginning of an increment on. Pieces may overlap, because what is folded stays for a while beside the fine ones. */
export function chainFrom({ name, pieces }: Generation, seq: number): Chain {
  const links: ChainLink[] = [];
  let end: LogPosition = { seq, offset: 0 };
  let contradiction: PartMistake | undefined;
  for (;;) {
    const next = nextLink(pieces, end);
    contradiction = next && contradicting(next, pieces);
    if (!next || contradiction) break;
    links.push(next);
    end = { seq: next.piece.seq, offset: next.piece.to };
  }
  const later = pieces.find((piece) => isAfter({ seq: piece.seq, offset: piece.to }, end));
  const gap = later && {
    part: `log ${end.seq} of generation ${name}, from byte ${end.offset}`,
    problem: `is missing up to ${later.seq === end.seq ? `byte ${later.from}` : `log ${later.seq}`}`,
  };
  return { links, end, gap: contradiction ?? gap };
}

/** Another piece that ends at the same place, and tells something else of what lies before it. */
function contradicting({ piece }: ChainLink, pieces: readonly LogPiece[]): PartMistake | undefined {
  const other = pieces.find(
    ({ seq, to, running }) => seq === piece.seq && to === piece.to && running !== piece.running,
  );
  return other && { part: other.file, problem: `contradicts ${piece.id.slice(0, 8)} up to the same byte` };
}

function nextLink(pieces: readonly LogPiece[], end: LogPosition): ChainLink | undefined {
  const reaching = pieces.filter(({ seq, from, to }) => seq === end.seq && from <= end.offset && to > end.offset);
  const furthest = reaching.toSorted((one, other) => other.to - one.to)[0];
  if (furthest) return { piece: furthest, skipBytes: end.offset - furthest.from };
  const following = pieces
    .filter((piece) => piece.from === 0 && follows(piece, end))
    .toSorted((one, other) => one.seq - other.seq || other.to - one.to)[0];
  return following && { piece: following, skipBytes: 0 };
}

/** Whether an increment begins where another one ended; increments between them are empty. */
function follows({ seq, after }: LogPiece, end: LogPosition): boolean {
  if (!after) return false;
  const isThere = after.seq === end.seq && after.offset === end.offset;
  return isThere || (end.offset === 0 && after.seq < end.seq && end.seq < seq);
}

/** Whether a place in a log comes after another one. */
export function isAfter(place: LogPosition, other: LogPosition): boolean {
  return place.seq > other.seq || (place.seq === other.seq && place.offset > other.offset);
}

/**
 * What a restore to a time needs: the newest base that is not after it, and the log from there to it.
 *
 * @param seconds - the last second whose writes are wanted; undefined for all
 */
export function planRestore(catalogue: Catalogue, seconds: number | undefined): RestorePlan {
  const wanted = seconds ?? Number.POSITIVE_INFINITY;
  const snapshot = catalogue.snapshots.findLast(({ last }) => last <= wanted);
  const base = baseFor(catalogue, wanted);
  if (base && (!snapshot || base.last >= snapshot.last || reachOf(catalogue, base, wanted) >= snapshot.last))
    return planLog(catalogue, base, seconds);
  if (snapshot) return { kind: "snapshot", snapshot, point: snapshot.last };
  const first = restoreRanges(catalogue)[0]?.firstSeconds;
  const problem =
    first === undefined
      ? "holds no state yet: no base has been delivered"
      : `begins at ${new Date(first * 1000).toISOString()}, after the requested time`;
  return { kind: "none", mistake: { part: "the backup", problem } };
}

/**
 * The newest base that is not after a time, of the generation that was followed at that time. The log of a volume that was restored
 * tells again what was before; but what was undone then is told by the generation before it alone.
 */
function baseFor({ generations }: Catalogue, wanted: number): LogBase | undefined {
  const able = generations.flatMap((generation) => {
    const base = generation.bases.findLast(({ last }) => last <= wanted);
    return base ? [{ generation, base }] : [];
  });
  const followed = able.findLastIndex(({ generation }) => beganSeconds(generation) <= wanted);
  const live = able[followed];
  const next = able[followed + 1];
  if (!live) return next?.base;
  const end = chainFrom(live.generation, live.base.log).links.at(-1)?.piece.last ?? live.base.last;
  return end < wanted && next ? next.base : live.base;
}

/** When a generation began to be followed; its name says it. */
function beganSeconds({ name, bases }: Generation): number {
  return timeInName(name) ?? Math.min(...bases.map(({ last }) => last));
}

function timeInName(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/u.exec(name) ?? [];
  if (second === undefined) return undefined;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) / 1000;
}

/**
 * The name of a generation that begins now. Their order is that of their names: one that begins on a clock that is behind, or in the same second,
 * comes after the former one all the same.
 *
 * @param former - the name of the newest generation that there is
 */
export function nameGeneration(former: string | undefined, nowMs: number): string {
  const least = ((former === undefined ? undefined : timeInName(former)) ?? 0) + 1;
  const time = new Date(Math.max(nowMs, least * 1000)).toISOString().replaceAll(/[-:]|\.\d+/gu, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}

function reachOf(catalogue: Catalogue, base: LogBase, wanted: number): number {
  const plan = planLog(catalogue, base, Number.isFinite(wanted) ? wanted : undefined);
  return plan.kind === "none" ? base.last : plan.point;
}

function planLog(catalogue: Catalogue, base: LogBase, seconds: number | undefined): RestorePlan {
  const generation = catalogue.generations.find(({ name }) => name === base.generation);
  if (!generation) return { kind: "none", mistake: { part: base.file, problem: "belongs to no log" } };
  const { links, gap } = chainFrom(generation, base.log);
  const past = links.findIndex(({ piece }) => seconds !== undefined && !isWithin(piece, seconds));
  const needed = past < 0 ? links : links.slice(0, past);
  if (gap && past < 0 && isWanted(generation, links.at(-1)?.piece, seconds)) return { kind: "none", mistake: gap };
  const lastPiece = needed.at(-1)?.piece;
  const cutAfter = lastPiece && seconds !== undefined && lastPiece.last > seconds ? seconds : undefined;
  return {
    kind: "log",
    generation: base.generation,
    base,
    links: needed,
    cutAfter,
    point: Math.max(base.last, cutAfter ?? lastPiece?.last ?? 0),
  };
}

/** Whether a piece has something of that time or before. */
function isWithin({ times, first, last }: LogPiece, seconds: number): boolean {
  return times === "log" ? first <= seconds : last <= seconds;
}

/** Whether what comes after a gap is wanted, too. */
function isWanted({ pieces }: Generation, before: LogPiece | undefined, seconds: number | undefined): boolean {
  if (seconds === undefined) return true;
  const end = before ? { seq: before.seq, offset: before.to } : { seq: -1, offset: 0 };
  return pieces.some((piece) => isAfter({ seq: piece.seq, offset: piece.to }, end) && piece.first <= seconds);
}

/** Which states a restore can reach, the oldest first. */
export function restoreRanges(catalogue: Catalogue): readonly z.infer<typeof restoreRangeSchema>[] {
  const logs = catalogue.generations.flatMap((generation) => {
    let before: LogPosition | undefined;
    return generation.bases.flatMap((base) => {
      const { links, end } = chainFrom(generation, base.log);
      // A later base on the same stretch of the log adds no state.
      if (before !== undefined && !isAfter(end, before)) return [];
      before = end;
      return [
        {
          kind: "log" as const,
          generation: generation.name,
          firstSeconds: base.last,
          lastSeconds: Math.max(base.last, links.at(-1)?.piece.last ?? 0),
          toTheSecond: links.every(({ piece }) => piece.times === "log"),
        },
      ];
    });
  });
  const snapshots = catalogue.snapshots.map(({ file, last }) => ({
    kind: "snapshot" as const,
    generation: file,
    firstSeconds: last,
    lastSeconds: last,
    toTheSecond: false,
  }));
  return [...logs, ...snapshots].sort((one, other) => one.firstSeconds - other.firstSeconds);
}

/** Everything that the catalogue itself shows to be missing or torn; what was sent again since is neither. */
export function catalogueMistakes(catalogue: Catalogue): readonly PartMistake[] {
  const torn = catalogue.torn.filter(({ part }) => !isThereAgain(catalogue, part));
  const gaps = catalogue.generations.flatMap((generation) => gapsFrom(generation, startOf(generation)));
  return [...catalogue.unreadable, ...torn.map(({ part: { file }, problem }) => ({ part: file, problem })), ...gaps];
}

function isThereAgain({ generations, snapshots }: Catalogue, part: BackupPart): boolean {
  if (part.kind === "proof" || part.kind === "copy") return true;
  if (part.kind === "snapshot") return snapshots.some(({ sha256 }) => sha256 === part.sha256);
  const generation = generations.find(({ name }) => name === part.generation);
  // Of a log that was followed anew since, nothing more comes.
  if (part.generation < (generations.at(-1)?.name ?? "")) return true;
  if (part.kind === "base") return generation?.bases.some(({ seq }) => seq >= part.seq) === true;
  return (
    generation !== undefined &&
    !isAfter({ seq: part.seq, offset: part.to }, chainFrom(generation, startOf(generation)).end)
  );
}

/** The increment that a generation begins with. */
export function startOf({ bases, pieces }: Generation): number {
  return Math.min(...bases.map(({ log }) => log), ...pieces.map(({ seq }) => seq));
}

/** The gaps from an increment on: after each one, the search goes on at the next increment that has its beginning. */
function gapsFrom(generation: Generation, seq: number): readonly PartMistake[] {
  const { gap, end } = chainFrom(generation, seq);
  if (!gap) return [];
  const next = generation.pieces.find((piece) => piece.seq > end.seq && piece.from === 0);
  return next ? [gap, ...gapsFrom(generation, next.seq)] : [gap];
}

/** A folded piece is made of smaller ones, up to so many bytes. */
const foldedBytes = 64 * 1024 ** 2;

/**
 * Runs of pieces that one piece can take the place of: those that follow each other in one increment, together at most 64 MiB. Without
 * times in the log its resolution is that of the pieces: those that are folded already stay as they are.
 */
export function foldableRuns(pieces: readonly LogPiece[]): readonly (readonly LogPiece[])[] {
  const runs: LogPiece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    const isSmall = piece.to - piece.from < foldedBytes / 4 && (piece.times === "log" || !piece.folded);
    const follows = last?.seq === piece.seq && last.to === piece.from && last.times === piece.times;
    if (isSmall && run?.[0] && follows && piece.to - run[0].from <= foldedBytes) run.push(piece);
    else runs.push(isSmall ? [piece] : []);
  }
  return runs.filter(({ length }) => length > 1);
}

/** The snapshots that no restore to a time from `seconds` on needs. */
export function forgettable(catalogue: Catalogue, seconds: number): readonly string[] {
  const { generations, snapshots, proofs, torn } = catalogue;
  const oldest = baseFor(catalogue, seconds);
  const isWhole = ({ generation: name, log }: LogBase): boolean =>
    generations.some((generation) => generation.name === name && !chainFrom(generation, log).gap);
  const logs = generations.flatMap(({ name, pieces, bases }) => {
    if (!oldest || !isWhole(oldest) || name > oldest.generation) return [];
    const isNeeded = (log: number): boolean => name === oldest.generation && log >= oldest.log;
    return [...bases.filter(({ log }) => !isNeeded(log)), ...pieces.filter(({ seq }) => !isNeeded(seq))];
  });
  const oldBases = new Set(logs.map(({ id }) => id));
  const oldCopies = catalogue.copies.filter((copy) => !isCopyNeeded(catalogue, oldBases, copy));
  const replaced = generations.flatMap(({ pieces }) =>
    pieces.filter((piece) => pieces.some((other) => replaces(other, piece))),
  );
  const oldestSnapshot = snapshots.findLast(({ last }) => last <= seconds);
  const oldSnapshots = snapshots.filter(({ last }) => oldestSnapshot !== undefined && last < oldestSnapshot.last);
  const oldProofs = proofs.filter(({ deliveredSeconds }, index) => index > 0 && deliveredSeconds < seconds);
  return [
    ...new Set(
      [...logs, ...oldCopies, ...replaced, ...oldSnapshots, ...oldProofs, ...torn.map(({ part }) => part)].map(
        ({ id }) => id,
      ),
    ),
  ];
}

/** Whether a base that stays names a copy, or may still come: one is made after the other. */
function isCopyNeeded({ generations }: Catalogue, oldBases: ReadonlySet<string>, copy: CopyFile): boolean {
  const bases = generations.flatMap((generation) => generation.bases);
  const own = bases.find(({ wal }) => wal?.copy === copy.id);
  if (own) return !oldBases.has(own.id);
  return !bases.some(({ deliveredSeconds }) => deliveredSeconds > copy.deliveredSeconds);
}

/** Whether a folded piece has all of another one. */
function replaces(folded: LogPiece, { id, seq, from, to }: LogPiece): boolean {
  const isLarger = folded.to - folded.from > to - from;
  return folded.folded && folded.id !== id && isLarger && folded.seq === seq && folded.from <= from && folded.to >= to;
}

/** What was measured with the canaries in the log: the newest one, how long it took to be delivered, and the longest that any did. */
export function measuredWindow({ generations }: Pick<Catalogue, "generations">) {
  const measured = generations
    .flatMap(({ pieces }) => pieces)
    .flatMap(({ canary, window }) => (canary === undefined || window === undefined ? [] : [{ canary, window }]));
  const newest = measured.toSorted((one, other) => other.canary - one.canary)[0];
  if (!newest) return undefined;
  return { canary: newest.canary, last: newest.window, worst: Math.max(...measured.map(({ window }) => window)) };
}

/** How long a canary took to be delivered, as far as the repository tells: a piece that was folded has the longest of those in it. */
export function windowOf({ generations }: Pick<Catalogue, "generations">, canary: number): number | undefined {
  const pieces = generations.flatMap((generation) => generation.pieces);
  return pieces.find((piece) => piece.canary === canary)?.window;
}

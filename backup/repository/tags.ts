import { createHash } from "node:crypto";
import { z } from "zod";
import { proofLevels } from "../protocol.ts";
import type { ResticSnapshot } from "./restic.ts";

/** What each part of a backup has in common. */
interface Part {
  /** The snapshot's id in restic. */
  readonly id: string;
  /** The name of the snapshot's one file. */
  readonly file: string;
  /** When it was delivered: seconds since 1970, with a fraction. */
  readonly deliveredSeconds: number;
  /** Which run of the companion has sent it. */
  readonly by: string;
}

/** A piece of the log: a range of bytes of one increment, whole commands and whole transactions. */
export interface LogPiece extends Part {
  readonly kind: "log";
  readonly generation: string;
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  readonly sha256: string;
  /** The digest of the increment from its first byte to `to`: whoever goes on proves with it that it is the same log. */
  readonly running: string;
  /** The time that its first command was written in or after. */
  readonly first: number;
  /** The time that its last command was written in or before. */
  readonly last: number;
  /** Where the times come from: the log's own, exact to the second, or the companion's clock when it read. */
  readonly times: "log" | "read";
  readonly folded: boolean;
  /** Of the first piece of an increment: where the increment before it ended. */
  readonly after: LogPosition | undefined;
  /** The newest canary in it: milliseconds since 1970. */
  readonly canary?: number | undefined;
  /** How long a canary took from its writing to its delivery: milliseconds; of a folded piece the longest in it. */
  readonly window?: number | undefined;
  /** Of which server's log it is; an increment is a segment of PostgreSQL's. @default that of Redis */
  readonly form?: "wal" | undefined;
}

/** A place in the log. */
export interface LogPosition {
  readonly seq: number;
  readonly offset: number;
}

/** A base: the state at the beginning of an increment. */
export interface LogBase extends Part {
  readonly kind: "base";
  readonly generation: string;
  readonly seq: number;
  /** The increment at whose beginning it is the state. */
  readonly log: number;
  readonly bytes: number;
  readonly sha256: string;
  /** The time that the last command in it was written in or before. */
  readonly last: number;
  /** The name of the log, such as `appendonly.aof`, by which the server finds its manifest. */
  readonly name: string;
  /** Of PostgreSQL's. */
  readonly wal?: CopiedServer | undefined;
}

/** A copy of a PostgreSQL, which is a snapshot of its own: what is known of it is known at its end. */
export interface CopiedServer {
  /** The id and the file of that snapshot. */
  readonly copy: string;
  readonly copyFile: string;
  readonly timeline: number;
  /** Which database it is: `initdb` has given it. */
  readonly system: string;
  readonly segmentBytes: number;
}

/** The snapshot with the copy of a PostgreSQL; it counts when a base names it. */
export interface CopyFile extends Part {
  readonly kind: "copy";
  readonly generation: string;
  readonly seq: number;
}

/** A snapshot that the server has written: `dump.rdb`, or a file of another name. */
export interface SnapshotFile extends Part {
  readonly kind: "snapshot";
  readonly bytes: number;
  readonly sha256: string;
  readonly last: number;
  /** The file's name. @default `dump.rdb` */
  readonly name?: string | undefined;
}

/** A proof that was made; what was found is in its file. */
export interface StoredProof extends Part {
  readonly kind: "proof";
  readonly level: (typeof proofLevels)[number];
  readonly result: "ok" | "failed";
  readonly point: number;
  /** How many keys or rows the server has loaded. */
  readonly entries: number | undefined;
  /** The newest canary that the server has loaded, and how long that took to be delivered: milliseconds. */
  readonly canary?: number | undefined;
  readonly window?: number | undefined;
  /** On which node, in how many seconds, and how many bytes were restored: only of a drill. */
  readonly node?: string | undefined;
  readonly took?: number | undefined;
  readonly bytes?: number | undefined;
}

/** A part of a backup, one snapshot of restic each. */
export type BackupPart = LogPiece | LogBase | CopyFile | SnapshotFile | StoredProof;

/** What is stored of a part before it has an id. */
export type PartToStore =
  | Omit<LogPiece, "id" | "file" | "deliveredSeconds">
  | Omit<LogBase, "id" | "file" | "deliveredSeconds">
  | Omit<CopyFile, "id" | "file" | "deliveredSeconds">
  | Omit<SnapshotFile, "id" | "file" | "deliveredSeconds">
  | Omit<StoredProof, "id" | "file" | "deliveredSeconds">;

const position = z.string().transform((text, context): LogPosition => {
  const [, seq, offset] = /^(\d+):(\d+)$/u.exec(text) ?? [];
  if (seq !== undefined && offset !== undefined) return { seq: Number(seq), offset: Number(offset) };
  context.issues.push({ code: "custom", message: "expected a place in the log", input: text });
  return z.NEVER;
});
const count = z.string().regex(/^\d+$/u).transform(Number);
const digest = z.string().regex(/^[0-9a-f]{64}$/u);
const generation = z.string().regex(/^[0-9A-Za-z-]+$/u);
const by = z.string().default("");
const fileTag = z.string().regex(/^[\w.@+-]+$/u);
const snapshotId = z.string().regex(/^[0-9a-f]+$/u);

const copiedServer: z.ZodType<CopiedServer> = z.object({
  ...{ copy: snapshotId, copyFile: z.string(), timeline: z.number(), system: z.string(), segmentBytes: z.number() },
});

const tagsSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("log"),
    generation,
    seq: count,
    from: count,
    to: count,
    sha256: digest,
    running: digest,
    first: count,
    last: count,
    times: z.enum(["log", "read"]),
    folded: z
      .literal("yes")
      .optional()
      .transform((folded) => folded !== undefined),
    after: position.optional(),
    canary: count.optional(),
    window: count.optional(),
    form: z.literal("wal").optional(),
    by,
  }),
  z.object({
    kind: z.literal("base"),
    generation,
    seq: count,
    log: count,
    bytes: count,
    sha256: digest,
    last: count,
    name: z.string().transform(decodeURIComponent),
    copy: snapshotId.optional(),
    copyFile: z.string().optional(),
    timeline: count.optional(),
    system: z.string().regex(/^\d+$/u).optional(),
    segmentBytes: count.optional(),
    by,
  }),
  z.object({ kind: z.literal("copy"), generation, seq: count, by }),
  z.object({ kind: z.literal("snapshot"), bytes: count, sha256: digest, last: count, name: fileTag.optional(), by }),
  z.object({
    kind: z.literal("proof"),
    level: z.enum(proofLevels),
    result: z.enum(["ok", "failed"]),
    point: count,
    entries: count.optional(),
    canary: count.optional(),
    window: count.optional(),
    node: z.string().transform(decodeURIComponent).optional(),
    took: z.string().transform(Number).pipe(z.number().nonnegative()).optional(),
    bytes: count.optional(),
    by,
  }),
]);

/** Reads a snapshot's tags; undefined when it is none of ours. */
export function readPart({ id, tags, paths, time, summary }: ResticSnapshot): BackupPart | undefined {
  const pairs = (tags ?? []).filter((tag) => tag.includes("="));
  const named = Object.fromEntries(
    pairs.map((tag) => [tag.slice(0, tag.indexOf("=")), tag.slice(tag.indexOf("=") + 1)]),
  );
  const read = tagsSchema.safeParse(named);
  const [path, ...others] = paths;
  if (!read.success || path === undefined || others.length > 0) return undefined;
  const part = { id, file: path.replace(/^\//u, ""), deliveredSeconds: Date.parse(time) / 1000 };
  if (read.data.kind === "log") {
    const { canary, after } = read.data;
    const end = summary?.backup_end;
    const took = canary === undefined || end === undefined ? {} : { window: Math.max(0, Date.parse(end) - canary) };
    return { ...part, ...took, ...read.data, after };
  }
  if (read.data.kind === "proof") return { ...part, ...read.data, entries: read.data.entries };
  if (read.data.kind !== "base") return { ...part, ...read.data };
  const { copy, copyFile, timeline, system, segmentBytes, ...base } = read.data;
  const wal = copiedServer.safeParse({ copy, copyFile, timeline, system, segmentBytes }).data;
  return { ...part, ...base, ...(wal && { wal }) };
}

/** The kinds whose snapshots are parts of a state. */
const partKinds = ["log", "base", "copy", "snapshot"];

/**
 * What is wrong with a snapshot's tags; undefined where they are those that it was stored with, or where it is none of ours. A time or a
 * name that somebody has changed would let a restore stop at another place, and no digest of the contents tells.
 */
export function tagProblem(snapshot: Pick<ResticSnapshot, "tags" | "paths" | "id" | "time">): string | undefined {
  const tags = snapshot.tags ?? [];
  const sealed = tags.findIndex((tag) => tag.startsWith(sealTag));
  const isChanged = sealed >= 0 && tags[sealed] !== sealOf(tags.slice(0, sealed));
  const isOurs = partKinds.some((kind) => tags.includes(`kind=${kind}`));
  if (isChanged || (isOurs && readPart({ hostname: "", ...snapshot }) === undefined))
    return "has tags that were changed since it was stored";
  return undefined;
}

const sealTag = "sealed=";

/** The digest of the tags before it; what somebody adds to them comes after it. */
function sealOf(tags: readonly string[]): string {
  return `${sealTag}${createHash("sha256").update(tags.join("\n")).digest("hex")}`;
}

/** The tags that {@link readPart} reads, and their digest. */
export function tagsOf(part: PartToStore): readonly string[] {
  const written: Readonly<Record<string, string | number | boolean | undefined>> =
    part.kind === "log"
      ? { ...part, after: part.after && `${part.after.seq}:${part.after.offset}` }
      : part.kind === "base"
        ? { ...withoutCopy(part), ...part.wal, name: encodeURIComponent(part.name) }
        : part.kind === "proof"
          ? { ...part, node: part.node && encodeURIComponent(part.node) }
          : part;
  const pairs = Object.entries(written).filter(([, value]) => value !== undefined && value !== false);
  const tags = ["holdfast", ...pairs.map(([name, value]) => `${name}=${value === true ? "yes" : String(value)}`)];
  return [...tags, sealOf(tags)];
}

function withoutCopy({ wal: _, ...base }: Extract<PartToStore, { kind: "base" }>) {
  return base;
}

/** The name of a part's file. Restic 0.18.0 takes no folders there; sorted by their names, the pieces of a log are in their order. */
export function fileName(part: PartToStore, seconds: number): string {
  const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");
  if (part.kind === "log") {
    const range = `${padded(part.from, 13)}-${padded(part.to, 13)}`;
    return `${part.generation}.log.${padded(part.seq, 8)}.${range}.${part.form ?? "aof"}`;
  }
  if (part.kind === "copy") return `${part.generation}.copy.${padded(part.seq, 8)}.tar`;
  if (part.kind === "base")
    return `${part.generation}.base.${padded(part.log, 8)}${part.wal === undefined ? "" : ".json"}`;
  return part.kind === "snapshot"
    ? `${padded(part.last, 10)}.${part.name ?? "dump.rdb"}`
    : `${Math.floor(seconds)}.proof.json`;
}

/** How many bytes a part must have; undefined where its tags do not say. */
export function expectedBytes(part: BackupPart): number | undefined {
  if (part.kind === "log") return part.to - part.from;
  const isUnsaid = part.kind === "proof" || part.kind === "copy" || (part.kind === "base" && part.wal !== undefined);
  return isUnsaid ? undefined : part.bytes;
}

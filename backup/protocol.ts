/**
 * What is agreed with the program of the backups (backup/main.ts), which runs in a container of its own: its configuration, and what
 * it says on stdout, one JSON object a line. Times are seconds since 1970.
 */
import { z } from "zod";

/** The variable that holds the configuration: JSON, without any secret. */
export const backupConfigurationVariable = "HOLDFAST_BACKUP";

/** The files that hold the secrets, in the folder of `secrets`. */
export const backupSecretFiles = {
  password: "repository-password",
  credentials: "repository-credentials",
  canary: "canary-password",
  server: "pgpass",
} as const;

/** The user of a PostgreSQL that its backup signs in as: it may read all that is written, and write nothing. */
export const postgresqlBackupUser = "holdfast_backup";

const seconds = z.number().positive();

/** When a drill is done, and as what its proof counts. */
export const drillSchema = z.object({
  /** From one to the next. */
  everySeconds: seconds,
  /** `drill` on another node than the data's, else `load`. */
  level: z.enum(["load", "drill"]),
});

/** {@link drillSchema} after it was read. */
export type DrillConfiguration = z.infer<typeof drillSchema>;

/** The variable with the name of the node that a task is on. */
export const nodeVariable = "HOLDFAST_NODE";

/** Where a file is below the folder of its volume; in a name as it is in the repository. */
export const pathBelow = /^(?!\.{1,2}(?:\/|$))[\w.@+-]+(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]+)*$/u;

/** What the program is told; further fields are left out, so that a newer command line can start an older image. */
export const backupConfigurationSchema = z.object({
  /** The store's identity, as on its volume; it is the host of all its snapshots in the repository. */
  store: z.string().min(1),
  /** The folder of the server's files: for Redis its `dir`; for PostgreSQL that of its volume. */
  data: z.string().startsWith("/"),
  /** What is followed: the append-only log or `dump.rdb` of a Redis, a PostgreSQL, or a file that any service writes for its backup. */
  kind: z.enum(["log", "snapshot", "postgresql", "file"]),
  /** Where a PostgreSQL is; its password is in the secret `pgpass`. */
  server: z
    .object({
      host: z.string().min(1),
      port: z.number().int().positive(),
      /** Where its files are, below the folder of its volume. */
      folder: z.string().regex(/^[\w-]+(?:\/[\w-]+)*$/u),
    })
    .optional(),
  /** The file that a service writes for its backup; the paths are below the folder of its volume. */
  file: z
    .object({
      path: z.string().regex(pathBelow),
      /** Where a restore puts it. */
      restoreAs: z.string().regex(pathBelow),
      /** How old it may be before the backup is late. */
      maxAgeSeconds: seconds,
    })
    .optional(),
  /** Restic's repository: a folder, or `s3:…`, `sftp:…`, `rest:…`. */
  repository: z.string().min(1),
  /** How often what was written is delivered. Each delivery that has something to send costs 0.25 s of a processor, because restic makes its key anew. */
  everySeconds: seconds.default(2),
  /** How many days back a restore can go. */
  keepDays: seconds.default(7),
  /** After how long without a delivery the companion is unhealthy. */
  lateAfterSeconds: seconds.default(60),
  /** The server, which a canary is written to again and again; left out where there is none. */
  canary: z
    .object({
      /** Its name in the network, or the path of its socket. */
      host: z.string().min(1),
      port: z.number().int().positive(),
      /** Who may set and get `holdfast:canary`; the password is a secret. */
      username: z.string().min(1),
      /** The file with the authority of its certificate, where it speaks TLS. */
      authority: z.string().startsWith("/").optional(),
    })
    .optional(),
  /** What `drill` does; only its own service is told. */
  drill: drillSchema.optional(),
  /** The folder of the secrets' files. */
  secrets: z.string().startsWith("/").default("/run/secrets"),
  /** Where `follow` writes its state for `health`. */
  status: z.string().startsWith("/").default("/tmp/holdfast-backup-status.json"),
});

/** {@link backupConfigurationSchema} after it was read. */
export type BackupConfiguration = z.infer<typeof backupConfigurationSchema>;

const entryNames: Readonly<Record<BackupConfiguration["kind"], string>> = {
  log: "key",
  snapshot: "key",
  postgresql: "row",
  file: "row",
};

/** What a loaded server has, in words. */
export function entriesWords(kind: BackupConfiguration["kind"], entries: number): string {
  return `${entries} ${entryNames[kind]}${entries === 1 ? "" : "s"}`;
}

/** How thoroughly a backup is proved; each level includes those before it. */
export const proofLevels = ["digest", "check", "load", "drill"] as const;

/**
 * A level of proof: the bytes are those that were sent; the server's own checking program finds no mistake; a server loads them; one
 * on another node than the data's does, on a schedule.
 */
export type ProofLevel = (typeof proofLevels)[number];

/** Whether a server has loaded the state. */
export function isLoaded({ level }: { readonly level: ProofLevel }): boolean {
  return level === "load" || level === "drill";
}

/** A proof: what was proved, when, and with what result. */
export const backupProofSchema = z.object({
  level: z.enum(proofLevels),
  result: z.enum(["ok", "failed"]),
  /** When it was made. */
  seconds: z.number(),
  /** The state that was proved: that of this time. */
  point: z.number(),
  /** How many keys or rows the server has loaded; only at the level `load`. */
  entries: z.number().optional(),
  /** The newest canary that the server has loaded: milliseconds since 1970. */
  canary: z.number().optional(),
  /** How long that one took from its writing to its delivery, in milliseconds. */
  window: z.number().optional(),
  /** On which node; only of a drill. */
  node: z.string().optional(),
  /** How long it took; only of a drill. */
  tookSeconds: z.number().optional(),
  /** How much was restored; only of a drill. */
  bytes: z.number().optional(),
  /** What was wrong, each naming its part; nothing when it went well. */
  mistakes: z.array(z.object({ part: z.string(), problem: z.string() })).default([]),
});

/** {@link backupProofSchema} after it was read. */
export type BackupProof = z.infer<typeof backupProofSchema>;

/** What a restore can reach: every state from the first time to the last, or with `kind: "snapshot"` the one of its time. */
export const restoreRangeSchema = z.object({
  kind: z.enum(["log", "snapshot"]),
  generation: z.string(),
  firstSeconds: z.number(),
  lastSeconds: z.number(),
  /** To which second a state can be chosen: false where the log has no times, and only whole deliveries can. */
  toTheSecond: z.boolean(),
});

const mistake = z.object({ part: z.string(), problem: z.string() });

/** What `list` answers. */
export const backupListSchema = z.object({
  type: z.literal("result"),
  command: z.literal("list"),
  store: z.string(),
  /** The oldest first. */
  ranges: z.array(restoreRangeSchema),
  /** Of the newest state; undefined when there is none. */
  newestSeconds: z.number().optional(),
  /** When the repository last got something of this store. */
  deliveredSeconds: z.number().optional(),
  /** What was measured with canaries: when the newest one was written that is delivered, how long that took, and the longest that any did; in milliseconds. */
  window: z.object({ canary: z.number(), last: z.number(), worst: z.number() }).optional(),
  pieces: z.number(),
  bases: z.number(),
  /** The sum of what the snapshots hold; restic stores equal parts once, and compressed. */
  bytes: z.number(),
  /** What a restore to the time that was asked for reads and writes; undefined where there is none. */
  restoreBytes: z.number().optional(),
  /** The newest first. */
  proofs: z.array(backupProofSchema),
  /** What is missing or torn, each naming its part. */
  mistakes: z.array(mistake),
});

/** What `verify` answers; it ends with exit code 1 where the result is `failed`. */
export const backupVerifySchema = backupProofSchema.extend({
  type: z.literal("result"),
  command: z.literal("verify"),
  generation: z.string(),
  /** How many pieces and bases were read. */
  parts: z.number(),
  bytes: z.number(),
});

/** What `restore` answers. */
export const backupRestoreSchema = z.object({
  type: z.literal("result"),
  command: z.literal("restore"),
  kind: z.enum(["log", "snapshot"]),
  generation: z.string(),
  /** The time of the last write that is in it. */
  pointSeconds: z.number(),
  /** How many keys or rows a server has loaded; undefined where there is none that could. */
  entries: z.number().optional(),
  /** The files that were written, below the folder. */
  files: z.array(z.string()),
  bytes: z.number(),
});

/** What `now` answers, once all that was written before it is delivered. */
export const backupNowSchema = z.object({
  type: z.literal("result"),
  command: z.literal("now"),
  waitedSeconds: z.number(),
  deliveredSeconds: z.number(),
});

/** What `prune` answers: what goes, or with `--dry-run` would go, and what stays. */
export const backupPruneSchema = z.object({
  type: z.literal("result"),
  command: z.literal("prune"),
  /** Every state from here on stays within reach. */
  keptFromSeconds: z.number(),
  /** How many parts go. */
  generations: z.number(),
  bases: z.number(),
  pieces: z.number(),
  /** Proofs, and what was cut off. */
  others: z.number(),
  /** What the parts that go hold; restic stores equal parts once, and compressed. */
  bytes: z.number(),
  /** What can be restored afterwards, the oldest first. */
  ranges: z.array(restoreRangeSchema),
  /** How much room the repository has given back; undefined with `--dry-run`. */
  freedBytes: z.number().optional(),
});

/** What `health` answers when all is well; else it says an error, and ends with exit code 1. */
export const backupHealthSchema = z.object({
  type: z.literal("result"),
  command: z.literal("health"),
  words: z.string(),
});

/** What `measure` answers, before a move: of a volume, or of a node's disk where none is mounted. */
export const moveMeasureSchema = z.object({
  type: z.literal("result"),
  command: z.literal("measure"),
  files: z.number(),
  bytes: z.number(),
  /** How much of the disk these take: less than their length where they have holes. */
  allocatedBytes: z.number(),
  freeBytes: z.number(),
  /** Whether there is nothing in it, what an unfinished move to it has left, what was moved from it, or data. */
  holds: z.enum(["nothing", "arriving", "moved", "data"]),
  /** Whose that is, where it says so. */
  store: z.string().optional(),
  /** Whether a running server has the lock of the volume. */
  isLocked: z.boolean(),
});

/** What `send` answers at the end of a move. */
export const moveSendSchema = z.object({
  type: z.literal("result"),
  command: z.literal("send"),
  files: z.number(),
  bytes: z.number(),
  lastSeconds: z.number(),
});

/** What `receive` answers at the end of a move. */
export const moveReceiveSchema = z.object({ type: z.literal("result"), command: z.literal("receive") });

/** What `send` says when the copy has all but what is written meanwhile. */
const moveLevelSchema = z.object({ type: z.literal("level"), bytes: z.number(), seconds: z.number() });

/** A line of the program's stdout. */
export const backupLineSchema = z.union([
  z.object({
    type: z.literal("progress"),
    words: z.string(),
    doneBytes: z.number().optional(),
    allBytes: z.number().optional(),
  }),
  moveLevelSchema,
  moveMeasureSchema,
  moveSendSchema,
  moveReceiveSchema,
  z.object({ type: z.literal("error"), message: z.string() }),
  backupListSchema,
  backupVerifySchema,
  backupRestoreSchema,
  backupNowSchema,
  backupPruneSchema,
  backupHealthSchema,
]);

/** {@link backupLineSchema} after it was read. */
export type BackupLine = z.infer<typeof backupLineSchema>;

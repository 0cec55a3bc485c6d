import { hostname } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { execa } from "execa";
import { z } from "zod";
import { parseSize } from "../../text/byte-size.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { SituationError } from "../../text/situation-error.ts";
import { NotJudgedError } from "../check/not-judged.ts";
import { backupSecretFiles, type BackupConfiguration } from "../protocol.ts";
import { isSftpCredential, sftpCredentials, type SftpAccess } from "./sftp.ts";

/** Restic's exit codes since 0.17 (https://restic.readthedocs.io, "Exit codes"). */
const exitCodes = { noRepository: 10, locked: 11, wrongPassword: 12 } as const;

const leastVersion = [0, 17] as const;

/** How long a command waits for another one's lock; a prune holds it for seconds. */
const lockWait = "30s";

/** How long a command may take that moves little. */
const commandLimitMs = 10 * 60_000;

/** How long the upload of a base may take: after it the base is as good as lost. */
const longestUploadMs = 12 * 60 * 60_000;

/** A tenth of what the others of the same container get that want the same processor (sched(7), "The nice value"). */
const lowPriority = 10;

/** After so long without an answer restic sends a request again. */
const stuckRequest = "30s";

/** Restic tries a request again for 15 minutes, also one that a server refuses; nobody would hear why for so long. */
const retriesMs = 20_000;

const snapshotSchema = z.object({
  id: z.string(),
  time: z.string(),
  hostname: z.string().default(""),
  tags: z.array(z.string()).nullish(),
  paths: z.array(z.string()).default([]),
  summary: z.object({ total_bytes_processed: z.number(), backup_end: z.string().optional() }).optional(),
});

/** What restic says of a snapshot; every part of a backup is one that holds one file. */
export type ResticSnapshot = z.infer<typeof snapshotSchema>;

const lockSchema = z.object({ hostname: z.string(), exclusive: z.boolean().default(false) });

/** The snapshots of a repository, and those that are there but cannot be read. */
export interface ListedSnapshots {
  readonly snapshots: readonly ResticSnapshot[];
  readonly unreadable: readonly { readonly part: string; readonly problem: string }[];
}

/** There is no repository at the address. */
export class NoRepositoryError extends SituationError {}

/** Another command holds the repository's lock. */
export class RepositoryLockedError extends SituationError {}

/** A command took longer than it may, and was ended. */
export class RepositorySlowError extends SituationError {}

/** Restic itself, with one store's repository. */
export class Restic {
  readonly #repository: string;
  readonly #store: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #options: readonly string[];
  readonly #sftp: SftpAccess | undefined;

  /**
   * @param credentials - of the repository's server; they are in restic's environment alone
   * @param sftp - how the repository is reached, where it is by SFTP
   * @param isCached - whether what was read once is taken from a cache; who wants to know what is there, has none
   */
  constructor(
    { repository, store, secrets }: Pick<BackupConfiguration, "repository" | "store" | "secrets">,
    credentials: Readonly<Record<string, string>>,
    { temporaryFolder, isCached, sftp }: { temporaryFolder: string; isCached: boolean; sftp?: SftpAccess },
  ) {
    this.#sftp = sftp;
    this.#options = [
      ...(isCached ? [] : ["--no-cache"]),
      "--stuck-request-timeout",
      stuckRequest,
      ...(sftp?.options ?? []),
    ];
    this.#repository = repository;
    this.#store = store;
    this.#environment = {
      PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin",
      HOME: process.env["HOME"] ?? temporaryFolder,
      TMPDIR: temporaryFolder,
      ...Object.fromEntries(Object.entries(credentials).filter(([name]) => !isSftpCredential(name))),
      RESTIC_REPOSITORY: repository,
      RESTIC_PASSWORD_FILE: join(secrets, backupSecretFiles.password),
      RESTIC_CACHE_DIR: join(temporaryFolder, "holdfast-restic-cache"),
      // A store's processors belong to the store.
      GOMAXPROCS: "1",
    };
  }

  /** @throws SituationError when restic is older than 0.17, or missing */
  async requireVersion(): Promise<void> {
    const { stdout } = await this.#run(["version"], { limitMs: 30_000 });
    const [, major, minor] = /^restic (\d+)\.(\d+)/u.exec(stdout) ?? [];
    const isEnough = Number(major) > leastVersion[0] || Number(minor) >= leastVersion[1];
    if (major !== undefined && isEnough) return;
    throw new SituationError({
      what: `The image has ${stdout.split(" compiled", 1)[0] ?? "an unknown restic"}, whose exit codes and snapshots do not say enough`,
      fix: "Use an image with restic 0.17 or newer",
    });
  }

  /** Makes the repository. */
  async initialize(): Promise<void> {
    await this.#run(["init"], {});
  }

  /** Whether there is a repository. */
  async exists(): Promise<boolean> {
    return this.snapshots().then(
      () => true,
      (error: unknown) => {
        if (error instanceof NoRepositoryError) return false;
        throw error;
      },
    );
  }

  /** The snapshots of this store. */
  async snapshots(): Promise<ListedSnapshots> {
    return this.#listed(["--host", this.#store, "--tag", "holdfast"]);
  }

  /** Of which other stores the repository holds backups. */
  async otherStores(): Promise<readonly string[]> {
    const { snapshots } = await this.#listed(["--tag", "holdfast"]);
    const stores = new Set(snapshots.map(({ hostname: store }) => store));
    stores.delete(this.#store);
    return [...stores].sort();
  }

  /** The ids of the repository's snapshots and indexes: some of them go whenever something is removed from it. */
  async fileIds(): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const kind of ["snapshots", "index"]) {
      const { stdout } = await this.#run(["list", kind, "--no-lock"], {});
      ids.push(...stdout.split("\n").filter((line) => /^[0-9a-f]{64}$/u.test(line)));
    }
    return ids;
  }

  /**
   * Stores what a stream gives as one snapshot with one file.
   *
   * A stream that breaks leaves a snapshot of what came before, because restic cannot tell; its size says so.
   *
   * @param isUrgent - false gives it a lower priority than what is urgent. It must hold no lock that something urgent waits for
   * @returns the snapshot's id
   */
  async store(
    file: string,
    tags: readonly string[],
    content: Readable,
    { isUrgent = true }: { isUrgent?: boolean } = {},
  ): Promise<string> {
    const { stdout } = await this.#run(
      [
        ...["backup", "--stdin", "--stdin-filename", file, "--host", this.#store, "--json", "--quiet"],
        ...["--retry-lock", lockWait, ...tags.flatMap((tag) => ["--tag", tag])],
      ],
      { content, isUrgent, limitMs: isUrgent ? commandLimitMs : longestUploadMs },
    );
    const summary = z
      .object({ snapshot_id: z.string() })
      .parse(jsonOrUndefined(stdout.trimEnd().split("\n").at(-1) ?? ""));
    return summary.snapshot_id;
  }

  /**
   * Reads the file of a snapshot; restic checks every part of it against its digest.
   *
   * @param consume - takes the stream; it must read it to its end
   */
  async read(snapshot: string, file: string, consume: (content: Readable) => Promise<void>): Promise<void> {
    const child = this.#start(["dump", "--no-lock", snapshot, `/${file}`], { isLarge: true });
    const consumed = consume(child.stdout);
    // Whoever stops reading lets restic fail, too.
    const [result] = await Promise.all([child, consumed.catch(() => undefined)]);
    await consumed;
    await this.#requireSuccess(result);
  }

  /** Forgets snapshots, and removes what no other snapshot holds; packs that are partly used stay as they are. */
  async forget(snapshots: readonly string[], limitMs: number): Promise<void> {
    if (snapshots.length === 0) return;
    // One that was killed leaves an exclusive lock; this one takes off those of processes that are gone.
    await this.#run(["unlock"], { limitMs });
    const options = ["--prune", "--max-unused", "unlimited", "--retry-lock", "10s", "--quiet"];
    await this.#run(["forget", ...options, ...snapshots], { limitMs });
  }

  /** Forgets snapshots, and leaves what they hold. */
  async forgetOnly(snapshots: readonly string[], limitMs: number): Promise<void> {
    await this.#run(["forget", "--retry-lock", "30s", "--quiet", ...snapshots], { limitMs });
  }

  /** Packs anew what is partly used. */
  async prune(limitMs: number): Promise<void> {
    await this.#run(["prune", "--max-unused", "10%", "--retry-lock", "10s", "--quiet"], { limitMs });
  }

  /**
   * As {@link prune}, but so little that it is over soon; whatever waits for the lock has its turn between two such steps.
   *
   * @param limitMs - after so long it is ended; what it has packed by then is packed again by the next
   * @returns how much room was given back, and whether there is more to be packed anew
   */
  async pruneStep(
    limitMs: number,
    mostMebibytes: number,
  ): Promise<{ readonly freedBytes: number; readonly isMore: boolean }> {
    const options = ["--max-unused", "10%", "--max-repack-size", `${mostMebibytes}M`, "--retry-lock", "30s"];
    const { stdout } = await this.#run(["prune", ...options], { limitMs });
    const [, blobs = "0"] = /^to repack: +(\d+) blobs/mu.exec(stdout) ?? [];
    const [, size = "0B"] = /^total prune: +\d+ blobs \/ ([\d.]+ [KMGT]?i?B)/mu.exec(stdout) ?? [];
    return { freedBytes: parseSize(size, "restic prune"), isMore: blobs !== "0" };
  }

  /**
   * Removes the locks where all are of machines that are known to be gone; a killed prune leaves one that would stop the deliveries
   * for half an hour.
   *
   * @returns whether there were such, and no others
   */
  async removeLocksOf(gone: ReadonlySet<string>): Promise<boolean> {
    // Restic itself knows of processes on this machine that are gone.
    await this.#run(["unlock"], {});
    const { stdout } = await this.#run(["list", "locks", "--no-lock"], {});
    const ids = stdout.split("\n").filter((line) => /^[0-9a-f]{64}$/u.test(line));
    const locks = await Promise.all(
      ids.map(async (id) => {
        const { stdout: text } = await this.#run(["cat", "lock", id, "--no-lock"], {});
        return lockSchema.parse(jsonOrUndefined(text));
      }),
    );
    const isGone = ({ hostname: host }: { hostname: string }): boolean => host !== hostname() && gone.has(host);
    if (locks.length === 0 || !locks.every(isGone)) return false;
    await this.#run(["unlock", "--remove-all"], {});
    return true;
  }

  async #listed(options: readonly string[]): Promise<ListedSnapshots> {
    const { stdout, stderr } = await this.#run(["snapshots", "--json", "--no-lock", ...options], {});
    // Restic leaves out what it cannot read, and says so beside the list.
    const unreadable = Array.from(
      stderr.matchAll(/^Ignoring "([0-9a-f]+)": (.*)$/gmu),
      ([, id = "", problem = ""]) => ({
        part: `snapshot ${id.slice(0, 8)}`,
        problem: `cannot be read: ${problem}`,
      }),
    );
    return { snapshots: z.array(snapshotSchema).parse(jsonOrUndefined(stdout) ?? []), unreadable };
  }

  async #run(
    words: readonly string[],
    options: { content?: Readable; limitMs?: number; isUrgent?: boolean },
  ): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const result = await this.#start(words, { limitMs: commandLimitMs, ...options });
    await this.#requireSuccess(result);
    return { stdout: result.stdout ?? "", stderr: result.stderr };
  }

  #start(
    words: readonly string[],
    {
      content,
      limitMs = 0,
      isLarge = false,
      isUrgent = true,
    }: { content?: Readable; limitMs?: number; isLarge?: boolean; isUrgent?: boolean },
  ) {
    // One that is too old says so before it is asked for what it does not know.
    const command = ["restic", ...(words[0] === "version" ? [] : this.#options), ...words];
    const child = execa("nice", ["-n", String(isUrgent ? 0 : lowPriority), ...command], {
      env: this.#environment,
      extendEnv: false,
      ...(content ? { input: content } : { stdin: "ignore" as const }),
      reject: false,
      timeout: limitMs,
      killSignal: "SIGTERM",
      forceKillAfterDelay: 10_000,
      maxBuffer: 256 * 1024 ** 2,
      buffer: { stdout: !isLarge, stderr: true },
    });
    const watch = new RetryWatch(() => child.kill("SIGTERM"));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      watch.hear(text);
    });
    void child.finally(() => {
      watch.stop();
    });
    return child;
  }

  async #requireSuccess({
    exitCode,
    failed,
    stderr: said,
    timedOut,
    signal,
    originalMessage,
  }: ResticOutcome): Promise<void> {
    if (!failed) return;
    if (signal === "SIGKILL" && !timedOut) throw new NotJudgedError("Restic");
    const ssh = (await this.#sftp?.takeLog()) ?? "";
    const where = `the repository ${this.#repository}`;
    if (exitCode === exitCodes.noRepository || noBucket.test(said))
      throw new NoRepositoryError({
        what: `There is ${where.replace("the", "no")}`,
        fix: "Check its address, and whether its folder is mounted",
      });
    if (exitCode === exitCodes.locked)
      throw new RepositoryLockedError({
        what: `${capitalized(where)} is locked, and the lock was not released in time`,
        fix: "Wait for the command that holds the lock, or run `restic unlock` if none is running",
      });
    if (exitCode === exitCodes.wrongPassword)
      throw new SituationError({
        what: `The secret ${backupSecretFiles.password} does not open ${where}: it was made with another password, or its keys are gone`,
        fix: "Give the password that it was made with, or the address of another repository",
      });
    const problem = sshWords(ssh) ?? (timedOut ? givenUp(said) : problemWords(said)) ?? originalMessage;
    const fix = fixFor(said, ssh);
    if (timedOut && problem === undefined)
      throw new RepositorySlowError({ what: `${capitalized(where)} did not answer in time`, fix });
    throw new SituationError({
      what: problem === undefined ? `${capitalized(where)} gave no reason` : `${capitalized(where)}: ${problem}`,
      fix,
    });
  }
}

const retried = /^.* returned error, retrying after [^:]*: (.*)$/u;

/** Restic, too, makes the bucket together with the repository. */
const noBucket = /The specified bucket does not exist/u;

/** What a server of S3 says where no further try helps. */
const refused = /Access Key Id|request signature|Access Denied/u;

/** Ends a restic that has tried again for long enough. */
class RetryWatch {
  readonly #end: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(end: () => void) {
    this.#end = end;
  }

  /** @param text - what restic has said on stderr */
  hear(text: string): void {
    const failed = text.split("\n").flatMap((line) => retried.exec(line)?.[1] ?? []);
    if (failed.some((words) => noBucket.test(words) || refused.test(words))) this.#end();
    else if (failed.length > 0) this.#timer ??= setTimeout(this.#end, retriesMs);
    else if (/operation successful after/u.test(text)) this.stop();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

interface ResticOutcome {
  readonly exitCode?: number | undefined;
  readonly failed: boolean;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** What has ended it. */
  readonly signal?: string | undefined;
  /** Why it could not be started, or be fed. */
  readonly originalMessage?: string | undefined;
}

const messageSchema = z.union([
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error: { message } }) => message),
]);

/** Of what `ssh` says, the line that tells what is wrong. */
function sshWords(log: string): string | undefined {
  const lines = log.split(/\r?\n/u).flatMap((line) => /[A-Za-z].*[^@\s]/u.exec(line)?.[0] ?? []);
  const telling =
    /host key is known|identification has changed|Load key|Permission denied|[Cc]onnect|resolve|No user/iu;
  return lines.find((line) => telling.test(line)) ?? lines.at(-1);
}

/** Why restic tried a request again until it was ended. */
function givenUp(stderr: string): string | undefined {
  const line = stderr.split("\n").findLast((text) => retried.test(text)) ?? "";
  return retried.exec(line)?.[1];
}

/** What restic says was wrong, whether in words or as JSON; a try that was given up has its reason. */
function problemWords(stderr: string): string | undefined {
  const given = givenUp(stderr);
  if (given !== undefined) return given;
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const said = lines.map((line) => messageSchema.safeParse(jsonOrUndefined(line)).data ?? line);
  const told = said.findLast((line) => /Fatal|error|failed/iu.test(line)) ?? said.at(-1);
  return told?.replace(/^Fatal: /u, "").split("\n", 1)[0];
}

function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function fixFor(said: string, ssh: string): string {
  if (/no space left/iu.test(said)) return "Free some space there: the companion continues by itself";
  if (/config or key .* is damaged/u.test(said))
    return "An interrupted creation leaves such keys: if it never held a backup, delete it and it is created again";
  if (/host key is known|identification has changed/iu.test(ssh))
    return `Compare the line that \`ssh-keyscan\` prints with the server's own host key, and give it as ${sftpCredentials.knownHosts}`;
  if (/Permission denied|Load key/u.test(ssh))
    return `Give a private key without a passphrase as ${sftpCredentials.key}, and its public part to the server`;
  if (refused.test(said) || /40[13] /u.test(said)) return "Check the credentials and their permissions there";
  return "Check that it can be reached and is writable";
}

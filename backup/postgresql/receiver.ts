import { mkdir, mkdtemp, open, readdir, readFile, readlink, rm, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { SituationError } from "../../text/situation-error.ts";
import { lastSaid } from "./programs.ts";
import type { Server } from "./server.ts";
import { receivedEnd, segmentName } from "./wal.ts";

/** What waits to be delivered takes at most so much room; the rest waits on the server. */
const scratchBytes = 64 * 1024 ** 2;

const glanceMs = 100;

/** Which log is received, and from where on. */
export interface ReceivedLog {
  readonly timeline: number;
  readonly segmentBytes: number;
  /** The first segment. */
  readonly seq: number;
}

/** PostgreSQL's `pg_receivewal`, which writes the log into a scratch folder as soon as the server has it. */
export class Receiver {
  readonly #server: Server;
  readonly #temporaryFolder: string;
  #log: ReceivedLog | undefined;
  #folder: string | undefined;
  #process: ReturnType<typeof runReceiver> | undefined;
  #ended: string | undefined;
  #glancing: NodeJS.Timeout | undefined;

  constructor(server: Server, temporaryFolder: string) {
    this.#server = server;
    this.#temporaryFolder = temporaryFolder;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#ended === undefined;
  }

  /** Begins to receive at the beginning of a segment. */
  async start(log: ReceivedLog): Promise<void> {
    await this.stop();
    await mkdir(this.#temporaryFolder, { recursive: true });
    const folder = await mkdtemp(join(this.#temporaryFolder, "holdfast-wal-"));
    // It goes on with the last segment that it finds: an empty one says where to begin (receivelog.c, `FindStreamingStart`).
    await writeFile(join(folder, `${this.#nameIn(log, log.seq)}.partial`), "");
    this.#folder = folder;
    this.#log = log;
    this.#ended = undefined;
    // It flushes for nobody: what is not delivered is received again.
    const words = ["--directory", folder, "--no-loop", "--no-sync", "--dbname", this.#server.connection];
    const child = runReceiver(words, await this.#server.environment());
    this.#process = child;
    void child.then(({ stderr, originalMessage }) => {
      if (this.#process === child) this.#ended = stderr === "" ? (originalMessage ?? "") : lastSaid(stderr);
    });
    this.#glancing = setInterval(() => {
      void this.#pauseWhenFull(child).catch(() => undefined);
    }, glanceMs);
  }

  /** The server's side stops when nobody takes what it sends, and keeps the rest as long as its slot allows. */
  async #pauseWhenFull(child: ReturnType<typeof runReceiver>): Promise<void> {
    const { segmentBytes } = this.#log ?? { segmentBytes: 0 };
    const segments = await this.segments();
    child.kill(segments > Math.max(2, scratchBytes / segmentBytes) ? "SIGSTOP" : "SIGCONT");
  }

  /**
   * Opens a segment, and says up to which byte it was received.
   *
   * @returns undefined when nothing of it was received
   */
  async open(seq: number): Promise<{ handle: FileHandle; end: number } | undefined> {
    if (!this.#log || this.#folder === undefined) return undefined;
    const path = join(this.#folder, this.#nameIn(this.#log, seq));
    const whole = await openIfThere(path);
    if (whole) return { handle: whole, end: this.#log.segmentBytes };
    const partial = await openIfThere(`${path}.partial`);
    if (!partial) return undefined;
    // Until it has its whole length it is only filled with zeros, and what is at its end is about to be whole.
    const { size } = await partial.stat();
    if (size < this.#log.segmentBytes) return { handle: partial, end: 0 };
    const end = (await this.#written(`${path}.partial`)) ?? (await receivedEnd(partial));
    return { handle: partial, end: end < this.#log.segmentBytes ? end : 0 };
  }

  /** How far the program has written a file; undefined when it writes it no more. */
  async #written(path: string): Promise<number | undefined> {
    const process = `/proc/${this.#process?.pid ?? 0}`;
    const descriptors = await readdir(`${process}/fd`).catch(() => []);
    for (const each of descriptors) {
      if ((await readlink(`${process}/fd/${each}`).catch(() => "")) !== path) continue;
      const text = await readFile(`${process}/fdinfo/${each}`, "utf8").catch(() => "");
      const [, position] = /^pos:\s+(\d+)$/mu.exec(text) ?? [];
      if (position !== undefined) return Number(position);
    }
    return undefined;
  }

  /** Removes the segments before one. */
  async removeBefore(seq: number): Promise<void> {
    if (!this.#log || this.#folder === undefined) return;
    const first = this.#nameIn(this.#log, seq);
    for (const name of await this.#segments()) if (name < first) await rm(join(this.#folder, name));
  }

  /** @throws SituationError in the words of the program when it has ended */
  requireRunning(): void {
    if (this.isRunning) return;
    throw new SituationError({
      what: `pg_receivewal has ended: ${this.#ended ?? "it was not started"}`,
      fix: "It is started again",
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#glancing);
    const child = this.#process;
    this.#process = undefined;
    if (child) {
      child.kill("SIGKILL");
      await child;
    }
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  /** How many segments wait, with the one that is being received. */
  async segments(): Promise<number> {
    return (await this.#segments()).length;
  }

  async #segments(): Promise<readonly string[]> {
    if (this.#folder === undefined) return [];
    const names = await readdir(this.#folder).catch(() => []);
    return names.filter((name) => /^[0-9A-F]{24}/u.test(name));
  }

  #nameIn({ timeline, segmentBytes }: ReceivedLog, seq: number): string {
    return segmentName(timeline, seq, segmentBytes);
  }
}

function runReceiver(words: readonly string[], env: Record<string, string>) {
  const streams = { stdin: "ignore", stdout: "ignore" } as const;
  return execa("pg_receivewal", words, { env, extendEnv: false, reject: false, maxBuffer: 64 * 1024, ...streams });
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, "r").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}

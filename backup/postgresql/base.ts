import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { execa } from "execa";
import { SituationError } from "../../text/situation-error.ts";
import { lastSaid } from "./programs.ts";
import type { Server } from "./server.ts";
import { parseLsn } from "./wal.ts";

/** More than what follows the last of a base's manifest that has to be read. */
const tailBytes = 16 * 1024;

/** What is known of a base when it was read to its end. */
export interface TakenBase {
  readonly bytes: number;
  readonly sha256: string;
  /** Where the log begins that it needs. */
  readonly start: number;
  /** Up to where it needs the log. */
  readonly end: number;
  /** A time that nothing in it is later than. */
  readonly last: number;
}

/**
 * Lets `pg_basebackup` copy the server, as one tar file with the manifest by which `pg_verifybackup` checks it.
 *
 * @param isUrgent - whether the server is to write its buffers at once, and not spread over minutes
 * @param store - takes the stream to its end
 * @throws SituationError when it was not copied to its end, whatever was stored
 */
export async function takeBase(
  server: Server,
  isUrgent: boolean,
  store: (content: Readable) => Promise<void>,
): Promise<TakenBase> {
  const child = execa(
    "pg_basebackup",
    [
      ...["--pgdata", "-", "--format", "tar", "--wal-method", "none", "--no-password"],
      ...["--checkpoint", isUrgent ? "fast" : "spread", "--dbname", server.connection],
    ],
    {
      ...{ env: await server.environment(), extendEnv: false, reject: false, stdin: "ignore" },
      ...{ buffer: { stdout: false, stderr: true } },
    },
  );
  const hash = createHash("sha256");
  const copied = { bytes: 0, isRead: false };
  let tail: Buffer = Buffer.alloc(0);
  async function* read(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      hash.update(chunk);
      copied.bytes += chunk.length;
      tail = Buffer.concat([tail, chunk]).subarray(-tailBytes);
      yield chunk;
    }
    copied.isRead = true;
  }
  const failure = await store(Readable.from(read(child.stdout), { objectMode: false })).catch(asError);
  // Of what is not stored nobody reads the rest.
  if (failure && !copied.isRead) child.kill("SIGKILL");
  const { exitCode, stderr } = await child;
  // Nothing can be stored of a copy that ends before it begins.
  if (failure && (exitCode === 0 || !copied.isRead)) throw failure;
  const range = readRange(tail.toString("latin1"));
  if (exitCode !== 0 || !range) {
    const said = stderr === "" ? "it was cut off" : lastSaid(stderr);
    throw new SituationError({
      what: `pg_basebackup has not copied the server: ${said}`,
      fix: /tablespace/u.test(said)
        ? "Only the tablespace that every database has can be backed up: move the tables back into it"
        : "It is tried again",
    });
  }
  return { bytes: copied.bytes, sha256: hash.digest("hex"), ...range, last: Math.ceil(Date.now() / 1000) };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Reads at the end of a base's manifest which stretch of the log it needs. */
export function readRange(tail: string): { start: number; end: number } | undefined {
  const found = Array.from(tail.matchAll(/"Start-LSN": "([0-9A-F/]+)", "End-LSN": "([0-9A-F/]+)"/gu)).at(-1);
  const [start, end] = [parseLsn(found?.[1] ?? ""), parseLsn(found?.[2] ?? "")];
  return start === undefined || end === undefined ? undefined : { start, end };
}

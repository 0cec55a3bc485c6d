import { fstatSync, writeSync } from "node:fs";
import { createProgram } from "./program.ts";
import { hasBegunChange } from "./terminal/begun-change.ts";
import { exitCode } from "./terminal/exit-code.ts";
import { reportFailure } from "./terminal/failure.ts";
import { openOutput } from "./terminal/output.ts";

/** Runs the command that the process' arguments say, and ends the process with its exit code. */
export async function main(): Promise<void> {
  const { stdout, stderr } = process;
  let untaken: string | undefined;
  stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`holdfast outputs | head -1`) is no failure.
    if (code !== "EPIPE") untaken ??= code ?? message;
  });
  // A reader that closes standard error wants no message.
  stderr.on("error", () => undefined);
  writeWhole(stdout);
  const isWanted = (option: string) => process.argv.includes(option);
  try {
    await createProgram().parseAsync();
  } catch (failure) {
    const output = openOutput(isWanted("--json") || isWanted("-j"));
    process.exitCode = reportFailure(failure, output, isWanted("--verbose"), hasBegunChange());
  }
  await Promise.all([written(stdout), written(stderr)]);
  // A stream reports its error after the write.
  await new Promise((resolve) => {
    process.nextTick(resolve);
  });
  if (untaken !== undefined) {
    stderr.write(`error: Standard output could not be written completely (${untaken}). Redirect it somewhere else.\n`);
    process.exitCode ||= exitCode.failed;
    await written(stderr);
  }
  // Left to itself, Node would first finish collecting the garbage of a process that is over.
  process.exit();
}

/** Resolves when all that was printed has been taken: what a pipe has not taken is lost with the process. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    stream.write("", () => {
      resolve();
    });
  });
}

/**
 * Has a file written to until all is in it. Node writes once and does not look how much was taken, so that on a disk that fills up
 * the rest would be lost without an error (lib/internal/fs/sync_write_stream.js of Node 24).
 */
function writeWhole(stream: NodeJS.WriteStream & { readonly fd: number }): void {
  if (!fstatSync(stream.fd).isFile()) return;
  stream._write = (chunk: Uint8Array, _encoding, done) => {
    try {
      for (let at = 0; at < chunk.length; at += writeSync(stream.fd, chunk, at));
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

import { reportFailure } from "./failure.ts";
import { openOutput } from "./output.ts";
import { createProgram } from "./program.ts";

/** Runs the command that the process' arguments say, and ends the process with its exit code. */
export async function main(): Promise<void> {
  // A reader that has seen enough (`holdfast outputs | head -1`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  const isWanted = (option: string) => process.argv.includes(option);
  try {
    await createProgram().parseAsync();
  } catch (failure) {
    const output = openOutput(isWanted("--json") || isWanted("-j"));
    process.exitCode = reportFailure(failure, output, isWanted("--verbose"));
  }
  await Promise.all([written(process.stdout), written(process.stderr)]);
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

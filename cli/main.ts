import { reportFailure } from "./failure.ts";
import { openOutput } from "./output.ts";
import { createProgram } from "./program.ts";

/** Runs the command that the process' arguments say, and sets the process' exit code. */
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
}

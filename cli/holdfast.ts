#!/usr/bin/env node
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { reportFailure } from "./failure.ts";
import { openOutput } from "./output.ts";
import { createProgram } from "./program.ts";

// A reader that has seen enough (`holdfast outputs | head -1`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

const program = createProgram();
for (const command of withSubcommands(program)) {
  command.exitOverride().configureOutput({ outputError: () => undefined });
}

const isWanted = (option: string) => process.argv.includes(option);
try {
  await program.parseAsync();
} catch (failure) {
  const output = openOutput(isWanted("--json") || isWanted("-j"));
  process.exitCode = reportFailure(failure, output, isWanted("--verbose"));
}

function withSubcommands(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

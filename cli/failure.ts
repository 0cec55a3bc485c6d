import { CommanderError } from "commander";
import { InputError } from "../model/input-error.ts";
import { Exit, exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";

/** Reports what ended a command, in one line and for `--json` as the one document, and gives its exit code. */
export function reportFailure(failure: unknown, output: Output, verbose: boolean): number {
  if (failure instanceof Exit) return failure.code;
  if (failure instanceof CommanderError && failure.exitCode === 0) return exitCode.done;
  const mistake = failure instanceof CommanderError ? usageMistake(failure) : failure;
  const message = firstLine(mistake);
  const code = mistake instanceof InputError ? exitCode.badInput : exitCode.failed;
  output.warn(`${output.style("red", "error:")} ${message}`);
  if (!(mistake instanceof InputError) && !verbose) output.warn("Run it again with --verbose to see where this arose.");
  if (verbose && mistake instanceof Error && mistake.stack !== undefined) output.warn(mistake.stack);
  if (output.json) output.document({ error: errorDocument(mistake, message), exitCode: code });
  return code;
}

function errorDocument(failure: unknown, message: string) {
  if (!(failure instanceof InputError)) return { message };
  const { path, expected, got, fix } = failure;
  return { message, path, expected, got, fix };
}

function firstLine(failure: unknown): string {
  if (failure instanceof InputError) return failure.message;
  if (!(failure instanceof Error)) return String(failure);
  const cause = failure.cause instanceof Error ? `: ${failure.cause.message}` : "";
  return (failure.message + cause).split("\n", 1)[0] ?? failure.name;
}

/** A mistake on the command line in the form of all others. */
export function usageMistake(error: CommanderError): Error {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const suggestion = /\(Did you mean (?:one of )?([^?)]+)\?\)/.exec(error.message)?.[1];
  const help = suggestion === undefined ? "Run it with --help to see what there is" : `Did you mean ${suggestion}`;
  const mistake = (expected: string, got: string, fix: string) =>
    new InputError({ path: "command line", expected, got, fix });
  switch (error.code) {
    case "commander.unknownOption":
      return mistake("an option that the command has", JSON.stringify(quoted), help);
    case "commander.unknownCommand":
      return mistake("a command of holdfast", JSON.stringify(quoted), help);
    case "commander.help":
      return mistake("a command", "none", "Name one of those above");
    case "commander.missingArgument":
    case "commander.optionMissingArgument":
    case "commander.missingMandatoryOptionValue":
      return mistake(`a value for ${quoted}`, "none", "Add it");
    case "commander.excessArguments":
      return mistake("fewer arguments", error.message.replace(/^error: /, "").replace(/\.$/, ""), help);
    case "commander.invalidArgument":
      return mistake("a value that the option takes", error.message.replace(/^error: /, "").replace(/\.$/, ""), help);
    default:
      return mistake("a valid command line", error.message.replace(/^error: /, ""), help);
  }
}

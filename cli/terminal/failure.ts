import { CommanderError } from "commander";
import { errorWords } from "../../text/error-text.ts";
import { printable } from "../../text/escape.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { Exit, exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";

/** A change that needs confirmation and did not get it; the plan is part of the answer. */
export class NotConfirmed extends SituationError {
  readonly plan: object;
  constructor(plan: object, situation: { what: string; fix: string }) {
    super(situation);
    this.plan = plan;
  }
}

/**
 * Reports what ended a command, in words and for `--json` as the one document, and gives its exit code.
 *
 * @param hasChanged - whether something had been changed before: then no exit code says that nothing was
 */
export function reportFailure(failure: unknown, output: Output, verbose: boolean, hasChanged = false): number {
  if (failure instanceof SuppressedError) {
    // What ended the command comes first, then what could not be put in order after it.
    const code = reportFailure(failure.suppressed, output, verbose, hasChanged);
    reportFailure(failure.error, output, verbose, hasChanged);
    return code;
  }
  if (failure instanceof Exit) return failure.code;
  if (failure instanceof CommanderError && failure.exitCode === 0) return exitCode.done;
  const mistake = failure instanceof CommanderError ? usageMistake(failure) : failure;
  const isExpected = mistake instanceof InputError || mistake instanceof SituationError;
  const code =
    mistake instanceof NotConfirmed
      ? exitCode.notConfirmed
      : isExpected && !hasChanged
        ? exitCode.badInput
        : exitCode.failed;
  const message = wordsOf(mistake);
  // Names of files and options may hold what a terminal obeys, or look like a line of ours.
  const [first = "", ...others] = message.split(/\r?\n/).map(printable);
  output.warn(`${output.style("red", "error:")} ${first}`, ...others.map((line) => `  ${line}`));
  if (verbose && mistake instanceof Error && mistake.stack !== undefined)
    output.warn(...mistake.stack.split("\n").map(printable));
  else if (!isExpected) output.warn("Re-run with --verbose to see the stack trace.");
  if (output.json && !output.hasDocument()) output.document({ error: errorDocument(mistake, message), exitCode: code });
  return code;
}

function errorDocument(failure: unknown, message: string) {
  if (failure instanceof SituationError) {
    const { what, fix } = failure;
    return { message, what, fix, ...(failure instanceof NotConfirmed && { plan: failure.plan }) };
  }
  if (!(failure instanceof InputError)) return { message };
  const { path, expected, got, fix } = failure;
  return { message, path, expected, got, fix };
}

function wordsOf(failure: unknown): string {
  if (failure instanceof InputError || failure instanceof SituationError) return failure.message;
  if (!(failure instanceof Error)) return String(failure);
  const cause = failure.cause instanceof Error ? `: ${errorWords(failure.cause)}` : "";
  return (errorWords(failure) + cause).split("\n", 1)[0] ?? failure.name;
}

/** A mistake on the command line in the form of all others (commander's own messages: lib/command.js). */
export function usageMistake(error: CommanderError): InputError {
  const text = error.message.replace(/^error: /, "");
  const quoted = /'([^']*)'/.exec(text)?.[1] ?? "";
  const name = quoted.replace(/^-\w, /, "").split(" ", 1)[0] ?? quoted;
  const suggestion = /\(Did you mean (?:one of )?([^?)]+)\?\)/.exec(text)?.[1];
  const fix =
    suggestion === undefined ? "Run it with --help to see its arguments and options" : `Did you mean ${suggestion}?`;
  const mistake = (path: string, expected: string, got: string) => new InputError({ path, expected, got, fix });
  switch (error.code) {
    case "commander.unknownOption":
      return mistake("command line", "an option of this command", showValue(quoted));
    case "commander.unknownCommand":
      return mistake("command line", "a holdfast command", showValue(quoted));
    case "commander.help":
      return mistake("command line", "a command", "none");
    case "commander.missingArgument":
      return mistake("command line", `a value for <${quoted}>`, "none");
    case "commander.optionMissingArgument":
      return mistake(name, "a value", "none");
    case "commander.excessArguments":
      return mistake("command line", "no further argument", showValue(/: (.*)\.$/.exec(text)?.[1] ?? text));
    case "commander.invalidArgument": {
      const [, value, rule] = /argument '([^']*)' is invalid\. (.*?)\.?$/.exec(text) ?? [];
      const choices = rule?.replace(/^Allowed choices are /, "one of ");
      return mistake(name, choices ?? "a valid value", showValue(value));
    }
    default:
      return mistake("command line", "a valid one", text.split("\n", 1)[0] ?? text);
  }
}

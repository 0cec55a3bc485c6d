/** Options that several commands take, in the words of their help. Nothing heavy is imported: every `--help` loads this. */
import {
  InvalidArgumentError,
  Option,
  type Command,
  type InferOptions,
  type OptionValues,
} from "@commander-js/extra-typings";

export const stack = new Option("-s, --stack <name>", "the stack (default: PULUMI_STACK, else dev)");
export const cwd = new Option("-C, --cwd <folder>", "the project folder, or a folder inside it");
export const json = new Option("-j, --json", "print one JSON document");
export const verbose = new Option("--verbose", "show the stack trace of an error");
export const yes = new Option("-y, --yes", "answer yes to every prompt");

/** Of a command about a folder, and of one about a stack; a command's help lists them last. */
export const ofFolder = [cwd, json, verbose] as const;
export const ofStack = [stack, ...ofFolder] as const;

/** An option that may be given several times. */
export function repeatable<Flags extends string>(flags: Flags, description: string, defaultWords = "none") {
  const repeated = (value: string, earlier: string[]): string[] => [...earlier, value];
  return new Option(flags, `${description} (repeatable)`)
    .argParser<string[]>(repeated)
    .default<string[]>([], defaultWords);
}

/** An option or argument that is a number above 0, or with `isWhole` a whole number. */
export function numberParser(isWhole: boolean): (text: string) => number {
  return (text) => {
    if (isWhole ? /^\d+$/.test(text) : Number(text) > 0 && Number.isFinite(Number(text))) return Number(text);
    throw new InvalidArgumentError(isWhole ? "a whole number" : "a number above 0");
  };
}

type AnyOption = Option<string, unknown, unknown, unknown, boolean, unknown>;

/** The values of a command's options after some more have been declared. */
type Declared<Values, Options extends readonly unknown[]> = Options extends readonly [
  Option<infer Flags, infer Preset, infer Default, infer Parsed, infer Mandatory, infer Choices>,
  ...infer Rest,
]
  ? Declared<InferOptions<Values, Flags, Default, Parsed, Mandatory, Preset, Choices>, Rest>
  : Values;

/** Declares options of a command, in the order of its help. */
export function declare<
  Args extends unknown[],
  Values extends OptionValues,
  const Options extends readonly AnyOption[],
>(command: Command<Args, Values>, ...options: Options) {
  for (const option of options) command.addOption(option);
  // What commander infers for one option after the other.
  return command as unknown as Command<Args, Declared<Values, Options> & OptionValues>;
}

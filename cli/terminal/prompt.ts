import { createInterface } from "node:readline/promises";
import { text as readAll } from "node:stream/consumers";
import { Writable } from "node:stream";
import { Exit, exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";

/** Whether there is a person to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Why there is no one to ask, as it reads after "but"; `undefined` if there is someone. */
export function whyNotAsked({ json }: Output): string | undefined {
  if (json) return "--json does not prompt";
  return canAsk() ? undefined : "there is no terminal";
}

/** What is said where a question did not get its yes. */
const unchanged = "Nothing has been changed.";

/**
 * Gets a yes to a question, where there is a person to ask.
 *
 * @throws Exit where the answer is no, after saying that nothing has been changed
 */
export async function requireYes(question: string, output: Output): Promise<void> {
  if (!(await askYesNo(question, output))) refuse(output);
}

/**
 * Gets the name of what is to die with its data; anything else is a no.
 *
 * @throws Exit where another is typed, after saying that nothing has been changed
 */
export async function requireName(name: string, output: Output): Promise<void> {
  const typed = await askLine(`Type ${name} to delete it and its data: `, output);
  if (typed.trim() !== name) refuse(output);
}

function refuse(output: Output): never {
  output.print(unchanged);
  throw new Exit(exitCode.notConfirmed);
}

/** Asks a question on the terminal that only yes or no answer. */
export async function askYesNo(question: string, output: Output): Promise<boolean> {
  for (;;) {
    const answer = (await askLine(`${question} [yes/no] `, output)).trim().toLowerCase();
    if (answer === "yes" || answer === "y") return true;
    if (answer === "no" || answer === "n" || answer === "") return false;
  }
}

/** Reads a secret: typed without being shown on a terminal, else all of standard input without its last line break. */
export async function readSecret(label: string, output: Output): Promise<string> {
  if (!process.stdin.isTTY) return (await readAll(process.stdin)).replace(/\r?\n$/, "");
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const secret = await askLine(`${label} (not shown): `, output, nowhere);
  process.stderr.write("\n");
  return secret;
}

/** The signals that end a question as Ctrl-C does; on a terminal in raw mode Ctrl-C itself is none. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Asks for a line on the terminal.
 *
 * @param echo - where what is typed is shown
 * @throws Exit at Ctrl-C and at the end of the input, after ending the line of the question and saying that nothing has been changed
 */
async function askLine(
  question: string,
  { print }: Output,
  echo: NodeJS.WritableStream = process.stderr,
): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: echo, terminal: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const interrupt = () => {
    reject(new Exit(exitCode.interrupted));
  };
  lines.once("SIGINT", interrupt);
  lines.once("close", () => {
    reject(new Exit(exitCode.notConfirmed));
  });
  for (const signal of endings) process.once(signal, interrupt);
  // Not before the terminal takes what is typed as it is: until then its Ctrl-D would not reach this process.
  if (echo !== process.stderr) process.stderr.write(question);
  lines.question(question).then(resolve, reject);
  try {
    return await promise;
  } catch (error) {
    process.stderr.write("\n");
    print(unchanged);
    throw error;
  } finally {
    for (const signal of endings) process.off(signal, interrupt);
    lines.close();
  }
}

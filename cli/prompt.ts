import { createInterface } from "node:readline/promises";
import { text as readAll } from "node:stream/consumers";
import { Writable } from "node:stream";
import { Exit, exitCode } from "./exit-code.ts";
import type { Output } from "./output.ts";

/** Whether there is a person to ask. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Why nobody is asked, as it reads after "got"; `undefined` where there is a person to ask. */
export function whyNotAsked({ json }: Output): string | undefined {
  if (json) return "--json, which asks nothing";
  return canAsk() ? undefined : "no terminal to ask on";
}

/**
 * Gets a yes to a question, where somebody can be asked.
 *
 * @throws Exit where the answer is no
 */
export async function requireYes(question: string, output: Output): Promise<void> {
  if (await askYesNo(question)) return;
  output.print("Nothing has been changed.");
  throw new Exit(exitCode.notConfirmed);
}

/** Asks a question on the terminal that only yes or no answer; Ctrl-C ends the command. */
export async function askYesNo(question: string): Promise<boolean> {
  for (;;) {
    const answer = (await askLine(`${question} [yes/no] `, process.stderr)).trim().toLowerCase();
    if (answer === "yes" || answer === "y") return true;
    if (answer === "no" || answer === "n" || answer === "") return false;
  }
}

/** Asks for the name of what is to die with its data; anything else is a no. */
export async function askName(name: string): Promise<boolean> {
  return (await askLine(`Type ${name} to delete it with its data: `, process.stderr)).trim() === name;
}

/** Reads a secret: typed without being shown on a terminal, else all of standard input without its last line break. */
export async function readSecret(label: string): Promise<string> {
  if (!process.stdin.isTTY) return (await readAll(process.stdin)).replace(/\r?\n$/, "");
  process.stderr.write(`${label} (not shown): `);
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const secret = await askLine("", nowhere);
  process.stderr.write("\n");
  return secret;
}

async function askLine(question: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  lines.once("SIGINT", () => {
    reject(new Exit(exitCode.interrupted));
  });
  lines.once("close", () => {
    reject(new Exit(exitCode.notConfirmed));
  });
  lines.question(question).then(resolve, reject);
  try {
    return await promise;
  } finally {
    lines.close();
  }
}

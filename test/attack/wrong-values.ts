/** An engine whose answers are whole and of Docker's form, but for one value in each: of another type, or with what a terminal obeys. */
import assert from "node:assert/strict";
import { commands, mustHaveEnded } from "./damaged-midway.ts";
import type { AttackCase } from "./case.ts";
import type { DamagedAnswer } from "./damaged-engine.ts";
import { estate, through } from "./estate.ts";

/** What is put in a value's place. */
const exchanges: Readonly<Record<string, (value: unknown) => unknown>> = {
  "is null": () => null,
  "is a number": () => -1,
  "is a text": () => "text",
  "is a list": (value) => [value],
  "is an object": (value) => ({ value }),
  "holds what a terminal obeys": (value) =>
    typeof value === "string" ? `\u001b]0;x\u0007${value}\u001b[2J\r\n` : value,
};

/** A JSON document in which one value is another, which one is told by a number. */
function withOneExchanged(document: unknown, number: number, exchange: (value: unknown) => unknown): unknown {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (holder: unknown): void => {
    if (typeof holder !== "object" || holder === null) return;
    // A list is read by its indices as an object is by its keys.
    const fields = holder as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      places.push([fields, key]);
      walk(fields[key]);
    }
  };
  const whole = { document: structuredClone(document) };
  walk(whole);
  const [holder, key] = places[number % places.length] ?? [];
  if (holder !== undefined && key !== undefined) holder[key] = exchange(holder[key]);
  return whole.document;
}

/** The nth answer has its nth value exchanged, beginning anywhere. */
function oneExchanged(start: number, exchange: (value: unknown) => unknown) {
  let answers = 0;
  return ({ response, body, status }: DamagedAnswer): void => {
    response.writeHead(status, { "content-type": "application/json" });
    answers += 1;
    response.end(exchanged(body, start + answers * 7, exchange));
  };
}

function exchanged(body: Buffer, number: number, exchange: (value: unknown) => unknown): Buffer | string {
  try {
    return JSON.stringify(withOneExchanged(JSON.parse(body.toString()), number, exchange));
  } catch {
    // A stream, or nothing.
    return body;
  }
}

/** Each command with half of the exchanges, by turns. */
export const wrongValues: readonly AttackCase[] = commands.flatMap((command, row) =>
  Object.entries(exchanges)
    .filter((_, column) => (row + column) % 2 === 0)
    .map(([what, exchange], column): AttackCase => ({
      group: "hanging engines",
      name: `${command[0] ?? ""} ends with words where one value in each answer of the engine ${what}`,
      limitSeconds: 240,
      async run() {
        const { project } = await estate();
        const target = /^GET (?!\S*\/_ping)/u;
        await through(target, oneExchanged(row * 31 + column * 101, exchange), async (host) => {
          const ended = await project.run(command, "", { DOCKER_HOST: host });
          mustHaveEnded(ended);
          // Nothing is coloured where there is no terminal.
          for (const character of ["\u001b", "\u0007"])
            assert.ok(!(ended.stdout + ended.stderr).includes(character), "the terminal obeys the engine");
        });
      },
    })),
);

// `npm run attack [-- --only WORDS --sample]`: what an attacker, a broken engine and damaged files do, tried one by one, as root and as
// another user of the machine. Two processes share the groups, for one half of the attacks waits for what hangs.
import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { stopThrowaways } from "../support/throwaway.ts";
import { attempt, endAll, type AttackCase } from "./case.ts";
import { attackCases } from "./groups.ts";

/** What came of one attack, as a process tells it. */
interface Outcome {
  readonly group: string;
  readonly name: string;
  /** Why it did not hold. */
  readonly failure?: string;
}

/** The processes, by what they do. */
const lanes: Readonly<Record<string, (attack: AttackCase) => boolean>> = {
  waiting: ({ group }) => group === "hanging engines",
  others: ({ group }) => group !== "hanging engines",
};

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    sample: { type: "boolean", default: false },
    lane: { type: "string" },
  },
});
if (process.getuid?.() !== 0)
  throw new Error("npm run attack: expected root, who can act as another user; run it as root.");

const cases = attackCases.filter(
  ({ group, name, sample = false }) => `${group}: ${name}`.includes(values.only) && (sample || !values.sample),
);
// What an attack that had no end has left open must not keep this process.
process.exit(await (values.lane === undefined ? share() : carryOut(cases.filter(lanes[values.lane] ?? (() => false)))));

/** Carries attacks out one after the other, and tells the process that has started this one. */
async function carryOut(attacks: readonly AttackCase[]): Promise<number> {
  const end = async (): Promise<void> => {
    await endAll();
    await stopThrowaways();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void end().finally(() => process.exit(1)));
  try {
    for (const each of attacks) {
      const outcome: Outcome = { group: each.group, name: each.name };
      const failure = await attempt(each).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      process.send?.({ ...outcome, ...(failure !== undefined && { failure }) });
    }
  } finally {
    await end();
  }
  return 0;
}

/** Has the processes carry out all of it, and counts. */
async function share(): Promise<number> {
  const startedAt = performance.now();
  const counts = new Map([...new Set(cases.map(({ group }) => group))].map((group) => [group, { held: 0, tried: 0 }]));
  const children = Object.keys(lanes).map((lane) =>
    fork(import.meta.filename, [...process.argv.slice(2), "--lane", lane], {
      stdio: "inherit",
      // Each stops the swarms of its own run.
      env: { ...process.env, HOLDFAST_TEST_RUN: undefined },
    }),
  );
  // Ctrl-C reaches them by itself; this one waits for what they clear away.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => {
    for (const child of children) child.kill("SIGTERM");
  });
  await Promise.all(
    children.map((child) => {
      child.on("message", (message) => {
        // This file's own words.
        const { group, name, failure } = message as Outcome;
        const count = counts.get(group);
        if (count === undefined) return;
        count.tried += 1;
        if (failure === undefined) count.held += 1;
        console.log(failure === undefined ? `held      ${group}: ${name}` : `NOT HELD  ${group}: ${name}: ${failure}`);
      });
      return once(child, "exit");
    }),
  );
  const total = [...counts.values()].reduce((sum, { held }) => sum + held, 0);
  console.log("");
  for (const [group, { held, tried }] of counts) console.log(`${group.padEnd(16)} ${held} of ${tried}`);
  console.log(`in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  console.log(`${total} of ${cases.length} held`);
  return total === cases.length ? 0 : 1;
}

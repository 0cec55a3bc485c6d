// `npm run attack [-- --only WORDS --sample]`: what an attacker, a broken engine and damaged files do, tried one by one, as root and as
// another user of the machine. Two processes share the groups, for one half of the attacks waits for what hangs.
import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { attempt, type AttackCase } from "./case.ts";
import { attackCases } from "./groups.ts";
import { beginRun, clearDeadRuns, clearRun } from "./run-folder.ts";

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

/** Carries attacks out one after the other, and tells the process that has started this one; that clears away what they leave. */
async function carryOut(attacks: readonly AttackCase[]): Promise<number> {
  // Nobody counts any more.
  process.once("disconnect", () => process.exit(1));
  for (const each of attacks) {
    const outcome: Outcome = { group: each.group, name: each.name };
    const failure = await attempt(each).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    process.send?.({ ...outcome, ...(failure !== undefined && { failure }) });
  }
  return 0;
}

/** Has the processes carry out all of it, counts, and leaves nothing, also when it is interrupted. */
async function share(): Promise<number> {
  await clearDeadRuns();
  if (cases.length === 0)
    throw new Error(
      `--only: expected words from the group and the name of an attack, got ${JSON.stringify(values.only)}.`,
    );
  const startedAt = performance.now();
  const counts = new Map([...new Set(cases.map(({ group }) => group))].map((group) => [group, { held: 0, tried: 0 }]));
  const folder = beginRun();
  const children = Object.keys(lanes).map((lane) =>
    fork(import.meta.filename, [...process.argv.slice(2), "--lane", lane], {
      stdio: "inherit",
      // Each starts a swarm of its own.
      env: { ...process.env, HOLDFAST_TEST_RUN: undefined },
    }),
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    // A second signal does not keep this process from clearing up.
    process.on(signal, () => {
      console.log("Interrupted: removing what was made.");
      for (const child of children) child.kill("SIGKILL");
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
  await clearRun(folder);
  const total = [...counts.values()].reduce((sum, { held }) => sum + held, 0);
  console.log("");
  for (const [group, { held, tried }] of counts) console.log(`${group.padEnd(16)} ${held} of ${tried}`);
  console.log(`in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
  console.log(`${total} of ${cases.length} held`);
  return total === cases.length ? 0 : 1;
}

// `npm run attack [-- --only WORDS --sample]`: what an attacker, a broken engine and damaged files do, tried one by one, as root and as
// another user of the machine.
import { parseArgs } from "node:util";
import { stopThrowaways } from "../support/throwaway.ts";
import { attempt, endAll } from "./case.ts";
import { attackCases } from "./groups.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, sample: { type: "boolean", default: false } },
});
if (process.getuid?.() !== 0)
  throw new Error("npm run attack: expected root, who can act as another user; run it as root.");

const cases = attackCases.filter(
  ({ group, name, sample = false }) => `${group}: ${name}`.includes(values.only) && (sample || !values.sample),
);
const held = new Map<string, { held: number; tried: number }>();
const startedAt = performance.now();
const end = async (): Promise<void> => {
  await endAll();
  await stopThrowaways();
};
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void end().finally(() => process.exit(1)));
try {
  for (const each of cases) {
    const count = held.get(each.group) ?? { held: 0, tried: 0 };
    held.set(each.group, count);
    count.tried += 1;
    try {
      await attempt(each);
      count.held += 1;
      console.log(`held      ${each.group}: ${each.name}`);
    } catch (error) {
      console.log(`NOT HELD  ${each.group}: ${each.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  await end();
}
const total = [...held.values()].reduce((sum, count) => sum + count.held, 0);
console.log("");
for (const [group, count] of held) console.log(`${group.padEnd(12)} ${count.held} of ${count.tried}`);
console.log(`in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
console.log(`${total} of ${cases.length} held`);
// What an attack that had no end has left open must not keep this process.
process.exit(total === cases.length ? 0 : 1);

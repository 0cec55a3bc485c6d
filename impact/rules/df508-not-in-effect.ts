import { rule } from "../rule.ts";

/** A change that Swarm reports as done and does not bring into effect. */
export const notInEffect = rule({ DF508: "The change is not in effect yet" }, ({ comparison, course }) => {
  const stale = comparison?.stale ?? [];
  if (stale.length === 0 || course.kind !== "goes on") return [];
  const paths = [...new Set(stale.map(({ path }) => path))];
  const text = `The change of ${paths.join(", ")} is reported as done and is not in effect: Swarm keeps the task, and the port with it, until something else replaces it. A changed forceUpdate in the same update brings it into effect.`;
  return [{ code: "DF508", fate: "note", text }];
});

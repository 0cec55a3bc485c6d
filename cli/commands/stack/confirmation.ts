import type { StepOperation } from "../../../engine/model/events.ts";

/** Operations that touch something that exists; creating and reading do not. */
const touching: readonly StepOperation[] = [
  "update",
  "delete",
  "replace",
  "create-replacement",
  "delete-replaced",
  "remove-pending-replace",
];

/** Whether a plan changes or removes something that exists, which needs a person's yes. */
export function needsConfirmation(changes: Partial<Record<StepOperation, number>>): boolean {
  return touching.some((operation) => (changes[operation] ?? 0) > 0);
}

/** Whether a plan changes nothing at all. */
export function changesNothing(changes: Partial<Record<StepOperation, number>>): boolean {
  return Object.entries(changes).every(([operation, count]) => operation === "same" || count === 0);
}

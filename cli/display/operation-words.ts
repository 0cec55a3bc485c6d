import type { StepOperation } from "../../engine/model/events.ts";

/** How a step is spoken of, in Pulumi's own words (pkg/backend/display/progress.go, pkg/resource/deploy/step.go). */
export interface OperationWords {
  /** Two characters, as Pulumi prints them before a resource. */
  symbol: string;
  /** What a preview says of it. */
  planned: string;
  running: string;
  done: string;
  /** What a summary calls the resources it was done to. */
  doneTo: string;
  colour: "green" | "yellow" | "red" | "magenta" | "cyan" | "dim";
}

type Colour = OperationWords["colour"];

/** Words for an operation; what it did is called `done`, and so is what it was done to, unless `doneTo` says otherwise. */
function spoken(symbol: string, colour: Colour, planned: string, running: string, done: string, doneTo = done) {
  return { symbol, planned, running, done, doneTo, colour };
}

const words: Record<StepOperation, OperationWords> = {
  same: spoken("  ", "dim", "", "", "", "unchanged"),
  create: spoken("+ ", "green", "create", "creating", "created"),
  update: spoken("~ ", "yellow", "update", "updating", "updated"),
  delete: spoken("- ", "red", "delete", "deleting", "deleted"),
  replace: spoken("+-", "magenta", "replace", "replacing", "replaced"),
  "create-replacement": spoken(
    "++",
    "green",
    "create replacement",
    "creating replacement",
    "created replacement",
    "created",
  ),
  "delete-replaced": spoken("--", "red", "delete original", "deleting original", "deleted original", "deleted"),
  read: spoken("> ", "cyan", "read", "reading", "read"),
  "read-replacement": spoken(
    ">>",
    "cyan",
    "read for replacement",
    "reading for replacement",
    "read for replacement",
    "read",
  ),
  refresh: spoken("~ ", "yellow", "refreshing", "refreshing", "refreshed"),
  "remove-pending-replace": spoken(
    "~ ",
    "dim",
    "completing replacement",
    "completing replacement",
    "completed replacement",
    "completed",
  ),
};

/** The words for an operation; one that only the Pulumi CLI knows (`import`, …) is called by its own name. */
export function operationWords(operation: string): OperationWords {
  // Events of the Pulumi CLI come from outside and may name more operations than ours.
  const known = (words as Partial<Record<string, OperationWords>>)[operation];
  return known ?? spoken("* ", "cyan", operation, operation, operation);
}

/** The operations that a summary counts as changes, in the order in which Pulumi lists them. */
export const countedOperations = ["create", "update", "delete", "replace", "refresh"] as const;

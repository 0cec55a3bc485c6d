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

const words: Record<StepOperation, OperationWords> = {
  same: { symbol: "  ", planned: "", running: "", done: "", doneTo: "unchanged", colour: "dim" },
  create: {
    symbol: "+ ",
    planned: "create",
    running: "creating",
    done: "created",
    doneTo: "created",
    colour: "green",
  },
  update: {
    symbol: "~ ",
    planned: "update",
    running: "updating",
    done: "updated",
    doneTo: "updated",
    colour: "yellow",
  },
  delete: { symbol: "- ", planned: "delete", running: "deleting", done: "deleted", doneTo: "deleted", colour: "red" },
  replace: {
    symbol: "+-",
    planned: "replace",
    running: "replacing",
    done: "replaced",
    doneTo: "replaced",
    colour: "magenta",
  },
  "create-replacement": {
    symbol: "++",
    planned: "create replacement",
    running: "creating replacement",
    done: "created replacement",
    doneTo: "created",
    colour: "green",
  },
  "delete-replaced": {
    symbol: "--",
    planned: "delete original",
    running: "deleting original",
    done: "deleted original",
    doneTo: "deleted",
    colour: "red",
  },
  read: { symbol: "> ", planned: "read", running: "reading", done: "read", doneTo: "read", colour: "cyan" },
  "read-replacement": {
    symbol: ">>",
    planned: "read for replacement",
    running: "reading for replacement",
    done: "read for replacement",
    doneTo: "read",
    colour: "cyan",
  },
  refresh: {
    symbol: "~ ",
    planned: "refreshing",
    running: "refreshing",
    done: "refreshed",
    doneTo: "refreshed",
    colour: "yellow",
  },
  "remove-pending-replace": {
    symbol: "~ ",
    planned: "completing replacement",
    running: "completing replacement",
    done: "completed replacement",
    doneTo: "completed",
    colour: "dim",
  },
};

/** The words for an operation; one that only the Pulumi CLI knows (`import`, …) is called by its own name. */
export function operationWords(operation: string): OperationWords {
  // Events of the Pulumi CLI come from outside and may name more operations than ours.
  const known = (words as Partial<Record<string, OperationWords>>)[operation];
  return (
    known ?? {
      symbol: "* ",
      planned: operation,
      running: operation,
      done: operation,
      doneTo: operation,
      colour: "cyan",
    }
  );
}

/** The operations that a summary counts as changes, in the order in which Pulumi lists them. */
export const countedOperations = ["create", "update", "delete", "replace", "refresh"] as const;

import type { Draft, DraftImage, DraftNode, DraftVolume } from "./drafts.ts";

/** An input in which definitions are written down. */
export type InputName = "stack file" | "program" | "state" | "swarm";

/** What a rule must say about the last of some services. */
export interface RuleCase {
  readonly drafts: readonly Draft[];
  readonly volumes?: readonly DraftVolume[];
  /** Live nodes; a program and a state are judged without. */
  readonly nodes?: readonly DraftNode[];
  /** Images of a live engine. */
  readonly images?: readonly DraftImage[];
  /** How the services were before: then the input is a plan. */
  readonly before?: readonly Draft[];
  readonly inputs?: readonly InputName[];
  /** The path of the finding in the first input of the case. */
  readonly path?: string;
  /** `fail` and `unverifiable` with the whole message. */
  readonly expected:
    "pass" | "not applicable" | { fail: string; level?: "error" | "warning" } | { unverifiable: string };
}

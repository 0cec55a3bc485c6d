import type { Subject } from "./subject.ts";

/** How much a finding matters: an error blocks, a warning does not. */
export type Level = "error" | "warning";

/** What a rule says about a service, or about one of several places in it. */
export type Answer =
  | { readonly result: "pass" }
  | { readonly result: "not applicable" }
  | {
      readonly result: "fail";
      /** The offending property. */
      readonly path: string;
      readonly message: string;
      /** In place of the rule's own fix. */
      readonly fix?: string;
      /** In place of the rule's own level. */
      readonly level?: Level;
    }
  /** A value is not known yet; never a pass. */
  | { readonly result: "unverifiable"; readonly path: string; readonly message: string; readonly fix?: string };

/** One way to lose data, and how it is recognised. */
export interface Rule {
  /** Stable: suppressions and baselines name it. */
  readonly id: `SS${number}`;
  readonly name: string;
  readonly level: Level;
  /** The gravest level that one of its findings may have, when that is not {@link level}. */
  readonly worst?: Level;
  /** Why it loses data, in Swarm's or Redis' terms: one sentence. */
  readonly reason: string;
  /** What to do about it: one sentence. */
  readonly fix: string;
  /** More precise rules: if one of them has a finding about the same path, this rule reports nothing. */
  readonly yieldsTo?: readonly Rule["id"][];
  readonly check: (subject: Subject) => Answer | readonly Answer[];
}

/** The definition is right in this respect. */
export const pass: Answer = { result: "pass" };

/** The rule has nothing to say about such a service. */
export const notApplicable: Answer = { result: "not applicable" };

/** The definition loses data. */
export function fail(path: string, message: string, more: { fix?: string; level?: Level } = {}): Answer {
  return { result: "fail", path, message, ...more };
}

/** Whether the definition loses data hangs on something that is not known. */
export function unverifiable(path: string, message: string, fix?: string): Answer {
  return { result: "unverifiable", path, message, ...(fix !== undefined && { fix }) };
}

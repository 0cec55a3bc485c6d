/** What a rule is: a pure function of the facts about one service, and the codes of what it may find. */
import type { DataPlace } from "../model/storage/data-location.ts";
import type { ServiceFacts } from "./simulation/facts.ts";
import { leftBehindAt } from "./verdict/remedies.ts";
import type { Cause, DataFate, DiagnosticCode, LeftBehind, Remedy } from "./verdict/verdict.ts";

/** What one rule finds. */
export interface Diagnostic<Code extends DiagnosticCode = DiagnosticCode> extends Cause {
  readonly code: Code;
  /** What this by itself does to the data; a `note` is only information. */
  readonly fate: DataFate | "note";
  readonly remedies?: readonly Remedy[];
  readonly leftBehind?: readonly LeftBehind[];
  /** The fate when the assumption does not hold. */
  readonly otherwise?: { readonly fate: DataFate; readonly when: string };
  /** What is assumed, phrased to follow "Taken for granted:". */
  readonly assumption?: string;
}

/** A rule. It sees only the facts, and no other rule. */
export interface DiagnosticRule<Facts = ServiceFacts> {
  /** What it may find: each code with its title, which docs/diagnostics.md explains. */
  readonly titles: Readonly<Record<string, string>>;
  readonly check: (facts: Facts) => readonly Diagnostic[];
}

/**
 * Makes a rule.
 *
 * @param titles - what it may find, by code
 * @param check - returns its findings; none if the rule does not apply
 */
export function rule<Code extends DiagnosticCode, Facts = ServiceFacts>(
  titles: Readonly<Record<Code, string>>,
  check: (facts: Facts) => readonly Diagnostic<NoInfer<Code>>[],
): DiagnosticRule<Facts> {
  return { titles, check };
}

/** A note that does not affect the verdict. */
export function note<Code extends DiagnosticCode>(code: Code, text: string): Diagnostic<Code> {
  return { code, fate: "note", text };
}

/** States that data stays where the new task does not look, and how to reach it. */
export function leftBehind<Code extends DiagnosticCode>(
  { name, before, location }: ServiceFacts,
  place: DataPlace,
  cause: Cause & { readonly code: Code },
  remedies: readonly Remedy[],
): Diagnostic<Code> {
  const lies = leftBehindAt(place, { service: name, image: before.service.definition.image, node: location?.node });
  return { fate: "left behind", ...cause, remedies, leftBehind: [lies] };
}

/** Makes a sentence of a clause. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A property's path, if any. */
export function at(path: string | undefined): { readonly path?: string } {
  return path === undefined ? {} : { path };
}

/** What is assumed about a copy that a service without a running task starts on. */
export const copiedAfterStop = "the data there was copied after the last task had stopped";

/** What a rule is: a pure function of the facts about one service, and the codes of what it may find. */
import type { DataPlace } from "../model/storage/data-location.ts";
import type { ServiceFacts } from "./simulation/facts.ts";
import { leftBehindAt } from "./verdict/remedies.ts";
import type { Cause, DataFate, DiagnosticCode, LeftBehind, Remedy } from "./verdict/verdict.ts";

/** What one rule finds. */
export interface Diagnostic<Code extends DiagnosticCode = DiagnosticCode> extends Cause {
  readonly code: Code;
  /** What this alone does to the data; a `note` decides nothing, and is worth knowing. */
  readonly fate: DataFate | "note";
  readonly remedies?: readonly Remedy[];
  readonly leftBehind?: readonly LeftBehind[];
  /** The fate when the assumption does not hold. */
  readonly otherwise?: { readonly fate: DataFate; readonly when: string };
  /** What is taken for granted, as it reads after "Taken for granted:". */
  readonly assumption?: string;
}

/** A rule. It sees nothing but the facts, and no other rule. */
export interface DiagnosticRule<Facts = ServiceFacts> {
  /** What it may find: each code with its title, which docs/diagnostics.md explains. */
  readonly titles: Readonly<Record<string, string>>;
  readonly check: (facts: Facts) => readonly Diagnostic[];
}

/**
 * Makes a rule.
 *
 * @param titles - what it may find, by code
 * @param check - finds it; gives nothing where the rule has nothing to say
 */
export function rule<Code extends DiagnosticCode, Facts = ServiceFacts>(
  titles: Readonly<Record<Code, string>>,
  check: (facts: Facts) => readonly Diagnostic<NoInfer<Code>>[],
): DiagnosticRule<Facts> {
  return { titles, check };
}

/** What is worth knowing and decides nothing. */
export function note<Code extends DiagnosticCode>(code: Code, text: string): Diagnostic<Code> {
  return { code, fate: "note", text };
}

/** What says that data stays where the new task does not look, and how it is reached. */
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

/** A property's path, where there is one. */
export function at(path: string | undefined): { readonly path?: string } {
  return path === undefined ? {} : { path };
}

/** What is taken for granted of a copy that a service starts on which no task of runs. */
export const copiedAfterStop = "the data there was copied after the last task had stopped";

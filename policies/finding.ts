import type { Position } from "../inputs/stack/positions.ts";
import type { ServiceDefinition } from "../model/service/definition.ts";
import { printable } from "../text/escape.ts";
import type { Answer, Level, Rule } from "./rule.ts";

/** One rule's answer about one service, when it is not in order. */
export interface Finding {
  readonly rule: Rule["id"];
  readonly name: string;
  readonly level: Level;
  /** `unverifiable` when it hangs on a value that is not known. */
  readonly result: "fail" | "unverifiable";
  readonly service: string;
  /** The offending property, in the words of the input. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  /** The rule's page, relative to the project. */
  readonly url: string;
  /** Where the property is written, for an input that is a file of people. */
  readonly location?: Position & { readonly file: string };
}

/** The page of a rule. */
export function rulePage(id: Rule["id"]): string {
  return `docs/rules/${id}.md`;
}

/** An answer as a finding; `undefined` for one that finds nothing. */
export function toFinding(rule: Rule, service: ServiceDefinition, answer: Answer): Finding | undefined {
  if (answer.result !== "fail" && answer.result !== "unverifiable") return undefined;
  return {
    rule: rule.id,
    name: rule.name,
    level: answer.result === "fail" ? (answer.level ?? rule.level) : "warning",
    result: answer.result,
    service: printable(service.name),
    path: printable(answer.path),
    message: answer.message,
    fix: answer.fix ?? rule.fix,
    url: rulePage(rule.id),
  };
}

import type { z } from "zod";
import type { ServiceDefinition } from "../model/service/definition.ts";
import { printable } from "../text/escape.ts";
import type { findingsSchema } from "./finding-schema.ts";
import type { Answer, Rule } from "./rule.ts";

/** One rule's answer about one service, when something is wrong. */
export type Finding = z.infer<typeof findingsSchema>["findings"][number] & { readonly rule: Rule["id"] };

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

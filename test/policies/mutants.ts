import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { rules } from "../../policies/rule-list.ts";
import type { Rule } from "../../policies/rule.ts";
import { expectationOf, inputsOf, pathOf, subjectIn, verdictOf } from "./judge-case.ts";
import { ruleCases } from "./rule-cases.ts";

/** A rule with one place of its check broken. */
export interface Mutant {
  readonly rule: Rule["id"];
  /** Where, and what was done: `line 23: fail( -> pass`. */
  readonly place: string;
  readonly url: string;
  readonly source: string;
}

/** A pass, whatever it is called with. */
const passing = '((..._: readonly unknown[]) => ({ result: "pass" as const }))(';

/** What is broken, one place at a time. Alternatives keep a check's types, so that each mutant runs. */
const operators: readonly { readonly pattern: RegExp; readonly replacement: string }[] = [
  { pattern: /\bfail\(/g, replacement: passing },
  { pattern: /\bunverifiable\(/g, replacement: passing },
  { pattern: / === /g, replacement: " !== " },
  { pattern: / !== /g, replacement: " === " },
  { pattern: / < /g, replacement: " >= " },
  { pattern: / > /g, replacement: " <= " },
  { pattern: / && /g, replacement: " || " },
  { pattern: / \|\| /g, replacement: " && " },
];

/** Every mutant of a rule's check. */
export function mutantsOf(rule: Rule): readonly Mutant[] {
  const url = new URL(`../../policies/rules/${rule.id.toLowerCase()}-${rule.name}.ts`, import.meta.url).href;
  const source = readFileSync(new URL(url), "utf8");
  const body = source.indexOf("export const");
  return operators.flatMap(({ pattern, replacement }) =>
    [...source.matchAll(pattern)]
      .filter(({ index }) => index > body && !isComment(source, index))
      .map(({ 0: found, index }) => ({
        rule: rule.id,
        place: `line ${source.slice(0, index).split("\n").length}: ${found.trim()} -> ${replacement === passing ? "pass" : replacement.trim()}`,
        url: `${url}?mutant=${index}-${replacement.length}`,
        source: source.slice(0, index) + replacement + source.slice(index + found.length),
      })),
  );
}

function isComment(source: string, index: number): boolean {
  const line = source.slice(source.lastIndexOf("\n", index) + 1, index);
  return /^\s*(?:\/\/|\/?\*)/.test(line);
}

/** Whether one of the rule's cases turns out otherwise than it should. */
export async function isDetected(mutant: Mutant): Promise<boolean> {
  const broken = await load(mutant);
  return (ruleCases[mutant.rule] ?? []).some(
    (testCase) =>
      (testCase.path !== undefined && pathOf(broken, testCase) !== testCase.path) ||
      inputsOf(testCase).some((input) => {
        const expected = JSON.stringify(expectationOf(broken, testCase));
        return JSON.stringify(verdictOf(broken, subjectIn(input, testCase))) !== expected;
      }),
  );
}

async function load({ url, source, rule }: Mutant): Promise<Rule> {
  const hooks = registerHooks({
    load: (asked, context, next) =>
      asked === url ? { format: "module-typescript", source, shortCircuit: true } : next(asked, context),
  });
  try {
    const module = Object.values((await import(url)) as Record<string, unknown>);
    // Each rule's file exports its rule alone.
    return module.find((each) => typeof each === "object" && each !== null && "check" in each) as Rule;
  } catch (error) {
    throw new Error(`the mutant of ${rule} cannot be loaded`, { cause: error });
  } finally {
    hooks.deregister();
  }
}

/** Every mutant of every rule. */
export function allMutants(): readonly Mutant[] {
  return rules.flatMap(mutantsOf);
}

import type { Estate, ServiceDefinition } from "../model/service/definition.ts";
import { printable } from "../text/escape.ts";
import type { Definitions } from "./definitions.ts";
import { EstateIndex } from "./estate-index.ts";
import { toFinding, type Finding } from "./finding.ts";
import { ruleIds, rules as allRules } from "./rule-list.ts";
import { unverifiable, type Answer, type Rule } from "./rule.ts";
import { subjectOf, suppressionsOf, type Subject, type SubjectOptions } from "./subject.ts";

/** How definitions are judged. */
export interface JudgeOptions {
  /** The day on which suppressions are looked at, as `2027-03-01`. */
  readonly today: string;
  /** Names of catalogue entries by repository, for renamed images. @default none */
  readonly images?: Readonly<Record<string, string>>;
  /** @default every rule */
  readonly rules?: readonly Rule[];
}

/** Judges every service of an estate by every rule. Takes time in proportion to the number of services. */
export function judge(estate: Estate, options: JudgeOptions): readonly Finding[] {
  const index = EstateIndex.of(estate);
  return index.services().flatMap((service) => judgeOneService(service, index, options));
}

/** Judges definitions; findings about a hand-written file give the position in the file. */
export function judgeDefinitions({ estate, source }: Definitions, options: JudgeOptions): readonly Finding[] {
  const findings = judge(estate, options);
  if (source === undefined) return findings;
  const { file, locate } = source;
  return findings.map((finding) => ({ ...finding, location: { file, ...locate(finding.path) } }));
}

/**
 * Judges one service in the context of the known ones.
 *
 * Never throws: a rule that fails is reported as a finding, and the other rules still run.
 */
export function judgeOneService(
  service: ServiceDefinition,
  index: EstateIndex,
  options: JudgeOptions,
): readonly Finding[] {
  const { rules = allRules } = options;
  const subject = subjectOf(service, index, subjectOptions(options));
  const findings = rules.flatMap((rule) => findingsOf(rule, subject));
  return withoutSuppressed(withoutRepetition(findings, rules), subject);
}

/** What the rules answer about one service, before anything is left out. */
export function answersOf(rule: Rule, subject: Subject): readonly Answer[] {
  try {
    const answers = rule.check(subject);
    return "result" in answers ? [answers] : answers;
  } catch (error) {
    const what = printable(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 200);
    return [
      unverifiable(
        subject.service.paths.service,
        `The check itself failed (${what}), so nothing is known in this respect.`,
        "Report it to the authors of Holdfast with this definition.",
      ),
    ];
  }
}

/** The options that rules see. */
export function subjectOptions({ today, images = {} }: JudgeOptions): SubjectOptions {
  return { today, images, ruleIds };
}

function findingsOf(rule: Rule, subject: Subject): readonly Finding[] {
  const findings = answersOf(rule, subject).flatMap((answer) => toFinding(rule, subject.service, answer) ?? []);
  // A rule says the same thing of one path once, however many mounts it looked at.
  const seen = new Set<string>();
  return findings.filter(({ path, message }) => {
    const key = `${path}\n${message}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Of several rules that say the same thing about one path only the most specific speaks, unless it is the less certain. */
function withoutRepetition(findings: readonly Finding[], rules: readonly Rule[]): readonly Finding[] {
  const betters = new Map(rules.map(({ id, yieldsTo }) => [id, yieldsTo ?? []]));
  return findings.filter(({ rule, path, result }) => {
    const better = betters.get(rule) ?? [];
    return !findings.some(
      (other) =>
        better.includes(other.rule) && isSamePlace(other.path, path) && (other.result === "fail" || result !== "fail"),
    );
  });
}

/** Whether one path equals the other or is inside it. */
function isSamePlace(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** A suppression holds to the end of its last day, and not for the rules about suppressions. */
function withoutSuppressed(findings: readonly Finding[], subject: Subject): readonly Finding[] {
  const { suppressions } = suppressionsOf(subject);
  const active = new Set(
    suppressions.filter(({ until }) => until >= subject.options.today).flatMap(({ rules }) => rules),
  );
  return active.size === 0 ? findings : findings.filter(({ rule }) => !active.has(rule) || rule.startsWith("SS9"));
}

/** What blocks: an exit code other than 0 when a finding reaches this level. */
export type Threshold = "error" | "warning" | "never";

/** 1 when a finding reaches the threshold, else 0. */
export function exitCodeOf(findings: readonly Finding[], threshold: Threshold): 0 | 1 {
  if (threshold === "never") return 0;
  return findings.some(({ level }) => threshold === "warning" || level === "error") ? 1 : 0;
}

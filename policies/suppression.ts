import { isKnown, type ServiceDefinition } from "../model/service/definition.ts";
import { serviceLabels } from "../model/service/labels.ts";
import { printable, quoted } from "../text/escape.ts";

/** One rule switched off for a while by a service's label. */
export interface Suppression {
  readonly rules: readonly string[];
  /** The last day on which it holds, as `2027-03-01`. */
  readonly until: string;
  readonly reason: string;
  /** The label's name. */
  readonly label: string;
}

/** The content of a service's suppression labels: the valid entries, and what is wrong with the others. */
export interface SuppressionLabels {
  readonly suppressions: readonly Suppression[];
  readonly mistakes: readonly { readonly label: string; readonly message: string }[];
  /** Labels whose values are not known yet. */
  readonly unknown: readonly string[];
}

/**
 * Reads the labels `holdfast.ignore` and `holdfast.ignore.<anything>`: `SS201 until 2027-03-01: reason`, with rules separated by
 * commas, and entries by semicolons or line breaks.
 *
 * @param ruleIds - the existing rules
 */
export function readSuppressions(service: ServiceDefinition, ruleIds: ReadonlySet<string>): SuppressionLabels {
  const suppressions: Suppression[] = [];
  const mistakes: { label: string; message: string }[] = [];
  const unknown: string[] = [];
  const sources: readonly ServiceDefinition["labels"][] = [service.labels, service.containerLabels];
  for (const [label, value] of sources.flatMap((labels) => (isKnown(labels) ? Object.entries(labels) : []))) {
    if (label !== serviceLabels.ignore && !label.startsWith(`${serviceLabels.ignore}.`)) continue;
    if (!isKnown(value)) unknown.push(label);
    for (const entry of isKnown(value) ? value.split(/\n|;(?=\s*SS\d)/) : []) {
      const parsed = parseSuppression(entry.trim(), label, ruleIds);
      if (typeof parsed === "string") mistakes.push({ label, message: parsed });
      else suppressions.push(parsed);
    }
  }
  return { suppressions, mistakes, unknown };
}

/** One entry of a label, or what is wrong with it. */
function parseSuppression(entry: string, label: string, ruleIds: ReadonlySet<string>): Suppression | string {
  const [head = "", ...rest] = entry.split(":");
  const reason = rest.join(":").trim();
  const [list = "", until, ...more] = head.split(/\suntil\s/);
  const rules = list.split(",").map((rule) => rule.trim().toUpperCase());
  const stranger = rules.find((rule) => !ruleIds.has(rule));
  if (stranger !== undefined) return `The label ${quoted(label)} names ${quoted(stranger)}, which is no rule.`;
  if (until === undefined || more.length > 0 || !isDay(until.trim()))
    return `The suppression of ${rules.join(", ")} has no date: it reads ${quoted(printable(entry))}.`;
  if (reason === "") return `The suppression of ${rules.join(", ")} gives no reason.`;
  return { rules, until: until.trim(), reason, label };
}

/** Whether a text is a day of the calendar, as `2027-03-01`. */
function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

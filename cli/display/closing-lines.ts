import { isDeepStrictEqual } from "node:util";
import type { SummaryEvent } from "../../engine/model/events.ts";
import { unknownSentinel } from "../../engine/model/wire-value.ts";
import type { Style } from "../../text/style.ts";
import { changeLines, valueLines } from "./diff-lines.ts";
import { hasErrors, shortType, shownText, type OperationView } from "./operation-view.ts";
import { countedOperations, operationWords } from "./operation-words.ts";
import { propertiesOf, type PropertyChanges } from "./property-diff.ts";
import { elapsedText } from "./row-text.ts";

/** What an operation is called while it runs: `Previewing update (dev):`. */
export function operationHeadline(view: OperationView, stackName: string): string {
  const running = { update: "Updating", destroy: "Destroying", refresh: "Refreshing" }[view.kind];
  return `${view.planning ? `Previewing ${view.kind}` : running} (${stackName}):`;
}

/** The lines that end an operation: diagnostics by resource, findings, outputs, the summary. */
export function closingLines(view: OperationView, style: Style): string[] {
  const outputs = outputLines(view, style);
  const lines = [
    ...diagnosticLines(view, style),
    ...policyLines(view, style),
    ...(outputs.length === 0 ? [] : [style("bold", "Outputs:"), ...outputs, ""]),
    // A preview that failed does not know all of its changes.
    ...(view.summary === undefined || (view.planning && hasErrors(view))
      ? []
      : summaryLines(view.summary, view.planning, style)),
  ];
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function diagnosticLines(view: OperationView, style: Style): string[] {
  const groups = Map.groupBy(view.diagnostics, ({ urn }) => urn ?? view.stack?.urn);
  if (groups.size === 0) return [];
  return [
    style("bold", "Diagnostics:"),
    ...[...groups].flatMap(([urn, diagnostics]) => {
      const row = urn === undefined ? undefined : view.rows.get(urn);
      const title = row ? `${row.type} (${row.name}):` : "stack:";
      return [
        `  ${title}`,
        ...diagnostics.flatMap((diagnostic) =>
          shownText(diagnostic)
            .trimEnd()
            .split("\n")
            .map((line) => `    ${severityStyle(diagnostic.severity, line, style)}`.trimEnd()),
        ),
      ];
    }),
    "",
  ];
}

function severityStyle(severity: string, line: string, style: Style): string {
  if (severity === "error") return line.replace(/^error: /, style("red", "error: "));
  return severity === "warning" ? line.replace(/^warning: /, style("yellow", "warning: ")) : line;
}

function policyLines(view: OperationView, style: Style): string[] {
  const packs = Object.entries(view.summary?.policyPacks ?? {});
  if (view.policies.length === 0 && packs.length === 0) return [];
  return [
    style("bold", "Policies:"),
    ...packs.map(([name, version]) => `  ${name}${version === "" ? "" : ` ${version}`}`),
    ...view.policies.flatMap(({ resourceUrn, message, policyName, policyPackName, enforcementLevel }) => {
      const row = resourceUrn === undefined ? undefined : view.rows.get(resourceUrn);
      const about = row ? ` (${shortType(row.type)}: ${row.name})` : "";
      const level = style(enforcementLevel === "mandatory" ? "red" : "yellow", `[${enforcementLevel}]`);
      return [
        `    - ${level} ${policyPackName} ${policyName}${about}`,
        ...message
          .trimEnd()
          .split("\n")
          .map((line) => `      ${line}`.trimEnd()),
      ];
    }),
    "",
  ];
}

/** The stack's outputs: all of them after an operation, in a preview only those that change to something known. */
function outputLines(view: OperationView, style: Style): string[] {
  const { old, new: next } = view.stackOutputs ?? {};
  if (next === undefined) return [];
  const after = propertiesOf(next, "outputs");
  if (old === undefined) return valueLinesOf(after, style);
  const before = propertiesOf(old, "outputs");
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const width = Math.max(0, ...names.map((name) => name.length));
  return names.flatMap((name) => {
    const [was, is] = [before[name], after[name]];
    if (isDeepStrictEqual(was, is))
      return view.planning ? [] : valueLines(`${name.padEnd(width)}: `, is, 1, " ", style);
    if (view.planning && is === unknownSentinel && was !== undefined) return [];
    const change: PropertyChanges = new Map([
      [
        name.padEnd(width),
        was === undefined
          ? { kind: "add", value: is }
          : is === undefined
            ? { kind: "delete", value: was }
            : { kind: "update", old: was, new: is },
      ],
    ]);
    return changeLines(change, 1, style);
  });
}

function valueLinesOf(outputs: Record<string, unknown>, style: Style): string[] {
  const width = Math.max(0, ...Object.keys(outputs).map((name) => name.length));
  return Object.entries(outputs)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => valueLines(`${name.padEnd(width)}: `, value, 1, " ", style));
}

/** How many resources each operation concerns, as Pulumi counts them (pkg/backend/display/diff.go). */
function summaryLines(summary: SummaryEvent, planning: boolean, style: Style): string[] {
  const counts = countedOperations.map((operation) => ({ operation, count: summary.resourceChanges[operation] ?? 0 }));
  const changes = counts.filter(({ count }) => count > 0);
  const unchanged = summary.resourceChanges.same ?? 0;
  const total = changes.reduce((sum, { count }) => sum + count, 0);
  const last = [
    ...(changes.length >= 2 ? [`${total} changes`] : []),
    ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
  ];
  return [
    style("bold", "Resources:"),
    ...changes.map(({ operation, count }) => {
      const { symbol, colour, doneTo } = operationWords(operation);
      return `    ${style(colour, `${symbol}${count} ${planning ? `to ${operation}` : doneTo}`)}`;
    }),
    ...(last.length === 0 ? [] : [`    ${last.join(". ")}`]),
    ...(planning
      ? []
      : ["", `${style("bold", "Duration:")} ${elapsedText(Math.ceil(summary.durationSeconds) * 1000, false)}`]),
  ];
}

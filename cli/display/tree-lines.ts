import { plain, type Style } from "../../text/style.ts";
import { cutTo, padTo, visibleWidth } from "../terminal/width.ts";
import { hasErrors, isUnchanged, type OperationView, type ResourceRow, type StepProgress } from "./operation-view.ts";
import { operationWords } from "./operation-words.ts";
import { infoText, statusText } from "./row-text.ts";

/** The room that a picture has on the terminal. */
export interface Room {
  columns: number;
  rows: number;
}

interface Branch {
  row: ResourceRow;
  /** The lines of the tree that lead to it: `│  ├─ `. */
  lead: string;
}

/**
 * The current tree of resources: operation, type, name, status, and the diff or latest message, cut to the width.
 *
 * Unchanged resources are left out unless something below them is shown. Where the tree is higher than the room, what
 * is finished gives way to what is under way.
 */
export function treeLines(view: OperationView, nowMs: number, room: Room, style: Style): string[] {
  const all = branches(view);
  if (all.length === 0) return [];
  const fitting = fit(all, Math.max(3, room.rows - 3));
  const cells = fitting.map(({ row, lead }) => cellsOf(row, lead, view, nowMs));
  const header = ["", "Type", "Name", view.planning ? "Plan" : "Status", "Info"];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...[header, ...cells.map(({ texts }) => texts)].map((texts) => visibleWidth(texts[column] ?? ""))),
  );
  const lineOf = (texts: string[]) =>
    ` ${texts.map((text, column) => (column < 4 ? padTo(text, widths[column] ?? 0) : text)).join("  ")}`.trimEnd();
  const lines = [
    style("bold", cutTo(lineOf(header), room.columns)),
    ...cells.map(({ texts, colour, isFinished }) => {
      const line = cutTo(lineOf(texts), room.columns);
      return isFinished && colour === "dim" ? style("dim", line) : style(colour, line.slice(0, 4)) + line.slice(4);
    }),
  ];
  const left = all.length - fitting.length;
  return left === 0 ? lines : [...lines, cutTo(`   … and ${left} more`, room.columns)];
}

function cellsOf(row: ResourceRow, lead: string, view: OperationView, nowMs: number) {
  const step = standingStep(row);
  if (step === undefined)
    return { texts: ["", lead + row.type, row.name, "", row.message ?? ""], colour: "dim" as const, isFinished: true };
  const { symbol, colour } = operationWords(step.metadata.op);
  const isRunningStack = row.isStack && step.endedMs === undefined;
  const status = statusText(step, view, nowMs) || (isRunningStack ? "running" : "");
  const info = infoText(row, step, view, plain);
  return {
    texts: [symbol, lead + row.type, row.name, row.isStack && hasFailed(view) ? "**failed**" : status, info],
    colour: step.failed ? ("red" as const) : colour,
    isFinished: step.endedMs !== undefined,
  };
}

function hasFailed(view: OperationView): boolean {
  return view.summary !== undefined && hasErrors(view);
}

/**
 * The step that shows a resource's status: the one under way, or that has failed; of a replacement that is planned or
 * over, the whole, which took as long as its halves.
 */
function standingStep({ steps }: ResourceRow): StepProgress | undefined {
  const last = steps.at(-1);
  const whole = steps.find(({ metadata }) => metadata.op === "replace");
  if (last === undefined || whole === undefined || last.failed || last.endedMs === undefined) return last;
  return { ...whole, startedMs: steps[0]?.startedMs ?? whole.startedMs, endedMs: last.endedMs };
}

function branches(view: OperationView): Branch[] {
  const shown = new Set<string>();
  for (const row of view.rows.values()) {
    if (!row.isStack && row.message === undefined && row.steps.every(({ metadata }) => isUnchanged(metadata))) continue;
    for (let one: ResourceRow | undefined = row; one !== undefined && !shown.has(one.urn); one = parentOf(view, one))
      shown.add(one.urn);
  }
  const children = Map.groupBy(
    [...view.rows.values()].filter(({ urn }) => shown.has(urn)),
    (row) => parentOf(view, row)?.urn,
  );
  const walk = (row: ResourceRow, lead: string, below: string): Branch[] => [
    { row, lead },
    ...(children.get(row.urn) ?? []).flatMap((child, index, siblings) =>
      index === siblings.length - 1
        ? walk(child, `${below}└─ `, `${below}   `)
        : walk(child, `${below}├─ `, `${below}│  `),
    ),
  ];
  return (children.get(undefined) ?? []).flatMap((row) => walk(row, "", ""));
}

/** The parent that is shown: a resource whose own parent has not appeared yet hangs on the stack. */
function parentOf(view: OperationView, row: ResourceRow): ResourceRow | undefined {
  if (row.isStack) return undefined;
  const parent = row.parent === undefined ? undefined : view.rows.get(row.parent);
  return parent ?? view.stack;
}

function fit(all: Branch[], count: number): Branch[] {
  if (all.length <= count) return all;
  const isRunning = ({ row }: Branch) => row.steps.some(({ endedMs }) => endedMs === undefined);
  const [running, finished] = [all.filter(isRunning), all.filter((branch) => !isRunning(branch))];
  const kept = new Set([...running, ...finished.toReversed()].slice(0, count));
  return all.filter((branch) => kept.has(branch));
}

/** What the pictures show: for each node, before and after, the tasks and what holds their data. */
import { compareFates, type Sighting, type Verdict } from "../verdict/verdict.ts";

/** A task with its data on one side of the change. */
export interface PictureRow {
  readonly service: string;
  /** What the task does or, for data that no task of the service reaches any more, what happened to it. */
  readonly task: Sighting["task"] | "left behind" | "destroyed";
  readonly places: readonly { readonly text: string; readonly dataPath: string; readonly isLost: boolean }[];
}

/** One node's lane. */
export interface PictureLane {
  readonly node: string;
  readonly before: readonly PictureRow[];
  readonly after: readonly PictureRow[];
}

/** Whether a row shows data without a task. */
export function isWithoutTask({ task }: PictureRow): boolean {
  return task === "left behind" || task === "destroyed";
}

/** Puts the tasks of the verdicts into lanes, one for each node; at most `limit` of them, the worst first. */
export function pictureLanes(verdicts: readonly Verdict[], limit: number): readonly PictureLane[] {
  const shown = verdicts
    .filter(({ subject, fate }) => subject === "service" && compareFates(fate, "untouched") > 0)
    .slice(0, limit);
  const nodes = new Set(
    shown.flatMap(({ before, after }) => [before?.node, after?.node].filter((node) => node !== undefined)),
  );
  return [...nodes].map((node) => ({
    node,
    before: shown.filter(({ before }) => before?.node === node).map((verdict) => row(verdict, verdict.before, false)),
    after: shown.flatMap((verdict) => afterRows(verdict, node)),
  }));
}

function afterRows(verdict: Verdict, node: string): readonly PictureRow[] {
  const { before, after } = verdict;
  const rows = after?.node === node ? [row(verdict, after, false)] : [];
  // Data left behind is drawn at its location, without a task.
  const hasLeft = before?.node === node && (verdict.leftBehind.length > 0 || verdict.fate === "destroyed");
  const task = verdict.fate === "destroyed" ? "destroyed" : "left behind";
  return hasLeft ? [...rows, { ...row(verdict, before, true), task }] : rows;
}

function row({ name }: Verdict, sighting: Sighting | undefined, isLost: boolean): PictureRow {
  return {
    service: name,
    task: sighting?.task ?? "stopped",
    places: (sighting?.places ?? []).map((place) => ({ ...place, isLost })),
  };
}

/** What is said about a service's data: the words, and their order. */
import type { Outage } from "../simulation/outage.ts";
import type { TaskEffect } from "../simulation/task-course.ts";
import type { BackupVerdict } from "./restore-point.ts";

/** What a change does to data; worst last, but for `unknown`, which counts as `at risk`. */
export const dataFates = ["untouched", "interrupted", "at risk", "unknown", "left behind", "destroyed"] as const;

/**
 * - `untouched`: the task keeps running.
 * - `interrupted`: the task is stopped or replaced, and the data is kept.
 * - `at risk`: whether the data survives depends on something that the verdict names.
 * - `unknown`: something that decides cannot be seen; counts as `at risk`.
 * - `left behind`: the data is intact, but the service starts without it.
 * - `destroyed`: the data is gone.
 */
export type DataFate = (typeof dataFates)[number];

/** Compares two fates: negative when the first is better. `at risk` and `unknown` weigh the same. */
export function compareFates(one: DataFate, other: DataFate): number {
  return weight(one) - weight(other);
}

function weight(fate: DataFate): number {
  return dataFates.indexOf(fate === "unknown" ? "at risk" : fate);
}

/** The worst of some fates; `untouched` when there are none. */
export function worstFate(fates: Iterable<DataFate>): DataFate {
  let worst: DataFate = "untouched";
  for (const fate of fates) if (compareFates(fate, worst) > 0) worst = fate;
  return worst;
}

/** What a diagnostic is called by: stable, and explained in docs/diagnostics.md. */
export type DiagnosticCode = `DF${number}`;

/** Why a verdict is what it is. */
export interface Cause {
  readonly code: DiagnosticCode;
  /** One or two sentences in Swarm's, Docker's, Pulumi's or Redis' own terms. */
  readonly text: string;
  /** The property that brings it about. */
  readonly path?: string;
  /** Its values, fit to be shown. */
  readonly before?: string;
  readonly after?: string;
}

/** What is worth knowing besides the causes. */
export interface Note {
  readonly code: DiagnosticCode;
  /** One or two sentences. */
  readonly text: string;
}

/** A way to the same goal without the loss. */
export interface Remedy {
  readonly text: string;
  /** Lines to paste: shell commands, or a part of the program. */
  readonly lines?: readonly string[];
}

/** Data that the service no longer sees. */
export interface LeftBehind {
  /** Where it is, in words. */
  readonly place: string;
  /** The node that it is on, if known. */
  readonly node?: string;
  /** A command that reaches it, to be run on that node. */
  readonly command: string;
  /** Until when it stays there, if not indefinitely. */
  readonly until?: string;
}

/** The verdict on one service, or on a volume that no service of the plan mounts. */
export interface Verdict {
  readonly subject: "service" | "volume";
  /** The service's or the volume's name. */
  readonly name: string;
  /** The URN or another unique name of what it is about. */
  readonly id: string;
  readonly fate: DataFate;
  readonly taskEffect: TaskEffect;
  readonly outage: Outage;
  readonly causes: readonly Cause[];
  readonly remedies: readonly Remedy[];
  readonly leftBehind: readonly LeftBehind[];
  /** What is worth knowing besides: removals without effect, changes not in effect, dangers later on. */
  readonly warnings: readonly Note[];
  /** The codes of all that was found, the gravest first; those of the causes are among them. */
  readonly codes: readonly DiagnosticCode[];
  /** What the verdict takes for granted, because it could not be seen. */
  readonly assumptions: readonly string[];
  /** The fate when an assumption does not hold. */
  readonly otherwise?: { readonly fate: DataFate; readonly when: string };
  /** What the backup brings back of what is lost; undefined where nothing is, and where the swarm was not asked. */
  readonly restorePoint?: BackupVerdict;
  readonly before: Sighting | undefined;
  readonly after: Sighting | undefined;
}

/** One side of a change, for the picture: where the task runs, and what holds its data. */
export interface Sighting {
  /** Hostname, or what is known instead. */
  readonly node: string;
  readonly task: "running" | "stopped" | "cannot start";
  readonly places: readonly { readonly text: string; readonly dataPath: string }[];
}

/**
 * The words that accept a data loss. Each is bound to one service or volume, to what one plan does to its data, and to a time, so
 * that yesterday's acceptance cannot let through a loss that was never reviewed.
 */
import { createHash } from "node:crypto";
import type { Verdict } from "./verdict.ts";

/** Until when a word may count. */
export interface AcceptanceWindow {
  readonly now: Date;
  /** How long a word counts from when it is printed. */
  readonly minutes: number;
}

/** How long a word is valid when a plan is carried out: its reader acts on it immediately. */
export const minutesToAct = 60;

/** How long a word counts in a review: a pull request is read within a week. */
export const minutesToReview = 7 * 24 * 60;

const minuteMs = 60_000;

/** The ends of automatic names, which are others in each plan. */
const automaticEnd = /-[0-9a-f]{7}\b/gu;

/** The word that accepts what a verdict says, such as `stateful@5d1c03a97f20-20261130T1345Z`. */
export function acceptanceWord(verdict: Verdict, { now, minutes }: AcceptanceWindow): string {
  const until = new Date((Math.ceil(now.getTime() / minuteMs) + minutes) * minuteMs);
  return wordUntil(verdict, `${until.toISOString().slice(0, 16).replaceAll(/[-:]/gu, "")}Z`);
}

/** Why none of some words accepts a verdict: `""` where none is about it; undefined where one accepts it. */
export function whyNotAccepted(
  words: readonly string[],
  verdict: Verdict,
  { now, minutes }: AcceptanceWindow,
): string | undefined {
  const own = words.filter((word) => nameOf(word) === verdict.name);
  const reasons = own.map((word) => {
    const until = /@[0-9a-f]+-(\d{8}T\d{4}Z)$/u.exec(word)?.[1];
    if (until === undefined) return `${word} names no plan`;
    if (wordUntil(verdict, until) !== word) return `${word} is for another plan`;
    const leftMs = timeOf(until) - now.getTime();
    if (leftMs < 0) return `${word} has expired`;
    // The minute that the word was printed in is rounded up.
    return leftMs > (minutes + 1) * minuteMs ? `${word} is for a review` : undefined;
  });
  return reasons.includes(undefined) ? undefined : (reasons[0] ?? "");
}

/** The service or volume that a word is about. */
function nameOf(word: string): string {
  return word.replace(/@[^@]*$/u, "");
}

function wordUntil(verdict: Verdict, until: string): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([until, ...partsOf(verdict)]))
    .digest("hex");
  return `${verdict.name}@${digest.slice(0, 12)}-${until}`;
}

/** What dies, and how; not for how long the service is away, nor any number that was measured. */
function partsOf({ id, fate, taskEffect, causes, leftBehind, otherwise }: Verdict): unknown[] {
  const why = causes.map(({ text, path, before, after }) => [
    text.replaceAll(/\d+/gu, "#"),
    path,
    steady(before),
    steady(after),
  ]);
  return [id, fate, taskEffect, why, leftBehind.map(({ place, node }) => [steady(place), node]), otherwise?.fate];
}

function steady(text: string | undefined): string | undefined {
  return text?.replaceAll(automaticEnd, "-*");
}

/** `20261130T1345Z` as milliseconds since 1970. */
function timeOf(until: string): number {
  return Date.parse(until.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)Z$/u, "$1-$2-$3T$4:$5:00Z"));
}

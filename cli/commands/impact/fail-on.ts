/** `--fail-on` of `holdfast impact`: what makes the exit code 1. */
import { diagnosticTitles } from "../../../impact/rule-list.ts";
import { acceptanceWord, minutesToReview, whyNotAccepted } from "../../../impact/verdict/acceptance.ts";
import type { ImpactReport } from "../../../impact/report.ts";
import { compareFates, type DataFate } from "../../../impact/verdict/verdict.ts";
import { printable } from "../../../text/escape.ts";
import { InputError, showValue } from "../../../text/input-error.ts";

/** Fates by the words that name them, from the mildest on. */
const thresholds: Readonly<Record<string, DataFate | undefined>> = {
  interrupted: "interrupted",
  "at-risk": "at risk",
  "left-behind": "left behind",
  destroyed: "destroyed",
  never: undefined,
};

/** What a run fails at. */
export interface FailOn {
  /** The mildest fate that does; `undefined` for none. */
  readonly from: DataFate | undefined;
  /** Diagnostics that do, whatever the fate. */
  readonly codes: readonly string[];
}

/** Reads fates and codes with commas between them, such as `left-behind,DF406`; of several fates the mildest counts. */
export function readFailOn(text: string): FailOn {
  const words = text.split(",").map((word) => word.trim());
  const codes = words.filter((word) => diagnosticTitles.some(([code]) => code === word));
  const unknown = words.find((word) => !Object.hasOwn(thresholds, word) && !codes.includes(word));
  if (unknown !== undefined)
    throw new InputError({
      path: "--fail-on",
      expected: `${Object.keys(thresholds).join(", ")}, or the code of a diagnostic such as DF406`,
      got: showValue(unknown),
      fix: "docs/diagnostics.md has all codes; put commas between several",
    });
  const fates = words.flatMap((word) => thresholds[word] ?? []);
  return {
    from: fates.toSorted(compareFates)[0],
    codes,
  };
}

/** What a run fails at, in a line each, without what was accepted. What depends on an assumption counts as what it is otherwise. */
export function failures(
  { verdicts, errors }: Pick<ImpactReport, "verdicts" | "errors">,
  failOn: FailOn,
  accepted: readonly string[],
): string[] {
  const window = { now: new Date(), minutes: minutesToReview };
  const failing = errors.filter(({ code }) => failOn.codes.includes(code));
  const reached = verdicts.flatMap((verdict) => {
    const { name, fate, otherwise, assumptions, codes } = verdict;
    const isAssumed = otherwise !== undefined && assumptions.length > 0;
    const counted = isAssumed && compareFates(otherwise.fate, fate) > 0 ? otherwise.fate : fate;
    const named = codes.filter((code) => failOn.codes.includes(code));
    const isCovered = verdict.restorePoint?.covers === true;
    const isReached = failOn.from !== undefined && compareFates(counted, failOn.from) >= 0 && !isCovered;
    if (!isReached && named.length === 0) return [];
    const why = whyNotAccepted(accepted, verdict, window);
    if (why === undefined) return [];
    const found = [counted, ...named].join(", ");
    const word = acceptanceWord(verdict, window);
    return [
      `${printable(name)}: ${found}${why === "" ? "" : ` (${printable(why)})`}. To accept just this plan, within a week: --accept-data-loss ${printable(word)}`,
    ];
  });
  return [...reached, ...failing.map(({ code, text }) => `${code}: ${printable(text)}`)];
}

/** Whether a change may proceed: data is never lost without an acceptance that names the service, or a backup that covers it. */
import { isDoubtful, isLoss } from "./report.ts";
import { acceptanceWord, whyNotAccepted, type AcceptanceWindow } from "./verdict/acceptance.ts";
import type { DataFate, Verdict } from "./verdict/verdict.ts";

/** What prevents a change from being carried out. */
export interface Refusal {
  /** The service, or the volume. */
  readonly name: string;
  /** What accepts it, given with `--accept-data-loss`. */
  readonly word: string;
  /** Why a given word does not accept it: it names no plan, is for another one, or has expired. */
  readonly notAccepted?: string;
  readonly fate: DataFate;
  /** One sentence. */
  readonly reason: string;
  /** Whether a backup that is taken now would do in place of an acceptance. */
  readonly canBeBackedUp: boolean;
}

/** The gate's answer. */
export type GateAnswer =
  | {
      readonly allowed: true;
      /** Losses that were accepted by name, or that a backup covers, to be recorded in the stack's history. */
      readonly accepted: readonly { readonly name: string; readonly fate: DataFate; readonly restorePoint?: string }[];
    }
  | { readonly allowed: false; readonly refusals: readonly Refusal[] };

/**
 * Decides. A fate of `left behind` or worse needs a specific acceptance (impact/verdict/acceptance.ts), or a backup that
 * covers it (impact/verdict/restore-point.ts). Without a person to ask, so does an uncertain one: `unknown`, or one that is good only if an unverified assumption holds.
 *
 * @param accepted - the words given with `--accept-data-loss`
 * @param canAsk - whether there is a person at a terminal to answer
 */
export function gate(
  verdicts: readonly Verdict[],
  accepted: readonly string[],
  canAsk: boolean,
  window: AcceptanceWindow,
): GateAnswer {
  const risky = verdicts.flatMap((verdict) => {
    const risk = riskOf(verdict, canAsk);
    return risk === undefined ? [] : [{ verdict, risk }];
  });
  const refusals = risky.flatMap(({ verdict, risk }): Refusal[] => {
    const why = whyNotAccepted(accepted, verdict, window);
    if (why === undefined || verdict.restorePoint?.covers === true) return [];
    const canBeBackedUp = verdict.restorePoint?.canBeTaken ?? false;
    return [{ ...risk, word: acceptanceWord(verdict, window), canBeBackedUp, ...(why !== "" && { notAccepted: why }) }];
  });
  if (refusals.length > 0) return { allowed: false, refusals };
  return {
    allowed: true,
    accepted: risky.map(({ risk: { name, fate }, verdict: { restorePoint } }) => ({
      ...{ name, fate },
      ...(restorePoint?.covers === true && { restorePoint: restorePoint.words }),
    })),
  };
}

function riskOf(verdict: Verdict, canAsk: boolean): Pick<Refusal, "name" | "fate" | "reason"> | undefined {
  const { name, fate, causes, otherwise } = verdict;
  const reason = causes[0]?.text ?? "";
  if (isLoss(fate)) return { name, fate, reason };
  if (canAsk) return undefined;
  if (fate === "unknown") return { name, fate, reason };
  if (otherwise === undefined || !isDoubtful(verdict)) return undefined;
  return { name, fate: otherwise.fate, reason: `The data is ${otherwise.fate} when ${otherwise.when}.` };
}

/** What is written into the stack's history about losses; `undefined` when there are none. */
export function acceptanceNote(answer: GateAnswer): string | undefined {
  if (!answer.allowed || answer.accepted.length === 0) return undefined;
  const [covered, named] = [true, false].map((isCovered) =>
    answer.accepted.filter(({ restorePoint }) => (restorePoint !== undefined) === isCovered),
  );
  const accepted = (named ?? []).map(({ name, fate }) => `${name} (${fate})`).join(", ");
  return [
    ...(accepted === "" ? [] : [`data loss accepted: ${accepted}`]),
    ...(covered ?? []).map(
      ({ name, fate, restorePoint = "" }) =>
        `data loss covered by a backup: ${name} (${fate}), restore point ${restorePoint}`,
    ),
  ].join("; ");
}

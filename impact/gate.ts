/** Whether a change may go ahead: data is not lost without a yes that names the service. */
import type { DataFate, Verdict } from "../model/verdict.ts";
import { isDoubtful, isLoss } from "./report.ts";

/** What keeps a change from being carried out. */
export interface Refusal {
  /** The service, or the volume, as `--accept-data-loss` takes it. */
  readonly name: string;
  readonly fate: DataFate;
  /** One sentence. */
  readonly reason: string;
}

/** The gate's answer. */
export type GateAnswer =
  | {
      readonly allowed: true;
      /** Losses that were accepted by name, to be recorded in the stack's history. */
      readonly accepted: readonly { readonly name: string; readonly fate: DataFate }[];
      /** Names that were accepted and that nothing happens to. */
      readonly unused: readonly string[];
    }
  | { readonly allowed: false; readonly refusals: readonly Refusal[] };

/**
 * Decides. A fate of `left behind` or worse needs an acceptance that names the service. Where nobody can be asked, so does one
 * that cannot be told: `unknown`, and one that is only good as long as an assumption holds that could not be looked at.
 *
 * @param accepted - the names given with `--accept-data-loss`
 * @param canAsk - whether a person sits at a terminal and answers
 */
export function gate(verdicts: readonly Verdict[], accepted: readonly string[], canAsk: boolean): GateAnswer {
  const names = new Set(accepted);
  const risky = verdicts.flatMap((verdict) => {
    const refusal = refusalOf(verdict, canAsk);
    return refusal === undefined ? [] : [refusal];
  });
  const refusals = risky.filter(({ name }) => !names.has(name));
  if (refusals.length > 0) return { allowed: false, refusals };
  const used = new Set(risky.map(({ name }) => name));
  return {
    allowed: true,
    accepted: risky.map(({ name, fate }) => ({ name, fate })),
    unused: accepted.filter((name) => !used.has(name)),
  };
}

function refusalOf(verdict: Verdict, canAsk: boolean): Refusal | undefined {
  const { name, fate, causes, otherwise } = verdict;
  const reason = causes[0]?.text ?? "";
  if (isLoss(fate)) return { name, fate, reason };
  if (canAsk) return undefined;
  if (fate === "unknown") return { name, fate, reason };
  if (otherwise === undefined || !isDoubtful(verdict)) return undefined;
  return { name, fate: otherwise.fate, reason: `The data is ${otherwise.fate} when ${otherwise.when}.` };
}

/** What is written into the stack's history about accepted losses; `undefined` when there are none. */
export function acceptanceNote(answer: GateAnswer): string | undefined {
  if (!answer.allowed || answer.accepted.length === 0) return undefined;
  return `data loss accepted: ${answer.accepted.map(({ name, fate }) => `${name} (${fate})`).join(", ")}`;
}

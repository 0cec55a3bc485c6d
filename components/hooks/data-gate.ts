import * as pulumi from "@pulumi/pulumi";
import { judgePlan } from "../../impact/judge-plan.ts";
import {
  acceptanceWord,
  minutesToAct,
  whyNotAccepted,
  type AcceptanceWindow,
} from "../../impact/verdict/acceptance.ts";
import { compareFates, type Verdict } from "../../impact/verdict/verdict.ts";
import { checkedArguments, fields, flag, list, text } from "../arguments/arguments.ts";
import { hookPlan, nextHookNumber } from "./hooks.ts";

/** Arguments of {@link dataGate}. */
export interface DataGateArgs {
  /** What data may be lost, each by the word that the refusal of just this plan prints; it counts for an hour. @default none */
  acceptDataLoss?: string[];
  /** Whether deletions are judged too; Holdfast's own engine takes no program with hooks around them. @default true */
  deletions?: boolean;
}

/**
 * Hooks that stop Pulumi before it leaves data behind or destroys it, for those who run `pulumi up` rather than `holdfast up`.
 *
 * A hook sees one resource. It judges a service that is updated in place and a volume that is deleted; a service that is replaced
 * or deleted it stops only where its data would go with it, for the volume of that service is another resource. Hooks on
 * deletions run where the program does: `pulumi destroy` needs `--run-program`. What it cannot see, `holdfast impact` does.
 *
 * @example new docker.Service("redis", args, { hooks: dataGate({ acceptDataLoss: config.getObject("acceptDataLoss") ?? [] }) });
 */
export function dataGate(args: DataGateArgs = {}): pulumi.ResourceHookBinding {
  const { acceptDataLoss = [], deletions = true } = checkedArguments(gateArguments, args, "dataGate");
  const number = nextHookNumber("data-gate");
  const hook = (moment: string, judge: (args: pulumi.ResourceHookArgs) => readonly Verdict[]): pulumi.ResourceHook =>
    new pulumi.ResourceHook(`holdfast-data-gate-${number}-${moment}`, (args) => {
      const loss = judge(args).find(
        (verdict) =>
          compareFates(verdict.fate, "left behind") >= 0 &&
          whyNotAccepted(acceptDataLoss, verdict, window()) !== undefined,
      );
      if (loss !== undefined) throw new Error(refusal(loss, acceptDataLoss));
    });
  return {
    beforeUpdate: [hook("update", judgeUpdate)],
    ...(deletions && { beforeDelete: [hook("delete", judgeDeletion)] }),
  };
}

const gateArguments = fields({ acceptDataLoss: list(text("orders")).optional(), deletions: flag().optional() });

/** The verdict on an update in place, from what its hook is given. */
export function judgeUpdate(args: pulumi.ResourceHookArgs): readonly Verdict[] {
  return judge("update", args);
}

/** The verdict on a deletion, from what its hook is given; a service whose data stays in its volume may go. */
export function judgeDeletion(args: pulumi.ResourceHookArgs): readonly Verdict[] {
  return judge("delete", args).filter(({ subject, fate }) => subject === "volume" || fate === "destroyed");
}

function judge(op: "update" | "delete", args: pulumi.ResourceHookArgs): readonly Verdict[] {
  return judgePlan(hookPlan(op, args)).verdicts;
}

function window(): AcceptanceWindow {
  return { now: new Date(), minutes: minutesToAct };
}

function refusal(verdict: Verdict, given: readonly string[]): string {
  const { name, fate, causes, remedies } = verdict;
  const notAccepted = whyNotAccepted(given, verdict, window());
  const why = causes.map(({ path, text }) => (path === undefined ? text : `${path}: ${text}`));
  const instead = remedies.map(({ text }) => text);
  return [
    `data of "${name}" would be ${fate}.`,
    ...why,
    ...instead,
    ...(notAccepted ? [`In acceptDataLoss, ${notAccepted}.`] : []),
    `To lose it all the same, within the hour, put ${acceptanceWord(verdict, window())} into acceptDataLoss.`,
  ].join("\n");
}

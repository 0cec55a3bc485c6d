import { PolicyPack, type ResourceValidationArgs, type ResourceValidationPolicy } from "@pulumi/policy";
import { printable } from "../text/escape.ts";
import type { Finding } from "./finding.ts";
import { ProgramReview } from "./program-review.ts";
import { rules } from "./rule-list.ts";
import type { Rule } from "./rule.ts";

const review = new ProgramReview({ today: new Date().toISOString().slice(0, 10) });

/** What was found about a resource, and which policies have asked for it: one that asks again has it judged again. */
interface Judgement {
  readonly findings: readonly Finding[];
  readonly askedBy: Set<string>;
}
const judgements = new Map<string, Judgement>();

/** Every policy of the pack is asked about each resource in turn, and all of them need the same findings. */
function judgementFor(policy: string, { urn, type, props, opts }: ResourceValidationArgs): Judgement {
  let judgement = judgements.get(urn);
  if (judgement === undefined || judgement.askedBy.has(policy)) {
    const resource = { urn, type, inputs: props, protect: opts.protect, retainOnDelete: undefined };
    judgement = { findings: review.add(resource), askedBy: new Set() };
    judgements.set(urn, judgement);
  }
  judgement.askedBy.add(policy);
  return judgement;
}

function policyName({ id, name }: Rule): string {
  return `${id.toLowerCase()}-${name}`;
}

/** The most severe level that a rule may report; its policy reports only that, because a policy has one enforcement level. */
function gravest({ level, worst }: Rule): Finding["level"] {
  return worst ?? level;
}

function isGrave(finding: Finding, rule: Rule): boolean {
  return finding.rule === rule.id && finding.result === "fail" && finding.level === gravest(rule);
}

function messageOf({ rule, path, message, fix, url }: Finding): string {
  return `${rule} at ${path}: ${message} ${fix} See ${url}.`;
}

/** Runs a validation so that a bug in the pack is reported but stops nothing: any exception would fail the whole operation. */
function guarded(
  validate: NonNullable<Extract<ResourceValidationPolicy["validateResource"], (...args: never[]) => unknown>>,
): typeof validate {
  return (args, report) => {
    try {
      return validate(args, report);
    } catch (error) {
      report(
        `The check itself failed (${printable(String(error)).slice(0, 200)}), so nothing is known in this respect.`,
      );
    }
  };
}

const warnings = "warnings";

new PolicyPack("holdfast", {
  policies: [
    ...rules.map((rule): ResourceValidationPolicy => {
      const name = policyName(rule);
      return {
        name,
        description: rule.reason,
        enforcementLevel: gravest(rule) === "error" ? "mandatory" : "advisory",
        validateResource: guarded((args, report) => {
          for (const finding of judgementFor(name, args).findings) {
            if (isGrave(finding, rule)) report(messageOf(finding));
          }
        }),
      };
    }),
    {
      name: warnings,
      description: "What cannot be verified before the deployment, and what rules that block only warn of.",
      enforcementLevel: "advisory",
      // It comes last: a rule that was switched off has not asked by then, and is left out here too.
      validateResource: guarded((args, report) => {
        const { findings, askedBy } = judgementFor(warnings, args);
        for (const rule of rules.filter((each) => askedBy.has(policyName(each)))) {
          for (const finding of findings) {
            if (finding.rule === rule.id && !isGrave(finding, rule)) report(messageOf(finding));
          }
        }
      }),
    },
  ],
});

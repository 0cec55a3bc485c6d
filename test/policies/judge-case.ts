import { createRequire } from "node:module";
import { readPulumiEstate } from "../../inputs/pulumi/estate.ts";
import { pulumiTypes, readPulumiConfig, readPulumiService, readPulumiVolume } from "../../inputs/pulumi/service.ts";
import { readStackFile } from "../../inputs/stack/file.ts";
import { readLiveSwarm } from "../../inputs/swarm/definitions.ts";
import { estateOf, type Estate } from "../../model/service/definition.ts";
import { EstateIndex } from "../../policies/estate-index.ts";
import { answersOf, subjectOptions } from "../../policies/judge.ts";
import type { Answer, Rule } from "../../policies/rule.ts";
import { subjectOf, type Subject } from "../../policies/subject.ts";
import { asLiveSwarm, asPlan, asResources, asStackFile, asState, hasUnknown } from "./drafts.ts";
import type { InputName, RuleCase } from "./rule-case.ts";

// The SDK exports the proxy that rules get their inputs in, and leaves it out of its types; its other modules load slowly.
const { unknownCheckingProxy } = createRequire(import.meta.url)("@pulumi/policy/proxy.js") as {
  unknownCheckingProxy: (inputs: unknown) => unknown;
};

/** The day of all judgements in the tests. */
export const today = "2026-11-23";

/** The inputs that can express a case. */
export function inputsOf({ drafts, volumes, nodes, images, before, inputs }: RuleCase): readonly InputName[] {
  if (before !== undefined) return ["state"];
  const all: InputName[] = ["stack file", "program", "state", "swarm"];
  return all.filter((input) => {
    if (inputs !== undefined && !inputs.includes(input)) return false;
    if ((nodes ?? images) !== undefined && (input === "program" || input === "state")) return false;
    if (volumes !== undefined && input === "stack file") return false;
    return !(input === "swarm" && hasUnknown(drafts));
  });
}

/** The last service of a case as a rule sees it. */
export function subjectIn(input: InputName, testCase: RuleCase): Subject {
  const estate = estateIn(input, testCase);
  const index = EstateIndex.of(estate);
  const service = estate.services.at(-1);
  if (service === undefined) throw new Error("the case has no service");
  return subjectOf(service, index, subjectOptions({ today }));
}

/** The services of a case as an input shows them. */
export function estateIn(input: InputName, { drafts, volumes, nodes, before, images }: RuleCase): Estate {
  switch (input) {
    case "stack file": {
      const file = readStackFile(asStackFile(drafts), { file: "stack.yml" });
      const live = readLiveSwarm(asLiveSwarm([], [], nodes, images));
      return { ...live, services: file.services, volumes: file.volumes };
    }
    case "program": {
      const resources = asResources(drafts, volumes).map((resource) => ({
        ...resource,
        inputs: unknownCheckingProxy(resource.inputs),
        // A pack is not told of this option.
        retainOnDelete: undefined,
      }));
      const of = (type: string) => resources.filter((resource) => resource.type === type);
      const configs = new Map(
        of(pulumiTypes.config).map((resource) => {
          const { name, content } = readPulumiConfig(resource);
          return [name ?? "", content] as const;
        }),
      );
      return estateOf(
        of(pulumiTypes.service).map((resource) => readPulumiService(resource, configs)),
        { volumes: of(pulumiTypes.volume).map(readPulumiVolume) },
      );
    }
    case "state": {
      const after = asResources(drafts, volumes);
      const text = before === undefined ? asState(after) : asPlan(asResources(before, volumes), after);
      return readPulumiEstate(text, "file.json");
    }
    case "swarm":
      return readLiveSwarm(asLiveSwarm(drafts, volumes, nodes, images));
  }
}

/** What a rule's answers amount to: the worst of them, with its message. */
export function verdictOf(rule: Rule, subject: Subject): RuleCase["expected"] {
  const answers = answersOf(rule, subject);
  const failed = answers.find(isFail);
  if (failed !== undefined) return { fail: failed.message, level: failed.level ?? rule.level };
  const unsure = answers.find((answer) => answer.result === "unverifiable");
  if (unsure !== undefined) return { unverifiable: unsure.message };
  return answers.some(({ result }) => result === "pass") ? "pass" : "not applicable";
}

/** Where a rule's finding points, in the first input of a case. */
export function pathOf(rule: Rule, testCase: RuleCase): string | undefined {
  const [input = "stack file"] = inputsOf(testCase);
  return answersOf(rule, subjectIn(input, testCase)).flatMap((answer) => ("path" in answer ? [answer.path] : []))[0];
}

function isFail(answer: Answer): answer is Extract<Answer, { result: "fail" }> {
  return answer.result === "fail";
}

/** A case's expectation with the rule's own level where it names none. */
export function expectationOf(rule: Rule, { expected }: RuleCase): RuleCase["expected"] {
  return typeof expected === "object" && "fail" in expected
    ? { fail: expected.fail, level: expected.level ?? rule.level }
    : expected;
}

/** Combines the rules' findings into a verdict: the worst fate wins, with all causes of that fate. */
import { constraintText } from "../../model/placement/constraints.ts";
import { pinnedHost } from "../../model/placement/task-location.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import { placeWords, type DataKeeper } from "../../model/storage/data-location.ts";
import type { Diagnostic } from "../rule.ts";
import type { ServiceFacts, VolumeFacts } from "../simulation/facts.ts";
import { assumptionsOf } from "./assumptions.ts";
import { compareFates, worstFate, type Cause, type DataFate, type Sighting, type Verdict } from "./verdict.ts";

/** The verdict on a service. */
export function serviceVerdict(facts: ServiceFacts, found: readonly Diagnostic[]): Verdict {
  const { name, step, taskEffect, outage, before, location } = facts;
  const { definition } = before.service;
  const task = definition.replicas === 0 ? "stopped" : "running";
  return {
    subject: "service",
    name,
    id: step.id,
    taskEffect,
    outage,
    ...combine(found),
    assumptions: unique(assumptionsOf(facts, found), (text) => text),
    before: sighting(definition, before.keeper, location?.node, task),
    after: sightingAfter(facts),
  };
}

/** The verdict on a volume that no service mounts. */
export function volumeVerdict({ name, step }: VolumeFacts, found: readonly Diagnostic[]): Verdict {
  return {
    subject: "volume",
    name,
    id: step.id,
    taskEffect: "none",
    outage: { leastSeconds: 0, mostSeconds: 0, parts: [] },
    ...combine(found),
    assumptions: found.flatMap(({ assumption }) => assumption ?? []),
    before: undefined,
    after: undefined,
  };
}

type Combined = "fate" | "causes" | "remedies" | "leftBehind" | "warnings" | "codes" | "otherwise";

function combine(found: readonly Diagnostic[]): Pick<Verdict, Combined> {
  const deciding = found.flatMap(({ fate, ...rest }) => (fate === "note" ? [] : [{ fate, ...rest }]));
  const fate = worstFate(deciding.map((each) => each.fate));
  const decisive = deciding.filter((each) => compareFates(each.fate, fate) === 0);
  const listed = decisive.some(({ path }) => path !== undefined)
    ? decisive.filter(({ path }) => path !== undefined)
    : decisive;
  const causes = unique(listed.map(causeOf), ({ text, path }) => `${text}\u0000${path ?? ""}`);
  const warnings = unique(
    found.filter((each) => each.fate === "note").map(({ code, text }) => ({ code, text })),
    ({ text }) => text,
  ).filter(({ text }) => !causes.some((cause) => cause.text === text));
  const sorted = deciding.toSorted((one, other) => compareFates(other.fate, one.fate));
  const otherwise = deciding.map((each) => each.otherwise).find((each) => each !== undefined && each.fate !== fate);
  return {
    fate,
    causes,
    remedies: unique(
      deciding
        .filter((each) => isGrave(each.fate) || (each.otherwise !== undefined && isGrave(each.otherwise.fate)))
        .flatMap(({ remedies = [] }) => remedies),
      ({ text }) => text,
    ),
    leftBehind: unique(
      deciding.flatMap((each) => each.leftBehind ?? []),
      ({ place }) => place,
    ),
    warnings,
    codes: [...new Set([...causes, ...sorted, ...warnings].map(({ code }) => code))],
    ...(otherwise !== undefined && { otherwise }),
  };
}

function isGrave(fate: DataFate): boolean {
  return compareFates(fate, "at risk") >= 0;
}

function causeOf({ code, text, path, before, after }: Cause): Cause {
  return {
    code,
    text,
    ...(path !== undefined && { path }),
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

function unique<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}

/** One side of a change: where the task runs, and what holds its data. */
function sighting(
  { constraints }: ServiceDefinition,
  keeper: DataKeeper,
  node: string | undefined,
  task: Sighting["task"],
): Sighting {
  const pinned = (isKnown(constraints) ? pinnedHost(constraints) : undefined) ?? constraintText(constraints);
  return {
    node: node ?? (pinned === "none" ? "any node" : pinned),
    task,
    places: keeper.places.map((place) => ({
      text: placeWords(place),
      dataPath: isKnown(place.path) ? place.path : "not known",
    })),
  };
}

/** The side after the change; `undefined` for a service that is removed. */
function sightingAfter({ before, course, location }: ServiceFacts): Sighting | undefined {
  if (course.kind === "stopped") return undefined;
  if (course.kind === "keeps running") {
    const { definition } = before.service;
    return sighting(definition, before.keeper, location?.node, definition.replicas === 0 ? "stopped" : "running");
  }
  const { service, keeper } = course.after;
  const move = location?.move;
  const node = move?.kind === "moves" ? move.to : move?.kind === "may move" ? move.among : location?.node;
  const stopped = service.definition.replicas === 0 ? "stopped" : "running";
  return sighting(service.definition, keeper, node, course.cannotStart === undefined ? stopped : "cannot start");
}

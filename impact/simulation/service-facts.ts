/** Puts together what is known of one service's change. */
import { constraintText, runApart } from "../../model/placement/constraints.ts";
import { locate, type Location } from "../../model/placement/task-location.ts";
import {
  nameOf,
  restsOnProtect,
  type LiveFacts,
  type Plan,
  type PlannedService,
  type PlannedStep,
} from "../../model/plan/plan.ts";
import { templateDifferences, type TaskComparison } from "../../model/plan/task-template.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import { compareStorage, type DataKeeper } from "../../model/storage/data-location.ts";
import { showChanges, type ShownChange } from "../redaction/property-values.ts";
import type { ProtectionFacts, ServiceFacts, WritingFacts } from "./facts.ts";
import { expectOutage, noOutage, type Outage } from "./outage.ts";
import { placeFacts } from "./place-course.ts";
import { sharesHostPort, type StepOutcome } from "./plan-execution.ts";
import { preparation, redisSide, redisStartEffect, type StartEffect } from "./redis-restart.ts";
import type { Side } from "./side.ts";
import { findRefusal } from "./startup-refusal.ts";
import { snapshotAtStop, stopEffect, type StopFacts } from "./stop.ts";
import { courseOf, type Course, type ExchangeCourse, type TaskEffect } from "./task-course.ts";

/** One service's part in a plan that has been carried out. */
export interface ServiceOutcome {
  readonly plan: Plan;
  readonly live: LiveFacts;
  readonly step: PlannedStep;
  readonly outcome: StepOutcome | undefined;
  readonly before: Side;
  /** What takes its place when it is deleted; it then starts before this one stops. */
  readonly successor: { readonly service: PlannedService; readonly cannotStart: string | undefined } | undefined;
  /** Services that the plan gives a volume of this one. */
  readonly newUsers: readonly PlannedService[];
  readonly comparison: TaskComparison | undefined;
  readonly location: Location | undefined;
  /** Volumes that the plan deletes, by name, with the step that does. */
  readonly destroyedVolumes: ReadonlyMap<string, PlannedStep>;
  /** Whether the service may have containers on the engine that the executor talks to. */
  readonly isHere: boolean;
  /** A service that takes this one's place, with what keeps its data. */
  readonly sideOf: (after: PlannedService) => Side;
}

/** Finds out the facts about one service. */
export function serviceFacts(change: ServiceOutcome): ServiceFacts {
  const { plan, live, step, outcome, before, successor, comparison, location, destroyedVolumes, isHere } = change;
  const name = nameOf(before.service);
  const { definition } = before.service;
  const planned = step.after?.kind === "service" ? step.after : undefined;
  const next = step.operation === "delete" ? successor?.service : step.operation === "same" ? undefined : planned;
  const after = next && change.sideOf(next);
  const refusal = after && findRefusal(before, after, location);
  const course = courseOf({
    step,
    outcome,
    before: before.service,
    after,
    comparison,
    refusal,
    successorCannotStart: successor?.cannotStart,
  });
  const then = serviceThen(change, course);
  const down = live.down?.get(name);
  const hasTasks = definition.replicas !== 0;
  const datasetBytes = live.datasetBytes?.get(name);
  const stop: StopFacts = { datasetBytes, isReplaced: isReplacedInPlace(change, course) };
  return {
    name,
    executor: plan.executor,
    step,
    outcome,
    failure: failureOf(outcome),
    before,
    course,
    isRenamed: successor !== undefined,
    down,
    isIdle: !hasTasks || down !== undefined,
    location,
    comparison,
    changes: course.kind === "exchanged" ? changesOf(change, course) : [],
    constraints: constraintsOf(definition, planned?.definition ?? definition),
    stop:
      course.kind === "goes on" || !hasTasks || down !== undefined
        ? undefined
        : stopEffect(definition, before.keeper, stop),
    laterStopLoss: course.kind === "exchanged" ? laterStopLoss(before, course.after, datasetBytes) : undefined,
    refusal,
    start: course.kind === "exchanged" ? startOf(before, course.after, stop) : undefined,
    places: placeFacts({
      before,
      course,
      then: () => then && change.sideOf(then),
      refusal,
      isDown: down !== undefined,
      executor: plan.executor,
      comparison,
      location,
      destroyedVolumes,
      isHere,
      live,
    }),
    writing: then && writingFacts(change, course, then),
    datasetBytes,
    taskEffect: effectOf(change, course),
    outage: outageOf(change, course, down !== undefined),
    protection: protectionOf(change),
    deletedElsewhere: isHere
      ? []
      : before.keeper.places.flatMap(({ source }) =>
          typeof source === "string" && destroyedVolumes.has(source) ? [source] : [],
        ),
    restsOnErrors: live.nodes === undefined && plan.errors.length > 0,
  };
}

function constraintsOf(before: ServiceDefinition, after: ServiceDefinition): ShownChange {
  const path = before.paths.constraints;
  const [was, is] = [before, after].map(({ constraints }) => constraintText(constraints));
  return was === undefined || is === undefined || was === is ? { path } : { path, before: was, after: is };
}

function failureOf(outcome: StepOutcome | undefined): string | undefined {
  if (outcome?.why === undefined || outcome.result === "done") return undefined;
  return `${outcome.result === "not reached" ? "This step is not reached" : "This step fails"}: ${outcome.why}.`;
}

/** What the service is once the plan is carried out; `undefined` for one that is removed. */
function serviceThen({ step, outcome, before }: ServiceOutcome, course: Course): PlannedService | undefined {
  if (course.kind === "stopped") return undefined;
  if (course.kind === "exchanged") return course.after.service;
  const isUpdated = step.operation === "update" && (outcome?.result === "done" || outcome?.result === "stalled");
  return isUpdated && step.after?.kind === "service" ? step.after : before.service;
}

/** Whether Swarm starts another task on the same files; one that waits for the port that the old one holds reads nothing. */
function isReplacedInPlace({ before, step }: ServiceOutcome, course: Course): boolean {
  if (course.kind !== "exchanged" || step.operation !== "update") return false;
  const { definition } = course.after.service;
  return definition.replicas !== 0 && !sharesHostPort(before.service.definition, definition);
}

/** What changes in a service, fit to be shown. */
function changesOf({ step, before, comparison }: ServiceOutcome, course: ExchangeCourse): readonly ShownChange[] {
  const [was, is] = [before.service, course.after.service];
  const named = was.name === is.name ? [] : showChanges([{ path: "name", before: was.name, after: is.name }]);
  const changes =
    comparison?.changes ??
    (step.operation === "replace" ? Object.values(templateDifferences(was.template, is.template)).flat() : []);
  const words = ({ definition }: PlannedService, path: string): unknown =>
    path === definition.paths.args
      ? definition.args
      : path === definition.paths.command
        ? definition.command
        : undefined;
  return [...named, ...showChanges(changes, (path) => ({ before: words(was, path), after: words(is, path) }))];
}

function laterStopLoss(before: Side, after: Side, datasetBytes: number | undefined): string | undefined {
  if (after.keeper.places.length === 0) return undefined;
  const [was, is] = [before, after].map(({ service, keeper }) =>
    stopEffect(service.definition, keeper, { datasetBytes }),
  );
  return was?.kind === "kept" && is?.kind !== "kept" ? is?.why : undefined;
}

function startOf(before: Side, after: Side, stop: StopFacts): StartEffect | undefined {
  const [was, is] = [redisSide(before), redisSide(after)];
  const { entry } = before.keeper;
  if (was === undefined || is === undefined || entry === undefined) return undefined;
  return redisStartEffect(was, is, {
    snapshot: snapshotAtStop(before.service.definition, was.settings, entry, stop),
    hiddenChanges: after.service.template.hiddenChanges,
  });
}

function writingFacts(
  { before, step, newUsers, outcome, sideOf }: ServiceOutcome,
  course: Course,
  service: PlannedService,
): WritingFacts | undefined {
  const own = runsBesideNew(outcome) && step.after?.kind === "service" ? [step.after] : [];
  const others = [...own, ...newUsers];
  const isQuiet = service === before.service && others.length === 0;
  if (before.keeper.entry?.writers === "many" || isQuiet) return undefined;
  const { definition } = service;
  const then = sideOf(service);
  const isOver = course.kind === "goes on" && definition.replicas === 0;
  return {
    then,
    isSameStorage: sharesStorage(before.keeper, then.keeper),
    sharesHostPort: sharesHostPort(before.service.definition, definition),
    rivals: others.flatMap((rival) => {
      if (isOver || runApart(rival.definition.constraints, definition.constraints)) return [];
      if (!sharesStorage(then.keeper, sideOf(rival).keeper)) return [];
      const isOwn = rival === step.after;
      const { mounts } = rival.definition.paths;
      return [{ name: nameOf(rival), isOwn, path: isOwn ? (step.replaceReasons[0] ?? mounts) : mounts }];
    }),
  };
}

function sharesStorage(before: DataKeeper, after: DataKeeper): boolean {
  return before.places.some((place) => after.places.some((target) => compareStorage(place, target, true) === "same"));
}

/** Whether a service that is replaced goes on beside its new version: it is retained, or `up` fails before it is deleted. */
function runsBesideNew(outcome: StepOutcome | undefined): boolean {
  if (outcome?.result !== "done" || !outcome.overlaps || outcome.deletedOld) return false;
  const { after } = outcome.step;
  return outcome.cannotStart === undefined && after?.kind === "service" && after.definition.replicas !== 0;
}

function effectOf({ location, before }: ServiceOutcome, course: Course): TaskEffect {
  if (course.kind === "goes on") return "none";
  if (course.kind === "stopped" || course.after.service.definition.replicas === 0)
    return before.service.definition.replicas === 0 ? "none" : "stopped";
  if (course.cannotStart !== undefined) return "cannot start";
  return location?.move.kind === "moves" ? "moved" : "replaced";
}

function outageOf({ before, live, step }: ServiceOutcome, course: Course, isDownNow: boolean): Outage {
  if (before.service.definition.replicas === 0) return noOutage;
  if (course.kind === "goes on")
    return isDownNow ? { leastSeconds: 0, mostSeconds: undefined, parts: [], isDownNow } : noOutage;
  const exchange = course.kind === "exchanged" ? course : undefined;
  const after = exchange?.after.service.definition;
  const [old, next] = [before.service.definition.image, after?.image];
  const [was, is] = [redisSide(before), exchange && redisSide(exchange.after)];
  const outage = expectOutage({
    before: before.service.definition,
    after,
    keeper: before.keeper,
    kind: exchange === undefined ? "gone" : step.operation === "update" ? "in place" : "service replaced",
    cannotStart: exchange?.cannotStart,
    isTakenBack: exchange?.isTakenBack === true,
    imageChanges:
      next !== undefined && (old.digest !== next.digest || old.tag !== next.tag || old.repository !== next.repository),
    datasetBytes: live.datasetBytes?.get(nameOf(before.service)),
    isDownNow,
    prepares: was && is && preparation(was, is),
  });
  return {
    ...outage,
    ...(exchange !== undefined && (!exchange.isCertain || exchange.overlaps) && { leastSeconds: 0 }),
    ...(isDownNow && { isDownNow }),
  };
}

/** The steps of the service and of its data volumes, as far as protection bears on them. */
function protectionOf({ plan, step, before, destroyedVolumes }: ServiceOutcome): readonly ProtectionFacts[] {
  const { places } = before.keeper;
  return plan.steps.flatMap((each): readonly ProtectionFacts[] => {
    const isVolume =
      each.before?.kind === "volume" &&
      places.some(({ kind, source }) => kind === "named volume" && source === each.before?.name);
    if (each.id !== step.id && !isVolume) return [];
    const { before: object } = each;
    const name = object !== undefined && isKnown(object.name) ? object.name : undefined;
    const isDeleted = each === step || destroyedVolumes.get(name ?? "") === each;
    return [
      {
        step: each,
        what: `The ${object?.kind ?? "resource"} "${name ?? each.id}"`,
        isIgnored: each.ignoresProtect === true && isDeleted,
        isAlone: restsOnProtect(each),
      },
    ];
  });
}

/** Where a service's tasks run before and after, with what the swarm tells. */
export function locationOf(before: PlannedService, after: PlannedService, { nodes, taskNodes }: LiveFacts): Location {
  return locate(before.definition, after.definition, { nodes, taskNodes: taskNodes?.get(nameOf(before)) });
}

/** Collects what is known about one service's change. */
import { constraintText, runApart } from "../../model/placement/constraints.ts";
import { nameOf, restsOnProtect, type PlannedService } from "../../model/plan/plan.ts";
import { templateDifferences } from "../../model/plan/task-template.ts";
import { isKnown } from "../../model/service/definition.ts";
import { compareStorage, type DataKeeper } from "../../model/storage/data-location.ts";
import { showChanges, type ShownChange } from "../redaction/property-values.ts";
import type { ProtectionFacts, ServiceChange, ServiceFacts, WritingFacts } from "./facts.ts";
import { outageOf } from "./outage.ts";
import { isLookedFor, placeFacts } from "./place-course.ts";
import { redisStartEffect } from "./redis-restart.ts";
import { snapshotEffect, stopEffect } from "./stop.ts";
import { sharesHostPort } from "./swarm-refusals.ts";
import { courseOf, taskEffectOf, type Course } from "./task-course.ts";

/** Collects the facts about one service. */
export function serviceFacts(change: ServiceChange): ServiceFacts {
  const { plan, live, before, successor, down, datasetBytes, isHere, destroyedVolumes } = change;
  const course = courseOf(change);
  const after = course.kind === "exchanged" ? course.after : undefined;
  const [was, is] = [before.redis, after?.redis];
  const hasTasks = before.service.definition.replicas !== 0;
  const size = { datasetBytes, isReplaced: isReplacedInPlace(change, course) };
  const start =
    was &&
    is &&
    redisStartEffect(was, is, {
      snapshot: snapshotEffect(before.stop, size),
      hiddenChanges: after?.service.template.hiddenChanges ?? [],
    });
  const then = serviceThen(change, course);
  const places = placeFacts({ ...change, course, then: () => then && change.sideOf(then) });
  return {
    ...change,
    failure: failureOf(change),
    course,
    isRenamed: successor !== undefined,
    isIdle: !hasTasks || down !== undefined,
    changes: after === undefined ? [] : changesOf(change, after.service),
    constraints: constraintsOf(change),
    stop:
      course.kind === "keeps running" || !hasTasks || down !== undefined ? undefined : stopEffect(before.stop, size),
    laterStopLoss: laterStopLoss(change, course),
    start,
    places,
    looksForData: places.some(isLookedFor),
    writing: then && writingFacts(change, course, then),
    taskEffect: taskEffectOf(change, course),
    outage: outageOf({ ...change, start }, course),
    protection: protectionOf(change),
    deletedElsewhere: isHere
      ? []
      : before.keeper.places.flatMap(({ source }) =>
          typeof source === "string" && destroyedVolumes.has(source) ? [source] : [],
        ),
    restsOnErrors: live.nodes === undefined && plan.errors.length > 0,
  };
}

function constraintsOf({ before, step: { after } }: ServiceChange): ShownChange {
  const old = before.service.definition;
  const next = after?.kind === "service" ? after.definition : old;
  const path = old.paths.constraints;
  const [was, is] = [constraintText(old.constraints), constraintText(next.constraints)];
  return was === is ? { path } : { path, before: was, after: is };
}

function failureOf({ outcome }: ServiceChange): string | undefined {
  if (outcome?.why === undefined || outcome.result === "done") return undefined;
  return `${outcome.result === "not reached" ? "This step is not reached" : "This step fails"}: ${outcome.why}.`;
}

/** What the service is after the plan; `undefined` for one that is removed. */
function serviceThen({ step, outcome, before }: ServiceChange, course: Course): PlannedService | undefined {
  if (course.kind === "stopped") return undefined;
  if (course.kind === "exchanged") return course.after.service;
  const isUpdated = step.operation === "update" && (outcome?.result === "done" || outcome?.result === "stalled");
  return isUpdated && step.after?.kind === "service" ? step.after : before.service;
}

/** Whether Swarm starts another task on the same files; one that waits for the port that the old one holds reads nothing. */
function isReplacedInPlace({ before, step }: ServiceChange, course: Course): boolean {
  if (course.kind !== "exchanged" || step.operation !== "update") return false;
  const { definition } = course.after.service;
  return definition.replicas !== 0 && !sharesHostPort(before.service.definition, definition);
}

/** What changes in a service, fit to be shown. */
function changesOf({ step, before, comparison }: ServiceChange, is: PlannedService): readonly ShownChange[] {
  const was = before.service;
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

function laterStopLoss({ before, datasetBytes }: ServiceChange, course: Course): string | undefined {
  if (course.kind !== "exchanged" || course.after.keeper.places.length === 0) return undefined;
  const [was, is] = [stopEffect(before.stop, { datasetBytes }), stopEffect(course.after.stop, { datasetBytes })];
  return was.kind === "kept" && is.kind !== "kept" ? is.why : undefined;
}

function writingFacts(change: ServiceChange, course: Course, service: PlannedService): WritingFacts | undefined {
  const { before, step, newUsers, sideOf } = change;
  const own = runsBesideNew(change) && step.after?.kind === "service" ? [step.after] : [];
  const others = [...own, ...newUsers];
  const isQuiet = service === before.service && others.length === 0;
  if (before.keeper.entry?.writers === "many" || isQuiet) return undefined;
  const { definition } = service;
  const then = sideOf(service);
  const isOver = course.kind === "keeps running" && definition.replicas === 0;
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

/** Whether a service that is replaced still runs next to its new version: it is retained, or `up` fails before it is deleted. */
function runsBesideNew({ outcome }: ServiceChange): boolean {
  if (outcome?.result !== "done" || !outcome.overlaps || outcome.deletedOld) return false;
  const { after } = outcome.step;
  return outcome.cannotStart === undefined && after?.kind === "service" && after.definition.replicas !== 0;
}

/** The steps of the service and of its data volumes, as far as protection concerns them. */
function protectionOf({ plan, step, before, destroyedVolumes }: ServiceChange): readonly ProtectionFacts[] {
  const { places } = before.keeper;
  return plan.steps.flatMap((each): readonly ProtectionFacts[] => {
    const { before: object } = each;
    const isVolume =
      object?.kind === "volume" && places.some(({ kind, source }) => kind === "named volume" && source === object.name);
    if (each.id !== step.id && !isVolume) return [];
    const name = object !== undefined && isKnown(object.name) ? object.name : undefined;
    const isDeleted = each === step || destroyedVolumes.get(name ?? "") === each;
    const what = `The ${object?.kind ?? "resource"} "${name ?? each.id}"`;
    return [{ what, isIgnored: each.ignoresProtect === true && isDeleted, isAlone: restsOnProtect(each) }];
  });
}

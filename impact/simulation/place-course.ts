/** What happens to the data at each of its places: what is lost with the task, and what the new task finds there. */
import { isDeepStrictEqual } from "node:util";
import type { Move } from "../../model/placement/task-location.ts";
import type { PlannedStep } from "../../model/plan/plan.ts";
import { isPartOf } from "../../model/plan/task-template.ts";
import { isKnown } from "../../model/service/definition.ts";
import { belongsToTask, compareStorage, type DataKeeper, type DataPlace } from "../../model/storage/data-location.ts";
import type { ServiceChange } from "./facts.ts";
import type { Side } from "./side.ts";
import { isSameNode } from "./startup-refusal.ts";
import type { Course } from "./task-course.ts";
import { findingOn, localVolume, type SightFinding } from "./volume-sight.ts";

/** One place, and what happens to the data there. */
export type PlaceFacts = { readonly place: DataPlace } & (
  | { readonly kind: "stays" }
  /** The plan deletes the volume. */
  | { readonly kind: "volume deleted"; readonly by: PlannedStep }
  /** It ends with the task, as memory does, or with the task's container. */
  | { readonly kind: "ends with task" | "ends with container" }
  /** It stays, and the service is removed. */
  | { readonly kind: "without service" }
  /** The new server does not start on it. */
  | { readonly kind: "refused" }
  /** The new task starts on it. */
  | { readonly kind: "same"; readonly target: DataPlace }
  /** The new task mounts nothing in its place. */
  | { readonly kind: "not mounted" }
  /** The new task starts on another node, where the same volume is another one. */
  | {
      readonly kind: "moves";
      readonly target: DataPlace;
      readonly move: Extract<Move, { kind: "moves" }>;
      readonly found: SightFinding;
      /** Only the new node's engine knows what is there, and it was not asked. */
      readonly isUnseen: boolean;
    }
  /** The new task finds something else. */
  | { readonly kind: "other"; readonly target: DataPlace; readonly found: SightFinding }
  /** The new task may start on any of several nodes. */
  | { readonly kind: "may move"; readonly target: DataPlace; readonly among: string }
  | { readonly kind: "not known"; readonly why: string; readonly path: string }
);

/** Whether a new server looks for the data there; whether it finds it is another question. */
export function isLookedFor({ kind }: PlaceFacts): boolean {
  return ["same", "not mounted", "moves", "other", "may move", "not known"].includes(kind);
}

/** What decides about the places. */
interface PlaceQuestion extends ServiceChange {
  readonly course: Course;
  /** What the service is after the plan; `undefined` for one that is removed. */
  readonly then: () => Side | undefined;
}

/** Determines what happens to the data at each place. */
export function placeFacts(question: PlaceQuestion): readonly PlaceFacts[] {
  const { places } = question.before.keeper;
  // Data that belonged to a task was lost with the last one.
  const isStopped = question.before.service.definition.replicas === 0;
  return (isStopped ? places.filter((place) => !belongsToTask(place)) : places).map(
    (place) => lost(question, place) ?? next(question, place),
  );
}

/** Storage that ends with the task, the service or the plan. */
function lost(question: PlaceQuestion, place: DataPlace): PlaceFacts | undefined {
  const { course, before, down } = question;
  const by = deletionOf(question, place);
  if (by !== undefined) return { kind: "volume deleted", place, by };
  if (course.kind === "keeps running" || before.service.definition.replicas === 0) return undefined;
  if (place.kind === "memory") return down !== undefined ? undefined : { kind: "ends with task", place };
  return belongsToTask(place) && course.isRemoved ? { kind: "ends with container", place } : undefined;
}

function deletionOf(
  { destroyedVolumes, isHere, then }: PlaceQuestion,
  { kind, source, device }: DataPlace,
): PlannedStep | undefined {
  if (source === undefined || !isKnown(source) || kind !== "named volume" || !isHere) return undefined;
  const isKept = device !== undefined && then()?.keeper.places.some((place) => isDeepStrictEqual(place.device, device));
  return isKept === true ? undefined : destroyedVolumes.get(source);
}

function next(question: PlaceQuestion, place: DataPlace): PlaceFacts {
  const { course, before, location, refusal } = question;
  if (course.kind === "keeps running") return { kind: "stays", place };
  if (course.kind === "stopped") return { kind: "without service", place };
  if (refusal !== undefined && (refusal.isWhileOldRuns || !course.overlaps)) return { kind: "refused", place };
  const { service, keeper } = course.after;
  const target = standIn(before.keeper, keeper, place);
  if (target === undefined && isKnown(service.definition.mounts)) return { kind: "not mounted", place };
  if (target === undefined) return undecided(question, place, target);
  const isUntold = place.kind === "not known" && target.kind === "not known" && isSameNode(location) === true;
  const relation =
    isUntold && !mayMoveData(question, course.after) ? "same" : compareStorage(place, target, isSameNode(location));
  if (relation === "same") return { kind: "same", place, target };
  if (relation === "not known") return undecided(question, place, target);
  const move = location?.move;
  if (move?.kind !== "moves" || compareStorage(place, target, true) !== "same")
    return { kind: "other", place, target, found: foundUnderOtherName(question, course.after, place, target) };
  const volume =
    target.kind === "named volume" && target.source !== undefined && isKnown(target.source) ? target.source : "";
  const { nextNodeId: node } = location ?? {};
  const found = findingOn({ node, volume }, service.definition, question.live);
  // A manager does not know another node's volumes.
  const isUnseen = found.kind === "not looked at" && node !== undefined && question.live.engineNode !== undefined;
  return { kind: "moves", place, target, move, found, isUnseen };
}

/** Which of the new task's places corresponds to an old one. */
function standIn(before: DataKeeper, after: DataKeeper, place: DataPlace): DataPlace | undefined {
  if (before.isFamiliar && after.isFamiliar && before.places.length === after.places.length)
    return after.places[before.places.indexOf(place)];
  return after.places.find(({ path }) => path === place.path);
}

/** Whether a change, or a hidden value in it, may affect where the data is. */
function mayMoveData({ comparison, plan, before }: PlaceQuestion, { service }: Side): boolean {
  if (comparison === undefined) return true;
  const { paths } = service.definition;
  const movers = before.keeper.entry?.dataPaths.flatMap(({ movedBy }) => movedBy) ?? [];
  const variables = movers.flatMap((mover) =>
    "environment" in mover ? [`${paths.environment}.${mover.environment}`] : [],
  );
  const deciding = [
    ...[paths.mounts, paths.image, paths.args, paths.command, paths.workingDirectory, paths.configs, paths.hostname],
    // A stack's variables are a list.
    ...(plan.executor === "stack deploy" ? [paths.environment] : variables),
  ];
  return comparison.changes.some(({ path }) =>
    deciding.some((place) => isPartOf(path, place) || isPartOf(place, path)),
  );
}

/** What a volume of another name contains; one that the plan deletes, or in which the data has another folder, does not count. */
function foundUnderOtherName(
  { destroyedVolumes, location, live }: PlaceQuestion,
  after: Side,
  place: DataPlace,
  target: DataPlace,
): SightFinding {
  const volume = localVolume(target);
  const isTold =
    volume !== undefined &&
    volume !== localVolume(place) &&
    place.within === target.within &&
    !destroyedVolumes.has(volume);
  if (!isTold) return { kind: "not looked at" };
  return findingOn({ node: location?.nextNodeId, volume }, after.service.definition, live);
}

function undecided({ location, before }: PlaceQuestion, place: DataPlace, target: DataPlace | undefined): PlaceFacts {
  const move = location?.move;
  const isPlaceKnown = target !== undefined && compareStorage(place, target, true) !== "not known";
  if (isPlaceKnown && move?.kind === "may move") return { kind: "may move", place, target, among: move.among };
  const why =
    isPlaceKnown && move?.kind === "not known"
      ? move.why
      : (target?.assumption ?? place.assumption ?? "what is mounted at the data path is not known yet");
  return { kind: "not known", place, why, path: target?.at ?? before.service.definition.paths.mounts };
}

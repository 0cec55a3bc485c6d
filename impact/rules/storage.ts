/** What the storage says: what ends with the task, and what the new one finds at its data path. */
import { isDeepStrictEqual } from "node:util";
import type { Move } from "../../model/placement/task-location.ts";
import type { PlannedService } from "../../model/plan/plan.ts";
import { isPartOf } from "../../model/plan/task-template.ts";
import { isKnown } from "../../model/service/definition.ts";
import {
  belongsToTask,
  compareStorage,
  isOnServerForOneNode,
  placeWords,
  type DataKeeper,
  type DataPlace,
} from "../../model/storage/data-location.ts";
import { isSameHostFolder } from "../../model/storage/host-named-folder.ts";
import { withoutCredentials } from "../redaction/command-line.ts";
import {
  mayRunHere,
  nameOf,
  serviceThen,
  whyDown,
  type Course,
  type ServiceChange,
} from "../simulation/service-change.ts";
import { isSameNode, whyRefused } from "../simulation/startup-refusal.ts";
import { findingOn, localVolume, type Finding } from "../simulation/volume-sight.ts";
import { copyFirst, moveData, optionsInMount, remedies } from "../verdict/remedies.ts";
import type { Cause, DiagnosticCode, Remedy } from "../verdict/verdict.ts";
import { constraintText, removalWords, shownChanges } from "./causes.ts";
import { leftBehind, type Part } from "./finding.ts";
import { imagePart, loadParts } from "./startup.ts";

/** What becomes of the data at each of its places. */
export function placeParts(change: ServiceChange, course: Course): readonly Part[] {
  const { before, keeper } = change;
  // What belonged to a task has ended with the last one.
  const places =
    before.definition.replicas === 0 ? keeper.places.filter((each) => !belongsToTask(each)) : keeper.places;
  return places.flatMap((place) => {
    const lost = lostStorage(change, course, place);
    if (lost !== undefined) return [lost];
    if (course.kind === "goes on") return [];
    if (course.kind === "stopped") return [removed(change, place)];
    return [...nextPlaceParts(change, course, place)];
  });
}

/** What stays of a service that is no longer there. */
function removed(change: ServiceChange, place: DataPlace): Part {
  const { before, outcome, step } = change;
  if (outcome?.result !== "undone") {
    const text = `Service "${nameOf(before)}" is removed; ${placeWords(place)} with its data stays.`;
    return leftBehind(change, place, { code: "DF104", text }, []);
  }
  const text = `${removalWords(change)} The ${placeWords(place)} with its data stays.`;
  const [path] = step.replaceReasons;
  const cause: Cause = { code: "DF104", text, ...(path !== undefined && { path }) };
  return leftBehind(change, place, cause, [remedies.startableFirst()]);
}

/** Storage that ends with the task, the service or the plan. */
function lostStorage(change: ServiceChange, course: Course, place: DataPlace): Part | undefined {
  const { destroyedVolumes, before } = change;
  const step =
    place.source !== undefined &&
    isKnown(place.source) &&
    place.kind === "named volume" &&
    mayRunHere(before, change.live)
      ? destroyedVolumes.get(place.source)
      : undefined;
  if (step !== undefined) {
    const verb = step.operation === "replace" ? "replaced, which deletes it" : "deleted";
    const path = step.replaceReasons[0];
    if (place.device !== undefined) {
      const then = serviceThen(change, course);
      if (then !== undefined && keepsDevice(change, then, place)) return undefined;
      const text = `The ${placeWords(place)} is ${verb}; what its options lead to, ${withoutCredentials(place.device.path)}, stays with all that is in it.`;
      const cause: Cause = { code: "DF105", text, ...(path !== undefined && { path }) };
      return leftBehind(change, place, cause, [remedies.keepVolume()]);
    }
    const text = `The ${placeWords(place)} is ${verb}, and nothing uses it at that moment, so Docker does it.`;
    return {
      fate: "destroyed",
      cause: { code: "DF105", text, ...(path !== undefined && { path }) },
      remedies: [remedies.keepVolume(), remedies.forgetVolume()],
    };
  }
  if (course.kind === "goes on" || before.definition.replicas === 0) return undefined;
  const path = { path: place.at };
  if (place.kind === "memory" && whyDown(change) !== undefined) return undefined;
  if (place.kind === "memory") {
    return {
      fate: "destroyed",
      cause: { code: "DF106", text: "The data lies in memory (tmpfs), which ends with the task.", ...path },
      remedies: [remedies.copyOut(place, nameOf(before))],
    };
  }
  const isRemoved = course.kind === "stopped" || course.isRemoved;
  if (!belongsToTask(place) || !isRemoved) return undefined;
  return {
    fate: "destroyed",
    cause: {
      code: "DF107",
      text: `The data lies in ${placeWords(place)}, which is removed with the task's container.`,
      ...path,
    },
    remedies: [remedies.copyOut(place, nameOf(before))],
  };
}

function keepsDevice(change: ServiceChange, after: PlannedService, { device }: DataPlace): boolean {
  return change.keeperAfter(after).places.some((place) => isDeepStrictEqual(place.device, device));
}

function nextPlaceParts(
  change: ServiceChange,
  course: Extract<Course, { kind: "exchanged" }>,
  place: DataPlace,
): readonly Part[] {
  const { keeper, location } = change;
  const next = change.keeperAfter(course.after);
  const refusal = whyRefused(
    { service: change.before, keeper },
    { service: course.after, keeper: next },
    { location, overlaps: course.overlaps },
  );
  if (refusal !== undefined) {
    const text = course.isTakenBack
      ? `${refusal}: it never starts, Swarm rolls the update back (failureAction), and the former task starts again on the data as it is.`
      : `${refusal}: it never starts, and the data stays as it is until somebody carries it over.`;
    return [{ fate: "interrupted", cause: { code: "DF301", text, path: course.after.definition.paths.image } }];
  }
  const target = nextPlace(keeper, next, place);
  const image = imagePart(change, keeper, next, course.after);
  if (target === undefined && !isKnown(course.after.definition.mounts)) return [undecided(change, place), ...image];
  if (target === undefined) {
    const text = keeper.isFamiliar
      ? "The new task keeps its data elsewhere, or keeps none."
      : `Nothing is mounted any more at ${isKnown(place.path) ? place.path : "the data path"}.`;
    const cause: Cause = { code: "DF103", text, path: course.after.definition.paths.mounts };
    return [leftBehind(change, place, cause, []), ...image];
  }
  const isUntold = place.kind === "not known" && target.kind === "not known" && isSameNode(location) === true;
  const relation =
    isUntold && !mayMoveData(change, course.after) ? "same" : compareStorage(place, target, isSameNode(location));
  if (relation === "same") return [...loadParts(change, keeper, next, course, place), ...image];
  if (relation === "other") {
    const move = location?.move;
    return [
      ...(move?.kind === "moves" && compareStorage(place, target, true) === "same"
        ? [movedAway(change, course.after, move, place, target)]
        : otherPlace(change, course.after, place, target)),
      ...image,
    ];
  }
  return [undecided(change, place, target), ...image];
}

/** Whether a change, or a value that cannot be seen in it, may be about where the data lies. */
function mayMoveData({ comparison, plan, keeper }: ServiceChange, { definition: { paths } }: PlannedService): boolean {
  if (comparison === undefined) return true;
  const movers = keeper.entry?.dataPaths.flatMap(({ movedBy }) => movedBy) ?? [];
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

/** Which of the new task's places stands for one of the old. */
function nextPlace(before: DataKeeper, after: DataKeeper, place: DataPlace): DataPlace | undefined {
  if (before.isFamiliar && after.isFamiliar && before.places.length === after.places.length)
    return after.places[before.places.indexOf(place)];
  return after.places.find(({ path }) => path === place.path);
}

function otherPlace(
  change: ServiceChange,
  after: PlannedService,
  place: DataPlace,
  target: DataPlace,
): readonly Part[] {
  const { before, step, comparison } = change;
  const from = placeWords(place);
  const to = placeWords(target);
  const elsewhere = from !== to ? to : belongsToTask(target) ? "storage of its own" : `another folder of ${from}`;
  const path = isKnown(target.path) ? target.path : "the data path";
  const isNamedAfterHost = from === to && isSameHostFolder(place.hostFolder, target.hostFolder) === false;
  const why = isNamedAfterHost ? ", named after the container's host," : "";
  const old = isKnown(place.path) ? place.path : path;
  const moved = old !== path ? ` (the data path moves from ${old} to ${path})` : "";
  const means = isNamedAfterHost
    ? [remedies.fixHostname()]
    : [copyFirst(place, target, nameOf(before), before.definition.image)];
  const { hostname } = after.definition.paths;
  const isMount = from !== to && moved === "";
  const [was, is] = [place, target].map(({ at, mountedAt }) => (isMount ? (mountedAt ?? at) : at));
  const about = shownChanges(step, before, after, comparison).filter((shown) =>
    [was, is].some((property) => property !== undefined && shown.path.startsWith(property)),
  );
  const causesOf = (code: DiagnosticCode, text: string): readonly Cause[] =>
    about.length > 0
      ? about.map((shown) => ({ code, text, ...shown }))
      : [
          isNamedAfterHost
            ? { code, text, path: hostname }
            : { code, text, path: is ?? target.at, before: from, after: elsewhere },
        ];
  const found = foundUnderOtherName(change, after, place, target);
  if (found.kind === "data" && standsStill(change)) {
    const text = `The new task finds ${elsewhere} at ${path}${moved}, which ${found.words}: it starts on the data there, and ${from} stays as it is.`;
    return causesOf("DF110", text).map((cause) => ({ fate: "interrupted", cause, assumption: copiedAfterStop }));
  }
  const seen =
    found.kind === "not looked at"
      ? ""
      : ` Now ${elsewhere} ${found.words}${found.kind === "data" ? "; what is written from now on would not be in it" : ""}.`;
  const text = `The new task finds ${elsewhere}${why} at ${path}${moved} and starts without the data, which stays in ${from}.${seen}`;
  return causesOf("DF101", text).map((cause) => leftBehind(change, place, cause, means));
}

/** What lies in a volume of another name; one that the plan deletes, or in which the data has another folder, tells nothing. */
function foundUnderOtherName(
  change: ServiceChange,
  after: PlannedService,
  place: DataPlace,
  target: DataPlace,
): Finding {
  const volume = localVolume(target);
  const isTold =
    volume !== undefined &&
    volume !== localVolume(place) &&
    place.within === target.within &&
    !change.destroyedVolumes.has(volume);
  if (!isTold) return { kind: "not looked at" };
  return findingOn({ node: change.location?.nextNodeId, volume }, after.definition, change.live);
}

/** Whether no task runs, so that nothing is written any more that a copy could lack. */
function standsStill(change: ServiceChange): boolean {
  return change.before.definition.replicas === 0 || whyDown(change) !== undefined;
}

const copiedAfterStop = "the data there was copied after the last task had stopped";

function movedAway(
  change: ServiceChange,
  after: PlannedService,
  move: Extract<Move, { kind: "moves" }>,
  place: DataPlace,
  target: DataPlace,
): Part {
  const why =
    change.location?.nodeSatisfies === false
      ? `The present node does not satisfy the new placement constraints, so the task starts on ${move.to}.`
      : `A node that does not satisfy the new placement constraints loses its task, and tasks start on ${move.to}.`;
  const volume =
    target.kind === "named volume" && target.source !== undefined && isKnown(target.source) ? target.source : "";
  const found = findingOn({ node: change.location?.nextNodeId, volume }, after.definition, change.live);
  if (found.kind === "data")
    return copied(change, `${why} There, ${placeWords(target)} ${found.words}`, moveData(move, place, target));
  const there =
    found.kind === "no data"
      ? `Local volumes stay on their node: on ${move.to}, ${placeWords(target)} ${found.words}.`
      : whatIsThere(place, target);
  // A manager knows of no volume on another node.
  const hint =
    found.kind === "not looked at" && change.location?.nextNodeId !== undefined && change.live.engineNode !== undefined
      ? " Whether somebody has copied the data there, that node's own engine alone can tell: name it with --nodes."
      : "";
  const means = isOnServerForOneNode(target) ? optionsInMount(target) : moveData(move, place, target);
  return {
    ...leftBehind(change, place, { code: "DF102", text: `${why} ${there}${hint}`, ...constraintsCause(change) }, [
      means,
    ]),
    ...(move.assumption !== undefined && {
      assumption: move.assumption,
      otherwise: {
        fate: "interrupted" as const,
        when: "no node does: the task then waits for ever, without an error, and the data stays where it is",
      },
    }),
  };
}

/** A copy that the task finds where it starts next. */
function copied(change: ServiceChange, found: string, means: Remedy): Part {
  const cause = constraintsCause(change);
  if (standsStill(change)) {
    const text = `${found}: the task starts on the data there.`;
    return { fate: "interrupted", cause: { code: "DF110", text, ...cause }, assumption: copiedAfterStop };
  }
  const text = `${found}: the task starts on the data there, without what has been written since it was copied.`;
  return { fate: "at risk", cause: { code: "DF110", text, ...cause }, remedies: [means] };
}

function constraintsCause({ before, step }: ServiceChange): { path: string; before?: string; after?: string } {
  const path = before.definition.paths.constraints;
  const after = step.after?.kind === "service" ? step.after : before;
  const was = constraintText(before.definition.constraints);
  const is = constraintText(after.definition.constraints);
  return was === is ? { path } : { path, before: was, after: is };
}

/** What a task finds on another node than that of its data. */
function whatIsThere(place: DataPlace, target: DataPlace): string {
  const name = placeWords(target);
  if (isOnServerForOneNode(target))
    return `A docker.Volume gives its options to the provider's engine alone: ${name} there is a local one, and empty, while the data stays on the file server.`;
  if (target.remote !== undefined)
    return `Docker makes ${name} there with its new options, and they do not lead to the data.`;
  return place.remote === undefined
    ? `Local volumes stay on their node: ${name} there is another one, and empty.`
    : `The options of ${name} no longer lead to the file server: it is a local one there, and empty.`;
}

function undecided(change: ServiceChange, place: DataPlace, target?: DataPlace): Part {
  const { location, before } = change;
  const move = location?.move;
  const isPlaceUnknown = target === undefined || compareStorage(place, target, true) === "not known";
  if (!isPlaceUnknown && move?.kind === "may move") {
    const finds = place.kind === "host folder" ? "another folder of that path" : "an empty volume of the same name";
    const unless = place.reach === "not known" ? ", unless it is the same file system on all of them" : "";
    const text = `Nothing ties the task to the node of ${placeWords(place)}: it may start on ${move.among}, and on another node it finds ${finds}${unless}.`;
    return {
      fate: "at risk",
      cause: { code: "DF108", text, ...constraintsCause(change) },
      remedies: [remedies.pinFirst(location?.node), ...(isOnServerForOneNode(target) ? [optionsInMount(target)] : [])],
    };
  }
  const reason =
    !isPlaceUnknown && move?.kind === "not known"
      ? move.why
      : (target?.assumption ?? place.assumption ?? "what is mounted at the data path is not known yet");
  return {
    fate: "unknown",
    cause: {
      code: "DF109",
      text: `It cannot be told what the new task finds at its data path: ${reason}.`,
      path: target?.at ?? before.definition.paths.mounts,
    },
    remedies: [],
  };
}

/** What each rule says about a service's data: its storage, its server, its image, and who else writes. */
import { isDeepStrictEqual } from "node:util";
import { isSameHostFolder } from "./host-folder.ts";
import {
  belongsToTask,
  compareStorage,
  isOnServerForOneNode,
  placeWords,
  type DataKeeper,
  type DataPlace,
} from "./data-place.ts";
import { constraintText, sentence, shownChanges, triggers } from "./fate-words.ts";
import { isSameNode, whyRefused } from "./file-refusal.ts";
import { compareVersions, tagVersion } from "./image-catalogue.ts";
import { runApart } from "./placement.ts";
import { sharesHostPort } from "./plan-execution.ts";
import type { PlannedService } from "./planned-change.ts";
import { redisProduct, whyNotRead } from "./redis-format.ts";
import {
  gracefulStop,
  redisStart,
  redisStop,
  snapshotAtStop,
  type StopEffect,
  type StopFacts,
} from "./redis-restart.ts";
import { maxMemoryBytes } from "./redis-settings.ts";
import { copyFirst, leftBehindAt, moveData, optionsInMount, remedies } from "./remedies.ts";
import { mayRunHere, nameOf, serviceThen, type Course, type ServiceChange } from "./service-course.ts";
import { isKnown, type ImageReference, type ServiceDefinition } from "./service-definition.ts";
import { showChanges } from "./shown-values.ts";
import { withoutCredentials } from "./shown-words.ts";
import type { Move } from "./task-location.ts";
import { isPartOf } from "./task-replacement.ts";
import type { Cause, DataFate, LeftBehind, Remedy } from "./verdict.ts";

/** What one rule says. */
export interface Part {
  readonly fate: DataFate;
  readonly cause: Cause;
  readonly remedies?: readonly Remedy[];
  readonly leftBehind?: readonly LeftBehind[];
  readonly otherwise?: { readonly fate: DataFate; readonly when: string };
  readonly assumption?: string;
}

/** What interrupts the service, and what its stop writes. */
export function restartParts(change: ServiceChange, course: Course): readonly Part[] {
  const { before, keeper } = change;
  if (course.kind === "goes on" || before.definition.replicas === 0) return [];
  const parts: Part[] = triggers(change, course).map((cause): Part => ({ fate: "interrupted", cause }));
  const stop = stopEffect(before.definition, keeper, stopFacts(change, course));
  if (stop.kind === "kept") return parts;
  const cause = { text: `${sentence(stop.why)} What is in memory is lost with the old task.`, path: stop.path };
  const save = remedies.saveFirst(keeper, nameOf(before));
  if (stop.kind === "lost")
    return [...parts, { fate: "destroyed", cause, remedies: [remedies.switchAppendOnlyOn(nameOf(before)), save] }];
  const means = stop.fix === undefined ? [remedies.dumpFirst(nameOf(before))] : [remedies.mendStop(stop.fix), save];
  return [...parts, { fate: "at risk", cause, remedies: means }];
}

/** What bears on the stop of the old task. */
function stopFacts({ before, live, step }: ServiceChange, course: Course): StopFacts {
  const isUpdated = course.kind === "exchanged" && step.operation === "update";
  return {
    datasetBytes: live.datasetBytes?.get(nameOf(before)),
    // A task that waits for the port that the old one holds reads nothing.
    isReplaced:
      isUpdated &&
      course.after.definition.replicas !== 0 &&
      !sharesHostPort(before.definition, course.after.definition),
  };
}

/** What a stop does to the data that is in memory, whatever the program. */
export function stopEffect(
  service: ServiceDefinition,
  { redis, entry, places }: DataKeeper,
  facts: StopFacts,
): StopEffect {
  const readOnly = places.find((place) => place.readOnly === true);
  if (readOnly !== undefined && redis !== undefined) {
    return {
      kind: "at risk",
      path: readOnly.at,
      why: "the data path is mounted read-only, so a stop cannot write what is in memory",
      fix: undefined,
    };
  }
  if (entry?.survivesKill === true) return { kind: "kept" };
  return redis === undefined || entry?.redis === undefined
    ? gracefulStop(service, entry)
    : redisStop(service, redis, entry, facts);
}

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
    if (course.kind === "stopped")
      return [
        leftBehind(
          change,
          place,
          { text: `Service "${nameOf(before)}" is removed; ${placeWords(place)} with its data stays.` },
          [],
        ),
      ];
    return [...nextPlaceParts(change, course, place)];
  });
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
      return leftBehind(change, place, { text, ...(path !== undefined && { path }) }, [remedies.keepVolume()]);
    }
    const text = `The ${placeWords(place)} is ${verb}, and nothing uses it at that moment, so Docker does it.`;
    return {
      fate: "destroyed",
      cause: { text, ...(path !== undefined && { path }) },
      remedies: [remedies.keepVolume(), remedies.forgetVolume()],
    };
  }
  if (course.kind === "goes on" || before.definition.replicas === 0) return undefined;
  const path = { path: place.at };
  if (place.kind === "memory") {
    return {
      fate: "destroyed",
      cause: { text: "The data lies in memory (tmpfs), which ends with the task.", ...path },
      remedies: [remedies.copyOut(place, nameOf(before))],
    };
  }
  const isRemoved = course.kind === "stopped" || course.isRemoved;
  if (!belongsToTask(place) || !isRemoved) return undefined;
  return {
    fate: "destroyed",
    cause: { text: `The data lies in ${placeWords(place)}, which is removed with the task's container.`, ...path },
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
    const text = `${refusal}: it never starts, and the data stays as it is until somebody carries it over.`;
    return [{ fate: "interrupted", cause: { text, path: course.after.definition.paths.image } }];
  }
  const target = nextPlace(keeper, next, place);
  const image = imagePart(change, keeper, next, course.after);
  if (target === undefined && !isKnown(course.after.definition.mounts)) return [undecided(change, place), ...image];
  if (target === undefined) {
    const text = keeper.isFamiliar
      ? "The new task keeps its data elsewhere, or keeps none."
      : `Nothing is mounted any more at ${isKnown(place.path) ? place.path : "the data path"}.`;
    return [leftBehind(change, place, { text, path: course.after.definition.paths.mounts }, []), ...image];
  }
  const isUntold = place.kind === "not known" && target.kind === "not known" && isSameNode(location) === true;
  const relation =
    isUntold && !mayMoveData(change, course.after) ? "same" : compareStorage(place, target, isSameNode(location));
  if (relation === "same") return [...loadParts(change, keeper, next, course, place), ...image];
  if (relation === "other") {
    const move = location?.move;
    return [
      ...(move?.kind === "moves" && compareStorage(place, target, true) === "same"
        ? [movedAway(change, move, place, target)]
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

function leftBehind(change: ServiceChange, place: DataPlace, cause: Cause, means: readonly Remedy[]): Part {
  const { before, location } = change;
  const lies = leftBehindAt(place, { service: nameOf(before), image: before.definition.image, node: location?.node });
  return { fate: "left behind", cause, remedies: means, leftBehind: [lies] };
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
  const text = `The new task finds ${elsewhere}${why} at ${path}${moved} and starts without the data, which stays in ${from}.`;
  const means = isNamedAfterHost
    ? [remedies.fixHostname()]
    : [copyFirst(place, target, nameOf(before), before.definition.image)];
  const { hostname } = after.definition.paths;
  const about = shownChanges(step, before, after, comparison).filter(
    (shown) => shown.path.startsWith(target.at) || shown.path.startsWith(place.at),
  );
  const causes: readonly Cause[] =
    about.length > 0
      ? about.map((shown) => ({ text, ...shown }))
      : [isNamedAfterHost ? { text, path: hostname } : { text, path: target.at, before: from, after: elsewhere }];
  return causes.map((cause) => leftBehind(change, place, cause, means));
}

function movedAway(
  change: ServiceChange,
  move: Extract<Move, { kind: "moves" }>,
  place: DataPlace,
  target: DataPlace,
): Part {
  const why =
    change.location?.nodeSatisfies === false
      ? `The present node does not satisfy the new placement constraints, so the task starts on ${move.to}.`
      : `A node that does not satisfy the new placement constraints loses its task, and tasks start on ${move.to}.`;
  const text = `${why} ${whatIsThere(place, target)}`;
  const means = isOnServerForOneNode(target) ? optionsInMount(target) : moveData(move, place, target);
  return {
    ...leftBehind(change, place, { text, ...constraintsCause(change) }, [means]),
    ...(move.assumption !== undefined && {
      assumption: move.assumption,
      otherwise: {
        fate: "interrupted" as const,
        when: "no node does: the task then waits for ever, without an error, and the data stays where it is",
      },
    }),
  };
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
      cause: { text, ...constraintsCause(change) },
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
      text: `It cannot be told what the new task finds at its data path: ${reason}.`,
      path: target?.at ?? before.definition.paths.mounts,
    },
    remedies: [],
  };
}

/** What the new server reads of what the old one has written. */
function loadParts(
  change: ServiceChange,
  old: DataKeeper,
  next: DataKeeper,
  course: Extract<Course, { kind: "exchanged" }>,
  place: DataPlace,
): readonly Part[] {
  const { before } = change;
  const { after } = course;
  if (
    old.redis === undefined ||
    next.redis === undefined ||
    old.entry?.redis === undefined ||
    next.entry?.redis === undefined
  )
    return [];
  const start = redisStart(
    { settings: old.redis, image: old.entry.redis },
    { settings: next.redis, image: next.entry.redis },
    {
      snapshot: snapshotAtStop(before.definition, old.redis, old.entry, stopFacts(change, course)),
      hiddenChanges: after.template.hiddenChanges,
    },
  );
  if (start.kind === "not known") return [{ fate: "unknown", cause: { text: sentence(start.why), path: start.path } }];
  if (start.kind !== "empty") {
    const risk: Part[] =
      start.kind === "loads"
        ? []
        : [
            {
              fate: "at risk",
              cause: { text: sentence(start.why), path: start.path },
              remedies: [remedies.saveFirst(old, nameOf(before))],
            },
          ];
    return [...risk, ...memoryParts(change, old, next, after)];
  }
  const danger = start.overwrites ? " The next snapshot overwrites the old file." : "";
  const text = `${sentence(start.why)} It starts empty; the old data stays as a file in ${placeWords(place)}.${danger}`;
  const shown = showChanges([
    { path: after.definition.paths.args, before: before.definition.args, after: after.definition.args },
  ])[0];
  const values = shown?.before === shown?.after || start.path !== shown?.path ? {} : shown;
  const means = {
    "append-only file": remedies.switchAppendOnlyOn(nameOf(before)),
    snapshot: remedies.switchAppendOnlyOff(nameOf(before)),
    name: remedies.renameFirst(),
  }[start.lacks];
  return [leftBehind(change, place, { text, path: start.path, ...values }, [means])];
}

/** A memory limit that the data does not fit into: the server is killed while it loads, or as soon as it has grown. */
function memoryParts(
  { before, live }: ServiceChange,
  old: DataKeeper,
  next: DataKeeper,
  { definition }: PlannedService,
): readonly Part[] {
  const limit = definition.limits.memoryBytes;
  if (!isKnown(limit) || limit === undefined) return [];
  const path = definition.paths.memoryLimit;
  const dataset = live.datasetBytes?.get(nameOf(before));
  if (dataset !== undefined && dataset > limit) {
    const text = `The memory limit (${limit} bytes) is below the dataset (${dataset} bytes): the server is killed while it loads.`;
    return [{ fate: "at risk", cause: { text, path }, remedies: [remedies.memoryFirst()] }];
  }
  const most = mostAboveLimit(definition, next);
  if (most === undefined || mostAboveLimit(before.definition, old) !== undefined || dataset !== undefined) return [];
  const text = `The memory limit (${limit} bytes) is below maxmemory (${most} bytes): a dataset that does not fit gets the server killed while it loads.`;
  return [{ fate: "at risk", cause: { text, path }, remedies: [remedies.memoryFirst()] }];
}

/** `maxmemory` where the memory limit is below it. */
function mostAboveLimit({ limits }: ServiceDefinition, { redis }: DataKeeper): number | undefined {
  const most = redis && maxMemoryBytes(redis);
  const limit = limits.memoryBytes;
  if (most === undefined || !isKnown(most) || limit === undefined || !isKnown(limit)) return undefined;
  return most > limit ? most : undefined;
}

/** Another program, of the image or of another one, or an older version, on the same files. */
function imagePart(
  { before }: ServiceChange,
  old: DataKeeper,
  next: DataKeeper,
  after: PlannedService,
): readonly Part[] {
  const [was, is] = [before.definition.image, after.definition.image];
  const path = after.definition.paths.image;
  const save = remedies.saveFirst(old, nameOf(before));
  const speakRedis = old.entry?.redis !== undefined && next.entry?.redis !== undefined;
  const areRelated =
    speakRedis || (old.entry === next.entry && (old.entry !== undefined || lastName(was) === lastName(is)));
  if (isKnown(was.repository) && isKnown(is.repository) && !areRelated) {
    const command = was.repository === is.repository ? changedCommand(before.definition, after.definition) : undefined;
    const what =
      command === undefined ? "The image becomes another program's" : "The command starts another program of the image";
    const text = `${what}, and whether that reads the files of the old one is not known.`;
    const cause: Cause =
      command === undefined ? { text, path, before: was.repository, after: is.repository } : { text, path: command };
    return [{ fate: "at risk", cause, remedies: [save] }];
  }
  const [from, to] = [tagVersion(was.tag), tagVersion(is.tag)];
  const servers = [
    { image: was, entry: old.entry },
    { image: is, entry: next.entry },
  ] as const;
  if (speakRedis && redisProduct(servers[0]) !== redisProduct(servers[1])) {
    const unread = whyNotRead(...servers);
    if (unread === undefined) return [];
    const text = `The new server may not load the files, and never start: ${unread.why}.`;
    return [{ fate: "at risk", cause: { text, path }, remedies: [remedies.carryOver()] }];
  }
  if (from === undefined || to === undefined || compareVersions(to, from) >= 0) return [];
  const versions = { before: from.join("."), after: to.join(".") };
  const text = `${old.entry?.title ?? "The server"} goes back from ${versions.before} to ${versions.after}: an older version may refuse the files of a newer one and never start.`;
  return [{ fate: "at risk", cause: { text, path, ...versions }, remedies: [save] }];
}

/** The path of what changes in the words that a container runs. */
function changedCommand(before: ServiceDefinition, after: ServiceDefinition): string | undefined {
  if (!isDeepStrictEqual(before.command, after.command)) return after.paths.command;
  return isDeepStrictEqual(before.args, after.args) ? undefined : after.paths.args;
}

function lastName({ repository }: ImageReference): string | undefined {
  return isKnown(repository) ? repository.split("/").at(-1) : undefined;
}

/** Two tasks that write the same files at the same time. */
export function writerParts(change: ServiceChange, course: Course): readonly Part[] {
  const { before, keeper, outcome, step } = change;
  const after = serviceThen(change, course);
  if (keeper.entry?.writers === "many" || after === undefined) return [];
  const parts: Part[] = [];
  if (course.kind === "exchanged" && course.overlaps && sharesStorage(change, after)) {
    const danger =
      "two tasks have the same files open, the new one reads them before the old one has saved, and the one that saves last wins";
    const isUpdate = step.operation === "update";
    const text = `${isUpdate ? "The update order is start-first" : "The new service is created before the old one is deleted"}: ${danger}.`;
    const [reason] = step.replaceReasons;
    const path = isUpdate ? after.definition.paths.updateOrder : reason;
    const means = isUpdate
      ? remedies.stopFirst()
      : step.operation === "delete"
        ? remedies.aliasRename(step.id, nameOf(before))
        : remedies.deleteFirst();
    parts.push({ fate: "at risk", cause: { text, ...(path !== undefined && { path }) }, remedies: [means] });
  }
  if (
    course.kind === "exchanged" &&
    step.operation === "update" &&
    !isKnown(after.definition.updateOrder) &&
    before.definition.replicas !== 0 &&
    !sharesHostPort(before.definition, after.definition) &&
    sharesStorage(change, after)
  ) {
    const text = "The update order is not known yet: with start-first, two tasks have the same files open.";
    parts.push({
      fate: "unknown",
      cause: { text, path: after.definition.paths.updateOrder },
      remedies: [remedies.stopFirst()],
    });
  }
  const was = before.definition.replicas;
  const is = after.definition.replicas;
  const replicas = after.definition.paths.replicas;
  if (isKnown(was) && !isKnown(is))
    parts.push({ fate: "unknown", cause: { text: "How many tasks will run is not known yet.", path: replicas } });
  if (isKnown(was) && isKnown(is) && is > 0 && is < was && sharesStorage(change, after)) {
    const text =
      "Swarm chooses which of the tasks end. What an ending task saves may overwrite what another one has saved, or stay on a node that has no task any more.";
    const values = { path: replicas, before: String(was), after: String(is) };
    parts.push({ fate: "at risk", cause: { text, ...values }, remedies: [remedies.oneWriter()] });
  }
  // A task that waits for the port that another one holds does not write.
  const isBlocked = outcome?.cannotStart !== undefined && sharesHostPort(before.definition, after.definition);
  if (isKnown(was) && isKnown(is) && is > was && is > 1 && !isBlocked && sharesStorage(change, after)) {
    const text =
      "Several tasks keep their data in the same volume, or each in another node's volume of that name: they overwrite each other's files, or answer differently.";
    parts.push({
      fate: "at risk",
      cause: { text, path: replicas, before: String(was), after: String(is) },
      remedies: [remedies.oneWriter()],
    });
  }
  if (course.kind === "goes on" && is === 0) return parts;
  for (const rival of change.rivals) {
    if (runApart(rival.definition.constraints, after.definition.constraints)) continue;
    if (!sharesStorage({ ...change, keeper: change.keeperAfter(after) }, rival)) continue;
    const isOwn = rival === step.after;
    const why = isOwn
      ? `The old service is not deleted and goes on, and "${nameOf(rival)}" is created beside it on the same storage`
      : `Service "${nameOf(rival)}" gets the same storage`;
    parts.push({
      fate: "at risk",
      cause: {
        text: `${why}: two servers write the same files, and neither knows of the other.`,
        path: isOwn ? (step.replaceReasons[0] ?? rival.definition.paths.mounts) : rival.definition.paths.mounts,
      },
      remedies: [isOwn ? remedies.scaleOldFirst(nameOf(before)) : remedies.oneWriter()],
    });
  }
  return parts;
}

function sharesStorage(change: ServiceChange, after: PlannedService): boolean {
  const { keeper } = change;
  const next = change.keeperAfter(after);
  return keeper.places.some((place) => next.places.some((target) => compareStorage(place, target, true) === "same"));
}

/** What to look out for besides the fate, and what the verdict takes for granted. */
import { majorVersion } from "../../model/image/catalogue.ts";
import { protectLimits, restsOnProtect, type PlannedStep } from "../../model/plan/plan.ts";
import { differences } from "../../model/plan/task-template.ts";
import { durabilityGivenUp } from "../../model/redis/durability.ts";
import { hasSavePoints, isAppendOnly } from "../../model/redis/settings.ts";
import { isKnown, type VolumeOptions } from "../../model/service/definition.ts";
import { belongsToTask, type DataKeeper, type DataPlace } from "../../model/storage/data-location.ts";
import { sameOptions } from "../../model/storage/volume-storage.ts";
import { mayRunHere, nameOf, whyDown, type Course, type ServiceChange } from "../simulation/service-change.ts";
import type { Note } from "../verdict/verdict.ts";
import { failureWords } from "./causes.ts";
import type { Part } from "./finding.ts";
import { stopEffect } from "./shutdown.ts";

/** What is worth knowing besides the fate: what fails, has no effect, is not in effect yet, or endangers the data later on. */
export function* warnings(change: ServiceChange, course: Course): Iterable<Note> {
  const { step, comparison, outcome, keeper, live, before } = change;
  const failure = failureWords(outcome);
  if (failure !== undefined) yield { code: "DF501", text: failure };
  const down = whyDown(change);
  if (down !== undefined && before.definition.replicas !== 0)
    yield {
      code: "DF502",
      text: `No task of the service runs now (${down}), so this change stops none${course.kind === "goes on" ? ", and starts none" : ""}.`,
    };
  yield* protectionWarnings(change);
  for (const path of step.ignoredRemovals) {
    yield {
      code: "DF505",
      text:
        step.operation === "replace"
          ? `${path} was taken out of the program; the new service is created without it.`
          : `${path} was taken out of the program, and the provider plans nothing for that: the service keeps it.`,
    };
  }
  if (change.location?.isNodeMissing === true) {
    yield {
      code: "DF506",
      text: "The nodes that were given do not include the one that the task runs on: they are of another swarm or of another time, or that node has left. The verdict goes by the placement constraints; ask the swarm again.",
    };
  }
  if (!mayRunHere(before, live)) {
    for (const { source } of keeper.places) {
      if (typeof source === "string" && change.destroyedVolumes.has(source))
        yield {
          code: "DF507",
          text: `The plan deletes volume "${source}" of the engine that it talks to; the one on the service's own node is another one, and stays.`,
        };
    }
  }
  const stale = comparison?.stale ?? [];
  if (stale.length > 0 && course.kind === "goes on") {
    const paths = [...new Set(stale.map(({ path }) => path))];
    yield {
      code: "DF508",
      text: `The change of ${paths.join(", ")} is reported as done and is not in effect: Swarm keeps the task, and the port with it, until something else replaces it. A changed forceUpdate in the same update brings it into effect.`,
    };
  }
  if (course.kind !== "exchanged") return;
  yield* rollbackWarnings(change, course);
  const next = change.keeperAfter(course.after);
  const [was, is] = [before.definition, course.after.definition];
  if (next.places.some((place) => place.readOnly === true))
    yield {
      code: "DF601",
      text: "The data path becomes read-only: the server reads its data and cannot save any more.",
    };
  if (next.places.length > 0) {
    const facts = { datasetBytes: live.datasetBytes?.get(nameOf(before)) };
    const later = stopEffect(is, next, facts);
    if (later.kind !== "kept" && stopEffect(was, keeper, facts).kind === "kept")
      yield { code: "DF602", text: `From then on a stop loses data: ${later.why}.` };
    const less = lessDurable(keeper, next);
    if (less !== undefined) yield { code: "DF607", text: less };
  }
  if (course.cannotStart === undefined && next.places.some(belongsToTask)) {
    yield {
      code: "DF603",
      text: "From then on every replacement of the task starts empty: nothing persistent is mounted at the data path.",
    };
  }
  if (isKnown(was.user) && isKnown(is.user) && (was.user ?? "") !== (is.user ?? ""))
    yield {
      code: "DF604",
      text: "The user changes: it must be allowed to write the files of the old one, or the server cannot save any more.",
    };
  // On another node the volume may not exist yet.
  if (isKnown(was.mounts) && isKnown(is.mounts) && change.location?.move.kind !== "moves") {
    for (const mount of is.mounts) {
      const old = was.mounts.find(({ source, target }) => source === mount.source && target === mount.target);
      if (
        old === undefined ||
        !isKnown(mount.source) ||
        (mount.source ?? "") === "" ||
        mount.volumeOptions === undefined
      )
        continue;
      const had = old.volumeOptions ?? noOptions;
      const asked = mount.volumeOptions;
      const isSame = isKnown(had) && isKnown(asked) ? sameOptions(had, asked) !== false : had === asked;
      if (!isSame)
        yield {
          code: "DF605",
          text: `The options of volume "${mount.source ?? ""}" have no effect: it exists already, and Docker takes it as it is.`,
        };
    }
  }
  const commandChanges = differences(was.command, is.command, "").length > 0;
  if (commandChanges && keeper.redis !== undefined)
    yield { code: "DF606", text: "The entrypoint changes; it is taken to start the same server." };
}

function lessDurable(
  { redis: was, entry }: DataKeeper,
  { redis: is, entry: nextEntry }: DataKeeper,
): string | undefined {
  if (was === undefined || is === undefined || entry?.redis === undefined || nextEntry?.redis === undefined)
    return undefined;
  return durabilityGivenUp({ settings: was, image: entry.redis }, { settings: is, image: nextEntry.redis });
}

/** Where Swarm's rollback does not do what its author may expect of it. */
function* rollbackWarnings(
  { keeper, step, before }: ServiceChange,
  { after, cannotStart, isTakenBack }: Extract<Course, { kind: "exchanged" }>,
): Iterable<Note> {
  if (step.operation !== "update" || after.definition.failureAction !== "rollback" || isTakenBack) return;
  if (cannotStart !== undefined) {
    yield {
      code: "DF509",
      text: "Swarm does not roll this update back (failureAction): a task that waits does not fail.",
    };
    return;
  }
  const { entry } = keeper;
  const [from, to] = [before, after].map(({ definition }) => majorVersion(definition.image.tag));
  if (entry === undefined || entry.refuses === "other majors" || from === undefined || to === undefined || to <= from)
    return;
  yield {
    code: "DF510",
    text: `${entry.title} ${to} may change the files as soon as it starts; where it fails after that, Swarm rolls back (failureAction) to version ${from}, which may refuse them. Set failureAction to pause for this update, and make a backup first.`,
  };
}

/** What `protect` alone has kept, or no longer keeps: one flag of one run undoes it. */
function* protectionWarnings({ plan, step, keeper, destroyedVolumes }: ServiceChange): Iterable<Note> {
  const own = plan.steps.filter(
    ({ id, before }) =>
      id === step.id ||
      (before?.kind === "volume" &&
        keeper.places.some(({ kind, source }) => kind === "named volume" && source === before.name)),
  );
  for (const each of own) {
    const what = objectWords(each);
    if (each.ignoresProtect === true && (each === step || destroyedVolumes.get(nameIn(each)) === each))
      yield { code: "DF503", text: `${what} is protected, and this run deletes it all the same (--ignore-protect).` };
    if (restsOnProtect(each))
      yield { code: "DF504", text: `${what} stays because of \`protect\` alone: ${protectLimits}` };
  }
}

function objectWords({ before, id }: PlannedStep): string {
  return `The ${before?.kind ?? "resource"} "${before !== undefined && isKnown(before.name) ? before.name : id}"`;
}

function nameIn({ before }: PlannedStep): string {
  return before !== undefined && isKnown(before.name) ? before.name : "";
}

const noOptions: VolumeOptions = { driver: undefined, driverOptions: {}, labels: {} };

/** What a verdict takes for granted because it could not be seen, each as it reads after "Taken for granted:". */
export function assumptions(
  { keeper, location, plan, live, comparison, before }: ServiceChange,
  course: Course,
  parts: readonly Part[],
): readonly string[] {
  const told = [
    ...parts.flatMap(({ assumption }) => assumption ?? []),
    ...(course.kind === "goes on" ? [] : keeper.places.flatMap((place) => placeAssumption(place, parts))),
  ];
  if (
    location?.assumption !== undefined &&
    comparison?.isReplaced === false &&
    comparison.changes.some(({ path }) => path.includes("lacement"))
  )
    told.push(location.assumption);
  if (course.kind === "exchanged" && location?.move.kind === "stays" && location.move.assumption !== undefined)
    told.push(location.move.assumption);
  if (course.kind === "exchanged" && live.datasetBytes?.has(nameOf(before)) !== true) {
    const was = before.definition.limits.memoryBytes;
    const is = course.after.definition.limits.memoryBytes;
    if (isKnown(is) && is !== undefined && isKnown(was) && (was === undefined || is < was))
      told.push(
        `the data fits into the new memory limit (${is} bytes); otherwise the server is killed while it reads it`,
      );
  }
  if (course.kind !== "goes on" && before.definition.replicas !== 0 && isUnseen(keeper))
    told.push(
      `the configuration of Redis, which cannot be seen here (${keeper.redis?.path ?? ""}), has it write its data when it stops`,
    );
  if (course.kind === "exchanged" && !isKnown(course.after.definition.image.repository))
    told.push("the image, which is not known yet, is of the same program and of no older version");
  if (course.kind === "exchanged" && keeper.entry === undefined)
    told.push(
      "the image, which the catalogue does not know, writes its data to the mounts and saves it when it is stopped",
    );
  if (course.kind !== "goes on" && live.nodes === undefined && plan.errors.length > 0)
    told.push("the errors of the preview are put right and the steps stay as they are");
  return told;
}

/** What is taken for granted of a place; why it is not known is told as the cause where it leaves the fate open. */
function placeAssumption({ kind, assumption }: DataPlace, parts: readonly Part[]): readonly string[] {
  if (assumption === undefined) return [];
  if (kind !== "not known") return [assumption];
  return parts.some(({ fate }) => fate === "unknown") ? [] : [`the data lies where it lay, although ${assumption}`];
}

/** Whether it cannot be seen that a stop writes what is in memory. */
function isUnseen({ redis, entry }: DataKeeper): boolean {
  if (redis === undefined || entry?.redis === undefined) return false;
  const appendOnly = isAppendOnly(redis, entry.redis);
  return appendOnly !== true && (!isKnown(appendOnly) || !isKnown(hasSavePoints(redis)));
}

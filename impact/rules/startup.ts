/** What the start of the new server says: whether it reads what the old one has written, and whether that fits into its memory. */
import { isDeepStrictEqual } from "node:util";
import { compareVersions, tagVersion } from "../../model/image/catalogue.ts";
import type { PlannedService } from "../../model/plan/plan.ts";
import type { PreparedFile } from "../../model/redis/preparation.ts";
import { maxMemoryBytes } from "../../model/redis/settings.ts";
import { isKnown, type ImageReference, type ServiceDefinition } from "../../model/service/definition.ts";
import { placeWords, type DataKeeper, type DataPlace } from "../../model/storage/data-location.ts";
import { showChanges } from "../redaction/property-values.ts";
import { redisProduct, whyNotRead } from "../simulation/redis-format.ts";
import { redisSide, redisStart, snapshotAtStop } from "../simulation/redis-restart.ts";
import { nameOf, type Course, type ServiceChange } from "../simulation/service-change.ts";
import { remedies } from "../verdict/remedies.ts";
import type { Cause } from "../verdict/verdict.ts";
import { sentence } from "./causes.ts";
import { leftBehind, type Part } from "./finding.ts";
import { stopFacts } from "./shutdown.ts";

/** What the new server reads of what the old one has written. */
export function loadParts(
  change: ServiceChange,
  old: DataKeeper,
  next: DataKeeper,
  course: Extract<Course, { kind: "exchanged" }>,
  place: DataPlace,
): readonly Part[] {
  const { before } = change;
  const { after } = course;
  const [was, is] = [redisSide(before.definition, old), redisSide(after.definition, next)];
  if (was === undefined || is === undefined || old.entry === undefined) return [];
  const start = redisStart(was, is, {
    snapshot: snapshotAtStop(before.definition, was.settings, old.entry, stopFacts(change, course)),
    hiddenChanges: after.template.hiddenChanges,
  });
  if (start.kind === "not known")
    return [{ fate: "unknown", cause: { code: "DF307", text: sentence(start.why), path: start.path } }];
  if (start.kind !== "empty") {
    const risk: Part[] =
      start.kind === "loads"
        ? start.prepared === undefined
          ? []
          : [preparedPart(start.prepared, old)]
        : [
            {
              fate: "at risk",
              cause: { code: start.isReplica ? "DF306" : "DF305", text: sentence(start.why), path: start.path },
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
    "append-only file": remedies.switchAppendOnlyOn(old, nameOf(before)),
    snapshot: remedies.switchAppendOnlyOff(old, nameOf(before)),
    name: remedies.renameFirst(),
  }[start.lacks];
  const code = ({ "append-only file": "DF302", snapshot: "DF303", name: "DF304" } as const)[start.lacks];
  return [leftBehind(change, place, { code, text, path: start.path, ...values }, [means])];
}

function preparedPart({ file, path }: { file: PreparedFile; path: string }, old: DataKeeper): Part {
  return {
    fate: "interrupted",
    cause: { code: "DF308", text: preparedWords[file], path },
    // What a start script has made into a snapshot, it has moved out of the way.
    ...(file === "append-only file" &&
      old.prepares === undefined && { assumption: "no older append-only file lies beside the snapshot" }),
  };
}

const preparedWords: Readonly<Record<PreparedFile, string>> = {
  "append-only file":
    "The service's start script makes the snapshot the beginning of an append-only file before Redis starts, so Redis reads every key.",
  snapshot:
    "The service's start script makes a snapshot of the append-only file before Redis starts, so Redis reads every key; the old files stay beside it in appendonlydir.before.",
};

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
    return [{ fate: "at risk", cause: { code: "DF309", text, path }, remedies: [remedies.memoryFirst()] }];
  }
  const most = mostAboveLimit(definition, next);
  if (most === undefined || mostAboveLimit(before.definition, old) !== undefined || dataset !== undefined) return [];
  const text = `The memory limit (${limit} bytes) is below maxmemory (${most} bytes): a dataset that does not fit gets the server killed while it loads.`;
  return [{ fate: "at risk", cause: { code: "DF309", text, path }, remedies: [remedies.memoryFirst()] }];
}

/** `maxmemory` where the memory limit is below it. */
function mostAboveLimit({ limits }: ServiceDefinition, { redis }: DataKeeper): number | undefined {
  const most = redis && maxMemoryBytes(redis);
  const limit = limits.memoryBytes;
  if (most === undefined || !isKnown(most) || limit === undefined || !isKnown(limit)) return undefined;
  return most > limit ? most : undefined;
}

/** Another program, of the image or of another one, or an older version, on the same files. */
export function imagePart(
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
      command === undefined
        ? { code: "DF310", text, path, before: was.repository, after: is.repository }
        : { code: "DF310", text, path: command };
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
    return [{ fate: "at risk", cause: { code: "DF311", text, path }, remedies: [remedies.carryOver()] }];
  }
  if (from === undefined || to === undefined || compareVersions(to, from) >= 0) return [];
  const versions = { before: from.join("."), after: to.join(".") };
  const text = `${old.entry?.title ?? "The server"} goes back from ${versions.before} to ${versions.after}: an older version may refuse the files of a newer one and never start.`;
  return [{ fate: "at risk", cause: { code: "DF312", text, path, ...versions }, remedies: [save] }];
}

/** The path of what changes in the words that a container runs. */
function changedCommand(before: ServiceDefinition, after: ServiceDefinition): string | undefined {
  if (!isDeepStrictEqual(before.command, after.command)) return after.paths.command;
  return isDeepStrictEqual(before.args, after.args) ? undefined : after.paths.args;
}

function lastName({ repository }: ImageReference): string | undefined {
  return isKnown(repository) ? repository.split("/").at(-1) : undefined;
}

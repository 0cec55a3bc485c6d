/** Judges whether what a service has lost can be copied into a named volume, and what that changes. */
import type Docker from "dockerode";
import { identifyContent, type VolumeContent, type VolumeListing } from "../../model/storage/volume-content.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import { inspectVolume } from "../../swarm/api/reads.ts";
import { advised } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { readHostFacts } from "../host-facts.ts";
import type { AnsweredEngine, Inventory } from "../inventory.ts";
import { requireInside, withArchives } from "../volume-archive.ts";
import { tryInFirstRedis, type RedisTrial } from "./redis-trial.ts";
import { mountTraces } from "./search.ts";
import { findOwner, nodeOfOwner, planChange, type RescueChange } from "./service.ts";
import { engineOf, findSource, requireIdle } from "./source.ts";

/** What is to be rescued, and where to. */
export interface RescueRequest {
  readonly volume: string;
  /** Hostname; may be left out where only one node has a volume of this name. */
  readonly fromNode?: string | undefined;
  /** The named volume that gets the data. It is required, but what cannot be rescued is refused before its absence. */
  readonly to?: string | undefined;
  /** Hostname. @default the node that the service is tied to or runs on, else the one where the data is */
  readonly toNode?: string | undefined;
  /** The service that is to mount it. */
  readonly service?: string | undefined;
}

/** What a rescue would do. */
export interface RescuePlan {
  readonly volume: string;
  readonly from: AnsweredEngine;
  readonly to: string;
  readonly toEngine: AnsweredEngine;
  /** Whether an empty volume of that name exists. */
  readonly targetExists: boolean;
  readonly content: VolumeContent;
  /** What a Redis made of it; undefined for other data, and where none could be asked. */
  readonly trial: RedisTrial | undefined;
  readonly change: RescueChange | undefined;
}

/** How much is read beforehand to identify what is in the volume; larger data is not loaded into Redis as a test. */
const planReadBytes = 256 * 1024 ** 2;
/** What a copy leaves free on its node for everything else that runs there. */
const spareBytes = 64 * 1024 ** 2;

/**
 * Plans a rescue; nothing is changed.
 *
 * @throws InputError when the volume does not exist, or the target is not named or not empty
 * @throws SituationError when the volume is in use or empty, the target has no room, or the service cannot be pointed at it
 */
export async function planRescue(
  inventory: Inventory,
  request: RescueRequest,
  signal: AbortSignal,
): Promise<RescuePlan> {
  const { volume } = request;
  const { from, found } = findSource(inventory, volume, request.fromNode);
  const owner = request.service === undefined ? undefined : await findOwner(inventory, request.service);
  const toNode = request.toNode ?? (owner && nodeOfOwner(owner, inventory)) ?? found.node;
  const toEngine = engineOf(inventory, toNode, "--to-node");
  await requireIdle(from.connection.docker, volume, found.node);
  const to = requireTarget(request.to);
  const targetExists = await requireEmptyTarget(toEngine, to, signal);
  const listing = await read(from.connection.docker, volume, signal);
  const content = identifyContent(listing);
  if (content.kind === "empty") {
    throw new SituationError({
      what: `The volume ${showValue(volume)} is empty`,
      fix: `List the volumes with data with \`${advised("rescue")}\``,
    });
  }
  listing.files.forEach(requireInside);
  await requireRoom(toEngine, Math.max(content.sizeBytes, found.sizeBytes ?? 0));
  const trial =
    content.kind === "redis" && content.isWhole
      ? // The service's Redis, else the one that wrote the data.
        await tryInFirstRedis(
          from.connection.docker,
          [
            ...(owner?.service.Spec.TaskTemplate.ContainerSpec
              ? [owner.service.Spec.TaskTemplate.ContainerSpec.Image]
              : []),
            ...found.users.map(({ image }) => image),
          ],
          { volume, content, signal },
        )
      : undefined;
  if (owner && trial?.loads === false) {
    throw new SituationError({
      what: `The service's Redis does not load the data: ${trial.problem}`,
      fix: "Leave out --service to copy it anyway, then repair the copy with redis-check-aof or redis-check-rdb",
    });
  }
  signal.throwIfAborted();
  const change =
    owner &&
    planChange(owner, { traces: mountTraces(found, inventory), content, to, toNodeId: toEngine.report.nodeId });
  return { volume, from, to, toEngine, targetExists, content, trial, change };
}

function requireTarget(to: string | undefined): string {
  if (to !== undefined) return requireVolumeName(to, "--to");
  throw new InputError({
    path: "--to",
    expected: "the name of the volume that is to get the data",
    got: "none",
    fix: "Give the name of a new volume",
  });
}

async function requireEmptyTarget(
  { connection: { docker }, report }: AnsweredEngine,
  to: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (!(await inspectVolume(docker, to))) return false;
  await requireIdle(docker, to, report.hostname);
  const { kind, fileCount } = identifyContent(await read(docker, to, signal));
  if (kind === "empty") return true;
  throw new InputError({
    path: "--to",
    expected: `a new or empty volume on ${report.hostname}`,
    got: `${showValue(to)}, which holds ${fileCount} ${fileCount === 1 ? "file" : "files"}`,
    fix: "Choose another name",
  });
}

/** Refuses a copy that the node has no room for. How much is free on another machine, its engine does not say. */
async function requireRoom({ report }: AnsweredEngine, sizeBytes: number): Promise<void> {
  const disk = report.isLocal ? (await readHostFacts(report.dataRoot)).disk : undefined;
  if (disk === undefined || sizeBytes + spareBytes <= disk.freeBytes) return;
  throw new SituationError({
    what: `The copy needs ${byteWords(sizeBytes)} and ${byteWords(spareBytes)} to spare, but ${report.hostname} has ${byteWords(disk.freeBytes)} free`,
    fix: "Make room, or choose another node with --to-node; a sparse file takes its full length in the copy",
  });
}

async function read(docker: Docker, volume: string, signal: AbortSignal): Promise<VolumeListing> {
  const listing = await withArchives(docker, (open) =>
    open(volume, { readOnly: true }, (archive) => archive.list({ limitBytes: planReadBytes, signal })),
  );
  signal.throwIfAborted();
  return listing;
}

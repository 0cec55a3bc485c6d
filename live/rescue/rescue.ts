/** Copies what a service has lost into a named volume, proves that the copy is the same, and points the service at it. */
import type Docker from "dockerode";
import { identifyContent, type VolumeContent, type VolumeListing } from "../../model/storage/volume-content.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import type { Service, ServiceSpec } from "../../swarm/api/objects.ts";
import { inspectVolume, listContainersWithVolume } from "../../swarm/api/reads.ts";
import { redactor, secretsOfContainer } from "../../swarm/api/redaction.ts";
import { connectEngine, type EngineConnection } from "../../swarm/engine/connection.ts";
import { limitSilence } from "../../swarm/engine/requests.ts";
import { updateService } from "../../swarm/service/changes.ts";
import { advised, advisedDocker } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { readHostFacts } from "../host-facts.ts";
import type { AnsweredEngine, Inventory, NodeVolume } from "../inventory.ts";
import { requireInside, withArchives, type VolumeArchive, type VolumeDigest } from "../volume-archive.ts";
import { tryInRedis, type RedisTrial } from "./redis-trial.ts";
import { mountTraces, programOf } from "./search.ts";
import { constraintsFor, findOwner, mountTarget, nodeOfOwner, pointedAt, type OwningService } from "./service.ts";

/** What is to be rescued, and where to. */
export interface RescueRequest {
  readonly volume: string;
  /** Hostname; may be left out where one node alone has a volume of this name. */
  readonly fromNode?: string | undefined;
  /** The named volume that gets the data; without it no rescue is planned, but what cannot be rescued is refused for that first. */
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
  /** An empty volume of that name is there. */
  readonly targetExists: boolean;
  readonly content: VolumeContent;
  /** What a Redis made of it; undefined for other data, and where none could be asked. */
  readonly trial: RedisTrial | undefined;
  readonly change: RescueChange | undefined;
}

/** How the service would be changed. */
export interface RescueChange {
  readonly name: string;
  readonly service: Service;
  readonly target: string;
  /** What it mounts there now; undefined for nothing. */
  readonly formerSource: string | undefined;
  readonly constraints: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly spec: ServiceSpec;
}

/** What came of a rescue. */
export interface RescueResult extends VolumeDigest {
  readonly volume: string;
  readonly fromNode: string;
  readonly to: string;
  readonly toNode: string;
  readonly service: string | undefined;
}

/** A copy that was begun and is not what it was to be; it was removed again. */
class RescueError extends Error {
  override readonly name = "RescueError";
}

/** How much is read beforehand to tell what is in the volume; what is larger is not tried in Redis. */
const planReadBytes = 256 * 1024 ** 2;
/** An engine that says nothing for so long in the middle of a copy counts as gone. */
const copySilenceMs = 60_000;
const updateLimitMs = 300_000;
/** What a copy leaves free on its node for all else that runs there. */
const spareBytes = 64 * 1024 ** 2;

/** The label of a volume that was made by a rescue: where its data comes from. */
const originLabel = "holdfast.rescued-from";

/**
 * Plans a rescue; nothing is changed.
 *
 * @throws InputError when the volume is not found, is in use or empty, when the target is not named or not empty, or when the service
 *   cannot be pointed at it
 */
export async function planRescue(
  inventory: Inventory,
  request: RescueRequest,
  signal: AbortSignal,
): Promise<RescuePlan> {
  const { from, found } = findSource(inventory, request);
  const owner = request.service === undefined ? undefined : await findOwner(inventory, request.service);
  const toNode = request.toNode ?? (owner && nodeOfOwner(owner, inventory)) ?? found.node;
  const toEngine = engineOf(inventory, toNode, "--to-node");
  await requireIdle(from.connection.docker, request.volume, found.node);
  const to = requireTarget(request.to);
  const targetExists = await requireEmptyTarget(toEngine, to, signal);
  const listing = await read(from.connection.docker, request.volume, signal);
  const content = identifyContent(listing);
  if (content.kind === "empty") {
    throw new InputError({
      path: "volume",
      expected: "one with data in it",
      got: `the empty volume ${showValue(request.volume)}`,
      fix: `List the volumes with data by \`${advised("rescue")}\``,
    });
  }
  listing.files.forEach(requireInside);
  await requireRoom(toEngine, to, Math.max(content.sizeBytes, found.sizeBytes ?? 0));
  const trial =
    content.kind === "redis" && content.isWhole ? await findTrial({ from, found, owner, content }, signal) : undefined;
  if (owner && trial?.loads === false) {
    throw new InputError({
      path: "volume",
      expected: "data that the service's Redis loads",
      got: trial.problem,
      fix: "Leave out --service to copy it all the same, and repair the copy with redis-check-aof or redis-check-rdb",
    });
  }
  signal.throwIfAborted();
  const change = owner && planChange(owner, { inventory, found, content, to, toEngine });
  return { volume: request.volume, from, to, toEngine, targetExists, content, trial, change };
}

function requireTarget(to: string | undefined): string {
  if (to !== undefined) return requireVolumeName(to, "--to");
  throw new InputError({
    path: "--to",
    expected: "the name of the volume that is to get the data",
    got: "none",
    fix: "Give the name of one that does not exist yet",
  });
}

/** The volume that is to be rescued, and the engine that has it. */
interface Source {
  readonly from: AnsweredEngine;
  readonly found: NodeVolume;
}

function findSource(inventory: Inventory, { volume, fromNode }: RescueRequest): Source {
  if (fromNode !== undefined) engineOf(inventory, fromNode, "--from-node");
  const named = inventory.volumes.filter(
    ({ node, volume: { Name } }) => Name === volume && (fromNode === undefined || node === fromNode),
  );
  const [found, ...others] = named;
  if (!found) {
    const unseen = inventory.unseenNodes;
    throw new InputError({
      path: "volume",
      expected: `a volume of ${fromNode ?? "a node whose engine was asked"}`,
      got: `${showValue(volume)}, which is not there`,
      fix:
        fromNode === undefined && unseen.length > 0
          ? `Name the engines of the other nodes too (${unseen.join(", ")}), or list what there is by \`${advised("rescue")}\``
          : `List what there is by \`${advised("rescue")}\``,
    });
  }
  if (others.length > 0) {
    throw new InputError({
      path: "--from-node",
      expected: `one of ${named.map(({ node }) => node).join(", ")}, which all have a volume of this name`,
      got: "none",
      fix: "Name the node whose volume it is",
    });
  }
  return { from: engineOf(inventory, found.node, "--from-node"), found };
}

function engineOf({ engines, swarm }: Inventory, node: string, path: string): AnsweredEngine {
  const answered = engines.filter((engine) => "report" in engine);
  const engine = answered.find(({ report }) => report.hostname === node);
  if (engine) return engine;
  const isKnown = swarm?.nodes.some(({ hostname }) => hostname === node) ?? false;
  throw new InputError({
    path: isKnown ? "--engine" : path,
    expected: isKnown
      ? `the engine of ${node}`
      : `one of ${answered.map(({ report }) => report.hostname).join(", ") || "none: no engine answers"}`,
    got: isKnown ? "none that answers" : showValue(node),
    fix: isKnown
      ? "Name it with --engine once the node is up"
      : "Name a node by its hostname, as docker node ls shows it",
  });
}

/** Refuses while a container may write into the volume. */
async function requireIdle(docker: Docker, volume: string, node: string): Promise<void> {
  const user = await writerOf(docker, volume);
  if (!user) return;
  const service = user.Labels?.["com.docker.swarm.service.name"];
  const name = user.Names[0]?.replace(/^\//, "") ?? user.Id.slice(0, 12);
  throw new InputError({
    path: `volume ${showValue(volume)}`,
    expected: `a volume that no container of ${node} writes to`,
    got: `one that ${name} uses`,
    fix: `Stop it first: \`${advisedDocker(service === undefined ? `stop ${name}` : `service scale ${service}=0`)}\``,
  });
}

async function writerOf(docker: Docker, volume: string) {
  const users = await listContainersWithVolume(docker, volume);
  return users.find(({ State }) => !["created", "exited", "dead"].includes(State));
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
    expected: `a volume that is not there yet or is empty on ${report.hostname}`,
    got: `${showValue(to)}, which holds ${fileCount} ${fileCount === 1 ? "file" : "files"}`,
    fix: "Choose another name",
  });
}

/**
 * Refuses a copy that the node has no room for. A sparse file counts with all its length, for the copy has no holes. How much is free on
 * another machine, its engine does not tell.
 */
async function requireRoom({ report }: AnsweredEngine, to: string, sizeBytes: number): Promise<void> {
  const disk = report.isLocal ? (await readHostFacts(report.dataRoot)).disk : undefined;
  if (disk === undefined || sizeBytes + spareBytes <= disk.freeBytes) return;
  throw new InputError({
    path: "--to",
    expected: `room for ${byteWords(sizeBytes)} on ${report.hostname}, and ${byteWords(spareBytes)} to spare`,
    got: `${showValue(to)}, for which ${byteWords(disk.freeBytes)} are free`,
    fix: "Make room, or choose another node with --to-node; a sparse file takes all its length in a copy",
  });
}

async function read(docker: Docker, volume: string, signal: AbortSignal): Promise<VolumeListing> {
  const listing = await withArchives(docker, (open) =>
    open(volume, { readOnly: true }, (archive) => archive.list({ limitBytes: planReadBytes, signal })),
  );
  signal.throwIfAborted();
  return listing;
}

/** Asks the service's Redis, else the one that wrote the data, else any that the node has an image of. */
async function findTrial(
  { from, found, owner, content }: Source & { owner: OwningService | undefined; content: VolumeContent },
  signal: AbortSignal,
): Promise<RedisTrial | undefined> {
  const { docker } = from.connection;
  const { volume, users } = found;
  const onNode = (await docker.listImages()).flatMap(({ RepoTags, RepoDigests }) => [
    ...((RepoTags as string[] | null) ?? []), // Null for an image without any, which the types do not know.
    ...((RepoDigests as string[] | null) ?? []),
  ]);
  const owners = owner?.service.Spec.TaskTemplate.ContainerSpec?.Image;
  const candidates = [...(owners === undefined ? [] : [owners]), ...users.map(({ image }) => image), ...onNode];
  for (const image of candidates.filter((name) => programOf(name) === "redis")) {
    const isThere = await docker
      .getImage(image)
      .inspect()
      .then(
        () => true,
        () => false,
      );
    if (isThere) return tryInRedis(docker, volume.Name, image, content, signal);
  }
  return undefined;
}

function planChange(
  owner: OwningService,
  plan: { inventory: Inventory; found: NodeVolume; content: VolumeContent; to: string; toEngine: AnsweredEngine },
): RescueChange {
  const { Spec } = owner.service;
  const target = mountTarget(owner, mountTraces(plan.found, plan.inventory), plan.content);
  const before = Spec.TaskTemplate.Placement?.Constraints ?? [];
  const node = owner.estate.nodes?.find(({ id }) => id === plan.toEngine.report.nodeId);
  const after = node ? constraintsFor(node, owner) : before;
  const former = Spec.TaskTemplate.ContainerSpec?.Mounts?.find(({ Target }) => Target === target);
  return {
    name: Spec.Name,
    service: owner.service,
    target,
    formerSource: former?.Source ?? undefined,
    constraints: { before, after },
    spec: pointedAt(Spec, plan.to, target, after),
  };
}

/**
 * Carries a plan out. The original is only read: it is mounted for reading, and held so that nothing removes it meanwhile.
 *
 * @throws RescueError when the copy is not the same as the original, or that was changed meanwhile; the copy is gone then
 * @throws ConvergenceError when the copy was made, and the service does not run on it
 */
export async function carryOutRescue(
  inventory: Inventory,
  plan: RescuePlan,
  options: { signal: AbortSignal; onProgress: (message: string) => void },
): Promise<RescueResult> {
  const { volume, from, to, toEngine, change } = plan;
  const copied = await copyVolume(plan, options);
  if (change) {
    options.onProgress(`pointing ${change.name} at ${to}`);
    await updateService(managerOf(inventory), change.service.ID, change.spec, {
      ...options,
      deadlineMs: performance.now() + updateLimitMs,
      redact: redactor(secretsOfContainer(change.service.Spec.TaskTemplate.ContainerSpec ?? {})),
      credentials: undefined,
    });
  }
  return {
    volume,
    fromNode: from.report.hostname,
    to,
    toNode: toEngine.report.hostname,
    service: change?.name,
    ...copied,
  };
}

async function copyVolume(
  { volume, from, to, toEngine, targetExists }: RescuePlan,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (message: string) => void },
): Promise<VolumeDigest> {
  const source = patient(from.connection);
  const target = patient(toEngine.connection);
  const isNew = !targetExists;
  if (isNew) await target.createVolume({ Name: to, Labels: { [originLabel]: `${from.report.hostname}/${volume}` } });
  try {
    return await withArchives(source, (openSource) =>
      withArchives(target, (openTarget) =>
        openSource(volume, { readOnly: true }, (original) =>
          openTarget(to, { readOnly: false }, async (copy) => {
            onProgress(`copying to ${to} on ${toEngine.report.hostname}`);
            const sent = await original.copyTo(copy, signal);
            onProgress("reading both again to compare them");
            await requireSame(sent, { original, copy }, signal);
            if (await writerOf(source, volume))
              throw new RescueError(`volume ${volume}: a container was started on it during the copy.`);
            return sent;
          }),
        ),
      ),
    );
  } catch (error) {
    if (isNew)
      await target
        .getVolume(to)
        .remove()
        .catch(() => undefined);
    throw error;
  }
}

async function requireSame(
  sent: VolumeDigest,
  { original, copy }: { original: VolumeArchive; copy: VolumeArchive },
  signal: AbortSignal,
): Promise<void> {
  const [received, kept] = [await copy.digest(signal), await original.digest(signal)];
  if (kept.digest !== sent.digest)
    throw new RescueError("the original was changed during the copy: nothing may write to it meanwhile.");
  if (received.digest !== sent.digest) {
    throw new RescueError(
      `the copy differs from the original (${received.entryCount} entries, ${received.sizeBytes} bytes, instead of ${sent.entryCount} and ${sent.sizeBytes}).`,
    );
  }
}

/** A connection of its own, on which a long silence is no failure: an engine answers a large archive when it has taken all of it. */
function patient(connection: EngineConnection): Docker {
  const { docker } = connectEngine(connection);
  limitSilence(docker, copySilenceMs);
  return docker;
}

function managerOf({ engines }: Inventory): EngineConnection {
  const manager = engines.filter((engine) => "report" in engine).find(({ report }) => report.isManager);
  if (!manager) throw new RescueError("no manager answers."); // The plan has asked one.
  return manager.connection;
}

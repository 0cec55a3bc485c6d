/**
 * Moves a service's data to another node: it is copied while the service runs, and only the last difference while its task is replaced.
 *
 * The service is updated once. Swarm stops its old task and starts the new one on the other node, whose start guard asks for the rest;
 * the sender then takes the lock of the old volume, sends it, and gives the data away. Until that moment the data is where it was, and
 * Swarm can bring the service back there; from then on it is on the other node.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { z } from "zod";
import type { BackupLine, moveMeasureSchema } from "../../backup/protocol.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import { labelsOfOwner, ownerInLabels } from "../../model/service/ownership.ts";
import type { ContainerMount, Service } from "../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { createService } from "../../swarm/service/changes.ts";
import { removeOneOff } from "../../swarm/service/one-off-task.ts";
import { isLive } from "../../swarm/service/tasks.ts";
import { advised, advisedDocker } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import { errorWords } from "../../text/error-text.ts";
import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { findCompanions, isReady, type BackupService } from "../backup/companion.ts";
import { awaitBackupTask, BackupTaskError } from "../backup/companion-task.ts";
import { followVolume } from "../backup/restore.ts";
import { mountsVolume, pointAt, type Repointing } from "../backup/restore-plan.ts";
import { makeReady } from "../readiness/image-pull.ts";
import { readSwarm, swarmNodes, type SwarmRecord } from "../read-swarm.ts";
import { updateRepointed } from "../repointed-service.ts";
import {
  findCopying,
  isHandedOver,
  lookAtCopying,
  removeCopying,
  startCopying,
  volumeTask,
  type CopyingServices,
} from "./copying.ts";
import { findMoves, takeMove, type KnownMove, type MoveLease } from "./lease.ts";
import { moveServiceLabel, type MoveOrderRecord } from "./order-record.ts";
import {
  chooseTarget,
  chooseTargetVolume,
  readMovable,
  requireReachedRepository,
  type MovableService,
} from "./plan.ts";

/** What is to be moved. */
export interface MoveRequest {
  readonly service: string;
  /** Hostname or id of the node. @default the one with the fewest tasks that can take it */
  readonly to?: string | undefined;
  /** The image of the tasks that copy. @default that of the service's backup, else of any backup in the swarm */
  readonly image?: string | undefined;
  /** Another one, where the swarm has no backup. */
  readonly otherImage?: () => Promise<string | undefined>;
  /** Whether nothing at all may be made, not even a volume on the other node. */
  readonly dryRun?: boolean | undefined;
}

/** How a move is carried out. */
export interface MoveOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (line: Extract<BackupLine, { type: "progress" }>) => void;
  /** Told in words what is done besides the copy. */
  readonly onStep: (words: string) => void;
}

type Measure = z.infer<typeof moveMeasureSchema>;

/** What a move would do. */
export interface PlannedMove {
  readonly service: Service;
  readonly companion: BackupService | undefined;
  readonly order: MoveOrderRecord;
  readonly from: SwarmNode;
  readonly to: SwarmNode;
  readonly nodes: readonly SwarmNode[];
  readonly change: Repointing;
  /** What is on the volume; undefined where a move that was begun goes on. */
  readonly source: Measure | undefined;
  /** The room on the other node; undefined where a move that was begun goes on. */
  readonly room: Measure | undefined;
  /** The move of a run that was killed, or of one that runs. */
  readonly underWay: KnownMove | undefined;
}

/** What came of a move. */
export interface MoveResult {
  /** Undefined where a run before this one has seen the end of the copy. */
  readonly files: number | undefined;
  readonly bytes: number | undefined;
  /** How long the last difference took, while the task was replaced. */
  readonly lastSeconds: number | undefined;
  /** Why the backup does not follow; undefined where it does, or there is none. */
  readonly companionProblem: string | undefined;
}

const measureSilenceMs = 15 * 60_000;
/** What the disk keeps free beside the copy: the server goes on writing. */
const reserve = 1.05;
const lookEveryMs = 500;

/**
 * Plans a move. Nothing is changed but that the other node may get an empty volume.
 *
 * @throws InputError or SituationError where it cannot be done as asked
 */
export async function planMove(
  connection: EngineConnection,
  request: MoveRequest,
  options: MoveOptions,
): Promise<PlannedMove> {
  const swarm = await readSwarm(connection);
  const companion = findCompanions(swarm).find(({ of }) => of === request.service);
  const known = (await findMoves(connection.docker)).find(({ service }) => service === request.service);
  if (known) {
    const resumed = resume(swarm, request, known, companion);
    if (resumed) return resumed;
    // It was begun, never touched the service, and is not what is wanted now.
    await abandon(connection, known, options.signal);
  }
  const movable = readMovable(swarm, request.service, companion);
  const { service, store, mount, volume, node: from } = movable;
  requireReadable(movable);
  const to = chooseTarget(movable, swarm, request.to);
  requireReachedRepository(companion, to);
  const image = request.image ?? companionImage(companion, swarm) ?? (await request.otherImage?.());
  if (image === undefined) throw noImage();
  options.onStep(`looking at ${volume} on ${from.hostname}, and at the room on ${to.hostname}`);
  const measure = (node: SwarmNode, measured: ContainerMount | undefined, isReadOnly: boolean) =>
    measureVolume(connection, { service: request.service, image, node, mount: measured, isReadOnly }, options);
  const labels = volumeLabels(service);
  const [source, room] = await Promise.all([
    measure(from, { Type: "volume", Source: volume, Target: "/" }, false),
    measure(
      to,
      request.dryRun ? undefined : { Type: "volume", Source: volume, Target: "/", VolumeOptions: { Labels: labels } },
      true,
    ),
  ]);
  requireStore(movable.service, store, source);
  const isFree =
    !swarm.services.some(
      ({ ID, Spec }) => ID !== service.ID && ID !== companion?.service.ID && mountsVolume(Spec, volume),
    ) &&
    (room.holds === "nothing" || (room.holds === "arriving" && room.store === store));
  const toVolume = chooseTargetVolume(volume, swarm.services, isFree, new Date());
  requireRoom(to, source, room);
  return {
    ...{ service, companion, from, to, nodes: swarm.nodes, source, room, underWay: undefined },
    order: {
      move: randomBytes(4).toString("hex"),
      ...{ store, target: mount.Target, fromNode: from.id, fromVolume: volume, toNode: to.id, toVolume, image },
    },
    change: pointAt(service, mount.Target, toVolume, to, swarm.nodes),
  };
}

/** The task that sends runs beside the data. */
function requireReadable({ service: { Spec }, node }: Pick<MovableService, "service" | "node">): void {
  if (isReady(node)) return;
  const isUp = node.state === "ready";
  throw new SituationError({
    what: `${node.hostname}, where the data of ${Spec.Name} is, is ${isUp ? node.availability : node.state}, so that nothing can read it. Nothing was changed`,
    fix: isUp
      ? `Take that back first: \`${advisedDocker(`node update --availability active ${node.hostname}`)}\``
      : `Bring it back; or restore the data elsewhere from its backup: \`${advised("restore", Spec.Name)}\``,
  });
}

function volumeLabels({ Spec }: Service): Record<string, string> {
  const owner = ownerInLabels(Spec.Labels);
  return owner ? labelsOfOwner(owner) : {};
}

/**
 * The move that was begun, where it is the one that is wanted.
 *
 * @returns undefined where another one is wanted and the service was not touched yet
 * @throws SituationError where the one that was begun must be finished first
 */
function resume(
  swarm: SwarmRecord,
  { service: name, to: wanted }: MoveRequest,
  known: KnownMove,
  companion: BackupService | undefined,
): PlannedMove | undefined {
  const { order } = known;
  const nodeBy = (id: string) => swarm.nodes.find((node) => node.id === id);
  const [from, to] = [nodeBy(order.fromNode), nodeBy(order.toNode)];
  const service = swarm.services.find(({ Spec }) => Spec.Name === name);
  if (service === undefined || from === undefined || to === undefined) return undefined;
  const change = pointAt(service, order.target, order.toVolume, to, swarm.nodes);
  if (wanted === undefined || wanted === to.hostname || wanted === to.id)
    return {
      service,
      companion,
      order,
      from,
      to,
      nodes: swarm.nodes,
      change,
      source: undefined,
      room: undefined,
      underWay: known,
    };
  if (!change.isDone) return undefined;
  throw new SituationError({
    what: `A move of ${name} to ${to.hostname} is under way`,
    fix: `Finish it first: \`holdfast move ${name} --to ${to.hostname}\``,
  });
}

/** Removes what a killed run has begun, where it has not touched the service. */
async function abandon({ docker }: EngineConnection, known: KnownMove, signal: AbortSignal): Promise<void> {
  const service = await inspectService(docker, known.service);
  const lease = await takeMove(docker, service?.ID ?? "", known, signal);
  await removeCopying(docker, known.order.move);
  await lease.end();
}

function companionImage(companion: BackupService | undefined, swarm: SwarmRecord): string | undefined {
  const one = companion ?? findCompanions(swarm)[0];
  return one?.service.Spec.TaskTemplate.ContainerSpec?.Image;
}

function noImage(): InputError {
  return new InputError({
    path: "--image",
    expected: "the image of Holdfast's backups, whose program copies the data",
    got: "none, and no service of this swarm has a backup whose image could be taken",
    fix: "Build it and push it where the nodes pull from (docs/backup.md), and name it with --image, by digest",
  });
}

async function measureVolume(
  connection: EngineConnection,
  {
    service,
    image,
    node,
    mount,
    isReadOnly,
  }: {
    readonly service: string;
    readonly image: string;
    readonly node: SwarmNode;
    readonly mount: ContainerMount | undefined;
    readonly isReadOnly: boolean;
  },
  { signal, onProgress }: MoveOptions,
): Promise<Measure> {
  const id = await createService(
    connection,
    {
      Name: `holdfast-measure-${randomBytes(6).toString("hex")}`,
      Labels: { [moveServiceLabel]: service },
      TaskTemplate: {
        ...volumeTask({ image, command: "measure", node: node.id, mount }, { isReadOnly }),
        RestartPolicy: { Condition: "none" },
      },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: "dnsrr" },
    },
    undefined,
  );
  try {
    const result = await awaitBackupTask(connection, id, { signal, onProgress, silenceMs: measureSilenceMs });
    if (result.command !== "measure") throw new TypeError("The task of a measurement answers with one.");
    return result;
  } finally {
    await removeOneOff(connection.docker, id);
  }
}

function requireStore({ Spec }: Service, store: string, { holds, store: found, isLocked }: Measure): void {
  if (holds !== "data" || found !== store) {
    throw new SituationError({
      what: `${Spec.Name} cannot be moved: its volume holds ${holds === "moved" ? "what was moved elsewhere" : found === undefined ? "no data with its mark" : `the data of ${found}`}, and not that of ${store}. Nothing was changed`,
      fix: "Deploy the service where its data is, and move it from there",
    });
  }
  if (isLocked) return;
  throw new SituationError({
    what: `${Spec.Name} cannot be moved: no running server has the lock of its volume. Nothing was changed`,
    fix: "Start it first. If it runs, its image has no program `flock`, by which the end of the old server is known: use one that has",
  });
}

function requireRoom(to: SwarmNode, { allocatedBytes }: Measure, { freeBytes }: Measure): void {
  if (allocatedBytes * reserve < freeBytes) return;
  throw new SituationError({
    what: `${to.hostname} has ${byteWords(freeBytes)} free, and the data takes ${byteWords(allocatedBytes)}. Nothing was changed`,
    fix: "Make room there, or move it to another node",
  });
}

/**
 * Carries a move out, or goes on with it. What the swarm knows of it stays until {@link MoveLease.end}.
 *
 * @throws SituationError or BackupTaskError where the service was not touched; ConvergenceError where it was brought back
 */
export async function carryOutMove(
  connection: EngineConnection,
  plan: PlannedMove,
  options: MoveOptions,
): Promise<{ readonly result: MoveResult; readonly lease: MoveLease }> {
  const { docker } = connection;
  const { service, order, underWay } = plan;
  const begun = underWay ?? { service: service.Spec.Name, order };
  const lease = await takeMove(docker, service.ID, begun, options.signal);
  const signal = AbortSignal.any([options.signal, lease.lost]);
  try {
    const result = await drive(connection, plan, lease.known, { ...options, signal });
    return { result, lease };
  } catch (error) {
    // Another run has it now.
    if (lease.lost.aborted) throw lease.lost.reason;
    if (await isUntouched(docker, plan, lease.known)) {
      await removeCopying(docker, order.move);
      await lease.end();
    } else await lease.release();
    throw error;
  }
}

/** Whether the service is, for sure, where it was: then what copies may be removed. */
async function isUntouched(docker: Docker, plan: PlannedMove, known: KnownMove): Promise<boolean> {
  const copying = await findCopying(docker, known);
  if (copying && (await isHandedOver(docker, copying))) return false;
  const { present, change } = await presentChange(docker, plan);
  if (change.isDone || present.UpdateStatus?.State === "rollback_started") return false;
  const tasks = await listTasks(docker, present.ID);
  return tasks.every((task) => !isLive(task) || task.NodeID !== known.order.toNode);
}

async function drive(
  connection: EngineConnection,
  plan: PlannedMove,
  known: KnownMove,
  options: MoveOptions,
): Promise<MoveResult> {
  const { docker } = connection;
  const { service, change, from, to, nodes, companion, order } = plan;
  const { Name: name } = service.Spec;
  if (!change.isDone) {
    await makeReady(connection, service.ID, change.spec, {
      credentials: undefined,
      mayLackCredentials: true,
      onProgress: options.onStep,
      signal: options.signal,
    });
  }
  options.onStep(
    `copying ${order.fromVolume} from ${from.hostname} to ${order.toVolume} on ${to.hostname}, while ${name} runs`,
  );
  const copying = await startCopying(connection, known, {
    destination: `${order.toVolume} on ${to.hostname}`,
    labels: volumeLabels(service),
  });
  await untilLevel(connection, plan, copying, options);
  await replaceTask(connection, plan, copying, options);
  const sent = await awaitHandOver(connection, plan, copying, options);
  const problem =
    companion && (await followVolume(connection, { companion, volume: order.toVolume, node: to, nodes }, options));
  await removeCopying(docker, order.move);
  return { ...sent, companionProblem: problem };
}

/** Waits until the copy has all but what is written meanwhile. */
async function untilLevel(
  connection: EngineConnection,
  { from, to, change }: PlannedMove,
  copying: CopyingServices,
  { signal, onProgress }: MoveOptions,
): Promise<void> {
  const { docker } = connection;
  let told = "";
  for (;;) {
    signal.throwIfAborted();
    if (change.isDone || (await isHandedOver(docker, copying))) return;
    const nodes = await swarmNodes(connection);
    for (const { id, hostname } of [from, to]) {
      const state = nodes.find((node) => node.id === id)?.state ?? "gone";
      if (state === "down" || state === "gone")
        throw new BackupTaskError(`${hostname} is ${state}. The service was not touched; run the command again.`);
    }
    for (const [id, isSender] of [
      [copying.sender, true],
      [copying.receiver, false],
    ] as const) {
      const { task, lines } = await lookAtCopying(docker, id);
      if (task && task.Status.State === "rejected")
        throw new BackupTaskError(`the task that copies cannot start: ${task.Status.Err}`);
      const last = lines.at(-1);
      if (last?.type === "error") throw new BackupTaskError(last.message);
      if (!isSender) continue;
      if (last?.type === "level") return;
      const text = JSON.stringify(last);
      if (last?.type === "progress" && text !== told) onProgress(last);
      told = text;
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The one update of the service; where it fails, the data decides on which side the service goes on. */
async function replaceTask(
  connection: EngineConnection,
  plan: PlannedMove,
  copying: CopyingServices,
  options: MoveOptions,
): Promise<void> {
  const { docker } = connection;
  const { Name } = plan.service.Spec;
  for (let tried = 1; ; tried++) {
    const { present, change } = await presentChange(docker, plan);
    options.signal.throwIfAborted();
    if (change.isDone && present.UpdateStatus?.State !== "updating") return;
    options.onStep(
      `replacing the task of ${Name}: the new one starts on ${plan.to.hostname} with the rest of the data`,
    );
    try {
      await updateRepointed(connection, change, { signal: options.signal, onProgress: options.onStep });
      return;
    } catch (error) {
      if (options.signal.aborted) throw error;
      const isOver = await isHandedOver(docker, copying);
      // The data is there for good: a server that Swarm has brought back would not start.
      if (tried === 1 && isOver) continue;
      if (!isOver) await bringBack(connection, plan, options);
      throw error;
    }
  }
}

async function presentChange(
  docker: Docker,
  { service, order, to, nodes }: PlannedMove,
): Promise<{ present: Service; change: Repointing }> {
  const present = await inspectService(docker, service.ID);
  if (present === undefined) throw new BackupTaskError(`${service.Spec.Name} was removed by somebody else.`);
  return { present, change: pointAt(present, order.target, order.toVolume, to, nodes) };
}

/** Points the service at its former volume, where Swarm has not done that by itself. */
async function bringBack(
  connection: EngineConnection,
  plan: PlannedMove,
  { signal, onStep }: MoveOptions,
): Promise<void> {
  const { present, change } = await presentChange(connection.docker, plan);
  if (!change.isDone) return;
  const { order, from, nodes, service } = plan;
  onStep(`bringing ${service.Spec.Name} back to its former volume, which has all data`);
  const back = pointAt(present, order.target, order.fromVolume, from, nodes);
  await updateRepointed(connection, back, { signal, onProgress: onStep });
}

const handOverLimitMs = 300_000;

/** Waits until the data is the other node's and the server runs there. */
async function awaitHandOver(
  connection: EngineConnection,
  plan: PlannedMove,
  copying: CopyingServices,
  { signal }: MoveOptions,
): Promise<Omit<MoveResult, "companionProblem">> {
  const { docker } = connection;
  const { service, to } = plan;
  const deadline = performance.now() + handOverLimitMs;
  for (;;) {
    signal.throwIfAborted();
    const { lines } = await lookAtCopying(docker, copying.sender);
    const sent = lines.find((line) => line.type === "result");
    const isOver = sent !== undefined || (await isHandedOver(docker, copying));
    const isRunning = (await listTasks(docker, service.ID)).some(
      ({ NodeID, Status, DesiredState }) =>
        NodeID === to.id && Status.State === "running" && DesiredState === "running",
    );
    if (isOver && isRunning) {
      return sent?.command === "send" && sent.files > 0
        ? { files: sent.files, bytes: sent.bytes, lastSeconds: sent.lastSeconds }
        : { files: undefined, bytes: undefined, lastSeconds: undefined };
    }
    if (performance.now() > deadline) {
      const what = isOver ? `does not run on ${to.hostname}, where its data is` : "has not got its data yet";
      throw new BackupTaskError(
        `${service.Spec.Name} ${what}. See \`${advisedDocker(`service ps --no-trunc ${service.Spec.Name}`)}\`, and run the command again.`,
      );
    }
    await sleep(lookEveryMs);
  }
}

/** The words of a failed move about where the data is. */
export async function whereDataIs({ docker }: EngineConnection, plan: PlannedMove): Promise<string> {
  const { service, order, from, to } = plan;
  try {
    const known = (await findMoves(docker)).find((each) => each.order.move === order.move);
    const copying = known && (await findCopying(docker, known));
    if (copying && (await isHandedOver(docker, copying)))
      return `All data of ${service.Spec.Name} is in ${order.toVolume} on ${to.hostname}.`;
    return `All data of ${service.Spec.Name} is in ${order.fromVolume} on ${from.hostname}.`;
  } catch (error) {
    return `Where the data of ${service.Spec.Name} is could not be asked (${errorWords(error)}): its start guard lets the server start only where it is.`;
  }
}

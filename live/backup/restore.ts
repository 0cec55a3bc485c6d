/**
 * Brings a service's data back: a task on the node restores it from the repository into a volume of its own and proves it by loading,
 * and only then the service is pointed at that volume. The former volume is left as it is.
 *
 * Killed at any moment, it leaves the service on its former volume or on the whole restored one. What is under way goes on in its task,
 * which the next run finds by its label.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { z } from "zod";
import type { backupRestoreSchema } from "../../backup/protocol.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import { labelsOfOwner, ownerInLabels, ownerLabels } from "../../model/service/ownership.ts";
import type { ContainerMount, Service } from "../../swarm/api/objects.ts";
import { loginFor } from "../../swarm/api/registry-credentials.ts";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { removeOneOff } from "../../swarm/service/one-off-task.ts";
import { advised, advisedDocker } from "../../text/advised-command.ts";
import { errorWords } from "../../text/error-text.ts";
import { momentWords } from "../../text/moment.ts";
import { SituationError } from "../../text/situation-error.ts";
import { makeStoreReady } from "../readiness/first-start.ts";
import { makeReady } from "../readiness/image-pull.ts";
import { readSwarm } from "../read-swarm.ts";
import { updateRepointed } from "../repointed-service.ts";
import { companionOf, findCompanions, whyLate, type BackupService } from "./companion.ts";
import { keepDrillElsewhere } from "./drill.ts";
import {
  awaitBackupTask,
  endedForMs,
  findBackupTasks,
  startBackupTask,
  type BackupTaskOptions,
  type FoundBackupTask,
} from "./companion-task.ts";
import { listBackup } from "./list.ts";
import {
  chooseNode,
  choosePoint,
  chooseVolume,
  pointAt,
  requireOneTask,
  type BackupList,
  type RestorePoint,
  type Repointing,
} from "./restore-plan.ts";
import { dataMemoryBytes, restorePath } from "./verify.ts";

/** What is to be restored, and where to. */
export interface RestoreRequest {
  readonly service: string;
  /** The last second whose writes are wanted. @default all that was delivered */
  readonly atSeconds?: number | undefined;
  /** The volume that gets the data. @default the present one's name with the time of the state */
  readonly to?: string | undefined;
  /** Hostname or id. @default the node of the data, else the only one that can take its place */
  readonly node?: string | undefined;
}

/** What a restore would do. */
export interface PlannedRestore {
  readonly companion: BackupService;
  readonly node: SwarmNode;
  readonly nodes: readonly SwarmNode[];
  readonly volume: string;
  readonly atSeconds: number | undefined;
  readonly point: RestorePoint;
  readonly list: BackupList;
  /** Undefined where the service is gone: then its data is brought back, and nothing else. */
  readonly change: Repointing | undefined;
  /** What the service mounts, or mounted before a killed run pointed it at the restored volume. */
  readonly formerVolume: string | undefined;
  /** Whether the service has a task that runs. */
  readonly isRunning: boolean;
  /** The task of a run that was killed, or of somebody else's, which does just this. */
  readonly underWay: FoundBackupTask | undefined;
}

/** What came of a restore. */
export interface RestoreResult {
  readonly restored: z.infer<typeof backupRestoreSchema>;
  /** Whether the service runs on the restored data. */
  readonly isInUse: boolean;
  /** Why the companion does not follow the restored volume; undefined where it does. */
  readonly companionProblem: string | undefined;
}

/** The label of a volume that was restored: the state that it holds. */
const restoredLabel = "holdfast.restored";

/** A companion that does not get well by then is told as late. */
const companionPatienceMs = 90_000;
const lookEveryMs = 500;
/** Restic may be reading a large base, of which nothing is heard. */
const restoreSilenceMs = 15 * 60_000;
/** What a run that was killed longer ago has restored is no longer what the next one wants. */
const adoptedForMs = 10 * 60_000;

/**
 * Plans a restore; nothing is changed, but for tasks of killed runs that have failed.
 *
 * @throws InputError or SituationError where it cannot be done as asked
 */
export async function planServiceRestore(
  connection: EngineConnection,
  request: RestoreRequest,
  options: Pick<BackupTaskOptions, "signal" | "onProgress">,
): Promise<PlannedRestore> {
  const swarm = await readSwarm(connection);
  const { nodes, services } = swarm;
  const companion = companionOf(findCompanions(swarm), request.service);
  const { data, dataTasks, configuration } = companion;
  if (data) requireOneTask(data, configuration.data);
  const underWay = await findUnderWay(connection, companion, request);
  const node = chooseNode(companion, nodes, underWay?.node ?? request.node);
  const atSeconds = underWay?.atSeconds ?? request.atSeconds;
  const list = await listBackup(connection, companion, { nodes, node, atSeconds, ...options });
  const point = choosePoint(list, atSeconds, whyLate(companion, nodes) !== undefined);
  const volume = underWay?.volume ?? chooseVolume(companion, point.pointSeconds, services, request.to);
  const change = data && pointAt(data, configuration.data, volume, node, nodes);
  return {
    companion,
    node,
    nodes,
    volume,
    atSeconds,
    point,
    list,
    change,
    formerVolume: underWay?.former ?? change?.former?.Source ?? undefined,
    isRunning: dataTasks.some(
      ({ DesiredState, Status, NodeID }) =>
        DesiredState === "running" &&
        Status.State === "running" &&
        nodes.find(({ id }) => id === NodeID)?.state === "ready",
    ),
    underWay: underWay?.task,
  };
}

interface UnderWay {
  readonly task: FoundBackupTask;
  readonly volume: string;
  readonly node: string;
  readonly atSeconds: number | undefined;
  /** What the service mounted when it began. */
  readonly former: string | undefined;
}

/**
 * The restore that is under way, or has ended a moment ago, where it is the one that is asked for. Others that have ended are removed:
 * such a task holds no data.
 *
 * @throws SituationError where another one runs
 */
async function findUnderWay(
  { docker }: EngineConnection,
  { of }: BackupService,
  { atSeconds, to, node }: RestoreRequest,
): Promise<UnderWay | undefined> {
  const found = (await findBackupTasks(docker, of)).filter(({ order }) => order["command"] === "restore");
  for (const task of found) {
    const [state] = await listTasks(docker, task.service.ID);
    const { at, volume, node: where, former } = task.order;
    const endedMs = state && endedForMs(state);
    const isRunning = endedMs === undefined;
    const isUsable = isRunning || (state?.Status.State === "complete" && endedMs < adoptedForMs);
    if (typeof volume === "string" && typeof where === "string" && isUsable) {
      const other: UnderWay = {
        ...{ task, volume, node: where, atSeconds: typeof at === "number" ? at : undefined },
        former: typeof former === "string" ? former : undefined,
      };
      const isSame =
        atSeconds === other.atSeconds && (to === undefined || to === volume) && (node === undefined || node === where);
      if (isSame) return other;
      if (isRunning) throw anotherRestore(of, other);
    }
    await removeOneOff(docker, task.service.ID);
  }
  return undefined;
}

function anotherRestore(of: string, other: UnderWay): SituationError {
  const { task, volume, atSeconds } = other;
  const end = advisedDocker(`service rm ${task.service.Spec.Name}`);
  return new SituationError({
    what: `A restore of ${of} into the volume ${volume} is under way, to ${atSeconds === undefined ? "the newest state" : momentWords(atSeconds)}`,
    fix: `Run \`${restoreCommand(of, other)}\` to continue it, or stop it first with \`${end}\`; no data in use is touched`,
  });
}

/** The command that goes on with a restore, also where its time was given as one that passes by. */
export function restoreCommand(
  of: string,
  { atSeconds, volume, node }: { atSeconds: number | undefined; volume: string; node: string },
): string {
  const at = atSeconds === undefined ? [] : ["--at", momentWords(atSeconds)];
  return advised("restore", [of, ...at, "--to", volume, "--node", node].join(" "));
}

/** How a restore is carried out. */
export interface RestoreOptions extends Pick<BackupTaskOptions, "signal" | "onProgress"> {
  /** Told in words what is done besides the restore itself. */
  readonly onStep: (words: string) => void;
}

/**
 * Carries a plan out.
 *
 * @throws BackupTaskError or SituationError when the data could not be restored: the service has not been touched
 * @throws ConvergenceError when it was, and the service does not run on it
 */
export async function carryOutRestore(
  connection: EngineConnection,
  plan: PlannedRestore,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const { docker } = connection;
  const id = plan.underWay?.service.ID ?? (await startRestore(connection, plan));
  const restored = await awaitRestore(connection, plan, id, options).catch(async (error: unknown) => {
    await removeOneOff(docker, id);
    throw error;
  });
  // From here on a run that ends early leaves the task with its result, by which the next one goes on.
  const isInUse = await putToUse(connection, plan, options);
  const companionProblem = isInUse ? await followVolume(connection, plan, options) : undefined;
  await removeOneOff(docker, id);
  return { restored, isInUse, companionProblem };
}

async function awaitRestore(
  connection: EngineConnection,
  { companion, underWay }: PlannedRestore,
  id: string,
  options: RestoreOptions,
): Promise<RestoreResult["restored"]> {
  if (underWay === undefined) await requireOnlyRestore(connection.docker, companion.of, id);
  const restored = await awaitBackupTask(connection, id, { ...options, silenceMs: restoreSilenceMs });
  if (restored.command !== "restore") throw new TypeError("The task of a restore answers for a restore.");
  return restored;
}

/**
 * Refuses a restore that was started after another one that is under way: neither was there when the other was planned.
 *
 * @throws SituationError in the newer one
 */
async function requireOnlyRestore(docker: Docker, of: string, id: string): Promise<void> {
  const restores = (await findBackupTasks(docker, of)).filter(({ order }) => order["command"] === "restore");
  // Not by the ids alone: the older one may have looked before the newer one was there.
  const [first] = restores
    .map(({ service }) => ({ id: service.ID, at: creationTime(service) }))
    .toSorted((one, other) => (one.at + one.id < other.at + other.id ? -1 : 1));
  if (first === undefined || first.id === id) return;
  throw new SituationError({
    what: `Another restore of ${of} was started at the same time`,
    fix: "Run it again with the same options to wait for that one",
  });
}

const createdSchema = z.looseObject({ CreatedAt: z.string() });

/** When a service was created, as text that sorts: Docker leaves out zeros at the end of a fraction. */
function creationTime(service: Service): string {
  const [, seconds = "", fraction = ""] = /^([^.Z]+)(?:\.(\d+))?/u.exec(createdSchema.parse(service).CreatedAt) ?? [];
  return `${seconds}.${fraction.padEnd(9, "0")}`;
}

async function startRestore(
  connection: EngineConnection,
  { companion, node, volume, atSeconds, point, formerVolume }: PlannedRestore,
): Promise<string> {
  const { data, service } = companion;
  const owner = ownerInLabels((data ?? service).Spec.Labels);
  const mount: ContainerMount = {
    Type: "volume",
    Source: volume,
    Target: restorePath,
    VolumeOptions: {
      Labels: {
        ...(owner && labelsOfOwner(owner)),
        [restoredLabel]: `${companion.configuration.store} of ${momentWords(point.pointSeconds)}`,
      },
    },
  };
  return startBackupTask(connection, companion, {
    words: ["restore", "--to", restorePath, "--at", atSeconds === undefined ? "latest" : momentWords(atSeconds)],
    node,
    mount,
    // It is loaded once, by a server in the task's own memory.
    extraMemoryBytes: dataMemoryBytes(companion),
    note: {
      volume,
      node: node.hostname,
      ...(atSeconds !== undefined && { at: atSeconds }),
      ...(formerVolume !== undefined && { former: formerVolume }),
    },
  });
}

/** Points the service at the restored volume, and waits until it runs there. */
async function putToUse(
  connection: EngineConnection,
  { companion, volume, node, nodes }: PlannedRestore,
  { signal, onStep }: RestoreOptions,
): Promise<boolean> {
  const service = companion.data && (await inspectService(connection.docker, companion.data.ID));
  if (service === undefined) return false;
  const target = companion.configuration.data;
  requireOneTask(service, target);
  // Somebody may have changed it while the data was restored.
  const change = pointAt(service, target, volume, node, nodes);
  if (change.isDone) return true;
  const credentials = await loginFor(service.Spec.TaskTemplate.ContainerSpec?.Image ?? "");
  const store = service.Spec.Labels?.[ownerLabels.identity];
  if (store !== undefined) {
    onStep(`marking the volume as that of ${store}`);
    await makeStoreReady(connection, change.spec, { store, begins: false, marks: true, credentials });
  }
  await makeReady(connection, service.ID, change.spec, {
    credentials,
    mayLackCredentials: credentials === undefined,
    onProgress: onStep,
    signal,
  });
  signal.throwIfAborted();
  onStep(`pointing ${service.Spec.Name} at ${volume} on ${node.hostname}`);
  await updateRepointed(connection, change, { signal, onProgress: onStep });
  return true;
}

/**
 * Points the companion at the volume that its service has now, where it goes on, or begins anew with a base; a drill keeps off that
 * node.
 *
 * @returns why the backup does not go on; undefined where it does
 */
export async function followVolume(
  connection: EngineConnection,
  {
    companion,
    volume,
    node,
    nodes,
  }: Pick<PlannedRestore, "volume" | "node" | "nodes"> & {
    readonly companion: Pick<BackupService, "service" | "of" | "configuration">;
  },
  options: Pick<RestoreOptions, "signal" | "onStep">,
): Promise<string | undefined> {
  const { docker } = connection;
  const { service, of, configuration } = companion;
  try {
    const present = await inspectService(docker, service.ID);
    if (present === undefined) return `${service.Spec.Name} is gone`;
    const change = pointAt(present, configuration.data, volume, node, nodes);
    if (!change.isDone) {
      options.onStep(`pointing ${service.Spec.Name}, its backup, there too`);
      await updateRepointed(connection, change, { signal: options.signal, onProgress: options.onStep });
    }
    await keepDrillElsewhere(docker, of, node, options.onStep);
    return await untilInTime(connection, service.ID, options.signal);
  } catch (error) {
    // Also after Ctrl-C: the service runs on its data, and that is what has to be said.
    return errorWords(error);
  }
}

/** Waits for a companion that starts; it may have been pointed at the volume by a run that was killed just then. */
async function untilInTime(connection: EngineConnection, id: string, signal: AbortSignal): Promise<string | undefined> {
  const began = performance.now();
  for (;;) {
    const swarm = await readSwarm(connection);
    const found = findCompanions(swarm).find(({ service }) => service.ID === id);
    const late = found && whyLate(found, swarm.nodes);
    if (late === undefined || signal.aborted || performance.now() - began > companionPatienceMs) return late;
    await sleep(lookEveryMs);
  }
}

/**
 * A task that runs once with a companion's container and another command of its program, on any node. What it says is read from
 * its log, through the manager.
 *
 * A log is asked for again and again instead of being followed: what a followed one drops when a connection breaks, nobody learns.
 * Of a task that has ended the whole log is there, and its last line is the result or the error.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { z } from "zod";
import { backupLineSchema, type BackupLine } from "../../backup/protocol.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import type { ContainerMount, ContainerSpec, Service, ServiceSpec, Task } from "../../swarm/api/objects.ts";
import { inspectService, listServices, listTasks } from "../../swarm/api/reads.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { loginFor, registryOf } from "../../swarm/api/registry-credentials.ts";
import { createService } from "../../swarm/service/changes.ts";
import { awaitTaskEnd, removeOneOff } from "../../swarm/service/one-off-task.ts";
import { readTaskLog, type TaskLog } from "../../swarm/service/task-log.ts";
import { taskWords } from "../../text/task-state.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { SituationError } from "../../text/situation-error.ts";
import { swarmNodes } from "../read-swarm.ts";
import type { BackupService } from "./companion.ts";

/** The label of a service that runs such a task, with the name of the service whose backup it works on. */
const backupTaskLabel = "holdfast.backup.task";

/** Whether a service makes, proves or restores backups: of those the backup itself tells. */
export function isOfBackups({ Spec }: Pick<Service, "Spec">): boolean {
  const labels = [serviceLabels.backupOf, serviceLabels.drillOf, backupTaskLabel];
  return labels.some((label) => Spec.Labels?.[label] !== undefined);
}

/** The label with what the task is to do, as JSON: who finds it can wait for it. */
const backupOrderLabel = "holdfast.backup.order";

/** What a task is to do. */
export interface BackupOrder {
  /** Of the program: its command and its options. */
  readonly words: readonly [string, ...string[]];
  /** The node that it runs on. @default the companion's own constraints decide */
  readonly node?: SwarmNode | undefined;
  /** Whether it needs the data; else that is not mounted, for it may be on another node. @default false */
  readonly readsData?: boolean;
  /** A volume that it writes, and where that is mounted. */
  readonly mount?: ContainerMount;
  /** How much memory it may take beyond what the companion may. @default none */
  readonly extraMemoryBytes?: number;
  /** What is said of it in its label, besides its words. */
  readonly note?: Readonly<Record<string, string | number>>;
}

/** How such a task is waited for. */
export interface BackupTaskOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (line: Extract<BackupLine, { type: "progress" }>) => void;
  /** How long it may say nothing new, in milliseconds. */
  readonly silenceMs: number;
}

/** What the program answers at its end. */
export type BackupResult = Extract<BackupLine, { type: "result" }>;

/** A task that failed, in its own words. */
export class BackupTaskError extends Error {
  override readonly name = "BackupTaskError";
}

const readEveryMs = 1000;
/** A node that does not answer must not keep the command from looking at the rest. */
const readLimitMs = 10_000;
/** The line at its end is looked for so often, with a pause between. */
const endReads = 20;
const endReadEveryMs = 500;
const tailLines = 40;
/** Such a task has no limit but its silence. */
const wholeLimitMs = 7 * 24 * 3_600_000;
/** What has ended for so long nobody waits for any more. */
const leftAfterMs = 60_000;

/**
 * Runs a command of a companion's program and gives its result.
 *
 * @throws SituationError with the program's words where it could not be done and nothing was changed; BackupTaskError where it failed
 */
export async function runBackupTask(
  connection: EngineConnection,
  companion: BackupService,
  order: BackupOrder,
  options: BackupTaskOptions,
): Promise<BackupResult> {
  const { docker } = connection;
  await removeEndedTasks(docker, companion.of);
  const id = await startBackupTask(connection, companion, order);
  try {
    return await awaitBackupTask(connection, id, options);
  } finally {
    await removeOneOff(docker, id);
  }
}

/** Starts such a task and gives the id of its service. */
export async function startBackupTask(
  connection: EngineConnection,
  companion: BackupService,
  order: BackupOrder,
): Promise<string> {
  const image = companion.service.Spec.TaskTemplate.ContainerSpec?.Image ?? "";
  return createService(connection, backupTaskSpec(companion, order), await loginFor(image));
}

/** The service of such a task. */
export function backupTaskSpec(
  { service: { Spec }, of, configuration }: Pick<BackupService, "service" | "of" | "configuration">,
  { words, node, readsData = false, mount, extraMemoryBytes = 0, note = {} }: BackupOrder,
): ServiceSpec {
  const { ContainerSpec, Placement, Resources, Networks } = Spec.TaskTemplate;
  const { MemoryBytes, ...otherLimits } = Resources?.Limits ?? {};
  const mounts = (ContainerSpec?.Mounts ?? []).filter((each) => readsData || each.Target !== configuration.data);
  return {
    Name: `holdfast-${words[0]}-${of.slice(0, 36)}-${randomBytes(4).toString("hex")}`,
    Labels: { [backupTaskLabel]: of, [backupOrderLabel]: JSON.stringify({ command: words[0], ...note }) },
    TaskTemplate: {
      ...(ContainerSpec && {
        ContainerSpec: {
          ...withCommand(ContainerSpec, words),
          Healthcheck: { Test: ["NONE"] },
          Mounts: [...mounts, ...(mount ? [mount] : [])],
        },
      }),
      Resources: {
        Limits: { ...otherLimits, ...(MemoryBytes ? { MemoryBytes: MemoryBytes + extraMemoryBytes } : {}) },
      },
      RestartPolicy: { Condition: "none" },
      Placement: { ...Placement, ...(node && { Constraints: [`node.id==${node.id}`] }) },
      ...(Networks && { Networks }),
      // Others cannot be read through the manager.
      LogDriver: { Name: "json-file" },
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: "dnsrr" },
  };
}

/** The container with another command: what stands where its own command does, is replaced. */
function withCommand(container: ContainerSpec, words: readonly string[]): ContainerSpec {
  const { Command, Args } = container;
  const own = "follow";
  if (Args?.at(-1) !== own && Command?.at(-1) === own)
    return { ...container, Command: [...Command.slice(0, -1), ...words] };
  return { ...container, Args: [...(Args ?? []).filter((word) => word !== own), ...words] };
}

/** Waits for the result of such a task. */
export async function awaitBackupTask(
  connection: EngineConnection,
  serviceId: string,
  { signal, onProgress, silenceMs }: BackupTaskOptions,
): Promise<BackupResult> {
  const { docker } = connection;
  let readAtMs = -Infinity;
  let heardAtMs = performance.now();
  let told = "";
  let goneSince: number | undefined;
  const look = async (task: Task | undefined): Promise<void> => {
    const now = performance.now();
    if (task === undefined || ["shutdown", "remove", "orphaned"].includes(task.Status.State)) {
      goneSince ??= now;
      if (now - goneSince > readEveryMs && (await inspectService(docker, serviceId)) === undefined)
        throw removedByOther();
      if (now - goneSince > readLimitMs) throw removedByOther();
      return;
    }
    goneSince = undefined;
    if (now - readAtMs < readEveryMs) return;
    readAtMs = now;
    await requireNodeUp(connection, task);
    const log = await readTaskLog(docker, task.ID, { tail: tailLines, limitMs: readLimitMs }).catch(() => undefined);
    const last = log && readLines(log.stdout).findLast(({ type }) => type === "progress");
    const text = JSON.stringify(last ?? task.Status.State);
    if (text !== told) {
      told = text;
      heardAtMs = now;
      if (last?.type === "progress") onProgress(last);
    } else if (now - heardAtMs > silenceMs) throw tooQuiet(silenceMs);
  };
  const end = await awaitTaskEnd(docker, serviceId, ({ Status }) => Status.State === "complete", {
    signal,
    limitMs: wholeLimitMs,
    onLook: look,
  });
  if (end.kind === "stopped") signal.throwIfAborted();
  if (end.kind === "stuck" || end.kind === "stopped")
    throw new SituationError({
      what: `No node accepts the backup's task: ${end.words}`,
      fix: "Bring back a node that its constraints allow, or name one with --node",
    });
  const task = end.kind === "failed" ? end.task : (await listTasks(docker, serviceId))[0];
  if (task === undefined) throw removedByOther();
  return readEnd(docker, task, signal);
}

async function readEnd(docker: Docker, task: Task, signal: AbortSignal): Promise<BackupResult> {
  let log: TaskLog | undefined;
  for (let read = 1; ; read++) {
    log = await readTaskLog(docker, task.ID, { limitMs: readLimitMs }).catch(() => log);
    const line = readLines(log?.stdout ?? "").findLast(({ type }) => type !== "progress");
    if (line?.type === "result") return line;
    if (line?.type === "error") throw failureOf(line.message, task);
    // A task that never had a container says nothing.
    if (read === endReads || task.Status.State === "rejected") break;
    signal.throwIfAborted();
    await sleep(endReadEveryMs);
  }
  const said = log?.both.split("\n").findLast((text) => text.trim() !== "");
  const { State, Err } = task.Status;
  const image = task.Spec.ContainerSpec?.Image ?? "";
  if (/No such image/u.test(Err)) {
    throw new BackupTaskError(
      `the node cannot pull ${image}: ${taskWords(State, Err)}. If its registry needs a login, run \`docker login ${registryOf(image)}\` and try again.`,
    );
  }
  throw new BackupTaskError(
    `the backup's task ended without a result: ${taskWords(State, Err)}${said === undefined ? "" : `; its last line: ${said.slice(0, 300)}`}`,
  );
}

/** Exit code 2 of the program says that nothing was changed. */
function failureOf(message: string, { Status }: Task): Error {
  const [what, fix] = splitSentence(message);
  return Status.ContainerStatus?.ExitCode === 2 && fix !== undefined
    ? new SituationError({ what, fix })
    : new BackupTaskError(message);
}

/** What is wrong, and what to do about it: the last sentence. */
function splitSentence(message: string): [what: string, fix?: string] {
  const [, what, fix] = /^(.+)\. ([A-Z].+)\.$/su.exec(message) ?? [];
  return what === undefined || fix === undefined ? [message] : [what, fix];
}

/** The lines of the program among those of a log; what is cut off at its beginning is none. */
export function readLines(stdout: string): readonly BackupLine[] {
  return stdout.split("\n").flatMap((text) => backupLineSchema.safeParse(jsonOrUndefined(text)).data ?? []);
}

async function requireNodeUp(connection: EngineConnection, { NodeID }: Task): Promise<void> {
  if (NodeID === "") return;
  const node = (await swarmNodes(connection)).find(({ id }) => id === NodeID);
  if (node === undefined || node.state !== "down") return;
  throw new BackupTaskError(`${node.hostname}, where the backup's task ran, is down. Run the command again.`);
}

function removedByOther(): Error {
  return new BackupTaskError("the backup's task was removed by someone else. Run the command again.");
}

function tooQuiet(silenceMs: number): Error {
  return new BackupTaskError(
    `the backup's task reported nothing for ${Math.round(silenceMs / 60_000)} minutes and was stopped. Check whether the repository answers.`,
  );
}

/** A task of the backup that somebody has started, and what it is to do. */
export interface FoundBackupTask {
  readonly service: Service;
  readonly order: Readonly<Record<string, string | number>>;
}

const orderSchema = z.record(z.string(), z.union([z.string(), z.number()])).catch({});

/** The tasks that commands have started for a service's backup. */
export async function findBackupTasks(docker: Docker, of: string): Promise<readonly FoundBackupTask[]> {
  const services = await listServices(docker, backupTaskLabel);
  return services
    .filter(({ Spec }) => Spec.Labels?.[backupTaskLabel] === of)
    .map((service) => ({
      service,
      order: orderSchema.parse(jsonOrUndefined(service.Spec.Labels?.[backupOrderLabel] ?? "")),
    }));
}

const statusTimeSchema = z.looseObject({ Timestamp: z.string().optional() });

const endStates = ["complete", "failed", "rejected", "shutdown", "orphaned", "remove"];

/** For how long a task has been over, in milliseconds; undefined while it is not. */
export function endedForMs({ Status }: Pick<Task, "Status">): number | undefined {
  if (!endStates.includes(Status.State)) return undefined;
  const endedAt = Date.parse(statusTimeSchema.parse(Status).Timestamp ?? "");
  return Number.isNaN(endedAt) ? 0 : Date.now() - endedAt;
}

/** Removes the tasks of killed runs: those that have ended and that nobody waits for any more. A restore is the next restore's. */
async function removeEndedTasks(docker: Docker, of: string): Promise<void> {
  const found = (await findBackupTasks(docker, of)).filter(({ order }) => order["command"] !== "restore");
  await Promise.all(
    found.map(async ({ service }) => {
      const [task] = await listTasks(docker, service.ID);
      const endedMs = task && endedForMs(task);
      if (endedMs !== undefined && endedMs > leftAfterMs) await removeOneOff(docker, service.ID);
    }),
  );
}

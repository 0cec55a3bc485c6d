import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { closeToOthers, makePrivateFolder } from "../swarm/engine/private-folder.ts";
import { advised } from "../text/advised-command.ts";
import { InputError, showValue } from "../text/input-error.ts";
import { withExclusiveLock } from "./host/exclusive-lock.ts";
import { labIdentity } from "./host/identity.ts";
import { unmountBelow } from "./host/mount-point.ts";
import { endOwnedProcesses, findOwnedProcesses, removeCgroups } from "./host/owned-process.ts";
import { requireDebian, requireRoot, requireSpace } from "./host/requirements.ts";
import { fillToolbox, findProgram, openToolbox, type Toolbox } from "./host/toolbox.ts";
import { assembleImage } from "./images/assembled-image.ts";
import { redisRecipe } from "./images/redis.ts";
import { freePort, hasImage, isRegistryUp, pushImage, startRegistry, type PrivateRegistry } from "./images/registry.ts";
import { untilDetached } from "./nodes/disk.ts";
import {
  createLan,
  freeAddressIndex,
  labAddresses,
  labNamespaces,
  namespaceName,
  removeLabNetworks,
} from "./nodes/network.ts";
import {
  filledNodes,
  freeNodes,
  labNodes,
  networkStorage,
  nodeEngine,
  partitionedNodes,
  startNodeEngine,
  type LabNode,
} from "./nodes/node.ts";
import { removeCoveredDirectories, runningEngine } from "./nodes/private-engine.ts";
import { labRecordName, readLabRecord, writeLabRecord, type LabRecord } from "./nodes/record.ts";
import { isStorageUp, startStorage } from "./nodes/storage.ts";
import { formSwarm } from "./nodes/swarm.ts";

/** How to start a lab. */
export interface LabOptions {
  /** The folder that holds all of it; made if missing, and removed by {@link stopLab}. */
  readonly directory: string;
  /** How many nodes, 1 to 9. @default 3, or as many as the lab in the folder has */
  readonly nodes?: number;
  /** How many of them, the first ones, are managers. @default 1 */
  readonly managers?: number;
  /**
   * How often nodes report to the managers, which give one up after three silent periods (swarmkit,
   * `manager/dispatcher`). @default 5, as Docker has it
   */
  readonly heartbeatSeconds?: number;
  /**
   * Whether each node has a disk of limited size of its own, which can be filled and which only that node sees; without,
   * what a node keeps lies in a folder that this machine sees too, also while the node is down. @default true
   */
  readonly disks?: boolean;
  /** Whether all nodes mount a network file system as well, see {@link Lab.storageDirectory}. @default false */
  readonly storage?: boolean;
  /** Where unpacked packages and the assembled image are kept. @default inside the lab's folder, and removed with it */
  readonly cacheDirectory?: string;
  /** Told of each step as it is taken or skipped. */
  readonly onStep?: (event: LabEvent) => void;
}

/** What is told about a step of the start; one that has nothing to do is only told as skipped. */
export interface LabEvent {
  readonly title: string;
  readonly state: "started" | "progress" | "done" | "skipped";
  readonly detail?: string;
}

/** A swarm of several nodes on this machine, with a registry and a Redis image. */
export interface Lab {
  readonly directory: string;
  /** `node-1`, `node-2` and so on; the first is a manager. */
  readonly nodes: readonly LabNode[];
  /** `host:port` of the registry; it answers plain HTTP, to this machine and to every node. */
  readonly registryAddress: string;
  /** Redis by digest: `198.19.0.1:5000/redis:7.0.15@sha256:…`. */
  readonly redisImage: string;
  /** Where each node has the network file system mounted, in a lab that has one; on this machine the folder is empty. */
  readonly storageDirectory?: string;
  /** The docker CLI to use with it: the machine's own or the one unpacked with the engine, if there is any. */
  readonly dockerProgram?: string;
}

const defaultNodes = 3;
const preferredRegistryPort = 5000;

/**
 * Starts a lab, or whatever of it does not run, and returns when all its nodes are ready. A node that was stopped, killed
 * or cut off is there again, and a disk that was filled is free. Only one process at a time starts or stops a lab.
 *
 * @throws InputError when the machine cannot hold it (not root, not Debian or Ubuntu, packages not reachable, disk full),
 * when the folder holds another lab than was asked for, or when a part does not start, with the last lines of its log.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  requireRoot("lab");
  requireCounts(options);
  const { id, directory } = labIdentity(options.directory);
  closeToOthers(directory);
  return withExclusiveLock(`lab:${id}`, () => startAlone(options));
}

async function startAlone(options: LabOptions): Promise<Lab> {
  const record = (await readLabRecord(options.directory)) ?? (await newRecord(options));
  requireSame("--nodes", options.nodes, record.nodeCount);
  requireSame("--managers", options.managers, record.managerCount);
  requireSame("disks", options.disks, record.hasDisks);
  requireSame("--storage", options.storage, record.hasStorage);
  const tell = options.onStep ?? (() => undefined);
  const step = async <T>(
    title: string,
    standing: T | undefined,
    run: (progress: (detail: string) => void) => Promise<T>,
  ) => {
    if (standing !== undefined) {
      tell({ title, state: "skipped" });
      return standing;
    }
    tell({ title, state: "started" });
    const result = await run((detail) => {
      tell({ title, state: "progress", detail });
    });
    tell({ title, state: "done" });
    return result;
  };

  const nodes = labNodes(options.directory, record);
  const names = nodes.map(({ name }) => name);
  const registry = registryOf(options.directory, record);
  const toolbox = await step(
    "Download Docker, Redis and a registry as Debian packages",
    await openToolbox(record.cacheDirectory),
    (progress) => fillToolbox(record.cacheDirectory, progress),
  );
  await ensureLan(toolbox, record);
  const storage = networkStorage(options.directory, record);
  if (storage) {
    await step("Start a network file system", (await isStorageUp(storage)) || undefined, async (progress) => {
      await startStorage(storage, record.cacheDirectory, progress);
      return true;
    });
  }
  const alive = await runningNodes(options.directory, record, names);
  await step(`Start ${names.length} Docker engines`, alive.length === names.length || undefined, async (progress) => {
    for (const name of names.filter((each) => !alive.includes(each))) {
      progress(name);
      await startNodeEngine(toolbox, options.directory, record, name);
    }
    return true;
  });
  const image = await step(
    "Start a registry and push a Redis image to it",
    await standingImage(registry, record),
    async () => {
      if (!(await isRegistryUp(registry))) await startRegistry(registry, toolbox);
      const image = await assembleImage(await redisRecipe(toolbox), toolbox, record.cacheDirectory);
      const pushed = await pushImage(registry, image);
      await writeLabRecord(options.directory, { ...record, redisImage: pushed });
      return pushed;
    },
  );
  await freeNodes(options.directory, record);
  await step("Join them in a swarm", undefined, () => formSwarm(toolbox, record, nodes));
  return describeLab(options.directory, record, image, toolbox);
}

/** What is there of a lab. */
export interface LabStatus {
  readonly directory: string;
  /** `degraded`: there is a lab, but not all of it runs; starting it again repairs it. */
  readonly state: "absent" | "stopped" | "degraded" | "running";
  /** Present in every state but `absent`, as far as the lab ever started. */
  readonly lab?: Lab;
  /** Its nodes, also those of a lab whose first start failed. */
  readonly nodes: readonly LabNode[];
  /** The names of the nodes whose engine answers. */
  readonly runningNodes: readonly string[];
  /** The names of the nodes that are cut off from the others. */
  readonly partitionedNodes: readonly string[];
  /** The names of the nodes whose disk was filled. */
  readonly filledNodes: readonly string[];
  readonly registryRuns: boolean;
  /** Whether the servers of its network file system run; undefined for a lab without one. */
  readonly storageRuns?: boolean;
  /** How many processes it has, those in containers included. */
  readonly processCount: number;
}

/** Tells what is there of the lab in a folder; changes nothing. */
export async function labStatus(directory: string): Promise<LabStatus> {
  const identity = labIdentity(directory);
  const record = await readLabRecord(directory);
  const processCount = (await findOwnedProcesses(record?.id ?? identity.id)).length;
  if (!record) {
    const state = processCount > 0 ? "degraded" : "absent";
    const nothing = { nodes: [], runningNodes: [], partitionedNodes: [], filledNodes: [], registryRuns: false };
    return { directory: identity.directory, state, ...nothing, processCount };
  }
  const nodes = labNodes(directory, record);
  const names = nodes.map(({ name }) => name);
  const running = await runningNodes(directory, record, names);
  const registryRuns = await isRegistryUp(registryOf(directory, record));
  const toolbox = await openToolbox(record.cacheDirectory);
  const partitioned = toolbox ? await partitionedNodes(toolbox, directory, record) : [];
  const filled = await filledNodes(directory, record);
  const storage = networkStorage(directory, record);
  const storageRuns = storage && (await isStorageUp(storage));
  const isWhole =
    running.length === names.length &&
    partitioned.length === 0 &&
    filled.length === 0 &&
    registryRuns &&
    storageRuns !== false &&
    record.redisImage !== undefined;
  return {
    directory: identity.directory,
    state: isWhole ? "running" : processCount > 0 ? "degraded" : "stopped",
    ...(record.redisImage !== undefined && { lab: await describeLab(directory, record, record.redisImage, toolbox) }),
    nodes,
    runningNodes: running,
    partitionedNodes: partitioned,
    filledNodes: filled,
    registryRuns,
    ...(storageRuns !== undefined && { storageRuns }),
    processCount,
  };
}

/**
 * Ends a lab and removes every trace of it: processes, containers, mounts, network links, namespaces, cgroups and its
 * folder with all data in it. Also works after a crash or a reboot, and when there is nothing to remove. The machine's
 * firewall has no rule to be removed, for no lab adds one.
 *
 * @throws InputError for a folder that holds something but is no lab.
 */
export async function stopLab(directory: string): Promise<void> {
  const identity = labIdentity(directory);
  await withExclusiveLock(`lab:${identity.id}`, async () => {
    const record = await readLabRecord(directory).catch(() => undefined); // A broken record is removed as well.
    await requireLabFolder(identity.directory);
    const id = record?.id ?? identity.id;
    const isPresent =
      existsSync(identity.directory) ||
      (await findOwnedProcesses(id)).length > 0 ||
      (await labNamespaces(id)).length > 0;
    if (!isPresent) return;
    requireRoot("lab");
    const cacheDirectory = record?.cacheDirectory ?? join(identity.directory, "cache");
    const toolbox = (await openToolbox(cacheDirectory)) ?? { directory: cacheDirectory, environment: {} };
    await endOwnedProcesses(id);
    await removeLabNetworks(toolbox, id, []);
    await removeCgroups(id);
    await unmountBelow(identity.directory);
    await untilDetached(identity.directory);
    await removeCoveredDirectories(id);
    await rm(`/run/holdfast-${id}`, { recursive: true, force: true });
    await rm(identity.directory, { recursive: true, force: true, maxRetries: 3 });
  });
}

function registryOf(directory: string, record: LabRecord): PrivateRegistry {
  return {
    lab: record.id,
    directory: join(labIdentity(directory).directory, "registry"),
    address: `${labAddresses(record.addressIndex).lanHostAddress}:${record.registryPort}`,
  };
}

async function describeLab(
  directory: string,
  record: LabRecord,
  image: string,
  toolbox: Toolbox | undefined,
): Promise<Lab> {
  const dockerProgram = toolbox && (await findProgram(toolbox.environment, "docker"));
  const storage = networkStorage(directory, record);
  return {
    directory: labIdentity(directory).directory,
    nodes: labNodes(directory, record),
    registryAddress: registryOf(directory, record).address,
    redisImage: image,
    ...(storage && { storageDirectory: storage.mountPoint }),
    ...(dockerProgram !== undefined && { dockerProgram }),
  };
}

async function runningNodes(directory: string, record: LabRecord, names: readonly string[]): Promise<string[]> {
  const engines = await Promise.all(names.map((name) => runningEngine(nodeEngine(directory, record, name))));
  return names.filter((_, index) => engines[index] !== undefined);
}

async function standingImage(registry: PrivateRegistry, { redisImage: image }: LabRecord): Promise<string | undefined> {
  if (image === undefined || !(await isRegistryUp(registry))) return undefined;
  return (await hasImage(registry, image)) ? image : undefined;
}

/** Makes the network that a reboot has taken away, or that never was. */
async function ensureLan(toolbox: Toolbox, record: LabRecord): Promise<void> {
  if ((await labNamespaces(record.id)).includes(namespaceName(record.id, "lan"))) return;
  await endOwnedProcesses(record.id);
  await removeLabNetworks(toolbox, record.id, []);
  await createLan(toolbox, record.id, labAddresses(record.addressIndex));
}

async function newRecord(options: LabOptions): Promise<LabRecord> {
  const { id, directory } = labIdentity(options.directory);
  await requireDebian();
  await requireLabFolder(directory);
  makePrivateFolder(directory);
  await requireSpace(directory);
  const record: LabRecord = {
    version: 2,
    id,
    addressIndex: freeAddressIndex(id),
    registryPort: await freePort("0.0.0.0", preferredRegistryPort),
    cacheDirectory: resolve(options.cacheDirectory ?? join(directory, "cache")),
    nodeCount: options.nodes ?? defaultNodes,
    managerCount: options.managers ?? 1,
    heartbeatSeconds: options.heartbeatSeconds ?? 5,
    hasDisks: options.disks ?? true,
    hasStorage: options.storage ?? false,
  };
  await writeLabRecord(directory, record);
  return record;
}

function requireCounts({ nodes = defaultNodes, managers = 1 }: LabOptions): void {
  const isCount = (count: number, most: number) => Number.isInteger(count) && count >= 1 && count <= most;
  const refuse = (path: string, expected: string, got: number) => {
    throw new InputError({ path, expected, got: showValue(got), fix: "Choose such a number" });
  };
  if (!isCount(nodes, 9)) refuse("--nodes", "a whole number from 1 to 9", nodes);
  if (!isCount(managers, nodes)) refuse("--managers", `a whole number from 1 to ${nodes}`, managers);
}

function requireSame<T>(path: string, wanted: T | undefined, present: T): void {
  if (wanted === undefined || wanted === present) return;
  throw new InputError({
    path,
    expected: `${showValue(present)}, as the lab has that is there already`,
    got: showValue(wanted),
    fix: `Leave the option out, or remove the lab first with \`${advised("lab stop")}\``,
  });
}

/** Refuses a folder with something else in it; a start that was cut short leaves it empty or with a record. */
async function requireLabFolder(directory: string): Promise<void> {
  const entries = existsSync(directory) ? await readdir(directory) : [];
  if (entries.length === 0 || entries.some((name) => name.startsWith(labRecordName))) return;
  throw new InputError({
    path: directory,
    expected: "the folder of a lab, or none yet",
    got: "one with other files in it",
    fix: "Name the folder of the lab",
  });
}

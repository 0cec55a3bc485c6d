import { advised } from "../text/advised-command.ts";
import { InputError, showValue } from "../text/input-error.ts";
import { labIdentity } from "./host/identity.ts";
import { endOwnedProcesses, findOwnedProcesses } from "./host/owned-process.ts";
import { readRecord, writeRecord } from "./host/record-file.ts";
import { fillToolbox, openToolbox, type Toolbox } from "./host/toolbox.ts";
import { isRegistryUp, startRegistry, type PrivateRegistry } from "./images/registry.ts";
import { createLan, labAddresses, labNamespaces, namespaceName, removeLabNetworks } from "./nodes/network.ts";
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
import { runningEngine } from "./nodes/private-engine.ts";
import { labKind, type LabRecord } from "./nodes/record.ts";
import { isStorageUp, startStorage } from "./nodes/storage.ts";
import { formSwarm } from "./nodes/swarm.ts";
import {
  aloneIn,
  dockerProgramIn,
  firstRecord,
  presentImage,
  pushRedis,
  privateRegistry,
  removeSwarm,
  takeStep,
  type StepListener,
} from "./throwaway-swarm.ts";

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
   * Whether each node has its own disk of limited size, which can be filled and which only that node sees. Otherwise a node's data is in
   * a folder that this machine sees too, also while the node is down. @default true
   */
  readonly disks?: boolean;
  /** Whether all nodes mount a network file system as well, see {@link Lab.storageDirectory}. @default false */
  readonly storage?: boolean;
  /** Where unpacked packages and the assembled image are kept. @default inside the lab's folder, and removed with it */
  readonly cacheDirectory?: string;
  /** Called for each step as it is taken or skipped. */
  readonly onStep?: StepListener;
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

/**
 * Starts a lab, or the parts of it that do not run, and returns when all its nodes are ready. Nodes that were stopped, killed or cut off
 * are back then, and disks that were filled are free. Only one process at a time starts or stops a lab.
 *
 * @throws InputError when the folder holds a lab with other options
 * @throws SituationError when the machine cannot hold it (not root, not Debian or Ubuntu, packages not reachable, disk full), or when a
 * part does not start, with the last lines of its log
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  requireCounts(options);
  return aloneIn(labKind, options.directory, () => startAlone(options));
}

async function startAlone(options: LabOptions): Promise<Lab> {
  const { directory, onStep = () => undefined } = options;
  const record = readRecord(labKind, directory) ?? (await newRecord(options));
  requireSame("--nodes", options.nodes, record.nodeCount);
  requireSame("--managers", options.managers, record.managerCount);
  requireSame("disks", options.disks, record.hasDisks);
  requireSame("--storage", options.storage, record.hasStorage);

  const { cacheDirectory } = record;
  const nodes = labNodes(directory, record);
  const names = nodes.map(({ name }) => name);
  const registry = registryIn(directory, record);
  const toolbox = await takeStep(onStep, {
    title: "Download Docker, Redis and a registry as Debian packages",
    present: await openToolbox(cacheDirectory),
    run: (progress) => fillToolbox(cacheDirectory, progress),
  });
  await ensureLan(toolbox, record);
  const storage = networkStorage(directory, record);
  if (storage) {
    await takeStep(onStep, {
      title: "Start a network file system",
      present: (await isStorageUp(storage)) || undefined,
      run: (progress) => startStorage(storage, cacheDirectory, progress),
    });
  }
  const running = await runningNodes(directory, record, names);
  const missing = names.filter((name) => !running.includes(name));
  await takeStep(onStep, {
    title: `Start ${names.length} Docker engines`,
    present: missing.length === 0 || undefined,
    run: async (progress) => {
      for (const name of missing) {
        progress(name);
        await startNodeEngine(toolbox, directory, record, name);
      }
      return true;
    },
  });
  const redisImage = await takeStep(onStep, {
    title: "Start a registry and push a Redis image to it",
    present: await presentImage(registry, record),
    run: async () => {
      if (!(await isRegistryUp(registry))) await startRegistry(registry, toolbox);
      return pushRedis(registry, toolbox, cacheDirectory);
    },
  });
  if (redisImage !== record.redisImage) await writeRecord(labKind, directory, { ...record, redisImage });
  await freeNodes(directory, record);
  await takeStep(onStep, {
    title: "Join them in a swarm",
    present: undefined,
    run: () => formSwarm(toolbox, record, nodes),
  });
  return describeLab(directory, record, redisImage, toolbox);
}

/** Which parts of a lab exist and run. */
export interface LabStatus {
  readonly directory: string;
  /** `degraded`: not all of it runs; starting it again repairs it. */
  readonly state: "absent" | "stopped" | "degraded" | "running";
  /** Present in every state but `absent`, once the lab has started fully. */
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

/** Shows which parts of the lab in a folder exist and run; changes nothing. */
export async function labStatus(directory: string): Promise<LabStatus> {
  const identity = labIdentity(directory);
  const record = readRecord(labKind, directory);
  const processCount = (await findOwnedProcesses(record?.id ?? identity.id)).length;
  if (!record) {
    const state = processCount > 0 ? "degraded" : "absent";
    const nothing = { nodes: [], runningNodes: [], partitionedNodes: [], filledNodes: [], registryRuns: false };
    return { directory: identity.directory, state, ...nothing, processCount };
  }
  const nodes = labNodes(directory, record);
  const names = nodes.map(({ name }) => name);
  const running = await runningNodes(directory, record, names);
  const registryRuns = await isRegistryUp(registryIn(directory, record));
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

/** Ends a lab and removes every trace of it, see {@link removeSwarm}. The machine's firewall is never changed by a lab. */
export function stopLab(directory: string): Promise<void> {
  return removeSwarm(labKind, directory);
}

function registryIn(directory: string, record: LabRecord): PrivateRegistry {
  return privateRegistry(directory, record, labAddresses(record.addressIndex).lanHostAddress);
}

async function describeLab(
  directory: string,
  record: LabRecord,
  image: string,
  toolbox: Toolbox | undefined,
): Promise<Lab> {
  const storage = networkStorage(directory, record);
  return {
    directory: labIdentity(directory).directory,
    nodes: labNodes(directory, record),
    registryAddress: registryIn(directory, record).address,
    redisImage: image,
    ...(storage && { storageDirectory: storage.mountPoint }),
    ...(await dockerProgramIn(toolbox)),
  };
}

async function runningNodes(directory: string, record: LabRecord, names: readonly string[]): Promise<string[]> {
  const engines = await Promise.all(names.map((name) => runningEngine(nodeEngine(directory, record, name))));
  return names.filter((_, index) => engines[index] !== undefined);
}

/** Makes the network where a reboot has removed it, or at the first start. */
async function ensureLan(toolbox: Toolbox, record: LabRecord): Promise<void> {
  if ((await labNamespaces(record.id)).includes(namespaceName(record.id, "lan"))) return;
  await endOwnedProcesses(record.id);
  await removeLabNetworks(toolbox, record.id, []);
  await createLan(toolbox, record.id, labAddresses(record.addressIndex));
}

async function newRecord(options: LabOptions): Promise<LabRecord> {
  const record: LabRecord = {
    version: 2,
    ...(await firstRecord(labKind, options)),
    nodeCount: options.nodes ?? defaultNodes,
    managerCount: options.managers ?? 1,
    heartbeatSeconds: options.heartbeatSeconds ?? 5,
    hasDisks: options.disks ?? true,
    hasStorage: options.storage ?? false,
  };
  await writeRecord(labKind, options.directory, record);
  return record;
}

function requireCounts({ nodes = defaultNodes, managers = 1 }: LabOptions): void {
  const isCount = (count: number, most: number) => Number.isInteger(count) && count >= 1 && count <= most;
  const refuse = (path: string, expected: string, got: number) => {
    throw new InputError({ path, expected, got: showValue(got), fix: "Choose a number in that range" });
  };
  if (!isCount(nodes, 9)) refuse("--nodes", "a whole number from 1 to 9", nodes);
  if (!isCount(managers, nodes)) refuse("--managers", `a whole number from 1 to ${nodes}`, managers);
}

function requireSame<T>(path: string, wanted: T | undefined, present: T): void {
  if (wanted === undefined || wanted === present) return;
  throw new InputError({
    path,
    expected: `${showValue(present)}, as the existing lab has`,
    got: showValue(wanted),
    fix: `Leave the option out, or remove the lab first with \`${advised("lab stop")}\``,
  });
}

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { advised } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { withExclusiveLock } from "../host/exclusive-lock.ts";
import { labIdentity } from "../host/identity.ts";
import { readRecord } from "../host/record-file.ts";
import { endOwnedProcesses, findOwnedProcesses } from "../host/owned-process.ts";
import { requireRoot } from "../host/requirements.ts";
import { openToolbox, type Toolbox } from "../host/toolbox.ts";
import { fillDisk, freeDisk, isFilled, type NodeDisk } from "./disk.ts";
import {
  connectNode,
  createBridge,
  createNode,
  isNodeConnected,
  limitNode,
  labAddresses,
  namespaceName,
  nodeAddress,
  removeNode,
} from "./network.ts";
import { dataRoot, engineHost, enginePid, runningEngine, startEngine, type PrivateEngine } from "./private-engine.ts";
import { labKind, type LabRecord } from "./record.ts";
import { storageClient, type NetworkStorage } from "./storage.ts";

/** A node of a lab: a Docker engine with its own network and hostname. */
export interface LabNode {
  /** Its hostname, as `docker node ls` shows it. */
  readonly name: string;
  /** Its engine's socket as DOCKER_HOST takes it; reached also while the node is cut off from the others. */
  readonly dockerHost: string;
  /** The address at which this machine reaches ports published in host mode. */
  readonly address: string;
  readonly role: "manager" | "worker";
}

/** The nodes of a lab, as its record determines them. */
export function labNodes(directory: string, record: LabRecord): LabNode[] {
  const addresses = labAddresses(record.addressIndex);
  return Array.from({ length: record.nodeCount }, (_, index) => ({
    name: `node-${index + 1}`,
    dockerHost: engineHost(nodeEngine(directory, record, `node-${index + 1}`)),
    address: nodeAddress(addresses, index + 1),
    role: index < record.managerCount ? "manager" : "worker",
  }));
}

/** The engine of a node. */
export function nodeEngine(directory: string, record: LabRecord, name: string): PrivateEngine {
  const identity = labIdentity(directory);
  const own = join(identity.directory, "nodes", name);
  return {
    lab: record.id,
    part: name,
    directory: own,
    ...(record.hasDisks && { disk: { image: join(own, "disk.ext4"), mountPoint: dataRoot({ directory: own }) } }),
    runDirectory: join(identity.runDirectory, name),
    namespace: namespaceName(record.id, name),
    hostname: name,
    insecureRegistries: [labAddresses(record.addressIndex).lanSubnet],
  };
}

/** The network file system that the nodes mount; undefined for a lab without one. */
export function networkStorage(directory: string, record: LabRecord): NetworkStorage | undefined {
  if (!record.hasStorage) return undefined;
  const { directory: path } = labIdentity(directory);
  const { lanHostAddress, lanSubnet } = labAddresses(record.addressIndex);
  return {
    lab: record.id,
    directory: join(path, "storage"),
    address: lanHostAddress,
    mountPoint: join(path, "network"),
    clients: lanSubnet,
  };
}

/** Starts a node's engine in a new namespace, as a machine that boots: nothing of an earlier run's network is left. */
export async function startNodeEngine(
  toolbox: Toolbox,
  directory: string,
  record: LabRecord,
  name: string,
): Promise<void> {
  const addresses = labAddresses(record.addressIndex);
  const engine = nodeEngine(directory, record, name);
  const address = nodeAddress(addresses, Number(name.replace("node-", "")));
  await endOwnedProcesses(record.id, name);
  await removeNode(toolbox, record.id, name);
  const namespace = await createNode(toolbox, record.id, name, address);
  await createBridge(toolbox, record.id, addresses, namespace);
  const storage = networkStorage(directory, record);
  await startEngine(engine, toolbox, storage && (await storageClient(storage, record.cacheDirectory)));
}

/** Boots a node that was stopped or killed, with the data that it had; does nothing when it runs. */
export function startNode(directory: string, name: string): Promise<void> {
  return withNode(directory, name, async ({ toolbox, record }) => {
    if (await runningEngine(nodeEngine(directory, record, name))) return;
    await startNodeEngine(toolbox, directory, record, name);
  });
}

const shutDownLimitMs = 30_000;

/** Shuts a node down in good order: its engine stops the containers first. The node stays in the swarm, as `down`. */
export function stopNode(directory: string, name: string): Promise<void> {
  return withNode(directory, name, async ({ record }) => {
    const engine = async () => (await findOwnedProcesses(record.id, name)).find(({ command }) => command === "dockerd");
    const running = await engine();
    if (running) process.kill(running.pid, "SIGTERM");
    const deadline = Date.now() + shutDownLimitMs;
    while (Date.now() < deadline && (await engine())) await sleep(100);
    await endOwnedProcesses(record.id, name);
  });
}

/** Ends all processes of a node at once, as a crash of the machine does; what it has on disk stays. */
export function killNode(directory: string, name: string): Promise<void> {
  return withNode(directory, name, ({ record }) => endOwnedProcesses(record.id, name));
}

/** Cuts a node off from the other nodes, the registry and the clients; its tasks and its engine's socket stay. */
export function partitionNode(directory: string, name: string): Promise<void> {
  return withNode(directory, name, ({ toolbox, record }) => connectNode(toolbox, record.id, name, false));
}

/** Ends what {@link partitionNode} began. */
export function healNode(directory: string, name: string): Promise<void> {
  return withNode(directory, name, ({ toolbox, record }) => connectNode(toolbox, record.id, name, true));
}

/**
 * Lets a node receive no more than so many kilobits a second, or again as much as it can.
 *
 * @throws InputError for a rate that is no whole number above 0
 */
export function slowNode(directory: string, name: string, kilobitsPerSecond: number | undefined): Promise<void> {
  if (kilobitsPerSecond !== undefined && !(Number.isInteger(kilobitsPerSecond) && kilobitsPerSecond > 0)) {
    throw new InputError({
      path: "kilobits per second",
      expected: "a whole number above 0",
      got: showValue(kilobitsPerSecond),
      fix: "Write for example 512",
    });
  }
  return withNode(directory, name, ({ toolbox, record }) => limitNode(toolbox, record.id, name, kilobitsPerSecond));
}

/**
 * Takes all free space of a node's disk, until {@link freeNode} or its next boot.
 *
 * @throws SituationError when the node does not run
 */
export function fillNode(directory: string, name: string): Promise<void> {
  return withDisk(directory, name, fillDisk);
}

/** Ends what {@link fillNode} began. */
export function freeNode(directory: string, name: string): Promise<void> {
  return withDisk(directory, name, freeDisk);
}

function withDisk(
  directory: string,
  name: string,
  work: (disk: NodeDisk, pid: number) => Promise<void>,
): Promise<void> {
  return withNode(directory, name, async ({ record }) => {
    const mounted = (await mountedDisks(directory, record)).find((each) => each.name === name);
    if (mounted) return work(mounted.disk, mounted.pid);
    throw new SituationError(
      record.hasDisks
        ? { what: `${name} is not running`, fix: `Start it with \`${advised("lab node start", name)}\`` }
        : { what: `${name} has no disk to fill, because the lab has none`, fix: "Start a lab with disks" },
    );
  });
}

/** {@link freeNode} for all nodes that run. */
export async function freeNodes(directory: string, record: LabRecord): Promise<void> {
  for (const { disk, pid } of await mountedDisks(directory, record)) await freeDisk(disk, pid);
}

/** The names of the nodes whose disk {@link fillNode} has filled. */
export async function filledNodes(directory: string, record: LabRecord): Promise<string[]> {
  const mounted = await mountedDisks(directory, record);
  return mounted.filter(({ disk, pid }) => isFilled(disk, pid)).map(({ name }) => name);
}

/** The disks of the nodes that run, each with a process that sees it. */
async function mountedDisks(
  directory: string,
  record: LabRecord,
): Promise<{ name: string; disk: NodeDisk; pid: number }[]> {
  const disks = await Promise.all(
    labNodes(directory, record).map(async ({ name }) => {
      const engine = nodeEngine(directory, record, name);
      const pid = await enginePid(engine);
      return pid === undefined || engine.disk === undefined ? undefined : { name, disk: engine.disk, pid };
    }),
  );
  return disks.filter((disk) => disk !== undefined);
}

/** The names of the nodes that are cut off. */
export async function partitionedNodes(toolbox: Toolbox, directory: string, record: LabRecord): Promise<string[]> {
  const names = labNodes(directory, record).map(({ name }) => name);
  const connected = await Promise.all(names.map((name) => isNodeConnected(toolbox, record.id, name)));
  return names.filter((_, index) => connected[index] === false);
}

/** Finds the lab and the node, and does something to it while no one starts or stops the lab. */
async function withNode(
  directory: string,
  name: string,
  work: (lab: { toolbox: Toolbox; record: LabRecord }) => Promise<void>,
): Promise<void> {
  requireRoot("lab");
  const { id, directory: path } = labIdentity(directory);
  await withExclusiveLock(`lab:${id}`, async () => {
    const record = readRecord(labKind, directory);
    const toolbox = record && (await openToolbox(record.cacheDirectory));
    if (!record || !toolbox) {
      throw new SituationError({
        what: `There is no lab in ${path}`,
        fix: `Start one with \`${advised("lab start")}\``,
      });
    }
    const names = labNodes(directory, record).map((node) => node.name);
    if (!names.includes(name)) {
      throw new InputError({
        path: "node",
        expected: `one of ${names.join(", ")}`,
        got: showValue(name),
        fix: `See them with \`${advised("lab status")}\``,
      });
    }
    await work({ toolbox, record });
  });
}

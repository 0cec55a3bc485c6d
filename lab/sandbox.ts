import { readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initSwarm, swarmMembership } from "../swarm/engine/connection.ts";
import type { EngineConnection } from "../swarm/engine/connection.ts";
import { closeToOthers, makePrivateFolder } from "../swarm/engine/private-folder.ts";
import { InputError } from "../text/input-error.ts";
import { withExclusiveLock } from "./host/exclusive-lock.ts";
import { labIdentity } from "./host/identity.ts";
import { unmountBelow } from "./host/mount-point.ts";
import { endOwnedProcesses, findOwnedProcesses, removeCgroups } from "./host/owned-process.ts";
import type { OwnedProcess } from "./host/owned-process.ts";
import { requireDebian, requireRoot, requireSpace } from "./host/requirements.ts";
import { fillToolbox, findProgram, openToolbox } from "./host/toolbox.ts";
import type { Toolbox } from "./host/toolbox.ts";
import { assembleImage } from "./images/assembled-image.ts";
import { redisRecipe } from "./images/redis.ts";
import { freePort, hasImage, isRegistryUp, pushImage, startRegistry } from "./images/registry.ts";
import type { PrivateRegistry } from "./images/registry.ts";
import { takeStep } from "./lab-step.ts";
import type { LabStepListener } from "./lab-step.ts";
import {
  createBridge,
  createLan,
  createNode,
  freeAddressIndex,
  labAddresses,
  linkNames,
  namespaceName,
  nodeAddress,
  removeLabNetworks,
} from "./nodes/network.ts";
import {
  engineHost,
  filledVolumes,
  removeCoveredDirectories,
  runningEngine,
  startEngine,
} from "./nodes/private-engine.ts";
import type { FilledVolume, PrivateEngine } from "./nodes/private-engine.ts";
import { readSandboxRecord, sandboxRecordPath, writeSandboxRecord } from "./sandbox-record.ts";
import type { SandboxRecord } from "./sandbox-record.ts";

/** How to start a sandbox. */
export interface SandboxOptions {
  /** The folder that holds all of it; made if missing, and removed by {@link stopSandbox}. */
  readonly directory: string;
  /**
   * Where unpacked packages and the assembled image are kept, to be shared by several sandboxes.
   * Default: inside the sandbox' folder, and removed with it.
   */
  readonly cacheDirectory?: string;
  /**
   * `host`: published ports are this machine's own, on 127.0.0.1 alone; one such sandbox at a time.
   * `namespace`: an engine in a network namespace of its own, reached at an address that only this machine has.
   * Default: `host`.
   */
  readonly network?: "host" | "namespace";
  /** The hostname of the node. Default: this machine's; `holdfast-node` in a namespace. */
  readonly nodeHostname?: string;
  /** Told of each step as it is taken or skipped. */
  readonly onStep?: LabStepListener;
}

/** A single-node swarm of Holdfast's own, with a registry and a Redis image. */
export interface Sandbox {
  readonly directory: string;
  /** The engine's socket as DOCKER_HOST takes it. */
  readonly dockerHost: string;
  /** `host:port` of the registry; it answers plain HTTP. */
  readonly registryAddress: string;
  readonly nodeHostname: string;
  /** The address at which this machine reaches ports published in host mode. */
  readonly nodeAddress: string;
  /** Redis by digest: `127.0.0.1:5000/redis:7.0.15@sha256:…`. */
  readonly redisImage: string;
  /** The docker CLI to use with it: the machine's own or the one unpacked with the engine, if there is any. */
  readonly dockerProgram?: string;
}

/** What is there of a sandbox. */
export interface SandboxStatus {
  readonly directory: string;
  /** `degraded`: there is a sandbox, but not all of it runs; starting it again repairs it. */
  readonly state: "absent" | "stopped" | "degraded" | "running";
  /** Present in every state but `absent`, as far as it ever started. */
  readonly sandbox?: Sandbox;
  /** Whether the engine answers. */
  readonly engineRuns: boolean;
  /** Whether the engine is the manager of its swarm. */
  readonly swarmRuns: boolean;
  readonly registryRuns: boolean;
  /** All its processes, those in containers included. */
  readonly processes: readonly OwnedProcess[];
}

const enginePart = "engine";
const preferredRegistryPort = 5000;

/**
 * Starts a sandbox, or whatever of it does not run, and returns when it is ready; does nothing when all of it runs.
 * Services and volumes of an earlier run are there again. Only one process at a time starts or stops a sandbox. A first start that
 * fails ends what it has started; a sandbox that once was whole, and may hold data, runs as far as it came.
 *
 * @throws InputError when the machine cannot hold a sandbox (not root, not Debian or Ubuntu, packages not reachable, a
 * port taken, disk full), or when a part of it does not start, with the last lines of its log.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  requireRoot();
  const { id, directory } = labIdentity(options.directory);
  closeToOthers(directory);
  return withExclusiveLock(`lab:${id}`, () => startAlone(options));
}

async function startAlone(options: SandboxOptions): Promise<Sandbox> {
  const record = (await readSandboxRecord(options.directory)) ?? (await newRecord(options));
  const parts = describe(options.directory, record);
  const ranBefore = (await findOwnedProcesses(record.id)).length > 0;
  try {
    return await startParts(options, parts);
  } catch (error) {
    // What failed is told, whatever comes of the rest: the status says what of it runs.
    if (record.redisImage === undefined && !ranBefore) await endParts(parts).catch(() => undefined);
    throw error;
  }
}

/** Ends what runs of a sandbox that holds nothing, and removes its network. */
async function endParts({ record, engine }: SandboxParts): Promise<void> {
  await endOwnedProcesses(record.id);
  const toolbox = await openToolbox(record.cacheDirectory);
  if (toolbox) await removeLabNetworks(toolbox, record.id, [engine.directory]);
}

async function startParts(options: SandboxOptions, parts: SandboxParts): Promise<Sandbox> {
  const { record, engine, registry } = parts;
  const tell = options.onStep ?? (() => undefined);

  let toolbox = await openToolbox(record.cacheDirectory);
  await takeStep(tell, {
    step: "packages",
    check: () => Promise.resolve(toolbox && `unpacked in ${record.cacheDirectory}`),
    run: async (progress) => {
      toolbox = await fillToolbox(record.cacheDirectory, progress);
      return `unpacked in ${record.cacheDirectory}, nothing installed`;
    },
  });
  const tools = required(toolbox);

  let connection = await runningEngine(engine);
  await takeStep(tell, {
    step: "engine",
    check: () => Promise.resolve(connection && `runs at ${engineHost(engine)}`),
    run: async () => {
      connection = await startEngineAnew(parts, tools);
      return `runs at ${engineHost(engine)}`;
    },
  });
  const docker = required(connection);

  await takeStep(tell, {
    step: "swarm",
    check: async () => ((await isManager(docker)) ? `one node, at ${parts.nodeAddress}` : undefined),
    run: async () => {
      await joinOwnSwarm(docker, parts);
      return `one node, at ${parts.nodeAddress}`;
    },
  });

  await takeStep(tell, {
    step: "registry",
    check: async () => ((await isRegistryUp(registry)) ? `runs at ${registry.address}` : undefined),
    run: async () => {
      await startRegistry(registry, tools);
      return `runs at ${registry.address}`;
    },
  });

  let image = record.redisImage;
  await takeStep(tell, {
    step: "image",
    check: async () => (image !== undefined && (await hasImage(registry, image)) ? image : undefined),
    run: async () => {
      image = await pushImage(registry, await assembleImage(await redisRecipe(tools), tools, record.cacheDirectory));
      await writeSandboxRecord(options.directory, { ...record, redisImage: image });
      return image;
    },
  });
  return describeSandbox(parts, required(image), tools);
}

/** Tells what is there of the sandbox in a folder; changes nothing. */
export async function sandboxStatus(directory: string): Promise<SandboxStatus> {
  const identity = labIdentity(directory);
  const record = await readSandboxRecord(directory);
  const processes = await findOwnedProcesses(record?.id ?? identity.id);
  if (!record) {
    const state = processes.length > 0 ? "degraded" : "absent";
    const nothing = { engineRuns: false, swarmRuns: false, registryRuns: false };
    return { directory: identity.directory, state, ...nothing, processes };
  }
  const parts = describe(directory, record);
  const connection = await runningEngine(parts.engine);
  const swarmRuns = connection !== undefined && (await isManager(connection));
  const registryRuns = await isRegistryUp(parts.registry);
  const toolbox = await openToolbox(record.cacheDirectory);
  const isWhole = swarmRuns && registryRuns && record.redisImage !== undefined;
  return {
    directory: identity.directory,
    state: isWhole ? "running" : processes.length > 0 ? "degraded" : "stopped",
    ...(record.redisImage === undefined ? {} : { sandbox: await describeSandbox(parts, record.redisImage, toolbox) }),
    engineRuns: connection !== undefined,
    swarmRuns,
    registryRuns,
    processes,
  };
}

/** The volumes of a sandbox that something is in, whether it runs or not; its record need not be there. */
export function sandboxVolumes(directory: string): Promise<FilledVolume[]> {
  return filledVolumes({ directory: join(labIdentity(directory).directory, enginePart) });
}

/**
 * Ends a sandbox and removes every trace of it: processes, containers, mounts, network links, cgroups and its folder with
 * all data in it. Also works after a crash or a reboot, and when there is nothing to remove.
 *
 * @throws InputError for a folder that holds something but is no sandbox.
 */
export async function stopSandbox(directory: string): Promise<void> {
  const identity = labIdentity(directory);
  await withExclusiveLock(`lab:${identity.id}`, async () => {
    const record = await readSandboxRecord(directory).catch(() => undefined); // A broken record is removed as well.
    await requireSandboxFolder(identity.directory);
    const id = record?.id ?? identity.id;
    const isPresent = existsSync(identity.directory) || (await findOwnedProcesses(id)).length > 0;
    if (!isPresent) return;
    requireRoot();
    const cacheDirectory = record?.cacheDirectory ?? join(identity.directory, "cache");
    const toolbox = (await openToolbox(cacheDirectory)) ?? { directory: cacheDirectory, environment: {} };
    await endOwnedProcesses(id);
    await removeLabNetworks(toolbox, id, [join(identity.directory, enginePart)]);
    await removeCgroups(id);
    await unmountBelow(identity.directory);
    await removeCoveredDirectories(id);
    await rm(`/run/holdfast-${id}`, { recursive: true, force: true });
    await rm(identity.directory, { recursive: true, force: true, maxRetries: 3 });
  });
}

/** A sandbox' parts, as its record and its folder determine them. */
interface SandboxParts {
  readonly directory: string;
  readonly record: SandboxRecord;
  readonly engine: PrivateEngine;
  readonly registry: PrivateRegistry;
  readonly nodeAddress: string;
}

function describe(directory: string, record: SandboxRecord): SandboxParts {
  const identity = labIdentity(directory);
  const addresses = labAddresses(record.addressIndex);
  const isApart = record.network === "namespace";
  return {
    directory: identity.directory,
    record,
    nodeAddress: isApart ? nodeAddress(addresses, 1) : "127.0.0.1",
    engine: {
      lab: record.id,
      part: enginePart,
      directory: join(identity.directory, enginePart),
      runDirectory: identity.runDirectory,
      insecureRegistries: isApart ? [addresses.lanSubnet] : [],
      ...(isApart ? { namespace: namespaceName(record.id, enginePart) } : { publishAddress: "127.0.0.1" }),
      ...(record.nodeHostname === undefined ? {} : { hostname: record.nodeHostname }),
    },
    registry: {
      lab: record.id,
      directory: join(identity.directory, "registry"),
      address: `${isApart ? addresses.lanHostAddress : "127.0.0.1"}:${record.registryPort}`,
    },
  };
}

async function describeSandbox(
  { directory, record, engine, registry, nodeAddress: address }: SandboxParts,
  image: string,
  toolbox: Toolbox | undefined,
): Promise<Sandbox> {
  const dockerProgram = toolbox && (await findProgram(toolbox.environment, "docker"));
  return {
    directory,
    dockerHost: engineHost(engine),
    registryAddress: registry.address,
    nodeHostname: record.nodeHostname ?? hostname(),
    nodeAddress: address,
    redisImage: image,
    ...(dockerProgram === undefined ? {} : { dockerProgram }),
  };
}

async function newRecord(options: SandboxOptions): Promise<SandboxRecord> {
  const { id, directory } = labIdentity(options.directory);
  await requireDebian();
  await requireSandboxFolder(directory);
  makePrivateFolder(directory);
  await requireSpace(directory);
  const network = options.network ?? "host";
  const nodeHostname = options.nodeHostname ?? (network === "namespace" ? "holdfast-node" : undefined);
  const record: SandboxRecord = {
    version: 1,
    id,
    network,
    addressIndex: freeAddressIndex(id),
    registryPort: await freePort("0.0.0.0", preferredRegistryPort),
    cacheDirectory: resolve(options.cacheDirectory ?? join(directory, "cache")),
    ...(nodeHostname === undefined ? {} : { nodeHostname }),
  };
  await writeSandboxRecord(directory, record);
  return record;
}

/** Makes the engine's network and starts it; an engine that has ended leaves nothing of its network to go on with. */
async function startEngineAnew({ record, engine, nodeAddress: address }: SandboxParts, toolbox: Toolbox) {
  const addresses = labAddresses(record.addressIndex);
  await endOwnedProcesses(record.id, engine.part);
  await removeLabNetworks(toolbox, record.id, [engine.directory]);
  if (engine.namespace !== undefined) {
    await createLan(toolbox, record.id, addresses);
    await createNode(toolbox, record.id, engine.part, address);
  }
  await createBridge(toolbox, record.id, addresses, engine.namespace);
  return startEngine(engine, toolbox);
}

async function isManager(connection: EngineConnection): Promise<boolean> {
  const membership = await swarmMembership(connection);
  return membership.state === "active" && membership.isManager;
}

const swarmReturnMs = 20_000;

/** Initialises the swarm, or waits for the one of an earlier run to be there again. */
async function joinOwnSwarm(
  connection: EngineConnection,
  { record, nodeAddress: address }: SandboxParts,
): Promise<void> {
  const deadline = Date.now() + swarmReturnMs;
  let state = (await swarmMembership(connection)).state;
  while (state === "pending" && Date.now() < deadline) {
    await sleep(200);
    state = (await swarmMembership(connection)).state;
  }
  if (state === "active") return;
  await createGatewayNetwork(connection, record);
  try {
    await initSwarm(connection, { advertise: address, listen: `${address}:2377` });
  } catch (error) {
    throw new InputError({
      path: "sandbox swarm",
      expected: `the ports 2377 and 7946 of ${address} to be free, and a swarm to start there`,
      got: error instanceof Error ? error.message.trim() : String(error),
      fix: "End the process that holds the port (`ss -ltnp` shows it; another sandbox or swarm on this machine does), or use that swarm by DOCKER_HOST",
    });
  }
}

/** Makes the bridge network of tasks on overlay networks under a link name of the lab's own, before Swarm does. */
async function createGatewayNetwork({ docker }: EngineConnection, record: SandboxRecord): Promise<void> {
  const name = "docker_gwbridge";
  const networks = await docker.listNetworks({ filters: { name: [name] } });
  if (networks.length > 0) return;
  await docker.createNetwork({
    Name: name,
    Driver: "bridge",
    IPAM: { Config: [{ Subnet: labAddresses(record.addressIndex).gatewaySubnet }] },
    Options: {
      "com.docker.network.bridge.name": linkNames(record.id).gatewayBridge,
      "com.docker.network.bridge.enable_icc": "false",
      ...(record.network === "host" && { "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1" }),
    },
  });
}

/** Refuses a folder with something else in it; a start that was cut short leaves it empty or with a record. */
async function requireSandboxFolder(directory: string): Promise<void> {
  const entries = existsSync(directory) ? await readdir(directory) : [];
  if (entries.length === 0 || entries.some((name) => name.startsWith(basename(sandboxRecordPath(directory))))) return;
  throw new InputError({
    path: directory,
    expected: "the folder of a sandbox, or none yet",
    got: "one with other files in it",
    fix: "Name the folder of the sandbox",
  });
}

/** The result of a step that has just been taken. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("a step ended without its result");
  return value;
}

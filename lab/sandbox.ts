import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { initSwarm, swarmMembership, type EngineConnection } from "../swarm/engine/connection.ts";
import { errorWords } from "../text/error-text.ts";
import { SituationError } from "../text/situation-error.ts";
import { labIdentity } from "./host/identity.ts";
import { endOwnedProcesses, findOwnedProcesses, type OwnedProcess } from "./host/owned-process.ts";
import { readRecord, writeRecord } from "./host/record-file.ts";
import { fillToolbox, openToolbox, type Toolbox } from "./host/toolbox.ts";
import { isRegistryUp, startRegistry, type PrivateRegistry } from "./images/registry.ts";
import {
  createBridge,
  createLan,
  createNode,
  labAddresses,
  linkNames,
  namespaceName,
  nodeAddress,
  removeLabNetworks,
} from "./nodes/network.ts";
import {
  engineHost,
  filledVolumes,
  runningEngine,
  startEngine,
  type FilledVolume,
  type PrivateEngine,
} from "./nodes/private-engine.ts";
import { sandboxKind, type SandboxRecord } from "./sandbox-record.ts";
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
   * `namespace`: an engine in a separate network namespace, reached at an address that only this machine has.
   * Default: `host`.
   */
  readonly network?: "host" | "namespace";
  /** The hostname of the node. Default: this machine's; `holdfast-node` in a namespace. */
  readonly nodeHostname?: string;
  /** Called for each step as it is taken or skipped. */
  readonly onStep?: StepListener;
}

/** A single-node throwaway swarm, with a registry and a Redis image. */
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

/** Which parts of a sandbox exist and run. */
export interface SandboxStatus {
  readonly directory: string;
  /** `degraded`: not all of it runs; starting it again repairs it. */
  readonly state: "absent" | "stopped" | "degraded" | "running";
  /** Present in every state but `absent`, once it has started fully. */
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

/** The titles of the steps in which a sandbox starts, in this order. */
export const sandboxSteps = {
  packages: "Download Docker, Redis and a registry as Debian packages",
  engine: "Start a private Docker engine",
  swarm: "Initialise its swarm",
  registry: "Start a private registry",
  image: "Assemble a Redis image and push it to the registry",
} as const;

/**
 * Starts a sandbox, or the parts of it that do not run, and returns when it is ready. Services and volumes of an earlier run are kept.
 * Only one process at a time starts or stops a sandbox. A first start that fails ends what it has started; a sandbox that was complete
 * once, and may hold data, keeps running as far as it got.
 *
 * @throws SituationError when the machine cannot hold a sandbox (not root, not Debian or Ubuntu, packages not reachable, a port taken,
 * disk full), or when a part of it does not start, with the last lines of its log.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  return aloneIn(sandboxKind, options.directory, async () => {
    const record = readRecord(sandboxKind, options.directory) ?? (await newRecord(options));
    const parts = describe(options.directory, record);
    const ranBefore = (await findOwnedProcesses(record.id)).length > 0;
    try {
      return await startParts(options, parts);
    } catch (error) {
      // The failure is reported whatever comes of the rest: the status shows what still runs.
      if (record.redisImage === undefined && !ranBefore) await endParts(parts).catch(() => undefined);
      throw error;
    }
  });
}

/** Ends the processes of a sandbox that holds nothing, and removes its network. */
async function endParts({ record, engine }: SandboxParts): Promise<void> {
  await endOwnedProcesses(record.id);
  const toolbox = await openToolbox(record.cacheDirectory);
  if (toolbox) await removeLabNetworks(toolbox, record.id, [engine.directory]);
}

async function startParts(
  { directory, onStep = () => undefined }: SandboxOptions,
  parts: SandboxParts,
): Promise<Sandbox> {
  const { record, engine, registry } = parts;
  const { cacheDirectory } = record;
  const toolbox = await takeStep(onStep, {
    title: sandboxSteps.packages,
    present: await openToolbox(cacheDirectory),
    run: (progress) => fillToolbox(cacheDirectory, progress),
    detail: () => `unpacked in ${cacheDirectory}, nothing installed`,
  });
  const connection = await takeStep(onStep, {
    title: sandboxSteps.engine,
    present: await runningEngine(engine),
    run: () => startEngineAnew(parts, toolbox),
    detail: () => `runs at ${engineHost(engine)}`,
  });
  await takeStep(onStep, {
    title: sandboxSteps.swarm,
    present: (await isManager(connection)) || undefined,
    run: () => joinOwnSwarm(connection, parts),
    detail: () => `one node, at ${parts.nodeAddress}`,
  });
  await takeStep(onStep, {
    title: sandboxSteps.registry,
    present: (await isRegistryUp(registry)) || undefined,
    run: () => startRegistry(registry, toolbox),
    detail: () => `runs at ${registry.address}`,
  });
  const redisImage = await takeStep(onStep, {
    title: sandboxSteps.image,
    present: await presentImage(registry, record),
    run: () => pushRedis(registry, toolbox, cacheDirectory),
    detail: (image) => image,
  });
  if (redisImage !== record.redisImage) await writeRecord(sandboxKind, directory, { ...record, redisImage });
  return describeSandbox(parts, redisImage, toolbox);
}

/** Shows which parts of the sandbox in a folder exist and run; changes nothing. */
export async function sandboxStatus(directory: string): Promise<SandboxStatus> {
  const identity = labIdentity(directory);
  const record = readRecord(sandboxKind, directory);
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
    ...(record.redisImage !== undefined && { sandbox: await describeSandbox(parts, record.redisImage, toolbox) }),
    engineRuns: connection !== undefined,
    swarmRuns,
    registryRuns,
    processes,
  };
}

/** The volumes of a sandbox that are not empty, whether it runs or not, with or without its record. */
export function sandboxVolumes(directory: string): Promise<FilledVolume[]> {
  return filledVolumes({ directory: join(labIdentity(directory).directory, enginePart) });
}

/** Ends a sandbox and removes every trace of it, see {@link removeSwarm}. */
export function stopSandbox(directory: string): Promise<void> {
  return removeSwarm(sandboxKind, directory, [enginePart]);
}

/** A sandbox's parts, as its record and its folder determine them. */
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
    registry: privateRegistry(directory, record, isApart ? addresses.lanHostAddress : "127.0.0.1"),
  };
}

async function describeSandbox(
  { directory, record, engine, registry, nodeAddress: address }: SandboxParts,
  image: string,
  toolbox: Toolbox | undefined,
): Promise<Sandbox> {
  return {
    directory,
    dockerHost: engineHost(engine),
    registryAddress: registry.address,
    nodeHostname: record.nodeHostname ?? hostname(),
    nodeAddress: address,
    redisImage: image,
    ...(await dockerProgramIn(toolbox)),
  };
}

async function newRecord(options: SandboxOptions): Promise<SandboxRecord> {
  const { network = "host" } = options;
  const nodeHostname = options.nodeHostname ?? (network === "namespace" ? "holdfast-node" : undefined);
  const common = await firstRecord(sandboxKind, options);
  const record: SandboxRecord = { version: 1, ...common, network, ...(nodeHostname !== undefined && { nodeHostname }) };
  await writeRecord(sandboxKind, options.directory, record);
  return record;
}

/** Makes the engine's network and starts it; what an engine that has ended left of its network is of no use. */
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

/** Initialises the swarm, or waits for the one of an earlier run to come back. */
async function joinOwnSwarm(
  connection: EngineConnection,
  { record, nodeAddress: address }: SandboxParts,
): Promise<true> {
  const deadline = Date.now() + swarmReturnMs;
  let state = (await swarmMembership(connection)).state;
  while (state === "pending" && Date.now() < deadline) {
    await sleep(200);
    state = (await swarmMembership(connection)).state;
  }
  if (state === "active") return true;
  await createGatewayNetwork(connection, record);
  try {
    await initSwarm(connection, { advertise: address, listen: `${address}:2377` });
    return true;
  } catch (error) {
    throw new SituationError({
      what: `The swarm of the sandbox does not start; it needs the ports 2377 and 7946 of ${address}: ${errorWords(error)}`,
      fix: "End the process that holds the port (`ss -ltnp` shows it; it may be another sandbox or swarm), or use that swarm with DOCKER_HOST",
    });
  }
}

/** Makes the bridge network of tasks on overlay networks before Swarm does, to give it the lab's own link name. */
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

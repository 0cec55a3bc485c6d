/** What a sandbox and a lab share: the steps of a start, their folder, their registry, and how every trace of them is removed. */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { closeToOthers, makePrivateFolder } from "../swarm/engine/private-folder.ts";
import { SituationError } from "../text/situation-error.ts";
import { withExclusiveLock } from "./host/exclusive-lock.ts";
import { labIdentity } from "./host/identity.ts";
import { unmountBelow } from "./host/mount-point.ts";
import { endOwnedProcesses, findOwnedProcesses, removeCgroups } from "./host/owned-process.ts";
import { readRecord, recordPath, type CommonRecord, type SwarmKind } from "./host/record-file.ts";
import { requireDebian, requireRoot, requireSpace } from "./host/requirements.ts";
import { findProgram, openToolbox, type Toolbox } from "./host/toolbox.ts";
import { assembleImage } from "./images/assembled-image.ts";
import { redisRecipe } from "./images/redis.ts";
import { freePort, hasImage, isRegistryUp, pushImage, type PrivateRegistry } from "./images/registry.ts";
import { untilDetached } from "./nodes/disk.ts";
import { freeAddressIndex, labNamespaces, removeLabNetworks } from "./nodes/network.ts";
import { removeCoveredDirectories } from "./nodes/private-engine.ts";

/** One event of a step of a start; a step that is not needed is only reported as skipped. */
export interface StepEvent {
  readonly title: string;
  readonly state: "started" | "progress" | "done" | "skipped";
  /** What is being done or what came of it, without a full stop. */
  readonly detail?: string;
}

/** Receives the steps of a start. */
export type StepListener = (event: StepEvent) => void;

/** A step of a start. */
export interface StartStep<T> {
  readonly title: string;
  /** The result of an earlier start, or undefined when the step must run. */
  readonly present: T | undefined;
  readonly run: (progress: (detail: string) => void) => Promise<T>;
  /** What to show of the result. */
  readonly detail?: (result: T) => string;
}

/** Runs one step unless its result is there already, and reports it. */
export async function takeStep<T>(tell: StepListener, { title, present, run, detail }: StartStep<T>): Promise<T> {
  const told = (result: T) => (detail === undefined ? {} : { detail: detail(result) });
  if (present !== undefined) {
    tell({ title, state: "skipped", ...told(present) });
    return present;
  }
  tell({ title, state: "started" });
  const result = await run((progress) => {
    tell({ title, state: "progress", detail: progress });
  });
  tell({ title, state: "done", ...told(result) });
  return result;
}

/** Does the work while no other process starts, stops or disturbs the swarm in a folder. */
export async function aloneIn<T>(
  { name }: Pick<SwarmKind, "name">,
  folder: string,
  work: () => Promise<T>,
): Promise<T> {
  requireRoot(name);
  const { id, directory } = labIdentity(folder);
  closeToOthers(directory);
  return withExclusiveLock(`lab:${id}`, work);
}

/** Makes the folder of a new swarm, and the part of its record that every kind has. */
export async function firstRecord(
  kind: Pick<SwarmKind, "name">,
  options: { readonly directory: string; readonly cacheDirectory?: string },
): Promise<CommonRecord> {
  const { id, directory } = labIdentity(options.directory);
  await requireDebian(kind.name);
  await requireFolder(kind, directory);
  makePrivateFolder(directory);
  await requireSpace(directory);
  return {
    id,
    addressIndex: freeAddressIndex(id),
    registryPort: await freePort("0.0.0.0", preferredRegistryPort),
    cacheDirectory: resolve(options.cacheDirectory ?? join(directory, "cache")),
  };
}

const preferredRegistryPort = 5000;

/** The registry of the swarm in a folder. */
export function privateRegistry(folder: string, { id, registryPort }: CommonRecord, host: string): PrivateRegistry {
  return { lab: id, directory: join(labIdentity(folder).directory, "registry"), address: `${host}:${registryPort}` };
}

/** The Redis image that the registry holds since an earlier start. */
export async function presentImage(
  registry: PrivateRegistry,
  { redisImage }: CommonRecord,
): Promise<string | undefined> {
  if (redisImage === undefined || !(await isRegistryUp(registry))) return undefined;
  return (await hasImage(registry, redisImage)) ? redisImage : undefined;
}

/** Assembles the Redis image, puts it into the registry and returns its reference by digest. */
export async function pushRedis(registry: PrivateRegistry, toolbox: Toolbox, cacheDirectory: string): Promise<string> {
  return pushImage(registry, await assembleImage(await redisRecipe(toolbox), toolbox, cacheDirectory));
}

/** The docker CLI to use, as an optional property: the machine's own or the one unpacked with the engine. */
export async function dockerProgramIn(toolbox: Toolbox | undefined): Promise<{ dockerProgram?: string }> {
  const dockerProgram = toolbox && (await findProgram(toolbox.environment, "docker"));
  return dockerProgram === undefined ? {} : { dockerProgram };
}

/**
 * Ends the swarm in a folder and removes every trace of it: processes, containers, mounts, network links, namespaces, cgroups and the
 * folder with all data in it. This also works after a crash or a reboot, and when there is nothing to remove.
 *
 * @param engines - the subfolders of engines that share the machine's network
 * @throws SituationError for a folder that holds something else
 */
export async function removeSwarm<T extends CommonRecord>(
  kind: SwarmKind<T>,
  folder: string,
  engines: readonly string[] = [],
): Promise<void> {
  const identity = labIdentity(folder);
  const { directory } = identity;
  await withExclusiveLock(`lab:${identity.id}`, async () => {
    let record: T | undefined;
    try {
      record = readRecord(kind, folder);
    } catch {
      // A broken record is removed as well.
    }
    await requireFolder(kind, directory);
    const id = record?.id ?? identity.id;
    const isPresent =
      existsSync(directory) || (await findOwnedProcesses(id)).length > 0 || (await labNamespaces(id)).length > 0;
    if (!isPresent) return;
    requireRoot(kind.name);
    const cacheDirectory = record?.cacheDirectory ?? join(directory, "cache");
    const toolbox = (await openToolbox(cacheDirectory)) ?? { directory: cacheDirectory, environment: {} };
    await endOwnedProcesses(id);
    await removeLabNetworks(
      toolbox,
      id,
      engines.map((name) => join(directory, name)),
    );
    await removeCgroups(id);
    await unmountBelow(directory);
    await untilDetached(directory);
    await removeCoveredDirectories(id);
    await rm(`/run/holdfast-${id}`, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  });
}

/** Refuses a folder with something else in it; a start that was cut short leaves it empty or with a record. */
async function requireFolder(kind: Pick<SwarmKind, "name">, directory: string): Promise<void> {
  const entries = existsSync(directory) ? await readdir(directory) : [];
  if (entries.length === 0 || entries.some((name) => name.startsWith(basename(recordPath(kind, directory))))) return;
  throw new SituationError({
    what: `The folder ${directory} is not that of a ${kind.name}: it has other files in it`,
    fix: `Name the folder of the ${kind.name}`,
  });
}

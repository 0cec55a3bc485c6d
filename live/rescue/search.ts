/** Searches the volumes that nothing uses for data that a service has lost. */
import pLimit from "p-limit";
import { findImage } from "../../model/image/catalogue.ts";
import { isKnown, parseImageReference, type Estate } from "../../model/service/definition.ts";
import { dataKeeper } from "../../model/storage/data-location.ts";
import type { VolumeContent } from "../../model/storage/volume-content.ts";
import { dockerWords } from "../../swarm/api/errors.ts";
import type { ContainerMount } from "../../swarm/api/objects.ts";
import { viewData, type IdleVolume } from "../data-overview.ts";
import { answeredIn, liveEstate, type AnsweredEngine, type Inventory, type NodeVolume } from "../inventory.ts";
import { identifyVolume, isMountedFromElsewhere, withArchives, type OpenVolume } from "../volume-archive.ts";

/** A volume that no running container uses, and what is known of the data in it. */
export interface LostVolume extends Omit<IdleVolume, "service"> {
  readonly isAnonymous: boolean;
  /** Undefined when it was not read; {@link LostVolume.problem} says why. */
  readonly content: VolumeContent | undefined;
  readonly problem: string | undefined;
  /** What ties it to services, the strongest first. */
  readonly traces: readonly VolumeTrace[];
  /** The program that wrote it, by its content or by the image of a container that mounted it; undefined when neither shows it. */
  readonly program: string | undefined;
}

/** What ties a volume to a service. */
export interface VolumeTrace {
  /** Undefined when it names no service of this swarm. */
  readonly service: string | undefined;
  /** Where it was mounted. */
  readonly target: string | undefined;
  readonly words: string;
}

/** How much of a volume is read to identify what is in it, and how long this may take for all of them. */
const lookLimitBytes = 8 * 1024 ** 2;
const lookLimitMs = 4000;
const looksAtOnce = 4;

/** Finds the volumes that may hold lost data; all of them together are read for a few seconds at most. */
export async function findLostVolumes(inventory: Inventory, stop: AbortSignal): Promise<LostVolume[]> {
  const estate = await liveEstate(inventory);
  const { idleVolumes } = viewData(estate, inventory);
  const signal = AbortSignal.any([stop, AbortSignal.timeout(lookLimitMs)]);
  const found = await Promise.all(
    answeredIn(inventory).map(async (engine) => {
      const idle = idleVolumes.filter(({ node }) => node === engine.report.hostname);
      const looks = await lookIntoAll(engine, inventory, idle, signal);
      return idle.map((volume, index) => lostVolume(volume, looks[index] ?? notLooked, inventory, estate));
    }),
  );
  return found
    .flat()
    .toSorted(
      (one, other) =>
        Number(other.traces.length > 0) - Number(one.traces.length > 0) ||
        (one.traces[0]?.service ?? "").localeCompare(other.traces[0]?.service ?? "") ||
        (other.content?.newestWrite ?? "").localeCompare(one.content?.newestWrite ?? ""),
    );
}

type Look = Pick<LostVolume, "content" | "problem">;
const notLooked: Look = { content: undefined, problem: "no time was left to look into it" };

async function lookIntoAll(
  { connection }: AnsweredEngine,
  inventory: Inventory,
  idle: readonly IdleVolume[],
  signal: AbortSignal,
): Promise<Look[]> {
  if (idle.length === 0) return [];
  const looks = Array.from<Look>({ length: idle.length }).fill(notLooked);
  const atOnce = pLimit(looksAtOnce);
  try {
    await withArchives(connection.docker, (open) =>
      atOnce.map(idle, async ({ node, name }, index) => {
        const { volume } = nodeVolume(inventory, node, name) ?? {};
        if (volume !== undefined && isMountedFromElsewhere(volume))
          looks[index] = { content: undefined, problem: "a mounted file system, which is not looked into" };
        else if (!signal.aborted) looks[index] = await look(open, name, signal);
      }),
    );
  } catch (error) {
    return looks.map((one) => (one === notLooked ? { content: undefined, problem: dockerWords(error) } : one));
  }
  return looks;
}

async function look(open: OpenVolume, volume: string, signal: AbortSignal): Promise<Look> {
  try {
    return {
      content: await identifyVolume(open, volume, { limitBytes: lookLimitBytes, signal }),
      problem: undefined,
    };
  } catch (error) {
    return { content: undefined, problem: dockerWords(error) };
  }
}

/** A volume on a node. */
function nodeVolume({ volumes }: Inventory, node: string, name: string): NodeVolume | undefined {
  return volumes.find((each) => each.node === node && each.volume.Name === name);
}

function lostVolume({ service: _, ...idle }: IdleVolume, look: Look, inventory: Inventory, estate: Estate): LostVolume {
  const volume = nodeVolume(inventory, idle.node, idle.name);
  const mounted = volume === undefined ? [] : mountTraces(volume, inventory);
  const known = look.content?.kind === "unknown" || look.content?.kind === "empty" ? undefined : look.content?.kind;
  const program = known ?? volume?.users.map(({ image }) => programOf(image)).find((name) => name !== undefined);
  const others =
    volume === undefined ? [] : [...labelTraces(volume), ...contentTraces(look.content, mounted, program, estate)];
  return { ...idle, ...look, isAnonymous: volume?.isAnonymous ?? false, traces: [...mounted, ...others], program };
}

/** What services, their tasks and their containers say about the volume. */
export function mountTraces({ node, volume, users }: NodeVolume, { swarm }: Inventory): VolumeTrace[] {
  const { Name: name } = volume;
  const targetsIn = (mounts: readonly ContainerMount[] | null | undefined) =>
    (mounts ?? []).filter(({ Type, Source }) => Type === "volume" && Source === name).map(({ Target }) => Target);
  const services = swarm?.services ?? [];
  const nodeId = swarm?.nodes.find(({ hostname }) => hostname === node)?.id;
  const nameOf = (id: string) => services.find(({ ID }) => ID === id)?.Spec.Name;
  const now = services.flatMap(({ Spec }) =>
    targetsIn(Spec.TaskTemplate.ContainerSpec?.Mounts).map((target) => ({
      service: Spec.Name,
      target,
      words: `${Spec.Name} mounts a volume of this name at ${target}`,
    })),
  );
  const containers = users.map(({ containerId, state, service, target }) => ({
    service,
    target,
    words: `the ${state} container ${containerId.slice(0, 12)}${service === undefined ? "" : ` of ${service}`} mounts it at ${target}`,
  }));
  const tasks = (swarm?.tasks ?? [])
    .filter(({ NodeID }) => NodeID === nodeId)
    .flatMap(({ ServiceID, Spec }) =>
      targetsIn(Spec.ContainerSpec?.Mounts).map((target) => {
        const service = nameOf(ServiceID);
        return { service, target, words: `an earlier task of ${service ?? ServiceID} mounted it at ${target}` };
      }),
    );
  const before = services.flatMap(({ Spec, PreviousSpec }) =>
    targetsIn(PreviousSpec?.TaskTemplate.ContainerSpec?.Mounts).map((target) => ({
      service: Spec.Name,
      target,
      words: `${Spec.Name} mounted a volume of this name at ${target} before its last update`,
    })),
  );
  const traces = [...now, ...containers, ...tasks, ...before];
  return traces.filter(({ words }, index) => traces.findIndex((other) => other.words === words) === index);
}

function labelTraces({ volume }: NodeVolume): VolumeTrace[] {
  const stack = volume.Labels?.["com.docker.stack.namespace"];
  return stack === undefined ? [] : [{ service: undefined, target: undefined, words: `the stack ${stack} created it` }];
}

/** What the data itself shows, where nothing else names a service. */
function contentTraces(
  content: VolumeContent | undefined,
  mounted: readonly VolumeTrace[],
  program: string | undefined,
  estate: Estate,
): VolumeTrace[] {
  const store = content?.store;
  const marked: VolumeTrace[] =
    store === undefined ? [] : [{ service: undefined, target: undefined, words: `its mark names the store ${store}` }];
  if (program === undefined || mounted.some(({ service }) => service !== undefined)) return marked;
  const fitting = estate.services
    .filter((service) => serviceProgram(service, estate) === program)
    .map(({ name }) => name);
  const [only] = fitting;
  if (only === undefined) return marked;
  return [
    ...marked,
    fitting.length === 1
      ? {
          service: only,
          target: undefined,
          words: `it holds data of ${program}, and ${only} is the only service that runs it`,
        }
      : { service: undefined, target: undefined, words: `it holds data of ${program}, as ${fitting.join(", ")} keep` },
  ];
}

function serviceProgram(service: Estate["services"][number], estate: Estate): string | undefined {
  const { entry, redis } = dataKeeper(service, estate);
  return redis === undefined ? entry?.name : "redis";
}

/** The catalogue's name of an image's program; everything that speaks Redis' language is `redis`. */
export function programOf(image: string): string | undefined {
  const entry = findImage(parseImageReference(image), undefined);
  return isKnown(entry) ? (entry?.redis ? "redis" : entry?.name) : undefined;
}

import { z } from "zod";
import { readLiveSwarm } from "../inputs/swarm/definitions.ts";
import type { Estate } from "../model/service/definition.ts";
import { dockerWords } from "../swarm/api/errors.ts";
import { volumeSchema, type Service, type Volume } from "../swarm/api/objects.ts";
import { listContainers } from "../swarm/api/reads.ts";
import { orSandbox, type EngineConnection } from "../swarm/engine/connection.ts";
import { askEngine, type EngineReport } from "../swarm/engine/report.ts";
import { InputError } from "../text/input-error.ts";
import { imagesOf, readSwarm, type SwarmRecord } from "./read-swarm.ts";

/** A whole swarm, as far as the engines that were asked can tell. */
export interface Inventory {
  /** When it was taken, in ISO 8601. */
  readonly takenAt: string;
  readonly engines: readonly AskedEngine[];
  /** What a manager says; undefined when none of the engines is one that answers. */
  readonly swarm: SwarmRecord | undefined;
  /** Volumes of the engines that answered. */
  readonly volumes: readonly NodeVolume[];
  /** Hostnames of nodes whose engine was not asked or did not answer: their volumes are unknown. */
  readonly unseenNodes: readonly string[];
}

/** An engine that was asked, and what came of it. */
export type AskedEngine = AnsweredEngine | UnusableEngine;

/** An engine that could not be asked. */
export interface UnusableEngine {
  readonly host: string;
  readonly problem: string;
  /** What to do about it, where that is known. */
  readonly fix?: string;
}

/** An engine that answered. */
export interface AnsweredEngine {
  readonly host: string;
  readonly report: EngineReport;
  readonly connection: EngineConnection;
}

/** A volume on a node. */
export interface NodeVolume {
  readonly node: string;
  readonly volume: Volume;
  /** Named by Docker itself, for a `VOLUME` of an image or a mount without a source. */
  readonly isAnonymous: boolean;
  /** Undefined when the engine did not say in time. */
  readonly sizeBytes: number | undefined;
  /** The containers that mount it, stopped ones too. */
  readonly users: readonly VolumeUser[];
}

/** A container that mounts a volume. */
export interface VolumeUser {
  readonly containerId: string;
  /** `running`, `exited` and so on. */
  readonly state: string;
  readonly target: string;
  /** The name of the service that it is a task of. */
  readonly service: string | undefined;
  readonly image: string;
}

/**
 * Takes the inventory of a swarm from engines that are all asked at once; two addresses of one engine count once. An engine that does not
 * answer within 3 s is listed with that problem, and the others still count.
 */
export async function takeInventory(connections: readonly EngineConnection[]): Promise<Inventory> {
  const asked = await Promise.all(connections.map(ask));
  const engines = asked.filter((engine, index) => !asked.slice(0, index).some((other) => isSame(engine, other)));
  const answered = answeredIn({ engines });
  const volumes = (await Promise.all(answered.map(volumesOf))).flat();
  const swarm = await firstAnswer(
    answered.filter(({ report }) => report.isManager).map(({ connection }) => connection),
  );
  const seen = new Set(answered.map(({ report }) => report.nodeId));
  return {
    takenAt: new Date().toISOString(),
    engines,
    swarm,
    volumes,
    unseenNodes: (swarm?.nodes ?? []).filter(({ id }) => !seen.has(id)).map(({ hostname }) => hostname),
  };
}

/** The engines that answered. */
export function answeredIn({ engines }: Pick<Inventory, "engines">): AnsweredEngine[] {
  return engines.filter((engine) => "report" in engine);
}

/** The hostname of a node; its id where no manager knows it. */
export function hostnameOf({ swarm }: Inventory, nodeId: string): string {
  return swarm?.nodes.find(({ id }) => id === nodeId)?.hostname ?? nodeId;
}

/**
 * An inventory as the model reads it: services with the nodes, configs, volumes and images that they depend on. An image that no engine
 * has is left out; of volumes of one name on several nodes, the first stands for all.
 */
export async function liveEstate(
  inventory: Inventory,
  services: readonly Service[] = inventory.swarm?.services ?? [],
): Promise<Estate> {
  const volumes = new Map(inventory.volumes.toReversed().map(({ volume }) => [volume.Name, volume]));
  const engines = answeredIn(inventory).map(({ connection }) => connection);
  const images = await imagesOf(services, engines);
  return readLiveSwarm({ ...inventory.swarm?.raw, services, volumes: [...volumes.values()], images });
}

async function ask(connection: EngineConnection): Promise<AskedEngine> {
  const { host } = connection;
  try {
    return { host, connection, report: await askEngine(connection) };
  } catch (error) {
    return error instanceof InputError
      ? { host, problem: error.got, fix: error.fix }
      : { host, problem: dockerWords(error) };
  }
}

/**
 * The error for when none of the engines that were asked will do: it says what each lacks and, for a single one, how to fix that.
 *
 * @param expected - what is needed, such as "an engine that answers"
 */
export function noneOf({ engines }: Inventory, expected: string): InputError {
  const [only, ...others] = engines;
  const known = others.length === 0 && only !== undefined && "problem" in only ? only.fix : undefined;
  return new InputError({
    path: "--engine",
    expected,
    got: engines.map(lackOf).join(", "),
    fix: known ?? orSandbox(["Name one with --engine or DOCKER_HOST"]),
  });
}

function lackOf(engine: AskedEngine): string {
  if ("problem" in engine) return `${engine.host} (${engine.problem})`;
  const { hostname, swarmState, isManager } = engine.report;
  return `${hostname} (${swarmState}, ${isManager ? "without an answer for the swarm" : "no manager"})`;
}

/** Whether two addresses led to one engine. */
function isSame(one: AskedEngine, other: AskedEngine): boolean {
  return "report" in one && "report" in other && one.report.nodeId !== "" && one.report.nodeId === other.report.nodeId;
}

/** A manager without a quorum answers for itself and not for the swarm: the next one is asked. */
async function firstAnswer(managers: readonly EngineConnection[]): Promise<SwarmRecord | undefined> {
  for (const connection of managers) {
    const record = await readSwarm(connection).catch(() => undefined);
    if (record) return record;
  }
  return undefined;
}

const usageSchema = z.object({
  Volumes: z
    .array(z.looseObject({ Name: z.string(), UsageData: z.looseObject({ Size: z.number() }).nullish() }))
    .nullish(),
});

async function volumesOf({ connection: { docker }, report }: AnsweredEngine): Promise<NodeVolume[]> {
  try {
    const [listed, containers, usage] = await Promise.all([
      docker.listVolumes(),
      listContainers(docker),
      // Docker measures every volume for this, which may take longer than anyone wants to wait.
      docker.df().then(
        (answer: unknown) => answer,
        () => undefined,
      ),
    ]);
    const sizes = usageSchema.safeParse(usage).data?.Volumes ?? [];
    const volumes = z.array(volumeSchema).parse(listed.Volumes);
    return volumes.map((volume) => ({
      node: report.hostname,
      volume,
      isAnonymous: isAnonymousVolume(volume),
      sizeBytes: sizes.find(({ Name }) => Name === volume.Name)?.UsageData?.Size,
      users: containers.flatMap(({ Id, Image, State, Labels, Mounts }) =>
        (Mounts ?? [])
          .filter(({ Type, Name }) => Type === "volume" && Name === volume.Name)
          .map(({ Destination }) => ({
            containerId: Id,
            state: State,
            target: Destination,
            service: Labels?.["com.docker.swarm.service.name"],
            image: Image,
          })),
      ),
    }));
  } catch {
    return []; // The engine went away while it was asked.
  }
}

/** Docker marks the volumes that it named itself since version 23; their names are 64 hexadecimal digits. */
function isAnonymousVolume({ Name, Labels }: Pick<Volume, "Name" | "Labels">): boolean {
  return Labels?.["com.docker.volume.anonymous"] !== undefined || /^[0-9a-f]{64}$/.test(Name);
}

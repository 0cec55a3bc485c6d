import { z } from "zod";
import { dockerWords } from "../swarm/api/errors.ts";
import { serviceSchema, taskSchema, volumeSchema, type Service, type Task, type Volume } from "../swarm/api/objects.ts";
import { listNodes, orSandbox, type EngineConnection, type ListedNode } from "../swarm/engine/connection.ts";
import { askEngine, type EngineReport } from "../swarm/engine/report.ts";
import { readAnswer } from "../swarm/engine/requests.ts";
import { InputError } from "../text/input-error.ts";

/** A whole swarm, as far as the engines that were asked can tell. */
export interface Inventory {
  /** When it was taken, in ISO 8601. */
  readonly takenAt: string;
  readonly engines: readonly AskedEngine[];
  /** What a manager says; undefined when none of the engines is one that answers. */
  readonly swarm: ManagedObjects | undefined;
  /** Volumes of the engines that answered. */
  readonly volumes: readonly NodeVolume[];
  /** Hostnames of nodes whose engine was not asked or did not answer: what lies there is not known. */
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

/** What only managers know. */
export interface ManagedObjects {
  readonly nodes: readonly ListedNode[];
  readonly services: readonly Service[];
  readonly tasks: readonly Task[];
  /** Answers as the API gives them, for {@link file://../model/inputs/live-swarm.ts}. */
  readonly raw: { readonly nodes: readonly unknown[]; readonly configs: readonly unknown[] };
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
  /** The image as the container was told it. */
  readonly image: string;
}

/**
 * Takes the inventory of a swarm from engines that are asked all at once, each once whatever leads to it. An engine that does not answer within 3 s is told
 * as such, and the others' answers stand.
 */
export async function takeInventory(connections: readonly EngineConnection[]): Promise<Inventory> {
  const asked = await Promise.all(connections.map(ask));
  const engines = asked.filter((engine, index) => !asked.slice(0, index).some((other) => isSame(engine, other)));
  const answered = engines.filter((engine) => "report" in engine);
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
 * The error where none of the engines that were asked is one that is needed: with what each lacks, and what to do about it where there
 * is only one.
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
async function firstAnswer(managers: readonly EngineConnection[]): Promise<ManagedObjects | undefined> {
  for (const connection of managers) {
    const objects = await managedObjects(connection).catch(() => undefined);
    if (objects) return objects;
  }
  return undefined;
}

async function managedObjects(connection: EngineConnection): Promise<ManagedObjects> {
  const { docker } = connection;
  const [nodes, rawNodes, services, tasks, configs] = await Promise.all([
    listNodes(connection),
    docker.listNodes(),
    docker.listServices(),
    docker.listTasks(),
    docker.listConfigs(),
  ]);
  return {
    nodes,
    services: readAnswer(z.array(serviceSchema), services),
    tasks: readAnswer(z.array(taskSchema), tasks),
    raw: { nodes: rawNodes, configs },
  };
}

const containersSchema = z.array(
  z.looseObject({
    Id: z.string(),
    Image: z.string(),
    State: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
    Mounts: z
      .array(z.looseObject({ Type: z.string(), Name: z.string().optional(), Destination: z.string() }))
      .nullish(),
  }),
);

const usageSchema = z.object({
  Volumes: z
    .array(z.looseObject({ Name: z.string(), UsageData: z.looseObject({ Size: z.number() }).nullish() }))
    .nullish(),
});

async function volumesOf(engine: AnsweredEngine): Promise<NodeVolume[]> {
  const { docker } = engine.connection;
  try {
    const [listed, found, usage] = await Promise.all([
      docker.listVolumes(),
      docker.listContainers({ all: true }),
      // Docker measures every volume for this, which may take longer than anybody waits.
      docker.df().then(
        (answer: unknown) => answer,
        () => undefined,
      ),
    ]);
    const containers = readAnswer(containersSchema, found);
    const sizes = usageSchema.safeParse(usage).data?.Volumes ?? [];
    return z
      .array(volumeSchema)
      .parse(listed.Volumes)
      .map((volume) => ({
        node: engine.report.hostname,
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
    return []; // It ended while it was asked.
  }
}

/** Docker marks the volumes that it named itself since version 23; their names are 64 hexadecimal digits. */
function isAnonymousVolume({ Name, Labels }: Pick<Volume, "Name" | "Labels">): boolean {
  return Labels?.["com.docker.volume.anonymous"] !== undefined || /^[0-9a-f]{64}$/.test(Name);
}

/** The companions of a swarm: services that back others up (backup/main.ts), with what each is told, and where it is. */
import {
  backupConfigurationSchema,
  backupConfigurationVariable,
  type BackupConfiguration,
  type DrillConfiguration,
} from "../../backup/protocol.ts";
import { readLiveSwarm } from "../../inputs/swarm/definitions.ts";
import { matchingNodes } from "../../model/placement/constraints.ts";
import { isKnown, type Estate, type SwarmNode } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import type { ContainerMount, Service, Task } from "../../swarm/api/objects.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { SwarmRecord } from "../read-swarm.ts";

/** A service that backs another one up. */
export interface BackupService {
  readonly service: Service;
  /** The name of the service that it backs up. */
  readonly of: string;
  /** That service; undefined where it is gone. */
  readonly data: Service | undefined;
  readonly configuration: BackupConfiguration;
  /** The mount with the data, or that of the server that is asked for it; undefined where there is none at the place of the data. */
  readonly dataMount: ContainerMount | undefined;
  /** The mount with the repository, where that is a folder and not at an address. */
  readonly repositoryMount: ContainerMount | undefined;
  /** In the order of their creation. */
  readonly tasks: readonly Task[];
  /** Those of the service that it backs up. */
  readonly dataTasks: readonly Task[];
}

/** The companions of a swarm, in the order of the services that they back up. */
export function findCompanions(swarm: Pick<SwarmRecord, "services" | "tasks">): readonly BackupService[] {
  return companionServices(swarm).map(({ service }) => readCompanion(service, swarm));
}

/** The services that say that they back another one up, in the order of those. */
export function companionServices({
  services,
}: Pick<SwarmRecord, "services">): readonly { readonly service: Service; readonly of: string }[] {
  return services
    .flatMap((service) => {
      const of = service.Spec.Labels?.[serviceLabels.backupOf];
      return of === undefined ? [] : [{ service, of }];
    })
    .toSorted((one, other) => one.of.localeCompare(other.of));
}

/**
 * Reads a companion.
 *
 * @throws InputError when it says nothing of what it does, as one that is another program's
 */
export function readCompanion(
  service: Service,
  { services, tasks }: Pick<SwarmRecord, "services" | "tasks">,
): BackupService {
  const { Name, Labels, TaskTemplate } = service.Spec;
  const of = Labels?.[serviceLabels.backupOf] ?? "";
  const { Mounts } = TaskTemplate.ContainerSpec ?? {};
  const text = configurationText(service);
  const read = backupConfigurationSchema.safeParse(jsonOrUndefined(text ?? ""));
  if (!read.success) {
    throw new InputError({
      path: `service "${Name}": ${backupConfigurationVariable}`,
      expected: "what its component writes there",
      got: text === undefined ? "nothing" : "something else",
      fix: "Deploy the service with its backup again",
    });
  }
  const mountAt = (path: string, mounts = Mounts) => (mounts ?? []).find(({ Target }) => Target === path);
  const tasksOf = (id: string | undefined) => tasks.filter(({ ServiceID }) => ServiceID === id);
  const data = services.find(({ Spec }) => Spec.Name === of);
  return {
    service,
    of,
    data,
    configuration: read.data,
    dataMount: mountAt(
      read.data.data,
      read.data.server === undefined ? Mounts : data?.Spec.TaskTemplate.ContainerSpec?.Mounts,
    ),
    repositoryMount: mountAt(read.data.repository),
    tasks: tasksOf(service.ID),
    dataTasks: tasksOf(data?.ID),
  };
}

function configurationText({ Spec }: Service): string | undefined {
  const prefix = `${backupConfigurationVariable}=`;
  const entry = Spec.TaskTemplate.ContainerSpec?.Env?.find((each) => each.startsWith(prefix));
  return entry?.slice(prefix.length);
}

/** A service that restores a backup on a schedule. */
export interface DeclaredDrill extends DrillConfiguration {
  readonly service: string;
  /** Since when there is one. */
  readonly sinceSeconds: number;
}

/** The drill of a service's backup; undefined where none is declared. */
export function findDrill(of: string, services: readonly Service[]): DeclaredDrill | undefined {
  const service = services.find(({ Spec }) => Spec.Labels?.[serviceLabels.drillOf] === of);
  if (service === undefined) return undefined;
  const { drill } = backupConfigurationSchema.safeParse(jsonOrUndefined(configurationText(service) ?? "")).data ?? {};
  const sinceMs = Date.parse(service.CreatedAt ?? "");
  return drill && { ...drill, service: service.Spec.Name, sinceSeconds: Number.isNaN(sinceMs) ? 0 : sinceMs / 1000 };
}

/**
 * The companion of a service, by the name of the service, or by its own.
 *
 * @param name - undefined where none was given, and there is no companion to choose
 * @throws SituationError when it has none
 */
export function companionOf(companions: readonly BackupService[], name: string | undefined): BackupService {
  const found = companions.find(({ of, service }) => of === name || service.Spec.Name === name);
  if (found) return found;
  const others = companions.map(({ of }) => of).join(", ");
  throw new SituationError({
    what: `No backup of ${name === undefined ? "any service" : showValue(name)} is declared in this swarm`,
    fix:
      others === ""
        ? "Declare one: give the service `backup: { to, image }` (docs/backup.md)"
        : `Name one of ${others}, or declare a backup for it (docs/backup.md)`,
  });
}

/** Whether tasks can start on a node. */
export function isReady({ state, availability }: SwarmNode): boolean {
  return state === "ready" && availability === "active";
}

/** The nodes that a service's constraints allow; none where that is not known. */
export function allowedNodes(service: Service, nodes: readonly SwarmNode[]): readonly SwarmNode[] {
  const [definition] = definitionOf(service, nodes).services;
  const matching = definition ? matchingNodes(definition.constraints, nodes) : undefined;
  return matching !== undefined && isKnown(matching) ? matching : [];
}

/** A service as the model has it. */
export function definitionOf(service: Service, nodes: readonly SwarmNode[]): Estate {
  return { ...readLiveSwarm({ services: [service] }), nodes };
}

/** Whether a mount is a folder or a volume of one node, and not one of a network. */
export function isOfOneNode({ VolumeOptions }: ContainerMount): boolean {
  const { Name, Options } = VolumeOptions?.DriverConfig ?? {};
  return (Name ?? "local") === "local" && Object.keys(Options ?? {}).length === 0;
}

/**
 * Why the deliveries of a companion are late, or not those of what the service writes. Undefined while it is well: its health check fails
 * when nothing was delivered in time, and then its task does not count as running.
 */
export function whyLate(
  { service, of, tasks, data, dataMount, dataTasks, configuration }: BackupService,
  nodes: readonly SwarmNode[],
): string | undefined {
  const { Name, Mode } = service.Spec;
  if (Mode.Replicated?.Replicas === 0) return `${Name} is scaled to 0`;
  const used = data?.Spec.TaskTemplate.ContainerSpec?.Mounts?.find(({ Target }) => Target === configuration.data);
  if (used !== undefined && used.Source !== dataMount?.Source)
    return `${Name} follows ${dataMount?.Source ?? "nothing"}, and ${of} writes ${used.Source ?? "elsewhere"}`;
  const newest = tasks.findLast(({ DesiredState }) => DesiredState === "running") ?? tasks.at(-1);
  if (newest === undefined) return `${Name} has no task`;
  const node = nodes.find(({ id }) => id === newest.NodeID);
  if (node !== undefined && node.state !== "ready") return `${node.hostname}, where ${Name} runs, is ${node.state}`;
  const { State, Err } = newest.Status;
  const writer = dataTasks.findLast(({ Status }) => Status.State === "running");
  // Of a volume that every node reaches the companion is not pinned.
  const isElsewhere = allowedNodes(service, nodes).length === 1 && writer?.NodeID !== newest.NodeID;
  if (State === "running" && writer !== undefined && isElsewhere && dataMount !== undefined && isOfOneNode(dataMount)) {
    const home = nodes.find(({ id }) => id === writer.NodeID)?.hostname ?? writer.NodeID;
    return `${Name} follows ${dataMount.Source ?? "its volume"} on ${node?.hostname ?? newest.NodeID}, and ${of} writes its own on ${home}`;
  }
  if (State === "running") return undefined;
  const before = tasks.findLast(({ Status }) => Status.State === "failed")?.Status.Err ?? "";
  const words = Err === "" ? before : Err;
  return `${Name} is ${State}${words === "" ? "" : `: ${words}`}`;
}

/** What a restore would do: to which state, on which node, into which volume, and how the service is changed. Nothing is asked here. */
import type { z } from "zod";
import { isLoaded, type backupListSchema, type BackupProof } from "../../backup/protocol.ts";
import { satisfies, narrowingOf, parseConstraint } from "../../model/placement/constraints.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import { ownerInLabels, ownerLabels } from "../../model/service/ownership.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import type { ContainerMount, Service, ServiceSpec, Task } from "../../swarm/api/objects.ts";
import { isLive } from "../../swarm/service/tasks.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { momentWords } from "../../text/moment.ts";
import { SituationError } from "../../text/situation-error.ts";
import { constraintsFor } from "../rescue/service.ts";
import { definitionOf, isOfOneNode, isReady, type BackupService } from "./companion.ts";

/** What `list` has said of a store. */
export type BackupList = z.infer<typeof backupListSchema>;

/** The state that a restore brings back. */
export interface RestorePoint {
  /** What the program is asked for: everything up to the end of this second; undefined for all there is. */
  readonly atSeconds: number | undefined;
  /** The state that is expected: that of the last write up to then, as far as the list tells. */
  readonly pointSeconds: number;
  /** The newest proof by loading, of this state or one before. */
  readonly proof: BackupProof | undefined;
}

/**
 * Finds the state of a time among those that a restore can reach.
 *
 * @param atSeconds - the last second whose writes are wanted; undefined for the newest state
 * @param isLate - whether the companion may have something that it has not delivered
 * @throws InputError for a time outside of what there is, SituationError where there is nothing
 */
export function choosePoint(list: BackupList, atSeconds: number | undefined, isLate: boolean): RestorePoint {
  const newest = list.newestSeconds;
  const first = list.ranges[0]?.firstSeconds;
  if (newest === undefined || first === undefined) {
    throw new SituationError({
      what: `The backup of ${list.store} holds no state yet`,
      fix: "Wait until the companion has delivered the first base; its log says what is blocking it",
    });
  }
  const range = `${momentWords(first)} to ${momentWords(newest)}`;
  const outside = (got: string, fix: string) =>
    new InputError({ path: "--at", expected: `a time from ${range}`, got, fix });
  if (atSeconds !== undefined && atSeconds < first) {
    throw outside(
      momentWords(atSeconds),
      "Name a later one: anything earlier was never backed up or is no longer kept",
    );
  }
  if (atSeconds !== undefined && atSeconds > newest && isLate) {
    throw outside(
      `${momentWords(atSeconds)}, which the companion may not have delivered yet`,
      "Leave out --at for the newest state",
    );
  }
  const wanted = atSeconds ?? newest;
  const reached = list.ranges.filter(({ firstSeconds }) => firstSeconds <= wanted);
  const pointSeconds = Math.max(...reached.map(({ lastSeconds }) => Math.min(lastSeconds, wanted)));
  const proof = list.proofs.find((each) => isLoaded(each) && each.point <= pointSeconds);
  return { atSeconds, pointSeconds, proof };
}

/**
 * Chooses the node that a restore is for: the one that is named, else the one of the data, else the only one that is ready and that the
 * service may run on.
 *
 * @throws InputError or SituationError that names the nodes there are
 */
export function chooseNode(
  { of, data, service, tasks, dataTasks, configuration, repositoryMount }: BackupService,
  nodes: readonly SwarmNode[],
  named: string | undefined,
): SwarmNode {
  const ready = nodes.filter(isReady);
  const pinned = data ?? service;
  const own = nodeOf(pinned, data === undefined ? tasks : dataTasks, nodes);
  const home = nodeOf(service, tasks, nodes);
  const node = named === undefined ? defaultNode(own) : namedNode(named);
  if (repositoryMount !== undefined && isOfOneNode(repositoryMount) && home !== undefined && node.id !== home.id) {
    throw new InputError({
      path: "--node",
      expected: `${home.hostname}, which holds the repository (${configuration.repository} in ${service.Spec.Name})`,
      got: showValue(node.hostname),
      fix: "Restore there. Other nodes can reach a repository of s3:, sftp: or rest:",
    });
  }
  return node;

  function namedNode(name: string): SwarmNode {
    const found = nodes.filter(({ hostname, id }) => hostname === name || id === name);
    const [one, ...others] = found;
    if (one !== undefined && others.length === 0 && isReady(one)) return one;
    throw new InputError({
      path: "--node",
      expected: `one of ${ready.map(({ hostname }) => hostname).join(", ") || "none: no node is ready"}`,
      got:
        one === undefined
          ? showValue(name)
          : others.length > 0
            ? `${showValue(name)}, the name of several nodes`
            : `${showValue(name)}, which is ${one.state === "ready" ? one.availability : one.state}`,
      fix: others.length > 0 ? "Name it by its id" : "Name a node that is ready and active, as docker node ls shows it",
    });
  }

  function defaultNode(present: SwarmNode | undefined): SwarmNode {
    if (present !== undefined && isReady(present)) return present;
    const fitting = ready.filter((each) => fitsBesidesPin(pinned, each));
    const [only, ...others] = fitting;
    if (only !== undefined && others.length === 0) return only;
    const lost =
      present === undefined
        ? `The node of ${of} is not known`
        : `${present.hostname}, the node of ${of}, is ${present.state === "ready" ? present.availability : present.state}`;
    throw new SituationError({
      what: `${lost}, and ${only === undefined ? "no other ready node satisfies its constraints" : "several could take its place"}`,
      fix:
        only === undefined
          ? `Bring a node back, or name one with --node: ${ready.map(({ hostname }) => hostname).join(", ")}`
          : `Name one with --node: ${fitting.map(({ hostname }) => hostname).join(", ")}`,
    });
  }
}

/** Where a service is: on the node of its task, else on the only one that its constraints allow. */
export function nodeOf(service: Service, tasks: readonly Task[], nodes: readonly SwarmNode[]): SwarmNode | undefined {
  const texts = service.Spec.TaskTemplate.Placement?.Constraints ?? [];
  const constraints = texts.map((text) => parseConstraint(text));
  const allowed = nodes.filter((node) => constraints.every((constraint) => satisfies(node, constraint) === true));
  const [only, ...others] = allowed;
  if (only !== undefined && others.length === 0) return only;
  const placed = tasks.filter(({ NodeID }) => NodeID !== "");
  const task = placed.findLast((each) => isLive(each)) ?? placed.at(-1);
  return nodes.find(({ id }) => id === task?.NodeID);
}

/** Whether a node satisfies the constraints of a service that name no single node. */
export function fitsBesidesPin({ Spec }: Service, node: SwarmNode): boolean {
  const constraints = (Spec.TaskTemplate.Placement?.Constraints ?? []).map((text) => parseConstraint(text));
  return constraints
    .filter((constraint) => narrowingOf(constraint) === "none")
    .every((constraint) => satisfies(node, constraint) === true);
}

/**
 * The volume that gets the data: the one that is named, else the present one's name with the time of the state.
 *
 * @throws InputError for one that a service mounts
 */
export function chooseVolume(
  { of, data, configuration, dataMount }: BackupService,
  pointSeconds: number,
  services: readonly Service[],
  named: string | undefined,
): string {
  const present = data === undefined ? dataMount : mountAt(data.Spec, configuration.data);
  const userOf = (name: string) => services.find(({ Spec }) => mountsVolume(Spec, name));
  if (named !== undefined) {
    const user = userOf(requireVolumeName(named, "--to"));
    if (user === undefined) return named;
    throw new InputError({
      path: "--to",
      expected: "a volume that no service mounts",
      got: `${showValue(named)}, which ${user.Spec.Name} mounts`,
      fix: "Choose another name; a restore goes into a volume of its own",
    });
  }
  const source = present?.Type === "volume" && present.Source ? present.Source : `${of}-data`;
  return datedVolume(source, pointSeconds, services);
}

/** A volume's name with a time, which takes the place of an earlier one; with a number where a service mounts that already. */
export function datedVolume(volume: string, seconds: number, services: readonly Service[]): string {
  const stem = volume.replace(/-\d{8}-\d{6}(?:-\d+)?$/u, "");
  const time = momentWords(seconds).replaceAll(/[-:Z]/gu, "").replace("T", "-");
  const names = Array.from(
    { length: services.length + 2 },
    (_, index) => `${stem}-${time}${index === 0 ? "" : `-${index + 1}`}`,
  );
  return names.find((name) => services.every(({ Spec }) => !mountsVolume(Spec, name))) ?? `${stem}-${time}`;
}

/** Whether a service mounts a volume of this name. */
export function mountsVolume({ TaskTemplate }: ServiceSpec, name: string): boolean {
  return (TaskTemplate.ContainerSpec?.Mounts ?? []).some(({ Source }) => Source === name);
}

/** What a service mounts at a place. */
function mountAt({ TaskTemplate }: ServiceSpec, target: string): ContainerMount | undefined {
  return (TaskTemplate.ContainerSpec?.Mounts ?? []).find(({ Target }) => Target === target);
}

/**
 * Refuses a service whose tasks could not share one volume, or that does not mount its data where the backup says.
 *
 * @throws InputError
 */
export function requireOneTask({ Spec }: Service, target: string): void {
  const { Replicated } = Spec.Mode;
  const refusal = (expected: string, got: string, fix: string) =>
    new InputError({ path: `service "${Spec.Name}"`, expected, got, fix });
  if (!Replicated || (Replicated.Replicas ?? 1) > 1) {
    throw refusal(
      "a service of one replica",
      Replicated ? `one of ${Replicated.Replicas ?? 1}` : "one that is not replicated",
      "Scale it to 1: several servers cannot share a volume",
    );
  }
  if (mountAt(Spec, target) !== undefined) return;
  throw refusal(
    `its data at ${target}, as its backup has it`,
    "nothing mounted there",
    "Deploy the service and its backup again",
  );
}

/** Where a service is pointed at, and what it is then. */
export interface Repointing {
  readonly service: Service;
  readonly target: string;
  /** What it mounts there now; nothing in the companion of a server that it asks for its data. */
  readonly former: ContainerMount | undefined;
  readonly constraints: { readonly before: readonly string[]; readonly after: readonly string[] };
  readonly spec: ServiceSpec;
  /** Whether it is so already. */
  readonly isDone: boolean;
}

/** The service with another volume at a place, on just one node; everything else stays as it was. */
export function pointAt(
  service: Service,
  target: string,
  volume: string,
  node: SwarmNode,
  nodes: readonly SwarmNode[],
): Repointing {
  const { Spec } = service;
  const estate = definitionOf(service, nodes);
  const [definition] = estate.services;
  const before = Spec.TaskTemplate.Placement?.Constraints ?? [];
  const after = definition ? constraintsFor(node, { service, definition, estate }) : before;
  const former = mountAt(Spec, target);
  const { ContainerSpec } = Spec.TaskTemplate;
  const spec: ServiceSpec = {
    ...Spec,
    Labels:
      former === undefined || former.ReadOnly
        ? { ...Spec.Labels }
        : withVolume(Spec.Labels, former.Source ?? "", volume),
    TaskTemplate: {
      ...Spec.TaskTemplate,
      ...(ContainerSpec && {
        ContainerSpec: {
          ...ContainerSpec,
          Mounts: (ContainerSpec.Mounts ?? []).map((mount) => (mount === former ? moved(mount, volume) : mount)),
        },
      }),
      Placement: { ...Spec.TaskTemplate.Placement, Constraints: [...after] },
    },
  };
  const isSamePlace = before.length === after.length && before.every((text) => after.includes(text));
  return {
    service,
    target,
    former,
    constraints: { before, after },
    spec,
    isDone: (former === undefined || former.Source === volume) && isSamePlace,
  };
}

/** A mount of another volume in the same way. The options of a driver say where data is: they are the former volume's. */
function moved({ VolumeOptions, BindOptions: _, ...mount }: ContainerMount, volume: string): ContainerMount {
  const { NoCopy, Labels } = VolumeOptions ?? {};
  const options = { ...(NoCopy != null && { NoCopy }), ...(Labels != null && { Labels }) };
  return {
    ...mount,
    Type: "volume",
    Source: volume,
    ...(Object.keys(options).length > 0 && { VolumeOptions: options }),
  };
}

/** The volumes that the service's tasks make for its stack stand in a label; a task has made the restored one. */
function withVolume(labels: ServiceSpec["Labels"], former: string, volume: string): Record<string, string> {
  if (ownerInLabels(labels) === undefined) return { ...labels };
  const made = labels?.[ownerLabels.volumes]?.split(",") ?? [];
  const others = made.filter((name) => name !== former && name !== volume);
  return { ...labels, [ownerLabels.volumes]: [...others, volume].join(",") };
}

/** What a move of a service's data to another node would do, and why it cannot be done. Nothing is asked here. */
import { readStartScript, startScriptPath } from "../../model/service/start-guard.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { configSchema, type ContainerMount, type Service, type Task } from "../../swarm/api/objects.ts";
import { advised } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { isOfOneNode, isReady, type BackupService } from "../backup/companion.ts";
import { isOfBackups } from "../backup/companion-task.ts";
import { datedVolume, fitsBesidesPin, mountsVolume, nodeOf } from "../backup/restore-plan.ts";
import type { SwarmRecord } from "../read-swarm.ts";
import { moveOrderRecordSchema, moveServiceLabel, type MoveOrderRecord } from "./order-record.ts";

/** A service whose data can be moved. */
export interface MovableService {
  readonly service: Service;
  /** Whose data it is, as its start guard has it. */
  readonly store: string;
  /** The one mount with its data. */
  readonly mount: ContainerMount;
  readonly volume: string;
  /** Where it is now. */
  readonly node: SwarmNode;
}

/**
 * Finds the service, and its data on one node.
 *
 * @throws InputError or SituationError that says why it cannot be moved
 */
export function readMovable(swarm: SwarmRecord, name: string, companion: BackupService | undefined): MovableService {
  const service = swarm.services.find(({ Spec }) => Spec.Name === name);
  if (service === undefined) {
    throw new InputError({
      path: "service",
      expected: `one of ${swarm.services.map(({ Spec }) => Spec.Name).join(", ") || "none: the swarm has no services"}`,
      got: showValue(name),
      fix: "Name a service of this swarm",
    });
  }
  requireOneServer(service);
  const mount = dataMount(service);
  const volume = mount.Source ?? "";
  const other = swarm.services.find(
    (each) => each.ID !== service.ID && each.ID !== companion?.service.ID && mountsVolume(each.Spec, volume),
  );
  if (other !== undefined) {
    throw refusal(
      name,
      `${other.Spec.Name} mounts the volume ${volume} too`,
      `Give each its own volume, or take it out of ${other.Spec.Name} first`,
    );
  }
  const store = guardedStore(service, swarm.raw.configs);
  const node = nodeOf(
    service,
    swarm.tasks.filter(({ ServiceID }) => ServiceID === service.ID),
    swarm.nodes,
  );
  if (node === undefined) {
    throw refusal(name, "it is not known on which node its data is", "Pin it to that node, and deploy it");
  }
  return { service, store, mount, volume, node };
}

function refusal(name: string, why: string, fix: string): SituationError {
  return new SituationError({ what: `${name} cannot be moved: ${why}. Nothing was changed`, fix });
}

const updating = ["updating", "paused", "rollback_started", "rollback_paused"];

function requireOneServer({ Spec, UpdateStatus }: Service): void {
  const { Name, Mode, UpdateConfig } = Spec;
  const replicas = Mode.Replicated?.Replicas ?? 1;
  if (!Mode.Replicated) throw refusal(Name, "it runs on every node", "A move is for a service of one replica");
  if (replicas === 0)
    throw refusal(Name, "it is scaled to 0", "Start it first: a move ends when its server runs there");
  if (replicas > 1) {
    throw refusal(Name, `it has ${replicas} replicas, which cannot share one volume`, "Scale it to 1 first");
  }
  if (UpdateConfig?.Order === "start-first") {
    throw refusal(
      Name,
      "its updates start the new task before the old one has ended",
      "Set the order of its updates to stop-first",
    );
  }
  if (updating.includes(UpdateStatus?.State ?? "")) {
    throw refusal(
      Name,
      `an update of it is under way (${UpdateStatus?.State ?? ""})`,
      "Wait for its end, or end it with `docker service rollback`",
    );
  }
}

/** The one volume that a service writes; what else it has of its node would be missing elsewhere. */
function dataMount({ Spec }: Service): ContainerMount {
  const mounts = (Spec.TaskTemplate.ContainerSpec?.Mounts ?? []).filter(({ Type }) => Type !== "tmpfs");
  const ofNode = mounts.filter((mount) => mount.Type !== "volume" || isOfOneNode(mount));
  const [only, ...others] = ofNode;
  const written = mounts.filter((mount) => !ofNode.includes(mount) && mount.ReadOnly !== true);
  if (only === undefined) {
    const [shared] = written;
    throw refusal(
      Spec.Name,
      shared === undefined
        ? "it has no data: it mounts no volume"
        : `its volume ${shared.Source ?? ""} is on a network, so there is nothing to copy`,
      shared === undefined
        ? "Change its placement, and deploy it"
        : "Change its placement, and deploy it: every node that mounts the volume has its data",
    );
  }
  if (others.length > 0) {
    const words = ofNode.map(({ Source, Target }) => `${Source ?? "an unnamed volume"} at ${Target}`).join(", ");
    throw refusal(Spec.Name, `several things of its node are mounted in it: ${words}`, "A move is for one volume");
  }
  if (only.Type !== "volume") {
    throw refusal(
      Spec.Name,
      `its data is in a folder of its node, ${only.Source ?? ""}`,
      "Keep it in a named volume (docs/components.md)",
    );
  }
  if (!only.Source || only.Source.includes("{{")) {
    throw refusal(
      Spec.Name,
      only.Source ? `its volume's name is a template, ${only.Source}` : "its volume has no name",
      "Keep its data in a volume with a name of its own",
    );
  }
  return only;
}

/** Whose data a service has, as its start guard says, which hands over at the end of the move. */
function guardedStore({ Spec }: Service, configs: readonly unknown[]): string {
  const { Configs } = Spec.TaskTemplate.ContainerSpec ?? {};
  const config = Configs?.find(({ File }) => File?.Name === startScriptPath);
  if (config === undefined) {
    throw refusal(
      Spec.Name,
      "it has no start guard, which waits for the data on the other node, and keeps the old server off it",
      "Deploy it with Holdfast's components (docs/components.md). By hand: scale it to 0, copy the volume, pin it to the other node, and scale it to 1",
    );
  }
  const found = configs.map((each) => configSchema.safeParse(each).data).find((each) => each?.ID === config.ConfigID);
  const guard = readStartScript(Buffer.from(found?.Spec.Data ?? "", "base64").toString());
  if (guard === undefined) {
    throw refusal(
      Spec.Name,
      "its start guard is of another version of Holdfast, or was changed",
      `Deploy it with this version first: \`${advised("up")}\``,
    );
  }
  return guard.identity;
}

/**
 * Chooses where the data goes: to the node that is named, else to the one with the fewest tasks among those that can take it.
 *
 * @throws InputError or SituationError that names the nodes there are
 */
export function chooseTarget(
  { service, node: present }: Pick<MovableService, "service" | "node">,
  { nodes, tasks }: Pick<SwarmRecord, "nodes" | "tasks">,
  named: string | undefined,
): SwarmNode {
  const fitting = nodes.filter((node) => node.id !== present.id && isReady(node) && fitsBesidesPin(service, node));
  const words =
    fitting.map(({ hostname }) => hostname).join(", ") || "none: no other node is ready and satisfies its constraints";
  const wrong = (got: string, fix = "Name a node that is ready and active, as `docker node ls` shows it") =>
    new InputError({ path: "--to", expected: `one of ${words}`, got, fix });
  if (named === undefined) {
    const load = (node: SwarmNode) => tasks.filter((task) => isBusy(task, node)).length;
    const [least] = fitting.toSorted((one, other) => load(one) - load(other));
    if (least === undefined) throw wrong("none");
    return least;
  }
  const [found, ...others] = nodes.filter(({ id, hostname }) => id === named || hostname === named);
  if (found === undefined) throw wrong(showValue(named));
  if (others.length > 0) throw wrong(`${showValue(named)}, which several nodes are called`, "Name it by its id");
  if (found.id === present.id)
    throw wrong(`${found.hostname}, where the data is`, "Name another node, or leave it where it is");
  if (!isReady(found))
    throw wrong(`${found.hostname}, which is ${found.state === "ready" ? found.availability : found.state}`);
  if (!fitting.includes(found)) {
    throw wrong(
      `${found.hostname}, which its constraints do not allow`,
      "Change the constraints that are no pin first, and deploy it",
    );
  }
  return found;
}

function isBusy({ NodeID, DesiredState }: Task, { id }: SwarmNode): boolean {
  return NodeID === id && DesiredState === "running";
}

/**
 * Refuses a move that would leave the backup behind.
 *
 * @throws SituationError
 */
export function requireReachedRepository(companion: BackupService | undefined, to: SwarmNode): void {
  if (companion?.repositoryMount === undefined || !isOfOneNode(companion.repositoryMount)) return;
  throw refusal(
    companion.of,
    `its backup is in a volume of its node, ${companion.repositoryMount.Source ?? ""}, which ${to.hostname} does not reach`,
    "Give it a repository of s3:, sftp: or rest: first (docs/backup.md)",
  );
}

/** The volume's name on the other node: the same, else that with the time. */
export function chooseTargetVolume(
  volume: string,
  services: SwarmRecord["services"],
  isFree: boolean,
  now: Date,
): string {
  return isFree ? volume : datedVolume(volume, Math.floor(now.getTime() / 1000), services);
}

/** The services that a drain of a node is about: their data is in a volume of that node. */
export function servicesOn(node: SwarmNode, { services, tasks, nodes }: SwarmRecord): readonly Service[] {
  return services.filter((service) => {
    const { Labels, TaskTemplate } = service.Spec;
    if (isOfBackups(service) || Labels?.[moveServiceLabel] !== undefined) return false;
    const mounts = TaskTemplate.ContainerSpec?.Mounts ?? [];
    const hasData = mounts.some((mount) => mount.Type === "volume" && mount.ReadOnly !== true && isOfOneNode(mount));
    const own = tasks.filter(({ ServiceID }) => ServiceID === service.ID);
    return hasData && nodeOf(service, own, nodes)?.id === node.id;
  });
}

/** Reads what a secret's label says of a move. */
export function readOrderRecord(text: string | undefined): MoveOrderRecord | undefined {
  return moveOrderRecordSchema.safeParse(jsonOrUndefined(text ?? "")).data;
}

/**
 * The two tasks of a move: one sends the volume from its node, the other receives it on the other. They are services of the companion's
 * image that Swarm starts again when they fail, joined by a network of their own.
 */
import type Docker from "dockerode";
import type { BackupLine } from "../../backup/protocol.ts";
import { moveFolder, moveOrderVariable } from "../../backup/transfer/order.ts";
import { dockerStatus, readAgain } from "../../swarm/api/errors.ts";
import { handleSchema, type ContainerMount, type ServiceSpec, type Task } from "../../swarm/api/objects.ts";
import { inspectNetwork, inspectService, listServices, listTasks } from "../../swarm/api/reads.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { readAnswer } from "../../swarm/engine/requests.ts";
import { createService } from "../../swarm/service/changes.ts";
import { removeOneOff } from "../../swarm/service/one-off-task.ts";
import { readTaskLog } from "../../swarm/service/task-log.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { readLines } from "../backup/companion-task.ts";
import type { KnownMove } from "./lease.ts";
import { moveServiceLabel } from "./order-record.ts";

/** The two services. */
export interface CopyingServices {
  readonly sender: string;
  readonly receiver: string;
}

/** What a move makes, besides its secret. */
const namesOf = ({ move }: { readonly move: string }) => ({
  sender: `holdfast-send-${move}`,
  receiver: `holdfast-receive-${move}`,
  network: `holdfast-move-${move}`,
});

const secretFile = "holdfast-move";
const tailLines = 40;
const readLimitMs = 10_000;

/** What the task of `measure`, `send` and `receive` may do: read and write the files of whoever has them. */
const capabilities = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER"];

/** The container of a task that works on a volume as it is, whoever its files belong to. */
export function volumeTask(
  { image, command, node, mount }: { image: string; command: string; node: string; mount: ContainerMount | undefined },
  { isReadOnly = false }: { isReadOnly?: boolean } = {},
): ServiceSpec["TaskTemplate"] & { ContainerSpec: object } {
  return {
    ContainerSpec: {
      Image: image,
      Args: [command],
      User: "0:0",
      ReadOnly: true,
      CapabilityDrop: ["ALL"],
      CapabilityAdd: capabilities,
      Healthcheck: { Test: ["NONE"] },
      Mounts: [
        ...(mount ? [{ ...mount, Target: moveFolder, ReadOnly: isReadOnly }] : []),
        { Type: "tmpfs", Target: "/tmp" },
      ],
    },
    Placement: { Constraints: [`node.id==${node}`] },
    // Others cannot be read through the manager.
    LogDriver: { Name: "json-file" },
  };
}

/** Starts what of a move's services is not there. */
export async function startCopying(
  connection: EngineConnection,
  known: KnownMove,
  { destination, labels }: { readonly destination: string; readonly labels: Record<string, string> },
): Promise<CopyingServices> {
  const { docker } = connection;
  const { order, service, secretId, secretName } = known;
  const network = await presentNetwork(docker, known);
  const names = namesOf(order);
  const instruction = JSON.stringify({
    ...{ move: order.move, store: order.store, destination, receiver: names.receiver },
  });
  const start = async (name: string, command: string, node: string, mount: ContainerMount): Promise<string> => {
    const found = await inspectService(docker, name);
    if (found) return found.ID;
    const task = volumeTask({ image: order.image, command, node, mount });
    const spec: ServiceSpec = {
      Name: name,
      Labels: { [moveServiceLabel]: service },
      TaskTemplate: {
        ...task,
        ContainerSpec: {
          ...task.ContainerSpec,
          Image: order.image,
          Env: [`${moveOrderVariable}=${instruction}`],
          Secrets: [
            {
              SecretID: secretId,
              SecretName: secretName,
              File: { Name: secretFile, UID: "0", GID: "0", Mode: 0o400 },
            },
          ],
        },
        RestartPolicy: { Condition: "on-failure", Delay: 500_000_000 },
        Networks: [{ Target: network }],
      },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: "dnsrr" },
    };
    return createService(connection, spec, undefined);
  };
  const receiver = await start(names.receiver, "receive", order.toNode, {
    Type: "volume",
    Source: order.toVolume,
    Target: moveFolder,
    VolumeOptions: { Labels: labels },
  });
  const sender = await start(names.sender, "send", order.fromNode, {
    Type: "volume",
    Source: order.fromVolume,
    Target: moveFolder,
  });
  return { sender, receiver };
}

async function presentNetwork(docker: Docker, { order, service }: KnownMove): Promise<string> {
  const name = namesOf(order).network;
  const found = await inspectNetwork(docker, name);
  if (found) return found.Id;
  const made = await docker.createNetwork({
    ...{ Name: name, Driver: "overlay", CheckDuplicate: true },
    Labels: { [moveServiceLabel]: service },
  });
  return readAnswer(handleSchema, made).id;
}

const removeTries = 60;
const removeEveryMs = 500;

/** Removes the services and the network of a move. */
export async function removeCopying(docker: Docker, move: string): Promise<void> {
  const { sender, receiver, network } = namesOf({ move });
  for (const name of [sender, receiver]) await removeOneOff(docker, name);
  for (let tried = 1; ; tried++) {
    try {
      await readAgain(() => docker.getNetwork(network).remove() as Promise<unknown>);
      return;
    } catch (error) {
      const status = dockerStatus(error);
      if (status === 404) return;
      if (status === undefined || tried === removeTries) throw error;
    }
    // Its last task may not be gone yet.
    await sleep(removeEveryMs);
  }
}

/** What a task of a move has said last, and how it is. */
export interface CopyingView {
  readonly task: Task | undefined;
  readonly lines: readonly BackupLine[];
}

/** Looks at the newest task of such a service, with the end of its log. */
export async function lookAtCopying(docker: Docker, serviceId: string): Promise<CopyingView> {
  const tasks = await listTasks(docker, serviceId);
  const task = tasks.at(-1);
  // One that was just made says nothing yet: what the one before said is why.
  const spoken = tasks.findLast(({ Status }) => Status.ContainerStatus?.ContainerID);
  if (spoken === undefined) return { task, lines: [] };
  const log = await readTaskLog(docker, spoken.ID, { tail: tailLines, limitMs: readLimitMs }).catch(() => undefined);
  return { task, lines: readLines(log?.stdout ?? "") };
}

/** Whether the data is the receiver's: one of the two has ended well, which each does only then. */
export async function isHandedOver(docker: Docker, { sender, receiver }: CopyingServices): Promise<boolean> {
  for (const id of [receiver, sender]) {
    const tasks = await listTasks(docker, id);
    if (tasks.some(({ Status }) => Status.State === "complete")) return true;
  }
  return false;
}

/** The ids of the services of a move that are there. */
export async function findCopying(docker: Docker, { order }: KnownMove): Promise<CopyingServices | undefined> {
  const found = await listServices(docker, moveServiceLabel);
  const idOf = (name: string) => found.find(({ Spec }) => Spec.Name === name)?.ID;
  const names = namesOf(order);
  const [sender, receiver] = [idOf(names.sender), idOf(names.receiver)];
  return sender === undefined || receiver === undefined ? undefined : { sender, receiver };
}

/** Ways of losing a Redis' data that the tutorial tells of, each done on a real swarm. */
import type Docker from "dockerode";
import type { Lab } from "../../lab/lab.ts";
import {
  engineOf,
  nodeOf,
  type LabService,
  type LabServiceOptions,
  type TaskTemplate,
} from "../support/lab-service.ts";

/** One way of losing data. */
export interface Loss {
  readonly title: string;
  /** How the service is when its data is written. */
  readonly options: Partial<LabServiceOptions>;
  /** What loses it. */
  readonly lose: (service: LabService, lab: Lab) => Promise<void>;
  /** False where the service is gone with it. */
  readonly keepsService: boolean;
}

const named = (Source: string, Target = "/data"): Docker.MountSettings => ({ Type: "volume", Source, Target });
const pinTo = (hostname: string) => (template: TaskTemplate) => {
  template.Placement.Constraints = [`node.hostname==${hostname}`];
};
const force = (template: TaskTemplate) => {
  template.ForceUpdate += 1;
};
const limitMemory = (template: TaskTemplate) => {
  template.Resources.Limits.MemoryBytes = 100 * 1024 ** 2;
};
const mount =
  (...mounts: Docker.MountSettings[]) =>
  (template: TaskTemplate) => {
    template.ContainerSpec.Mounts = mounts;
  };

/** The node that every service starts on. */
export const firstNode = 2;
const elsewhere = "node-1";

/** Names of the volumes that the losses make. */
export const lossVolumes = ["stateful-store", "foobarstore"];

const update = (change: (template: TaskTemplate) => void) => (service: LabService) => service.update(change);
const loss = (title: string, lose: Loss["lose"], options: Loss["options"] = {}): Loss => ({
  title,
  options,
  lose,
  keepsService: true,
});

/** All of them. */
export const losses: readonly Loss[] = [
  loss("a memory limit is set, the data in an anonymous volume", update(limitMemory)),
  loss("a constraint moves it, the data in an anonymous volume", update(pinTo(elsewhere))),
  loss("a named volume is added, the data in the anonymous one before", update(mount(named("foobarstore")))),
  loss("a constraint moves it, the data in a named local volume", update(pinTo(elsewhere)), {
    mounts: [named("stateful-store")],
  }),
  loss("its mount is given another volume's name", update(mount(named("foobarstore"))), {
    mounts: [named("stateful-store")],
  }),
  loss("its mount is removed", update(mount()), { mounts: [named("stateful-store")] }),
  loss("its volume is mounted beside the data", update(limitMemory), {
    mounts: [named("stateful-store", "/var/lib/redis")],
  }),
  {
    ...loss("it is removed, its named volume stays", (service) => service.remove(), {
      mounts: [named("stateful-store")],
    }),
    keepsService: false,
  },
  loss("it is replaced twice, each time with an anonymous volume", async (service) => {
    await service.update(force);
    await service.redis("set", "written-since", "yes");
    await service.update(force);
  }),
  loss("its stopped container is removed, the anonymous volume stays", async (service, lab) => {
    await service.update(force);
    const docker = engineOf(nodeOf(lab, firstNode));
    for (const task of (await service.tasks()).slice(1)) {
      await docker.getContainer(task.Status.ContainerStatus?.ContainerID ?? "").remove();
    }
  }),
];

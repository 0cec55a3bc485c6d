import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  type DockerServiceArgs,
  LocalVolume,
  type LocalVolumeArgs,
  PostgreSQL,
  Redis,
  type ServiceTransforms,
} from "../../../../components/index.ts";

/** An output that is not known in the preview of a new stack. */
const later = new docker.Network("later", { driver: "overlay" }).id;

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const common = { memoryLimit: "100M", password: "correct horse battery" };
const pin = { hostname: "node-1" };

/** A change of a service in place. */
const changed = (change: (args: DockerServiceArgs) => unknown): ServiceTransforms => ({
  service: (args) => void change(args),
});
const ofContainer = (change: (container: DockerServiceArgs["taskSpec"]["containerSpec"]) => unknown) =>
  changed(({ taskSpec }) => change(taskSpec.containerSpec));
const labelled = (label: pulumi.Input<string>, value: string): ServiceTransforms => ({
  service: { labels: [{ label, value }] },
});
/** What the types rule out, as a program in JavaScript would give it. */
const untyped = (service: unknown) => ({ service }) as ServiceTransforms;

const refused: Record<string, ServiceTransforms> = {
  throws: changed(() => {
    throw new Error("no luck");
  }),
  // An asynchronous function returns a promise.
  promise: untyped(async () => Promise.resolve()),
  output: untyped((args: DockerServiceArgs) => later.apply(() => ({ args }))),
  name: { service: { name: "shop-orders" } },
  unknownName: { service: { name: later } },
  stack: labelled("holdfast.stack", "another"),
  volumes: labelled("holdfast.volumes", "shop-orders"),
  unknownLabel: labelled(later, "another"),
  mount: ofContainer((container) => (container.mounts = [])),
  unknownMounts: ofContainer((container) => (container.mounts = later.apply(() => []))),
  unknownTask: { service: { taskSpec: later.apply(() => ({ containerSpec: {} })) as never } },
  pin: changed(({ taskSpec }) => delete taskSpec.placement),
  unknownPin: changed(({ taskSpec }) => (taskSpec.placement = { constraints: [later] })),
  guard: ofContainer((container) => delete container.commands),
  guardFile: ofContainer((container) => (container.configs = [])),
  guardVariable: ofContainer((container) => (container.env = {})),
  grace: ofContainer((container) => delete container.stopGracePeriod),
  unknownGrace: ofContainer((container) => (container.stopGracePeriod = later)),
  health: ofContainer((container) => delete container.healthcheck),
  unknownHealth: ofContainer((container) => (container.healthcheck = { tests: ["CMD", later] })),
  failure: changed(({ updateConfig }) => delete (updateConfig as { failureAction?: string }).failureAction),
  rollback: changed((args) => delete args.rollbackConfig),
  network: changed(({ taskSpec }) => delete taskSpec.networksAdvanceds),
};

const volumes: Record<string, LocalVolumeArgs["transform"]> = {
  volumeOwner: { volume: { labels: [{ label: "holdfast.project", value: "shop" }] } },
  volumeName: { volume: { name: later } },
};

/** Makes a component, and shows what it is refused with. */
function tryTo(situation: string, make: () => unknown): void {
  try {
    make();
    void pulumi.log.warn(`${situation} is taken`);
  } catch (error) {
    void pulumi.log.warn(`${situation}: ${String(error)}`);
  }
}

for (const [situation, transform] of Object.entries(refused)) {
  const volume = new LocalVolume(`${situation}-data`, { pin });
  tryTo(`redis ${situation}`, () => new Redis(situation, { ...common, volume, image: `redis:7@${digest}`, transform }));
  tryTo(
    `postgresql ${situation}`,
    () =>
      new PostgreSQL(`${situation}-sql`, {
        ...common,
        volume: new LocalVolume(`${situation}-sql-data`, { pin }),
        image: `postgres:17@${digest}`,
        majorVersion: 17,
        transform,
      }),
  );
}
for (const [situation, transform] of Object.entries(volumes))
  tryTo(situation, () => new LocalVolume(situation, { pin, createdBy: "provider", ...(transform && { transform }) }));

// Nothing that is returned, and values that nothing depends on, are taken.
tryTo(
  "nothing",
  () =>
    new Redis("right", {
      ...common,
      volume: new LocalVolume("right-data", { pin }),
      image: `redis:7@${digest}`,
      transform: {
        service: (args) => {
          args.taskSpec.containerSpec.hostname = later;
          return undefined;
        },
      },
    }),
);

/** Changes with the fate that follows from Swarm's, Docker's and Redis' rules. docs/impact.md takes its examples from here. */
import { redisSpec, type RedisSpec } from "../../components/redis/redis-spec.ts";
import type { TaskEffect } from "../../impact/simulation/task-course.ts";
import type { DataFate } from "../../impact/verdict/verdict.ts";
import type { RedisPersistence } from "../../model/redis/persistence.ts";
import { dataMount, type Change } from "./changes.ts";

/** One change and what it does. */
export interface TableRow {
  /** What somebody does to the program. */
  readonly change: string;
  readonly fate: DataFate;
  readonly taskEffect: TaskEffect;
  readonly of: Change;
  /** Stands as the example of its fate in docs/impact.md. */
  readonly isExample?: true;
  /** Judged without knowing the swarm's nodes. */
  readonly withoutNodes?: true;
  readonly executor?: "embedded";
}

const memory: NonNullable<Change["service"]> = ({ taskSpec }) => {
  taskSpec.resources = { limits: { memoryBytes: 200 * 1024 * 1024 } };
};
const rename: NonNullable<Change["service"]> = (inputs) => {
  dataMount(inputs)["source"] = "otherstore";
};
const both =
  (...changes: NonNullable<Change["service"]>[]): NonNullable<Change["service"]> =>
  (inputs) => {
    for (const change of changes) change(inputs);
  };
const replicas =
  (count: number): NonNullable<Change["service"]> =>
  (inputs) => {
    inputs.mode = { replicated: { replicas: count } };
  };
const args =
  (...more: string[]): NonNullable<Change["service"]> =>
  ({ taskSpec }) => {
    taskSpec.containerSpec.args = ["redis-server", "--protected-mode", "no", ...more];
  };
const ports =
  (...ports: Record<string, unknown>[]): NonNullable<Change["service"]> =>
  (inputs) => {
    inputs.endpointSpec = { mode: "vip", ports };
  };
const otherPort = ports({ targetPort: 6379, publishedPort: 10001, publishMode: "host", protocol: "tcp" });
const startFirst: NonNullable<Change["service"]> = (inputs) => {
  inputs.updateConfig = { ...inputs.updateConfig, order: "start-first" };
};
const constraints =
  (...list: string[]): NonNullable<Change["service"]> =>
  ({ taskSpec }) => {
    taskSpec.placement = { constraints: list };
  };
const container =
  (properties: Record<string, unknown>): NonNullable<Change["service"]> =>
  ({ taskSpec }) => {
    Object.assign(taskSpec.containerSpec, properties);
  };
const image =
  (image: string, properties: Record<string, unknown> = {}): NonNullable<Change["service"]> =>
  ({ taskSpec }) => {
    Object.assign(taskSpec.containerSpec, { image, args: [], ...properties });
  };
const rabbitmq = (properties: Record<string, unknown>): NonNullable<Change["service"]> =>
  both(image("rabbitmq:4", properties), mount({ target: "/var/lib/rabbitmq" }));
const unpinned: NonNullable<Change["service"]> = ({ taskSpec }) => {
  taskSpec.placement = { constraints: [] };
};
const isGlobal: NonNullable<Change["service"]> = (inputs) => {
  inputs.mode = { global: true };
};
const nfs = { type: "nfs", o: "addr=10.0.0.9", device: ":/x" };
const folder = (device: string): Record<string, string> => ({ type: "none", o: "bind", device });
const notYetKnown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const mount =
  (properties: Record<string, unknown>): NonNullable<Change["service"]> =>
  (inputs) => {
    Object.assign(dataMount(inputs), properties);
  };

/** The Redis of the components with one persistence profile, and then with another one; `tampered` alters the start script of after. */
const profiles = (
  from: RedisPersistence,
  to: RedisPersistence,
  tampered = (script: string): string => script,
): Change => {
  const [was, is] = [from, to].map((persistence) => redisOf(persistence)) as [RedisSpec, RedisSpec]; // Two are mapped.
  const files = (spec: RedisSpec, script = spec.startScript ?? ""): Record<string, string> => ({
    "/etc/holdfast/redis.conf": spec.configuration,
    "/etc/holdfast/start": script,
  });
  const command: NonNullable<Change["service"]> = ({ taskSpec }) => {
    const { args = [], command: commands } = was.service;
    Object.assign(taskSpec.containerSpec, { commands, args, stopGracePeriod: "11s" });
  };
  return { was: command, files: { was: files(was), is: files(is, tampered(is.startScript ?? "")) } };
};
const redisOf = (persistence: RedisPersistence): RedisSpec =>
  redisSpec(
    {
      persistence,
      memoryLimit: "100M",
      identity: "shop/prod/redis",
      firstStartUntil: undefined,
      hasTls: false,
      settings: {},
      publishedPort: undefined,
      publishMode: undefined,
    },
    "redis",
  );

const configurationFrom =
  (source: string): NonNullable<Change["service"]> =>
  ({ taskSpec }) =>
    void taskSpec.containerSpec.mounts.push({ type: "bind", source, target: "/etc/r.conf", readOnly: true });

const row = (
  change: string,
  fate: DataFate,
  taskEffect: TaskEffect,
  of: Change,
  more: Partial<TableRow> = {},
): TableRow => ({
  change,
  fate,
  taskEffect,
  of,
  ...more,
});

/** Changes to a Redis with snapshots on a local volume, pinned to its node. */
export const verdictTable: readonly TableRow[] = [
  row(
    "a label of the service",
    "untouched",
    "none",
    { service: (inputs) => void (inputs["labels"] = [{ label: "team", value: "b" }]) },
    { isExample: true },
  ),
  row("a higher memory limit", "interrupted", "replaced", { service: memory }, { isExample: true }),
  row("a placement constraint that the node satisfies already", "untouched", "none", {
    service: constraints("node.hostname==vm", "node.role==manager"),
  }),
  row(
    "a pin to another node of the swarm",
    "left behind",
    "moved",
    { service: constraints("node.hostname==elsewhere") },
    { withoutNodes: true },
  ),
  row("a pin to a node that does not exist", "interrupted", "cannot start", {
    service: constraints("node.hostname==elsewhere"),
  }),
  row(
    "a pin that another constraint rules out",
    "interrupted",
    "cannot start",
    {
      service: constraints("node.hostname==vm", "node.hostname!=vm"),
    },
    { withoutNodes: true },
  ),
  row(
    "a label in place of the pin, by its name alone",
    "at risk",
    "replaced",
    { service: constraints("node.labels.redis==yes") },
    { withoutNodes: true },
  ),
  row("a label that no node carries, in place of the pin", "interrupted", "cannot start", {
    service: constraints("node.labels.redis==yes"),
  }),
  row(
    "another label for a global service",
    "left behind",
    "moved",
    { was: both(isGlobal, constraints("node.labels.a==x")), service: constraints("node.labels.b==y") },
    { withoutNodes: true },
  ),
  row("a constraint that Swarm does not take", "untouched", "none", { service: constraints("node.hostname=vm") }),
  row(
    "the pin taken out, and the service replaced",
    "at risk",
    "replaced",
    { service: ({ taskSpec }) => delete taskSpec.placement, operation: "replace" },
    { withoutNodes: true, isExample: true },
  ),
  row(
    "the pin taken out, in place",
    "interrupted",
    "replaced",
    { service: both(memory, ({ taskSpec }) => delete taskSpec.placement) },
    { withoutNodes: true },
  ),
  row(
    "a constraint that is an output of a resource still to be created",
    "unknown",
    "replaced",
    { service: constraints("04da6b54-80e4-46f7-96ec-b56ff0331ba9") },
    { isExample: true },
  ),
  row("a constraint that is a secret", "unknown", "replaced", { service: constraints("[secret]") }),
  row("another volume at the data path", "left behind", "replaced", { service: rename }, { isExample: true }),
  row("another volume at the data path, and a higher memory limit", "left behind", "replaced", {
    service: both(rename, memory),
  }),
  row("the data mount at another path", "left behind", "replaced", { service: mount({ target: "/var/lib/redis" }) }),
  row("the data mount at another path, and dir after it", "interrupted", "replaced", {
    service: both(mount({ target: "/var/lib/redis" }), args("--dir", "/var/lib/redis")),
  }),
  row("a dir below the data path, on the same volume", "left behind", "replaced", {
    service: args("--dir", "/data/db1"),
  }),
  row("another working directory", "left behind", "replaced", { service: container({ dir: "/tmp" }) }),
  row("another working directory, with dir set", "interrupted", "replaced", {
    service: both(container({ dir: "/tmp" }), args("--dir", "/data")),
  }),
  row("another snapshot file", "left behind", "replaced", { service: args("--dbfilename", "other.rdb") }),
  row("the append-only file switched on", "left behind", "replaced", { service: args("--appendonly", "yes") }),
  row("the append-only file switched off, with save points", "interrupted", "replaced", {
    was: args("--appendonly", "yes"),
    service: args(),
  }),
  row("the append-only file switched off, of a task that is stopped with SIGKILL", "at risk", "replaced", {
    was: both(args("--appendonly", "yes"), container({ stopSignal: "SIGKILL" })),
    service: args(),
  }),
  row("the append-only file switched off, of a task that is told to stop without a snapshot", "at risk", "replaced", {
    was: args("--appendonly", "yes", "--shutdown-on-sigterm", "nosave"),
    service: args(),
  }),
  row("the append-only file switched off, where nothing ever writes a snapshot", "left behind", "replaced", {
    was: args("--appendonly", "yes", "--save", "", "--shutdown-on-sigterm", "nosave"),
    service: args(),
  }),
  row("another configuration file, which cannot be seen", "unknown", "replaced", {
    was: container({ args: ["redis-server", "/etc/a.conf"] }),
    service: container({ args: ["redis-server", "/etc/b.conf"] }),
  }),
  row("a configuration file that comes from another folder of the host", "unknown", "replaced", {
    was: both(container({ args: ["redis-server", "/etc/r.conf"] }), configurationFrom("/srv/a.conf")),
    service: ({ taskSpec }) =>
      void Object.assign(taskSpec.containerSpec.mounts.at(-1) ?? {}, { source: "/srv/b.conf" }),
  }),
  row("a memory limit, with a configuration file that cannot be seen", "interrupted", "replaced", {
    was: container({ args: ["redis-server", "/etc/a.conf"] }),
    service: memory,
  }),
  row("a memory limit below maxmemory", "at risk", "replaced", {
    was: args("--maxmemory", "80mb"),
    service: both(args("--maxmemory", "80mb"), ({ taskSpec }) => {
      taskSpec.resources = { limits: { memoryBytes: 50 * 1024 * 1024 } };
    }),
  }),
  row("the append-only file switched off, without save points", "left behind", "replaced", {
    was: args("--appendonly", "yes", "--save", ""),
    service: args(),
  }),
  row("durable to snapshot, of the Redis component", "interrupted", "replaced", profiles("durable", "snapshot")),
  row("balanced to snapshot, of the Redis component", "interrupted", "replaced", profiles("balanced", "snapshot")),
  row("snapshot to durable, of the Redis component", "interrupted", "replaced", profiles("snapshot", "durable")),
  row("snapshot to balanced, of the Redis component", "interrupted", "replaced", profiles("snapshot", "balanced")),
  row("durable to balanced, of the Redis component", "interrupted", "replaced", profiles("durable", "balanced")),
  row("balanced to durable, of the Redis component", "interrupted", "replaced", profiles("balanced", "durable")),
  row(
    "snapshot to durable, where the start script is like the component's and does not prepare the files",
    "left behind",
    "replaced",
    profiles("snapshot", "durable", (script) => script.replace('if [ -s "$data/dump.rdb" ]', "if false")),
  ),
  row(
    "durable to snapshot, where the start script is like the component's and does something else before",
    "left behind",
    "replaced",
    profiles("durable", "snapshot", (script) => script.replace("set -eu", "set -eu\nrm -f /data/*.aof")),
  ),
  row("snapshot to durable, of the Redis component, stopped with SIGKILL", "at risk", "replaced", {
    ...profiles("snapshot", "durable"),
    was: both(profiles("snapshot", "durable").was ?? memory, container({ stopSignal: "SIGKILL" })),
  }),
  row("no save points any more", "interrupted", "replaced", { service: args("--save", "") }),
  row("any change of a task that has neither save points nor an append-only file", "destroyed", "replaced", {
    was: args("--save", ""),
    service: both(args("--save", ""), memory),
  }),
  row("any change of a task whose stop grace period is unset", "at risk", "replaced", {
    was: ({ taskSpec }) => delete taskSpec.containerSpec["stopGracePeriod"],
    service: memory,
  }),
  row("any change of a task that is stopped with SIGKILL", "at risk", "replaced", {
    was: container({ stopSignal: "SIGKILL" }),
    service: memory,
  }),
  row("any change of a task whose server a shell starts", "at risk", "replaced", {
    was: container({ args: ["sh", "-c", "redis-server --protected-mode no"] }),
    service: memory,
  }),
  row("any change of a task whose server a shell starts with exec", "interrupted", "replaced", {
    was: container({ args: ["sh", "-c", "exec redis-server --protected-mode no"] }),
    service: memory,
  }),
  row("another stop signal", "interrupted", "replaced", { service: container({ stopSignal: "SIGKILL" }) }),
  row("any change of a task whose data is in memory", "destroyed", "replaced", {
    was: mount({ type: "tmpfs", source: undefined }),
    service: memory,
  }),
  row("any change of a task whose data is in an anonymous volume", "left behind", "replaced", {
    was: mount({ source: "" }),
    service: memory,
  }),
  row("the service replaced, with its data in an anonymous volume", "destroyed", "replaced", {
    was: mount({ source: "" }),
    service: memory,
    operation: "replace",
  }),
  row("scaled to 0, with the data in an anonymous volume", "destroyed", "stopped", {
    was: mount({ source: "" }),
    service: replicas(0),
  }),
  row("the data mount's target written with a slash at its end", "interrupted", "replaced", {
    service: mount({ target: "/data/" }),
  }),
  row("the same folder of the host, mounted one level higher, and dir after it", "interrupted", "replaced", {
    was: mount({ type: "bind", source: "/srv/redis" }),
    service: both(mount({ source: "/srv/" }), args("--dir", "/data/redis")),
  }),
  row("a mount whose volume is named after the service, and the service renamed", "left behind", "replaced", {
    was: mount({ source: "{{.Service.Name}}-data" }),
    service: (inputs) => void (inputs.name = "stateful2"),
    operation: "replace",
  }),
  row("any change of a task whose volume is named after the task", "left behind", "replaced", {
    was: mount({ source: "data-{{.Task.ID}}" }),
    service: memory,
  }),
  row("a lower memory limit", "interrupted", "replaced", {
    service: ({ taskSpec }) => void (taskSpec.resources = { limits: { memoryBytes: 50 * 1024 * 1024 } }),
  }),
  row("the snapshot file named as it is called anyway", "interrupted", "replaced", {
    service: args("--dbfilename", "dump.rdb", "--appendonly", "no"),
  }),
  row("another folder for the append-only file", "left behind", "replaced", {
    was: args("--appendonly", "yes"),
    service: args("--appendonly", "yes", "--appenddirname", "log"),
  }),
  row("another volume over the append-only file's folder", "left behind", "replaced", {
    was: args("--appendonly", "yes"),
    service: both(
      args("--appendonly", "yes"),
      ({ taskSpec }) =>
        void taskSpec.containerSpec.mounts.push({ target: "/data/appendonlydir", type: "volume", source: "log" }),
    ),
  }),
  row("another volume below the data path, where Redis keeps nothing", "interrupted", "replaced", {
    service: ({ taskSpec }) =>
      void taskSpec.containerSpec.mounts.push({ target: "/data/backups", type: "volume", source: "backups" }),
  }),
  row("any change of a task that is told to stop without a snapshot", "at risk", "replaced", {
    was: args("--shutdown-on-sigterm", "nosave"),
    service: both(args("--shutdown-on-sigterm", "nosave"), memory),
  }),
  row("any change of a task that is told to save without save points", "interrupted", "replaced", {
    was: args("--save", "", "--shutdown-on-sigterm", "save"),
    service: both(args("--save", "", "--shutdown-on-sigterm", "save"), memory),
  }),
  row("a primary that becomes a replica", "at risk", "replaced", { service: args("--replicaof", "other", "6379") }),
  row("another user", "interrupted", "replaced", { service: container({ user: "1000:1000" }) }),
  row("volumeOptions on a volume that exists", "interrupted", "replaced", {
    service: mount({ volumeOptions: { driverName: "local", driverOptions: { type: "nfs", device: ":/x" } } }),
  }),
  row("scaled to 0", "interrupted", "stopped", { service: replicas(0) }),
  row("scaled to 0, with another volume at the data path", "left behind", "stopped", {
    service: both(replicas(0), rename),
  }),
  row("a volume that leads to a file server removed, of a service that was scaled to 0", "left behind", "none", {
    was: replicas(0),
    service: both(replicas(0), (inputs) => void (inputs["labels"] = [])),
    volume: "deleted",
    volumeDriverOptions: nfs,
  }),
  row("started again after it was scaled to 0", "untouched", "replaced", { was: replicas(0), service: replicas(1) }),
  row("started again after it was scaled to 0, with its data in an anonymous volume", "untouched", "replaced", {
    was: both(mount({ source: "" }), replicas(0)),
    service: replicas(1),
  }),
  row("started again after it was scaled to 0, with its data in memory", "untouched", "replaced", {
    was: both(mount({ type: "tmpfs", source: undefined }), replicas(0)),
    service: replicas(1),
  }),
  row("removed after it was scaled to 0, with its data in an anonymous volume", "untouched", "none", {
    was: both(mount({ source: "" }), replicas(0)),
    operation: "delete",
  }),
  row("started again after it was scaled to 0, with another volume", "left behind", "replaced", {
    was: replicas(0),
    service: both(replicas(1), rename),
  }),
  row("one replica less on one volume", "at risk", "none", { was: both(replicas(2), ports()), service: replicas(1) }),
  row("as many replicas as an output says that is not known yet", "unknown", "none", {
    service: (inputs) => void (inputs.mode = { replicated: { replicas: notYetKnown } }),
  }),
  row("two replicas that want the same host port", "untouched", "none", { service: replicas(2) }),
  row("two replicas on one volume", "at risk", "none", { service: both(replicas(2), ports()) }),
  row("two replicas, the second one at another host port", "at risk", "none", {
    service: both(replicas(2), otherPort),
  }),
  row("a published port", "untouched", "none", { service: otherPort }),
  row(
    "a published port, by the embedded engine",
    "interrupted",
    "replaced",
    { service: otherPort },
    { executor: "embedded" },
  ),
  row("a published port and a memory limit", "interrupted", "replaced", { service: both(otherPort, memory) }),
  row("start-first, with a host port that the old task holds", "untouched", "none", {
    service: both(startFirst, memory),
  }),
  row("an update order that is not known yet, without a port", "unknown", "replaced", {
    service: both(memory, ports(), (inputs) => void (inputs.updateConfig = { order: notYetKnown })),
  }),
  row("start-first, without a port", "at risk", "replaced", { service: both(startFirst, memory, ports()) }),
  row("replicated to global, in place", "untouched", "none", {
    service: both(memory, (inputs) => void (inputs.mode = { global: true })),
  }),
  row("a memory limit of a global service without a pin", "interrupted", "replaced", {
    was: both(isGlobal, unpinned),
    service: memory,
  }),
  row(
    "a constraint that keeps a global service off its node",
    "left behind",
    "moved",
    { was: both(isGlobal, unpinned), service: both(memory, constraints("node.hostname!=vm")) },
    { withoutNodes: true },
  ),
  row("replicated to global, replaced for another reason", "interrupted", "replaced", {
    service: (inputs) => void (inputs.mode = { global: true }),
    operation: "replace",
  }),
  row("the service renamed", "interrupted", "replaced", {
    service: (inputs) => void (inputs.name = "stateful2"),
    operation: "replace",
  }),
  row("the service renamed, the new one first, without a port", "at risk", "replaced", {
    service: both(ports(), (inputs) => void (inputs.name = "stateful2")),
    operation: "replace, new one first",
  }),
  row("the service renamed, the new one first, with a host port", "untouched", "none", {
    service: (inputs) => void (inputs.name = "stateful2"),
    operation: "replace, new one first",
  }),
  row("a retained service renamed, without a port", "at risk", "none", {
    service: both(ports(), (inputs) => void (inputs.name = "stateful2")),
    operation: "replace",
    isRetained: true,
  }),
  row("a retained service renamed, onto another volume", "untouched", "none", {
    service: both(ports(), rename, (inputs) => void (inputs.name = "stateful2")),
    operation: "replace",
    isRetained: true,
  }),
  row("a retained service renamed, with a host port", "untouched", "none", {
    service: (inputs) => void (inputs.name = "stateful2"),
    operation: "replace",
    isRetained: true,
  }),
  row("a retained service renamed that had no tasks", "untouched", "none", {
    was: both(ports(), replicas(0)),
    service: both(ports(), replicas(1), (inputs) => void (inputs.name = "stateful2")),
    operation: "replace",
    isRetained: true,
  }),
  row("the service removed", "left behind", "stopped", { operation: "delete" }),
  row("the service removed, with its data in an anonymous volume", "destroyed", "stopped", {
    was: mount({ source: "" }),
    operation: "delete",
  }),
  row("the service renamed, with a pin to a node that does not exist", "left behind", "stopped", {
    service: both((inputs) => void (inputs.name = "stateful2"), constraints("node.hostname==elsewhere")),
    operation: "replace",
  }),
  row(
    "the service renamed, with a pin to a node that does not exist, by the embedded engine",
    "interrupted",
    "cannot start",
    {
      service: both((inputs) => void (inputs.name = "stateful2"), constraints("node.hostname==elsewhere")),
      operation: "replace",
    },
    { executor: "embedded" },
  ),
  row(
    "the service and its volume removed",
    "destroyed",
    "stopped",
    { operation: "delete", volume: "deleted" },
    { isExample: true },
  ),
  row("the service and its protected volume removed", "untouched", "none", {
    operation: "delete",
    volume: "protected and deleted",
  }),
  row("the service and its protected volume removed, with --ignore-protect", "destroyed", "stopped", {
    operation: "delete",
    volume: "protected and deleted all the same",
  }),
  row("scaled to 0 and the volume removed", "destroyed", "stopped", { service: replicas(0), volume: "deleted" }),
  row("a memory limit, and the volume removed", "interrupted", "replaced", { service: memory, volume: "deleted" }),
  row("another volume at the data path, and the old one removed", "left behind", "replaced", {
    service: rename,
    volume: "deleted",
  }),
  row("another volume at the data path, the service replaced, and the old volume removed", "destroyed", "replaced", {
    service: rename,
    operation: "replace",
    volume: "deleted",
  }),
  row("the volume renamed, and with it what the service mounts", "untouched", "none", {
    service: (inputs) => void (dataMount(inputs)["source"] = "foobarstore2"),
    volume: "replaced",
    dependsOnVolume: true,
  }),
  row("the volume replaced while the service takes another", "left behind", "replaced", {
    service: rename,
    volume: "replaced",
  }),
  row("the service removed, and its volume that leads to a file server", "left behind", "stopped", {
    operation: "delete",
    volume: "deleted",
    volumeDriverOptions: nfs,
  }),
  row(
    "another node, with a docker.Volume that leads to a file server",
    "left behind",
    "moved",
    { service: constraints("node.hostname==elsewhere"), volume: "same", volumeDriverOptions: nfs },
    { withoutNodes: true },
  ),
  row(
    "a memory limit without a pin, with a docker.Volume that leads to a file server",
    "at risk",
    "replaced",
    { was: unpinned, service: memory, volume: "same", volumeDriverOptions: nfs },
    { withoutNodes: true },
  ),
  row(
    "another node, with a mount that leads to a file server",
    "interrupted",
    "moved",
    {
      was: mount({ volumeOptions: { driverName: "local", driverOptions: nfs } }),
      service: constraints("node.hostname==elsewhere"),
      volume: "same",
      volumeDriverOptions: nfs,
    },
    { withoutNodes: true },
  ),
  ...(
    [
      ["that leads to another file server", nfs, { ...nfs, o: "addr=10.0.0.10" }],
      ["that leads to another folder of the file server", nfs, { ...nfs, device: ":/y" }],
      ["that leads to the node's disk instead of a file server", nfs, {}],
      ["that leads to another folder of the node", folder("/srv/a"), folder("/srv/b")],
    ] as const
  ).map(([what, volumeDriverOptions, nextVolumeDriverOptions]) =>
    row(`started again after it was scaled to 0, with its volume replaced by one ${what}`, "left behind", "replaced", {
      was: replicas(0),
      service: replicas(1),
      volume: "replaced, with other options",
      volumeDriverOptions,
      nextVolumeDriverOptions,
    }),
  ),
  row("a pin to a node that does not exist, and the volume removed", "interrupted", "cannot start", {
    service: constraints("node.hostname==elsewhere"),
    volume: "deleted",
  }),
  row("an older Redis", "interrupted", "cannot start", {
    service: container({ image: "redis:6.2@sha256:6389e0e5491c4094054cea97cd15458e55fe33dda826c7f62930a38e69871b2e" }),
  }),
  row("an image that is not known yet", "interrupted", "replaced", { service: container({ image: notYetKnown }) }),
  row("a task of which nothing is known yet", "unknown", "replaced", {
    service: (inputs) => void Object.assign(inputs, { taskSpec: notYetKnown }),
  }),
  row("Valkey on the files of a Redis from 7.4 on", "interrupted", "cannot start", {
    was: image("redis:7.4"),
    service: container({ image: "valkey/valkey:8.1" }),
  }),
  row("Valkey on the files of a Redis from 7.4 on, told to try", "at risk", "replaced", {
    was: image("redis:7.4"),
    service: container({ image: "valkey/valkey:8.1", args: ["--rdb-version-check", "relaxed"] }),
  }),
  row("Valkey on the files of a Redis whose version is not known", "at risk", "replaced", {
    was: image("redis"),
    service: container({ image: "valkey/valkey:8.1" }),
  }),
  row(
    "Valkey with start-first on the snapshot of a Redis from 7.4 on, which may not be written yet",
    "at risk",
    "replaced",
    {
      was: both(image("redis:7.4"), ports()),
      service: both(container({ image: "valkey/valkey:8.1" }), startFirst),
    },
  ),
  row("Valkey with start-first on the append-only file of a Redis from 7.4 on", "untouched", "none", {
    was: both(image("redis:7.4", { args: ["--appendonly", "yes"] }), ports()),
    service: both(container({ image: "valkey/valkey:8.1" }), startFirst),
  }),
  row("Valkey after a Redis from 7.4 on that writes nothing", "destroyed", "replaced", {
    was: image("redis:7.4", { args: ["--save", ""] }),
    service: container({ image: "valkey/valkey:8.1" }),
  }),
  row("Valkey on the files of an older Redis", "interrupted", "replaced", {
    was: image("redis:7.2"),
    service: container({ image: "valkey/valkey:8.1" }),
  }),
  row("Redis on the files of Valkey 9", "interrupted", "cannot start", {
    was: image("valkey/valkey:9"),
    service: container({ image: "redis:8" }),
  }),
  row("PostgreSQL, the next major version", "interrupted", "cannot start", {
    was: both(image("postgres:15"), mount({ target: "/var/lib/postgresql/data" })),
    service: container({ image: "postgres:16" }),
  }),
  row("a memory limit, where the mounts are hidden", "interrupted", "replaced", {
    was: container({ mounts: "[secret]" }),
    service: memory,
  }),
  row("a memory limit of a PostgreSQL whose version no tag tells", "interrupted", "replaced", {
    was: both(image("postgres"), mount({ target: "/var/lib/postgresql/data" })),
    service: memory,
  }),
  row("other arguments of a PostgreSQL whose version no tag tells", "unknown", "replaced", {
    was: both(image("postgres"), mount({ target: "/var/lib/postgresql/data" })),
    service: container({ args: ["postgres", "-c", "work_mem=8MB"] }),
  }),
  row("another build of one's own of PostgreSQL", "interrupted", "replaced", {
    was: both(image("team/postgres:1.4"), mount({ target: "/var/lib/postgresql/data" })),
    service: container({ image: "team/postgres:2.0" }),
  }),
  row("PostgreSQL, the next major version with start-first and a health check", "untouched", "none", {
    was: both(image("postgres:15"), mount({ target: "/var/lib/postgresql/data" }), ports()),
    service: both(container({ image: "postgres:16" }), startFirst),
  }),
  row("PostgreSQL, the next major version with start-first and no health check", "interrupted", "cannot start", {
    was: both(
      image("postgres:15", { healthcheck: { tests: ["NONE"] } }),
      mount({ target: "/var/lib/postgresql/data" }),
      ports(),
    ),
    service: both(container({ image: "postgres:16" }), startFirst),
  }),
  row("PostgreSQL 18 where the data of 17 is mounted", "interrupted", "cannot start", {
    was: both(image("postgres:17"), mount({ target: "/var/lib/postgresql/data" })),
    service: container({ image: "postgres:18" }),
  }),
  row("PostgreSQL 18 with the data of 17 mounted one level higher", "interrupted", "cannot start", {
    was: both(image("postgres:17"), mount({ target: "/var/lib/postgresql/data" })),
    service: both(container({ image: "postgres:18" }), mount({ target: "/var/lib/postgresql" })),
  }),
  row("PostgreSQL 18 with another volume", "left behind", "replaced", {
    was: both(image("postgres:17"), mount({ target: "/var/lib/postgresql/data" })),
    service: both(container({ image: "postgres:18" }), mount({ source: "pg18", target: "/var/lib/postgresql" })),
  }),
  row("PostgreSQL without a stop grace period", "interrupted", "replaced", {
    was: both(image("postgres:16", { stopGracePeriod: undefined }), mount({ target: "/var/lib/postgresql/data" })),
    service: memory,
  }),
  row("RabbitMQ without a hostname, whose folder each task calls after its own", "left behind", "replaced", {
    was: rabbitmq({}),
    service: memory,
  }),
  row("RabbitMQ with a hostname", "interrupted", "replaced", {
    was: rabbitmq({ hostname: "queue" }),
    service: memory,
  }),
  row("RabbitMQ with another hostname", "left behind", "replaced", {
    was: rabbitmq({ hostname: "queue" }),
    service: container({ hostname: "broker" }),
  }),
  row("RabbitMQ with the node's name in place of the hostname that it was made of", "interrupted", "replaced", {
    was: rabbitmq({ hostname: "queue" }),
    service: container({ hostname: "broker", env: { RABBITMQ_NODENAME: "rabbit@queue" } }),
  }),
  row("RabbitMQ with another node's name on the same host", "left behind", "replaced", {
    was: rabbitmq({ hostname: "queue" }),
    service: container({ env: { RABBITMQ_NODENAME: "bunny" } }),
  }),
  row("RabbitMQ with a domain after its hostname, which its folder leaves out", "interrupted", "replaced", {
    was: rabbitmq({ hostname: "queue" }),
    service: container({ hostname: "queue.example.com" }),
  }),
  row("RabbitMQ of another publisher with another node's name", "left behind", "replaced", {
    was: both(
      image("bitnami/rabbitmq:4", { env: { RABBITMQ_NODE_NAME: "rabbit@a" } }),
      mount({ target: "/bitnami/rabbitmq/mnesia" }),
    ),
    service: container({ env: { RABBITMQ_NODE_NAME: "rabbit@b" } }),
  }),
  row("RabbitMQ with long names and another domain", "left behind", "replaced", {
    was: rabbitmq({ hostname: "queue.a.example", env: { RABBITMQ_USE_LONGNAME: "true" } }),
    service: container({ hostname: "queue.b.example" }),
  }),
  row("RabbitMQ of another publisher, which names no folder after the host", "interrupted", "replaced", {
    was: both(image("bitnami/rabbitmq:4"), mount({ target: "/bitnami/rabbitmq/mnesia" })),
    service: memory,
  }),
  row("MongoDB, two major versions further", "interrupted", "cannot start", {
    was: both(image("mongo:6"), mount({ target: "/data/db" })),
    service: container({ image: "mongo:8" }),
  }),
  row("MongoDB, the next major version", "interrupted", "replaced", {
    was: both(image("mongo:6"), mount({ target: "/data/db" })),
    service: container({ image: "mongo:7" }),
  }),
  row("another folder for MongoDB's files", "left behind", "replaced", {
    was: both(image("mongo:7"), mount({ target: "/data/db" })),
    service: container({ args: ["mongod", "--dbpath", "/srv/db"] }),
  }),
  row("another program's image", "at risk", "replaced", { service: container({ image: "acme/store:1" }) }),
];

/** Each component in each of its ways: what a second `up` of an unchanged program must leave alone. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  ExistingVolume,
  HostPath,
  LocalVolume,
  NetworkVolume,
  PostgreSQL,
  Redis,
  RedisPersistence,
  type RedisTls,
  StatefulService,
  VolumeCreator,
} from "../../../components/index.ts";

const config = new pulumi.Config();
const image = config.require("image");
const pin = { hostname: config.require("node") };
const firstStartUntil = config.require("firstStartUntil");
const memoryLimit = "64M";
const password = config.requireSecret("password");
const networkIds = [new docker.Network("shared", { driver: "overlay" }).id];
const common = { image, memoryLimit, password, networkIds };
const tls = config.requireObject<RedisTls>("tls");

const twoPasswords = { previousPassword: "the one before this", operationsPassword: "of the operations" };
new Redis("durable", {
  ...common,
  ...twoPasswords,
  volume: new LocalVolume("durable", { pin, createdBy: VolumeCreator.provider }),
  publishedPort: 10_021,
  backup: "none: a test",
  labels: { owner: "test" },
  firstStartUntil,
});
new Redis("balanced", {
  ...common,
  volume: new LocalVolume("balanced", { pin, createdBy: VolumeCreator.task }),
  persistence: RedisPersistence.balanced,
  publishedPort: 10_022,
  tls,
  firstStartUntil,
});
new Redis("snapshot", {
  image,
  memoryLimit,
  password,
  volume: new LocalVolume("snapshot", { pin: { label: { name: "orders", value: "yes" } } }),
  persistence: RedisPersistence.snapshot,
  settings: { timeout: "300", maxclients: "100" },
  cpuLimit: 1,
  cpuReservation: 0.01,
  firstStartUntil,
});

const persistence = RedisPersistence.cache;
new Redis("cache", { ...common, persistence });
new Redis("cache-published", { ...common, persistence, publishedPort: 10_023, tls });
new Redis("cache-placed", { ...common, persistence, constraints: ["node.role==manager"] });
new Redis("cache-stopped", { ...common, persistence, stopped: true });

const volumes = {
  network: new NetworkVolume("network", { server: "198.51.100.9", exportPath: "/srv" }),
  path: new HostPath("path", { hostPath: "/srv", on: pin }),
};
for (const [name, volume] of Object.entries(volumes))
  new Redis(name, { ...common, volume, persistence: RedisPersistence.snapshot, stopped: true });

const healthCheck = { test: ["CMD", "redis-cli", "ping"] };
new StatefulService("scratch", {
  image,
  memoryLimit,
  healthCheck,
  data: [],
  scratch: [{ path: "/data", size: "16M" }],
});
new StatefulService("own", {
  image,
  memoryLimit,
  memoryReservation: "32M",
  healthCheck,
  data: [{ volume: new ExistingVolume("own", { volumeName: "own", on: pin }), path: "/data" }],
  scratch: [{ path: "/tmp" }],
  args: ["redis-server", "/etc/own.conf"],
  environment: { TZ: "UTC", LANG: "C" },
  user: "999:999",
  dropCapabilities: ["ALL"],
  readOnlyRoot: true,
  ports: [
    { target: 6379, published: 10_024 },
    { target: 6380, published: 10_025 },
  ],
  configFiles: { settings: { path: "/etc/own.conf", content: "dir /data\n", mode: 0o440, ownerId: "999" } },
  secretFiles: { token: { path: "/run/token", content: password } },
  stopGrace: "20s",
  restartDelay: "1s",
  logDriver: { name: "local" },
});

new PostgreSQL("rows", {
  image: config.require("postgresqlImage"),
  majorVersion: config.requireNumber("majorVersion"),
  volume: new LocalVolume("rows", { pin }),
  memoryLimit: "256M",
  password,
  publishedPort: 10_026,
  firstStartUntil,
});

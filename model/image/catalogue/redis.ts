import type { CatalogueEntry, CommandFact, DataPathFact, LifeFact } from "../catalogue-entry.ts";
import { bitnami, hub, offUnless } from "./facts.ts";

/** Redis answers PING with exit code 0 while it loads; whether a check built on it fails then, its rule finds out from the command. */
const redisPing: LifeFact = {
  command: "redis-cli ping",
  failsWhileLoading: false,
  source: "https://redis.io/docs/latest/commands/ping/",
};

const inRedisDirectory = (path: string, source: string): DataPathFact[] => [
  { path, movedBy: [{ redisDirectory: true }], source },
];

const redisCommands: CommandFact = {
  servers: ["redis-server", "valkey-server", "keydb-server", "run.sh"],
  tools: ["redis-cli", "redis-benchmark", "valkey-cli", "valkey-benchmark", "keydb-cli"],
  disguises: ["redis-sentinel", "valkey-sentinel", "--sentinel"],
};

/** Redis and what speaks its language. */
export const redisImages: readonly CatalogueEntry[] = [
  {
    name: "redis",
    title: "Redis",
    repositories: ["redis", "library/redis", "redis/redis"],
    keepsState: "always",
    commands: redisCommands,
    dataPaths: inRedisDirectory("/data", hub("redis")),
    volumes: [{ path: "/data" }],
    writers: "one",
    redis: { appendOnly: false },
    life: [redisPing],
  },
  {
    name: "redis-stack",
    title: "Redis Stack",
    repositories: ["redis/redis-stack", "redis/redis-stack-server"],
    keepsState: "always",
    commands: redisCommands,
    dataPaths: inRedisDirectory("/data", hub("redis/redis-stack-server")),
    volumes: [],
    writers: "one",
    redis: { appendOnly: false, argumentsFrom: "REDIS_ARGS" },
    life: [redisPing],
  },
  {
    name: "bitnami-redis",
    title: "Redis (Bitnami)",
    repositories: ["bitnami/redis", "bitnamilegacy/redis", "bitnami/valkey", "bitnamilegacy/valkey", "bitnami/keydb"],
    keepsState: "always",
    commands: redisCommands,
    dataPaths: [
      {
        path: "/bitnami/redis/data",
        alsoAt: ["/bitnami", "/bitnami/valkey/data", "/bitnami/keydb/data"],
        movedBy: [{ redisDirectory: true }],
        source: bitnami("redis"),
      },
    ],
    volumes: [],
    writers: "one",
    redis: { appendOnly: true, appendOnlyFrom: "REDIS_AOF_ENABLED" },
    life: [redisPing],
    authentication: offUnless(["REDIS_PASSWORD", "VALKEY_PASSWORD"], bitnami("redis")),
  },
  {
    name: "valkey",
    title: "Valkey",
    repositories: ["valkey/valkey", "valkey"],
    keepsState: "always",
    commands: redisCommands,
    dataPaths: inRedisDirectory("/data", hub("valkey/valkey")),
    volumes: [{ path: "/data" }],
    writers: "one",
    redis: { appendOnly: false, argumentsFrom: "VALKEY_EXTRA_FLAGS" },
    life: [{ ...redisPing, command: "valkey-cli ping", source: "https://valkey.io/commands/ping/" }],
  },
  {
    name: "keydb",
    title: "KeyDB",
    repositories: ["eqalpha/keydb", "keydb"],
    keepsState: "always",
    commands: redisCommands,
    dataPaths: inRedisDirectory("/data", hub("eqalpha/keydb")),
    volumes: [{ path: "/data" }],
    writers: "one",
    redis: { appendOnly: false },
    life: [{ ...redisPing, command: "keydb-cli ping", source: "https://docs.keydb.dev/docs/commands/" }],
  },
];

import type { DataPathFact, LifeFact } from "../catalogue-entry.ts";
import { bitnami, hub, offUnless, statefulImages } from "./facts.ts";

/** `redis-cli PING` exits with code 0 while Redis loads; the rule reads from the command whether a check built on it fails then. */
const redisPing: LifeFact = {
  command: "redis-cli ping",
  failsWhileLoading: false,
  source: "https://redis.io/docs/latest/commands/ping/",
};

const inRedisDirectory = (path: string, source: string): DataPathFact => ({
  path,
  movedBy: [{ redisDirectory: true }],
  source,
});

/** What all images of Redis and compatible servers have in common. */
const redisFamily = {
  commands: {
    servers: ["redis-server", "valkey-server", "keydb-server", "run.sh"],
    tools: ["redis-cli", "redis-benchmark", "valkey-cli", "valkey-benchmark", "keydb-cli"],
    disguises: ["redis-sentinel", "valkey-sentinel", "--sentinel"],
  },
  redis: { appendOnly: false },
  life: [redisPing],
};

/** Redis and compatible servers. */
export const redisImages = statefulImages([
  {
    name: "redis",
    title: "Redis",
    repositories: ["redis", "library/redis", "redis/redis"],
    ...redisFamily,
    dataVolume: inRedisDirectory("/data", hub("redis")),
  },
  {
    name: "redis-stack",
    title: "Redis Stack",
    repositories: ["redis/redis-stack", "redis/redis-stack-server"],
    ...redisFamily,
    dataPath: inRedisDirectory("/data", hub("redis/redis-stack-server")),
    redis: { appendOnly: false, argumentsFrom: "REDIS_ARGS" },
  },
  {
    name: "bitnami-redis",
    title: "Redis (Bitnami)",
    repositories: ["bitnami/redis", "bitnamilegacy/redis", "bitnami/valkey", "bitnamilegacy/valkey", "bitnami/keydb"],
    ...redisFamily,
    dataPath: {
      path: "/bitnami/redis/data",
      alsoAt: ["/bitnami", "/bitnami/valkey/data", "/bitnami/keydb/data"],
      movedBy: [{ redisDirectory: true }],
      source: bitnami("redis"),
    },
    redis: { appendOnly: true, appendOnlyFrom: "REDIS_AOF_ENABLED" },
    authentication: offUnless(["REDIS_PASSWORD", "VALKEY_PASSWORD"], bitnami("redis")),
  },
  {
    name: "valkey",
    title: "Valkey",
    repositories: ["valkey/valkey", "valkey"],
    ...redisFamily,
    dataVolume: inRedisDirectory("/data", hub("valkey/valkey")),
    redis: { appendOnly: false, argumentsFrom: "VALKEY_EXTRA_FLAGS" },
    life: [{ ...redisPing, command: "valkey-cli ping", source: "https://valkey.io/commands/ping/" }],
  },
  {
    name: "keydb",
    title: "KeyDB",
    repositories: ["eqalpha/keydb", "keydb"],
    ...redisFamily,
    dataVolume: inRedisDirectory("/data", hub("eqalpha/keydb")),
    life: [{ ...redisPing, command: "keydb-cli ping", source: "https://docs.keydb.dev/docs/commands/" }],
  },
]);

import fc from "fast-check";
import type { PostgresqlDefinition } from "../../components/postgresql/postgresql-spec.ts";
import type { RedisDefinition } from "../../components/redis/redis-spec.ts";
import { PublishMode } from "../../components/service/ports.ts";
import type { ServiceInput } from "../../components/service/service-spec.ts";
import { longestGraceSeconds } from "../../model/service/stop-grace.ts";

const mebibyte = 1024 * 1024;

/** A local volume of one node. */
export const pinnedVolume = {
  type: "volume",
  source: "store",
  identity: "volume store",
  pin: { hostname: "vm" },
} as const;

/** No more than must be said. */
export const plainDefinition: ServiceInput = {
  name: "store",
  image: `redis:7@sha256:${"0123456789abcdef".repeat(4)}`,
  data: [{ volume: pinnedVolume, path: "/data" }],
  files: {},
  memoryLimit: "100M",
  healthCheck: { test: ["CMD", "redis-cli", "ping"] },
};

/** Arguments of which every one is right. */
export function validDefinition(): fc.Arbitrary<ServiceInput> {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/u);
  const folder = fc.stringMatching(/^\/[a-z]{1,8}(?:\/[a-z]{1,8})?$/u);
  const seconds = (min: number, max: number) => fc.integer({ min, max }).map((count) => `${count}s`);
  const optional = fc.record(
    {
      memoryReservation: fc.integer({ min: 4, max: 32 }).map((count) => `${count}MiB`),
      cpuLimit: fc.double({ min: 0.01, max: 64, noNaN: true }),
      cpuReservation: fc.double({ min: 0.01, max: 64, noNaN: true }),
      command: fc.array(name, { minLength: 1, maxLength: 3 }),
      args: fc.array(name, { maxLength: 3 }),
      environment: fc.dictionary(name, name, { maxKeys: 1 }),
      user: fc.constantFrom("999:999", "redis"),
      dropCapabilities: fc.subarray(["ALL", "NET_RAW"]),
      readOnlyRoot: fc.boolean(),
      ports: fc
        .uniqueArray(fc.integer({ min: 1, max: 65535 }), { maxLength: 3 })
        .chain((published) =>
          fc
            .constantFrom("host" as const, "ingress" as const)
            .map((mode) => published.map((port) => ({ target: 6379, published: port, mode }))),
        ),
      constraints: fc.subarray(["node.role==worker"]),
      stopGrace: seconds(1, longestGraceSeconds),
      restartDelay: seconds(0, 120),
      stopped: fc.boolean(),
      labels: fc.dictionary(name, name, { maxKeys: 3 }),
    },
    { requiredKeys: [] },
  );
  const paths = fc.uniqueArray(folder, { minLength: 1, maxLength: 4 });
  return fc
    .record({ name, optional, paths, limitMebibytes: fc.integer({ min: 32, max: 65536 }) })
    .map(({ name, optional, paths, limitMebibytes }): ServiceInput => ({
      ...plainDefinition,
      ...optional,
      name,
      memoryLimit: `${limitMebibytes * mebibyte}`,
      data: paths.map((path, index) => ({ volume: { ...pinnedVolume, source: `store${index}` }, path })),
    }));
}

const memoryLimit = fc.integer({ min: 32, max: 4096 }).map((count) => `${count}MiB`);
const identity = fc.stringMatching(/^[a-z]{1,8}\/[a-z0-9.-]{1,8}$/u);
const firstStartUntil = fc.option(fc.constant("2026-11-23T12:00:00Z"), { nil: undefined });
const published = {
  publishedPort: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
  publishMode: fc.option(fc.constantFrom(...Object.values(PublishMode)), { nil: undefined }),
};

/** Arguments of a Redis that keeps its data, of which every one is right. */
export function validRedis(): fc.Arbitrary<RedisDefinition> {
  return fc.record({
    persistence: fc.constantFrom("durable", "balanced", "snapshot"),
    memoryLimit,
    identity,
    firstStartUntil,
    hasTls: fc.boolean(),
    settings: fc.dictionary(fc.constantFrom("hz", "timeout", "maxclients"), fc.nat(1000).map(String)),
    ...published,
  });
}

/** Arguments of a PostgreSQL, of which every one is right. */
export function validPostgresql(): fc.Arbitrary<PostgresqlDefinition> {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/u);
  return fc.record({
    majorVersion: fc.integer({ min: 13, max: 19 }),
    memoryLimit,
    username: name,
    database: name,
    identity,
    firstStartUntil,
    ...published,
  });
}

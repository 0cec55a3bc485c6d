/** Services that rules are tried on. */
import { unknown, type Draft, type DraftImage, type DraftMount, type DraftNode } from "./drafts.ts";
import type { InputName } from "./rule-case.ts";

export const digest = `@sha256:${"a".repeat(64)}`;

/** A Redis with nothing wrong about it. */
export function store(more: Draft = {}): Draft {
  return {
    name: "store",
    image: `redis:7.2${digest}`,
    args: ["redis-server", "/etc/redis.conf"],
    configs: [configuration()],
    mounts: [{ source: "data", target: "/data" }],
    constraints: ["node.hostname==one"],
    replicas: 1,
    updateOrder: "stop-first",
    rollbackOrder: "stop-first",
    health: { test: ["CMD", "redis-cli", "ping"], interval: "5s", retries: 3 },
    restart: { condition: "any" },
    memory: "100M",
    reservation: "64M",
    grace: "30s",
    labels: { "holdfast.backup": "none: it can be computed again" },
    ...more,
  };
}

export function configuration(more = "", rest = 'appendonly yes\nsave ""\nmaxmemory 60mb\naclfile /run/secrets/acl\n') {
  return { name: "conf", target: "/etc/redis.conf", content: `${rest}${more}` };
}

/** A Redis that is told everything on its command line. */
export function told(...args: NonNullable<Draft["args"]>): Draft {
  return store({ args: ["redis-server", ...args], configs: [] });
}

/** A Redis whose configuration cannot be seen. */
export const untold = store({ configs: [{ ...configuration(), content: unknown }] });

export function mounted(mount: DraftMount, more: Draft = {}): Draft {
  return store({ mounts: [mount], ...more });
}

export const cache: Draft = { labels: { "holdfast.store": "cache" } };

export const postgres = (more: Draft = {}): Draft =>
  store({
    name: "database",
    image: `postgres:17${digest}`,
    args: ["postgres"],
    configs: [],
    mounts: [{ source: "pg", target: "/var/lib/postgresql/data" }],
    environment: { POSTGRES_PASSWORD_FILE: "/run/secrets/pg" },
    health: { test: ["CMD", "pg_isready"], interval: "10s", retries: 6 },
    ...more,
  });

/** An image that the catalogue does not have. */
export const stranger = (more: Draft = {}): Draft =>
  store({
    name: "stranger",
    image: `corp/app:1${digest}`,
    args: ["app"],
    configs: [],
    mounts: [{ source: "files", target: "/files" }],
    ...more,
  });

/** Holdfast's companion of a store, which reads its data and writes what else it mounts. */
export const companion = (...repositories: DraftMount[]): Draft =>
  store({
    name: "store-backup",
    image: `example/holdfast-backup:1${digest}`,
    args: ["follow"],
    configs: [],
    mounts: [{ source: "data", target: "/data", readOnly: true }, ...repositories],
    labels: { "holdfast.backup.of": "store" },
  });

export const rabbit = (more: Draft = {}): Draft =>
  store({
    name: "queue",
    image: `rabbitmq:4${digest}`,
    args: [],
    configs: [],
    mounts: [{ source: "queue", target: "/var/lib/rabbitmq" }],
    ...more,
  });

export const stateless = (more: Draft = {}): Draft =>
  store({ image: `nginx:1${digest}`, args: [], configs: [], ...more });

export const withVolume: DraftImage = { name: "corp/app:1", volumes: ["/files"] };

export const one: DraftNode = { hostname: "one", labels: { disk: "ssd" } };

export const two: DraftNode = { hostname: "two" };

export const notLive: readonly InputName[] = ["stack file", "program", "state"];

export const programs: readonly InputName[] = ["program", "state"];

export function without(draft: Draft, key: keyof Draft): Draft {
  const { [key]: _, ...rest } = draft;
  return rest;
}

import fc from "fast-check";
import { anyCharacter } from "../support/any-character.ts";
import { unknown, type Draft, type DraftMount, type Maybe } from "./drafts.ts";

/** Text of the kinds that break things: control characters, quotes, variables, YAML's own signs, keys of objects. */
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 2, arbitrary: fc.string({ unit: anyCharacter, maxLength: 8 }) },
  fc.constantFrom(
    "",
    "__proto__",
    "constructor",
    "${",
    "${A:-",
    "$$",
    "\u001b[31m",
    "a: b",
    "- x",
    "'",
    '"',
    "\ue000",
    "&a",
    "*a",
    "|",
    "#",
  ),
);

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<Maybe<T>> {
  return fc.oneof({ weight: 5, arbitrary }, { weight: 1, arbitrary: fc.constant<typeof unknown>(unknown) });
}

const path = fc.oneof(
  fc.constantFrom("/data", "/", "/data/x", "relative", "/var/lib/postgresql/data", "/srv", "//", "/../.."),
  text,
);

const mount: fc.Arbitrary<DraftMount> = fc.record(
  {
    type: maybe(fc.constantFrom("volume" as const, "bind" as const, "tmpfs" as const)),
    source: maybe(fc.oneof(fc.constantFrom("data", "other", "/srv/x", "/mnt/nfs/y"), text)),
    target: maybe(path),
    readOnly: maybe(fc.boolean()),
    options: fc.dictionary(
      fc.constantFrom("type", "o", "device"),
      fc.oneof(fc.constantFrom("nfs", "tmpfs", "bind"), text),
    ),
    driver: fc.constantFrom("local", "rexray/ebs"),
  },
  { requiredKeys: ["target"] },
);

const image = fc.oneof(
  fc.constantFrom(
    ...[
      "redis:7",
      "redis",
      "bitnami/redis",
      "valkey/valkey:8",
      "postgres:17",
      "postgres",
      "postgres:18",
      "mongo",
      "minio/minio",
      "nats:2",
    ],
    ...[
      "elasticsearch:8.1.0",
      "mysql:8",
      "nginx",
      "corp/app",
      "nextcloud",
      "etcd",
      "redis@sha256:00",
      "registry:5000/redis",
      "zookeeper",
      "hashicorp/vault",
      "grafana/grafana",
      "rabbitmq:4",
    ],
  ),
  text,
);

const word = fc.oneof(
  fc.constantFrom(
    ...[
      "redis-server",
      "--dir",
      "/srv",
      "--save",
      "--appendonly",
      "yes",
      "no",
      "--requirepass",
      "--maxmemory",
      "10mb",
      "sh",
      "-c",
    ],
    ...[
      "/etc/redis.conf",
      "-js",
      "server",
      "/data{1...4}",
      "--datadir=/x",
      "redis-server --dir /x",
      "-",
      "--",
      "--maxmemory-policy",
      "allkeys-lru",
      "redis-cli",
      "--sentinel",
      "pg_dump app",
      "/data{0...999}/{0...999}",
    ],
  ),
  text,
);

const size = fc.oneof(fc.constantFrom("100M", "1GiB", "5"));
const duration = fc.constantFrom("0s", "1s", "30s", "2m", "1m30s");

/** Any service definition, sensible or not. */
export const draft: fc.Arbitrary<Draft> = fc.record(
  {
    name: fc.string({ maxLength: 8 }),
    image: maybe(image),
    command: fc.array(maybe(word), { maxLength: 4 }),
    args: fc.array(maybe(word), { maxLength: 8 }),
    environment: maybe(
      fc.dictionary(
        fc.oneof(
          fc.constantFrom(
            ...["PGDATA", "X_PASSWORD", "REDIS_ARGS", "MONGO_INITDB_ROOT_USERNAME"],
            ...["VAULT_LOCAL_CONFIG", "MINIO_VOLUMES", "GF_DATABASE_TYPE"],
          ),
          text,
        ),
        maybe(text),
        { maxKeys: 4 },
      ),
    ),
    hostname: text,
    directory: path,
    mounts: fc.array(mount, { maxLength: 4 }),
    constraints: fc.array(
      maybe(
        fc.oneof(
          fc.constantFrom(
            "node.hostname==one",
            "node.id == x",
            "node.labels.a==b",
            "node.role!=manager",
            "node.ip==10.0.0.0/8",
            "nonsense",
          ),
          text,
        ),
      ),
      { maxLength: 3 },
    ),
    mode: maybe(fc.constantFrom("replicated" as const, "global" as const)),
    replicas: maybe(fc.integer({ min: 0, max: 5 })),
    maxReplicas: fc.integer({ min: 0, max: 3 }),
    updateOrder: maybe(fc.constantFrom("start-first", "stop-first")),
    rollbackOrder: maybe(fc.constantFrom("start-first", "stop-first")),
    health: maybe(
      fc.record(
        {
          test: maybe(
            fc.array(
              maybe(
                fc.oneof(
                  fc.constantFrom("CMD", "CMD-SHELL", "NONE", "redis-cli -e ping | grep PONG", "pg_isready"),
                  text,
                ),
              ),
              { maxLength: 3 },
            ),
          ),
          interval: maybe(duration),
        },
        { requiredKeys: ["test"] },
      ),
    ),
    restart: maybe(
      fc.record(
        { condition: maybe(fc.constantFrom("any", "none", "on-failure")), attempts: maybe(fc.nat(4)) },
        { requiredKeys: [] },
      ),
    ),
    memory: maybe(size),
    reservation: maybe(size),
    grace: maybe(duration),
    ports: maybe(
      fc.array(
        fc.record({ target: fc.integer({ min: 1, max: 65535 }), published: fc.integer({ min: 1, max: 65535 }) }),
        { maxLength: 2 },
      ),
    ),
    labels: fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          "holdfast.ignore",
          "holdfast.store",
          "holdfast.backup",
          "holdfast.dataset",
          "holdfast.image",
          "holdfast.shared",
        ),
        text,
      ),
      maybe(fc.oneof(fc.constantFrom("cache", "SS201 until 2027-01-01: x", "SS201", "2GiB", "redis", "none"), text)),
      { maxKeys: 4 },
    ),
    configs: fc.array(
      fc.record({
        name: fc.constantFrom("conf", "c2"),
        target: fc.constantFrom("/etc/redis.conf", "/x"),
        content: maybe(fc.oneof(fc.constant('appendonly yes\nsave ""\ninclude x\ndir /y\n'), text)),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

/** A text with a few pieces taken out, doubled, swapped or replaced. */
export function mangled(whole: string): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(20),
    put: fc.oneof(
      fc.constantFrom(
        "",
        "\n",
        "  ",
        ":",
        "- ",
        "{",
        "[",
        "*a ",
        "&a ",
        "<<: ",
        "|\n",
        "!!binary ",
        "\t",
        "\u0000",
        "${",
      ),
      text,
    ),
  });
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map((edits) =>
    edits.reduce((current, { at, length, put }) => {
      const start = Math.floor(at * current.length);
      return current.slice(0, start) + put + current.slice(start + length);
    }, whole),
  );
}

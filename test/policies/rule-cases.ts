import { unknown, type Draft, type DraftImage, type DraftMount, type DraftNode, type DraftVolume } from "./drafts.ts";

/** An input in which definitions are written down. */
export type InputName = "stack file" | "program" | "state" | "swarm";

/** What a rule must say about the last of some services. */
export interface RuleCase {
  readonly drafts: readonly Draft[];
  readonly volumes?: readonly DraftVolume[];
  /** Live nodes; a program and a state are judged without. */
  readonly nodes?: readonly DraftNode[];
  /** Images of a live engine. */
  readonly images?: readonly DraftImage[];
  /** How the services were before: then the input is a plan. */
  readonly before?: readonly Draft[];
  readonly inputs?: readonly InputName[];
  /** The path of the finding in the first input of the case. */
  readonly path?: string;
  /** `fail` and `unverifiable` with the whole message. */
  readonly expected:
    "pass" | "not applicable" | { fail: string; level?: "error" | "warning" } | { unverifiable: string };
}

const digest = `@sha256:${"a".repeat(64)}`;

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
    labels: { "holdfast.backup": "hourly with restic" },
    ...more,
  };
}

function configuration(more = "", rest = 'appendonly yes\nsave ""\nmaxmemory 60mb\naclfile /run/secrets/acl\n') {
  return { name: "conf", target: "/etc/redis.conf", content: `${rest}${more}` };
}

/** A Redis that is told everything on its command line. */
function told(...args: NonNullable<Draft["args"]>): Draft {
  return store({ args: ["redis-server", ...args], configs: [] });
}

/** A Redis whose configuration cannot be seen. */
const untold = store({ configs: [{ ...configuration(), content: unknown }] });

function mounted(mount: DraftMount, more: Draft = {}): Draft {
  return store({ mounts: [mount], ...more });
}

const cache: Draft = { labels: { "holdfast.store": "cache" } };
const postgres = (more: Draft = {}): Draft =>
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
const stranger = (more: Draft = {}): Draft =>
  store({
    name: "stranger",
    image: `corp/app:1${digest}`,
    args: ["app"],
    configs: [],
    mounts: [{ source: "files", target: "/files" }],
    ...more,
  });
const rabbit = (more: Draft = {}): Draft =>
  store({
    name: "queue",
    image: `rabbitmq:4${digest}`,
    args: [],
    configs: [],
    mounts: [{ source: "queue", target: "/var/lib/rabbitmq" }],
    ...more,
  });
const stateless = (more: Draft = {}): Draft => store({ image: `nginx:1${digest}`, args: [], configs: [], ...more });

const withVolume: DraftImage = { name: "corp/app:1", volumes: ["/files"] };
const one: DraftNode = { hostname: "one", labels: { disk: "ssd" } };
const two: DraftNode = { hostname: "two" };
const notLive: readonly InputName[] = ["stack file", "program", "state"];
const programs: readonly InputName[] = ["program", "state"];

/** For each rule what it must say; together they hold each of the four answers at least once. */
export const ruleCases: Readonly<Record<string, readonly RuleCase[]>> = {
  SS101: [
    { drafts: [stranger({ mounts: [] })], images: [withVolume], expected: "not applicable" },
    { drafts: [store()], expected: "pass" },
    {
      drafts: [store({ mounts: [] })],
      expected: { fail: 'Redis keeps its data in "/data", and nothing is mounted there.' },
    },
    {
      drafts: [store({ mounts: [], directory: "/srv" })],
      expected: { fail: 'Redis keeps its data in "/srv", and nothing is mounted there.' },
    },
    {
      drafts: [store({ image: `corp/mirror/redis-7-hardened${digest}`, mounts: [] })],
      expected: { fail: 'Redis keeps its data in "/data", and nothing is mounted there.' },
    },
    {
      drafts: [stranger({ mounts: [], labels: { "holdfast.image": "postgres" } })],
      expected: { fail: 'PostgreSQL keeps its data in "/var/lib/postgresql/data", and nothing is mounted there.' },
    },
    {
      drafts: [postgres({ image: `postgres:18${digest}`, mounts: [{ source: "pg", target: "/var/lib/postgresql" }] })],
      expected: "pass",
    },
    {
      drafts: [store({ image: `nats:2${digest}`, args: ["-js"], mounts: [] })],
      expected: { fail: 'NATS keeps its data in "/tmp/nats/jetstream", and nothing is mounted there.' },
    },
    { drafts: [store({ image: `nats:2${digest}`, args: ["-p", "4222"], mounts: [] })], expected: "not applicable" },
    {
      drafts: [store({ image: `nats:2${digest}`, args: [unknown], mounts: [] })],
      path: "services.store.command",
      expected: { unverifiable: "Whether NATS keeps state here is not known yet." },
    },
    {
      drafts: [store({ image: `grafana/grafana:11${digest}`, environment: { GF_DATABASE_TYPE: unknown } })],
      path: "services.store.environment",
      expected: { unverifiable: "Whether Grafana keeps state here is not known yet." },
    },
    {
      drafts: [store({ labels: { "holdfast.store": unknown } })],
      path: "services.store.deploy.labels",
      expected: { unverifiable: "Whether Redis keeps state here is not known yet." },
    },
    { drafts: [store({ mounts: [], ...cache })], expected: "not applicable" },
    { drafts: [stateless({ mounts: [] })], expected: "not applicable" },
    { drafts: [stranger({ mounts: [] })], expected: "not applicable" },
    {
      drafts: [store({ image: unknown })],
      expected: { unverifiable: "The image is not known yet, and so neither is where it keeps its data." },
    },
    {
      drafts: [mounted({ source: "data", target: unknown })],
      expected: {
        unverifiable: "Whether Redis writes to a volume is not known: the target of a mount is not known yet.",
      },
    },
    {
      drafts: [store({ mounts: [], labels: { "holdfast.store": unknown } })],
      expected: { unverifiable: "Whether Redis keeps state here is not known yet." },
    },
    {
      drafts: [postgres({ image: `postgres${digest}` })],
      expected: {
        unverifiable:
          "Whether PostgreSQL writes to a volume is not known: the image's version decides where its data lies, and no tag says which version it is.",
      },
    },
    {
      drafts: [
        store({
          image: `minio/minio:1${digest}`,
          args: ["server", "/data{1...2}"],
          mounts: [
            { source: "a", target: "/data1" },
            { source: "b", target: "/data2" },
          ],
        }),
      ],
      expected: "pass",
    },
  ],
  SS102: [
    {
      drafts: [stranger({ mounts: [] })],
      images: [withVolume],
      expected: { fail: 'The image declares the volume "/files", and no volume with a name is mounted there.' },
    },
    { drafts: [stranger()], images: [withVolume], expected: "pass" },
    { drafts: [store({ mounts: [] })], expected: "pass" },
    { drafts: [store()], expected: "pass" },
    {
      drafts: [mounted({ target: "/data" })],
      expected: { fail: 'The mount at the data path "/data" names no volume.' },
    },
    {
      drafts: [mounted({ source: "", target: "/data" })],
      inputs: ["program", "state", "swarm"],
      expected: { fail: 'The mount at the data path "/data" names no volume.' },
    },
    { drafts: [stateless()], expected: "not applicable" },
    { drafts: [stranger()], expected: "not applicable" },
    { drafts: [mounted({ source: "data", target: unknown })], expected: "not applicable" },
    { drafts: [mounted({ source: unknown, target: "/data" })], expected: "pass" },
  ],
  SS103: [
    {
      drafts: [rabbit()],
      path: "services.queue.hostname",
      expected: {
        fail: "RabbitMQ names the folder of its data after its host, and each task gets another hostname.",
        level: "warning",
      },
    },
    { drafts: [rabbit({ hostname: "queue" })], expected: "pass" },
    {
      drafts: [rabbit({ hostname: "{{.Task.ID}}" })],
      expected: {
        fail: "RabbitMQ names the folder of its data after its host, and each task gets another hostname.",
        level: "warning",
      },
    },
    {
      drafts: [rabbit({ environment: { RABBITMQ_NODENAME: "bunny" } })],
      expected: {
        fail: "RabbitMQ names the folder of its data after its host, and each task gets another hostname.",
        level: "warning",
      },
    },
    { drafts: [rabbit({ environment: { RABBITMQ_NODENAME: "rabbit@localhost" } })], expected: "pass" },
    { drafts: [rabbit({ environment: { RABBITMQ_MNESIA_DIR: "/var/lib/rabbitmq/queue" } })], expected: "pass" },
    {
      drafts: [rabbit({ environment: unknown })],
      expected: { unverifiable: "Whether RABBITMQ_NODENAME names the folder of the data is not known yet." },
    },
    { drafts: [rabbit({ mounts: [] })], expected: "pass" },
    { drafts: [rabbit({ mounts: [{ type: "tmpfs", target: "/var/lib/rabbitmq" }] })], expected: "pass" },
    {
      drafts: [rabbit({ mounts: [{ type: "bind", source: "/srv/queue", target: "/var/lib/rabbitmq" }] })],
      expected: {
        fail: "RabbitMQ names the folder of its data after its host, and each task gets another hostname.",
        level: "warning",
      },
    },
    {
      drafts: [stranger({ mounts: [{ source: "files", target: "/elsewhere" }] })],
      images: [withVolume],
      expected: "not applicable",
    },
    { drafts: [store()], expected: "pass" },
    {
      drafts: [mounted({ source: "data", target: "/var/lib/redis" })],
      expected: { fail: 'The volume "data" is mounted at "/var/lib/redis", but Redis writes to "/data".' },
    },
    {
      drafts: [mounted({ type: "bind", source: "/srv/db", target: "/srv/data" })],
      expected: { fail: 'The folder "/srv/db" is mounted at "/srv/data", but Redis writes to "/data".' },
    },
    {
      drafts: [store({ directory: "/srv" })],
      expected: {
        fail: 'The volume "data" is mounted at "/data", but the working directory makes Redis write to "/srv".',
      },
    },
    {
      drafts: [postgres({ mounts: [{ source: "pg", target: "/var/lib/postgresql" }] })],
      expected: {
        fail: 'The volume "pg" is mounted at "/var/lib/postgresql", but PostgreSQL writes to "/var/lib/postgresql/data".',
      },
    },
    {
      drafts: [postgres({ image: `postgres:18-alpine${digest}` })],
      expected: {
        fail: 'The volume "pg" is mounted at "/var/lib/postgresql/data", but PostgreSQL writes to "/var/lib/postgresql/18/docker".',
      },
    },
    {
      path: "services.database.environment",
      drafts: [postgres({ environment: { PGDATA: "/srv/pg" } })],
      expected: {
        fail: 'The volume "pg" is mounted at "/var/lib/postgresql/data", but PGDATA makes PostgreSQL write to "/srv/pg".',
      },
    },
    { drafts: [postgres({ environment: { PGDATA: "/var/lib/postgresql/data/pgdata" } })], expected: "pass" },
    {
      drafts: [
        store({
          image: `mysql:8${digest}`,
          args: ["--datadir=/srv"],
          mounts: [{ source: "my", target: "/var/lib/mysql" }],
        }),
      ],
      expected: { fail: 'The volume "my" is mounted at "/var/lib/mysql", but --datadir makes MySQL write to "/srv".' },
    },
    {
      drafts: [
        store({
          image: `apache/kafka:4.0.0${digest}`,
          args: [],
          mounts: [{ source: "k", target: "/var/lib/kafka/data" }],
        }),
      ],
      expected: {
        fail: 'The volume "k" is mounted at "/var/lib/kafka/data", but Apache Kafka writes to "/tmp/kraft-combined-logs".',
      },
    },
    {
      drafts: [postgres({ environment: { PGDATA: unknown } })],
      expected: {
        unverifiable:
          "Whether a mount covers the data of PostgreSQL is not known: PGDATA decides where its data lies and is not known yet.",
      },
    },
    { drafts: [stranger()], expected: "not applicable" },
    { drafts: [stateless()], expected: "not applicable" },
    { drafts: [mounted({ source: "data", target: unknown })], expected: "not applicable" },
  ],
  SS104: [
    { drafts: [store()], expected: "pass" },
    { drafts: [mounted({ type: "tmpfs", target: "/data" })], expected: { fail: 'The data path "/data" is a tmpfs.' } },
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: "tmpfs", device: "tmpfs" } })],
      expected: { fail: 'The volume "data" at the data path "/data" is a tmpfs by its options.' },
    },
    {
      drafts: [
        store({
          mounts: [
            { source: "data", target: "/data" },
            { type: "tmpfs", target: "/tmp" },
          ],
        }),
      ],
      expected: "pass",
    },
    { drafts: [mounted({ type: "bind", source: "/srv", target: "/data" })], expected: "pass" },
    { drafts: [stateless({ mounts: [{ type: "tmpfs", target: "/data" }] })], expected: "not applicable" },
    { drafts: [mounted({ type: unknown, target: "/data" })], inputs: notLive, expected: "not applicable" },
  ],
  SS105: [
    { drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" })], expected: "pass" },
    {
      drafts: [
        mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: ["node.labels.disk==ssd"] }),
      ],
      expected: "pass",
    },
    {
      drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: [] })],
      expected: { fail: 'Data is in the folder "/srv/redis" of a node, and no constraint says which.' },
    },
    {
      drafts: [
        mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: ["node.role==manager"] }),
      ],
      expected: { fail: 'Data is in the folder "/srv/redis" of a node, and no constraint says which.' },
    },
    {
      drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: [unknown] })],
      expected: {
        unverifiable:
          'Data is in the folder "/srv/redis" of a node, and whether the service is pinned to it is not known yet.',
      },
    },
    {
      drafts: [mounted({ type: "bind", source: "/mnt/glusterfs/redis", target: "/data" }, { constraints: [] })],
      expected: {
        unverifiable:
          'Data is in the folder "/mnt/glusterfs/redis", which is called like a shared file system; whether every node mounts it cannot be seen.',
      },
    },
    {
      drafts: [
        mounted(
          { type: "bind", source: "/srv/redis", target: "/data" },
          { constraints: [], labels: { "holdfast.shared": "Ceph on every node" } },
        ),
      ],
      expected: "pass",
    },
    {
      drafts: [mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { constraints: [], mode: "global" })],
      expected: "not applicable",
    },
    { drafts: [store()], expected: "not applicable" },
  ],
  SS106: [
    { drafts: [store()], expected: "pass" },
    {
      drafts: [mounted({ source: "data", target: "/data", readOnly: true })],
      expected: { fail: 'The mount at the data path "/data" is read-only.' },
    },
    {
      drafts: [mounted({ type: "bind", source: "/srv", target: "/data", readOnly: true })],
      expected: { fail: 'The mount at the data path "/data" is read-only.' },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", readOnly: unknown })],
      expected: { unverifiable: 'Whether the mount at the data path "/data" is read-only is not known yet.' },
    },
    { drafts: [stateless()], expected: "not applicable" },
    { drafts: [store({ mounts: [] })], expected: "not applicable" },
  ],
  SS201: [
    {
      drafts: [mounted({ source: "data", target: "/var/lib/redis" }, { constraints: [] })],
      expected: { fail: 'The volume "data" is local, and there are no constraints.' },
    },
    {
      drafts: [{ ...untold, constraints: [] }],
      inputs: notLive,
      expected: { fail: 'The volume "data" is local, and there are no constraints.' },
    },
    { drafts: [store()], expected: "pass" },
    { drafts: [store({ constraints: ["node.id == abc"] })], expected: "pass" },
    { drafts: [store({ constraints: ["node.ip==10.0.0.4"] })], expected: "pass" },
    {
      drafts: [store({ constraints: [] })],
      expected: { fail: 'The volume "data" is local, and there are no constraints.' },
    },
    {
      drafts: [store({ constraints: ["node.role==manager"] })],
      expected: { fail: 'The volume "data" is local, and "node.role==manager" may match several nodes.' },
    },
    {
      drafts: [store({ constraints: ["node.hostname!=two", "engine.labels.os==x"] })],
      expected: {
        fail: 'The volume "data" is local, and "node.hostname!=two" and "engine.labels.os==x" may match several nodes.',
      },
    },
    {
      drafts: [store({ constraints: ["node.ip==10.0.0.0/24"] })],
      expected: { fail: 'The volume "data" is local, and "node.ip==10.0.0.0/24" may match several nodes.' },
    },
    {
      drafts: [store({ constraints: ["node.labels.disk==ssd"] })],
      expected: {
        unverifiable:
          'The volume "data" is local, and whether exactly one node carries "node.labels.disk==ssd" is not known without the live nodes.',
      },
    },
    { drafts: [store({ constraints: ["node.labels.disk==ssd"] })], nodes: [one], expected: "pass" },
    {
      drafts: [
        stateless({ name: "a", constraints: ["node.labels.disk==ssd", "node.hostname==one"] }),
        stateless({ name: "b", constraints: ["node.labels.disk==SSD", "node.hostname==two"] }),
        store({ constraints: ["node.labels.disk==ssd"] }),
      ],
      expected: {
        fail: 'The volume "data" is local, and "node.labels.disk==ssd" matches several nodes, as other constraints here show.',
      },
    },
    {
      drafts: [
        stateless({ name: "a", constraints: ["node.labels.disk==ssd"], replicas: 3, maxReplicas: 1 }),
        store({ constraints: ["node.labels.disk==ssd"] }),
      ],
      expected: {
        fail: 'The volume "data" is local, and "node.labels.disk==ssd" matches several nodes, as other constraints here show.',
      },
    },
    {
      drafts: [store({ constraints: [unknown] })],
      expected: { unverifiable: 'The volume "data" is local, and the constraints are not known yet.' },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: unknown } }, { constraints: [] })],
      expected: {
        unverifiable: 'Whether the volume "data" is local to one node is not known, and no constraint names a node.',
      },
    },
    {
      drafts: [
        mounted({ source: "data", target: "/data", options: { type: "nfs", o: "addr=10.0.0.9" } }, { constraints: [] }),
      ],
      expected: "not applicable",
    },
    {
      drafts: [mounted({ source: "data", target: "/data", driver: "rexray/ebs" }, { constraints: [] })],
      expected: "not applicable",
    },
    { drafts: [store({ constraints: [], mode: "global" })], expected: "not applicable" },
    {
      drafts: [store({ constraints: [], labels: { "holdfast.shared": "one node only" } })],
      expected: "not applicable",
    },
    { drafts: [store({ constraints: [], ...cache })], expected: "not applicable" },
    {
      drafts: [mounted({ type: "bind", source: "/srv", target: "/data" }, { constraints: [] })],
      expected: "not applicable",
    },
    {
      drafts: [stranger({ constraints: [] })],
      expected: { fail: 'The volume "files" is local, and there are no constraints.' },
    },
    { drafts: [stateless({ constraints: [] })], expected: "not applicable" },
  ],
  SS202: [
    { drafts: [store()], nodes: [one, two], expected: "pass" },
    {
      drafts: [store({ constraints: ["node.hostname==elsewhere"] })],
      nodes: [one, two],
      expected: { fail: 'None of the 2 nodes satisfies "node.hostname==elsewhere"; there are "one", "two".' },
    },
    {
      drafts: [store({ constraints: ["node.hostname==one", "node.hostname==two"] })],
      expected: { fail: 'No node can satisfy both "node.hostname==one" and "node.hostname==two".' },
    },
    {
      drafts: [store()],
      expected: { unverifiable: "Whether a node satisfies the constraints is not known without the live nodes." },
    },
    {
      drafts: [store({ constraints: [unknown] })],
      nodes: [one],
      inputs: ["stack file"],
      expected: { unverifiable: "Whether a node satisfies the constraints is not known yet." },
    },
    { drafts: [store({ constraints: [] })], nodes: [one], expected: "not applicable" },
    { drafts: [store({ constraints: ["node.role==manager"] })], expected: "not applicable" },
    { drafts: [stateless({ constraints: ["node.hostname==elsewhere"] })], nodes: [one], expected: "not applicable" },
    {
      drafts: [
        mounted(
          { source: "data", target: "/data", options: { type: "nfs" } },
          { constraints: ["node.hostname==elsewhere"] },
        ),
      ],
      nodes: [one],
      expected: "not applicable",
    },
  ],
  SS203: [
    {
      drafts: [store({ constraints: ["node.labels.disk==ssd"] })],
      nodes: [one, { hostname: "two", labels: { disk: "ssd" }, state: "down" }],
      expected: { fail: '2 nodes satisfy the constraints: "one" ("id-one"), "two" ("id-two").' },
    },
    { drafts: [store({ constraints: ["node.labels.disk==ssd"] })], nodes: [one, two], expected: "pass" },
    {
      drafts: [store({ constraints: ["node.labels.disk==ssd"] })],
      nodes: [one, { hostname: "two", labels: { disk: "SSD" } }],
      expected: { fail: '2 nodes satisfy the constraints: "one" ("id-one"), "two" ("id-two").' },
    },
    {
      drafts: [store({ constraints: ["node.hostname==ONE"] })],
      nodes: [one, { hostname: "one", id: "other" }],
      expected: { fail: '2 nodes satisfy the constraints: "one" ("id-one"), "one" ("other").' },
    },
    { drafts: [store()], nodes: [one, { hostname: "one", id: "gone", state: "down" }], expected: "pass" },
    {
      drafts: [store()],
      expected: {
        unverifiable: "Whether exactly one node satisfies the constraints is not known without the live nodes.",
      },
    },
    {
      drafts: [store({ constraints: [unknown, "node.labels.disk==ssd"] })],
      nodes: [one],
      inputs: ["stack file"],
      expected: { unverifiable: "Whether exactly one node satisfies the constraints is not known yet." },
    },
    { drafts: [store({ constraints: ["node.id==abc"] })], expected: "pass" },
    { drafts: [store({ constraints: ["node.role==manager"] })], nodes: [one, two], expected: "not applicable" },
    { drafts: [store({ mode: "global" })], nodes: [one, two], expected: "not applicable" },
    { drafts: [stateless()], nodes: [one, two], expected: "not applicable" },
    {
      drafts: [store({ constraints: ["node.labels.disk==ssd"], labels: { "holdfast.shared": "Ceph" } })],
      nodes: [one, { hostname: "two", labels: { disk: "ssd" } }],
      expected: "not applicable",
    },
  ],
  SS204: [
    { drafts: [store()], expected: "pass" },
    {
      drafts: [store({ constraints: ["node.id==abc"] })],
      expected: { fail: "The pin is a node's id, which the node loses when it leaves the swarm and joins again." },
    },
    { drafts: [store()], nodes: [one, two], expected: "pass" },
    {
      drafts: [store()],
      nodes: [one, { hostname: "One", id: "gone", state: "down" }],
      expected: { fail: '2 nodes carry the hostname "one".' },
    },
    { drafts: [store({ constraints: ["node.labels.disk==ssd"] })], expected: "not applicable" },
    { drafts: [stateless({ constraints: ["node.id==abc"] })], expected: "not applicable" },
    { drafts: [store({ constraints: [unknown] })], expected: "not applicable" },
  ],
  SS301: [
    { drafts: [store()], expected: "pass" },
    { drafts: [store({ replicas: 0 })], expected: "pass" },
    {
      drafts: [store({ replicas: 2 })],
      expected: { fail: 'There are 2 replicas, and the tasks share the volume "data".' },
    },
    {
      drafts: [store({ replicas: unknown })],
      expected: {
        unverifiable: 'How many replicas there are is not known yet, and the tasks share the volume "data".',
      },
    },
    {
      drafts: [store({ replicas: 2, mounts: [{ source: unknown, target: "/data" }] })],
      expected: { unverifiable: "Whether the 2 replicas share a volume is not known yet." },
    },
    { drafts: [mounted({ source: "data-{{.Task.Slot}}", target: "/data" }, { replicas: 2 })], expected: "pass" },
    {
      drafts: [
        store({
          image: `wordpress:6${digest}`,
          args: [],
          mounts: [{ source: "w", target: "/var/www/html" }],
          replicas: 3,
        }),
      ],
      expected: "pass",
    },
    {
      drafts: [stranger({ replicas: 2 })],
      expected: {
        unverifiable:
          'There are 2 replicas, and the tasks share the volume "files"; whether its image allows several writers is not known.',
      },
    },
    { drafts: [store({ replicas: 2, labels: { "holdfast.shared": "cluster" } })], expected: "pass" },
    { drafts: [store({ mode: "global" })], expected: "not applicable" },
    { drafts: [stateless({ replicas: 2 })], expected: "not applicable" },
  ],
  SS302: [
    { drafts: [store()], expected: "pass" },
    { drafts: [store({ mode: "global" })], expected: { fail: 'The service is global, and its data is on "data".' } },
    {
      drafts: [mounted({ type: "bind", source: "/srv", target: "/data" }, { mode: "global" })],
      expected: { fail: 'The service is global, and its data is on "/srv".' },
    },
    {
      drafts: [stranger({ mode: "global" })],
      expected: {
        unverifiable:
          'The service is global; whether the volume "files" carries data that matters is not known for this image.',
      },
    },
    {
      drafts: [store({ mode: unknown })],
      expected: { unverifiable: "Whether a service with data is global is not known yet." },
    },
    {
      drafts: [
        store({
          image: `wordpress:6${digest}`,
          args: [],
          mounts: [{ source: "w", target: "/var/www/html" }],
          mode: "global",
        }),
      ],
      expected: "pass",
    },
    { drafts: [stateless({ mode: "global" })], expected: "not applicable" },
  ],
  SS303: [
    {
      drafts: [
        mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { name: "first" }),
        mounted({ type: "bind", source: "/srv/redis", target: "/data" }),
      ],
      expected: { fail: 'The service "first" writes the folder "/srv/redis" too.' },
    },
    {
      drafts: [
        stranger({ mounts: [{ type: "bind", source: "/run/docker.sock", target: "/run/docker.sock" }] }),
        stranger({ mounts: [{ type: "bind", source: "/run/docker.sock", target: "/run/docker.sock" }] }),
      ],
      expected: "not applicable",
    },
    {
      drafts: [
        mounted({ type: "bind", source: "/srv/redis", target: "/data" }, { name: "first" }),
        mounted({ type: "bind", source: "/srv/redis", target: "/data", readOnly: true }),
      ],
      expected: "not applicable",
    },
    {
      drafts: [store({ name: "first" }), stateless({ mounts: [{ source: unknown, target: "/cache" }] })],
      expected: "pass",
    },
    {
      drafts: [
        store({ image: `wordpress:6${digest}`, args: [], mounts: [{ source: unknown, target: "/var/www/html" }] }),
      ],
      expected: "pass",
    },
    { drafts: [postgres(), store()], expected: "pass" },
    {
      drafts: [store({ name: "first" }), store()],
      expected: { fail: 'The service "first" writes the volume "data" too.' },
    },
    {
      drafts: [stranger({ mounts: [{ source: "data", target: "/backup" }] }), store()],
      expected: { fail: 'The service "stranger" writes the volume "data" too.' },
    },
    {
      drafts: [stranger({ mounts: [{ source: "data", target: "/backup", readOnly: true }] }), store()],
      expected: "pass",
    },
    {
      drafts: [store(), stranger({ mounts: [{ source: "data", target: "/backup", readOnly: true }] })],
      expected: "not applicable",
    },
    { drafts: [store({ name: "first", constraints: ["node.hostname==two"] }), store()], expected: "pass" },
    {
      drafts: [store({ name: "first", constraints: ["node.labels.disk==ssd"] }), store()],
      expected: { fail: 'The service "first" writes the volume "data" too.' },
    },
    {
      drafts: [
        stranger({ name: "web", mounts: [{ source: "media", target: "/media" }] }),
        stranger({ mounts: [{ source: "media", target: "/media" }] }),
      ],
      expected: {
        unverifiable:
          'The service "web" writes the volume "media" too; whether their images allow several writers is not known.',
      },
    },
    {
      drafts: [
        store({
          name: "app",
          image: `nextcloud:30${digest}`,
          args: [],
          mounts: [{ source: "n", target: "/var/www/html" }],
        }),
        store({
          name: "cron",
          image: `nextcloud:30${digest}`,
          args: ["/cron.sh"],
          mounts: [{ source: "n", target: "/var/www/html" }],
        }),
      ],
      expected: "pass",
    },
    {
      drafts: [store({ name: "first" }), store({ labels: { "holdfast.shared": "one writes at a time" } })],
      expected: "pass",
    },
    {
      drafts: [store({ name: "first" }), mounted({ source: "data", target: "/data", readOnly: unknown })],
      expected: {
        unverifiable: 'The service "first" writes the volume "data" too, unless a mount turns out to be read-only.',
      },
    },
    {
      drafts: [store({ name: "first" }), mounted({ source: unknown, target: "/data" })],
      expected: {
        unverifiable: "Whether another service writes the same volume is not known: its name is not known yet.",
      },
    },
    { drafts: [store({ mounts: [] })], expected: "not applicable" },
  ],
  SS304: [
    { drafts: [store()], expected: "pass" },
    {
      drafts: [store({ updateOrder: "start-first" })],
      expected: { fail: 'The update order is start-first, and the data is on "data".' },
    },
    {
      drafts: [store({ rollbackOrder: "start-first" })],
      expected: { fail: 'The rollback order is start-first, and the data is on "data".' },
    },
    {
      drafts: [store({ updateOrder: unknown })],
      expected: { unverifiable: "The update order of a service with data is not known yet." },
    },
    {
      drafts: [stranger({ updateOrder: "start-first" })],
      expected: {
        unverifiable:
          "The update order is start-first; whether this image allows two writers on its volume is not known.",
      },
    },
    { drafts: [stateless({ updateOrder: "start-first" })], expected: "not applicable" },
    {
      drafts: [store({ updateOrder: "start-first", labels: { "holdfast.shared": "safe" } })],
      expected: "not applicable",
    },
  ],
  SS305: [
    {
      drafts: [
        stranger({ mounts: [{ source: "data", target: "/d", options: unknown }] }),
        mounted({ source: "data", target: "/data", options: { type: "nfs" } }),
      ],
      inputs: programs,
      expected: { unverifiable: 'Whether the options of the volume "data" agree everywhere is not known yet.' },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: unknown })],
      inputs: programs,
      expected: { unverifiable: "Whether another place gives this volume other options is not known yet." },
    },
    { drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })], expected: "pass" },
    {
      drafts: [
        stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }] }),
        mounted({ source: "data", target: "/data", options: { type: "cifs" } }),
      ],
      expected: { fail: 'The volume "data" has other options here than the service "stranger" gives it.' },
    },
    {
      drafts: [
        stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }] }),
        mounted({ source: "data", target: "/data", options: { type: "nfs" } }),
      ],
      expected: "pass",
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })],
      volumes: [{ name: "data" }],
      inputs: programs,
      expected: { fail: 'The volume "data" has other options here than the volume "data" gives it.' },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })],
      volumes: [{ name: "data" }],
      inputs: ["swarm"],
      expected: { fail: 'The volume "data" has other options here than the volume as it exists gives it.' },
    },
    {
      drafts: [
        stranger({
          mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }],
          constraints: ["node.hostname==two"],
        }),
        mounted({ source: "data", target: "/data", options: { type: "cifs" } }),
      ],
      inputs: ["program", "state", "swarm"],
      expected: "pass",
    },
    {
      drafts: [
        stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }] }),
        mounted({ source: "data", target: "/data", options: { type: unknown } }),
      ],
      expected: { unverifiable: 'Whether the options of the volume "data" agree everywhere is not known yet.' },
    },
    {
      drafts: [mounted({ source: unknown, target: "/data", options: { type: "nfs" } })],
      inputs: programs,
      expected: { unverifiable: "Whether another place gives this volume other options is not known yet." },
    },
    { drafts: [store()], expected: "not applicable" },
  ],
  SS306: [
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [] })],
      expected: { fail: 'Every node reaches the volume "data", and the task may start on several.' },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [] })],
      nodes: [{ hostname: "one" }],
      inputs: ["swarm"],
      expected: "pass",
    },
    { drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } })], expected: "pass" },
    {
      drafts: [
        mounted(
          { source: "data", target: "/data", options: { type: "nfs" } },
          { constraints: [], labels: { "holdfast.shared": "locks" } },
        ),
      ],
      expected: "pass",
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: unknown }, { constraints: [] })],
      inputs: programs,
      expected: {
        unverifiable: 'Whether several nodes reach the volume "data" is not known, and no constraint names a node.',
      },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [unknown] })],
      inputs: programs,
      expected: { unverifiable: 'Every node reaches the volume "data", and the constraints are not known yet.' },
    },
    {
      drafts: [
        mounted(
          { source: "data", target: "/data", options: { type: "nfs" } },
          { constraints: ["node.labels.store==yes"] },
        ),
      ],
      inputs: ["stack file"],
      expected: {
        unverifiable: 'Every node reaches the volume "data", and whether exactly one carries the label is not known.',
      },
    },
    {
      drafts: [mounted({ source: "data", target: "/data", driver: "rexray" }, { constraints: [] })],
      expected: { unverifiable: 'Whether its plug-in lets two nodes write the volume "data" at once is not known.' },
    },
    {
      drafts: [stranger({ mounts: [{ source: "data", target: "/d", options: { type: "nfs" } }], constraints: [] })],
      expected: {
        unverifiable: 'Every node reaches the volume "data"; whether its image allows several writers is not known.',
      },
    },
    {
      drafts: [
        mounted({ source: "data", target: "/data", options: { type: "nfs" } }, { constraints: [], mode: "global" }),
      ],
      expected: "not applicable",
    },
    { drafts: [store({ constraints: [] })], expected: "not applicable" },
  ],
  SS401: [
    {
      drafts: [store()],
      volumes: [{ name: "data", protect: true, retainOnDelete: true }],
      inputs: programs,
      expected: "pass",
    },
    {
      drafts: [store()],
      volumes: [{ name: "data" }],
      inputs: ["state"],
      expected: { fail: 'The data volume "data" is a resource without protect and retainOnDelete.' },
    },
    {
      drafts: [store()],
      volumes: [{ name: "data", retainOnDelete: true }],
      inputs: ["program"],
      expected: { fail: 'The data volume "data" is a resource without protect.' },
    },
    {
      drafts: [store()],
      volumes: [{ name: "data", retainOnDelete: true }],
      inputs: ["state"],
      expected: { fail: 'The data volume "data" is a resource without protect.', level: "warning" },
    },
    {
      drafts: [store()],
      volumes: [{ name: "data", protect: true }],
      inputs: ["state"],
      expected: {
        fail: 'The data volume "data" is kept by protect alone, which a run with --ignore-protect (Pulumi 3.256 and later) passes over; retainOnDelete is missing.',
        level: "warning",
      },
    },
    { drafts: [store()], volumes: [{ name: "other" }], expected: "not applicable" },
    { drafts: [stateless()], volumes: [{ name: "data" }], expected: "not applicable" },
  ],
  SS402: [
    { drafts: [store()], expected: "pass" },
    { drafts: [told("--appendonly", "no")], expected: "pass" },
    { drafts: [told("--save", "", "--appendonly", "yes")], expected: "pass" },
    {
      drafts: [
        store({
          args: ["redis-server", "/etc/redis.conf", "--appendonly", "no"],
          configs: [configuration("", 'save ""\n')],
        }),
      ],
      path: "services.store.configs[0]",
      expected: { fail: "Redis has appendonly off and no save points." },
    },
    { drafts: [told("--save", "")], expected: { fail: "Redis has appendonly off and no save points." } },
    {
      path: "services.store.configs[0]",
      drafts: [store({ configs: [configuration("", 'save ""\n')] })],
      expected: { fail: "Redis has appendonly off and no save points." },
    },
    { drafts: [told("--save", "", "--save", "60", "1")], expected: "pass" },
    {
      drafts: [store({ args: ["sh", "-c", "exec redis-server --save '' --appendonly no"], configs: [] })],
      expected: { fail: "Redis has appendonly off and no save points." },
    },
    {
      drafts: [told("--save", "", "--appendonly", unknown)],
      expected: {
        unverifiable: "Whether Redis persists anything is not known: not all of its configuration can be seen.",
      },
    },
    {
      drafts: [untold],
      inputs: notLive,
      expected: {
        unverifiable: "Whether Redis persists anything is not known: not all of its configuration can be seen.",
      },
    },
    { drafts: [{ ...told("--save", ""), ...cache }], expected: "not applicable" },
    {
      drafts: [{ ...told("--save", ""), labels: { "holdfast.store": unknown } }],
      expected: { unverifiable: "Whether the store is declared a cache is not known yet." },
    },
    { drafts: [postgres()], expected: "not applicable" },
  ],
  SS403: [
    {
      drafts: [untold],
      inputs: notLive,
      path: "services.store.configs[0]",
      expected: {
        unverifiable:
          "Whether the dir of Redis lies on a volume is not known: not all of its configuration can be seen.",
      },
    },
    { drafts: [store({ directory: "/data/redis" })], expected: "pass" },
    { drafts: [store({ directory: "/srv" })], expected: "pass" },
    { drafts: [store()], expected: "pass" },
    { drafts: [told("--dir", "/data/redis")], expected: "pass" },
    {
      drafts: [told("--dir", "/srv")],
      expected: { fail: 'The dir of Redis is "/srv", and its volume is mounted at "/data".' },
    },
    {
      drafts: [store({ configs: [configuration("dir /srv\n")] })],
      expected: { fail: 'The dir of Redis is "/srv", and its volume is mounted at "/data".' },
    },
    {
      drafts: [told("--appendonly", "yes", "--appenddirname", "../aof")],
      expected: { fail: 'appenddirname leads to "/aof", off the mount at "/data".' },
    },
    { drafts: [told("--appendonly", "yes", "--appenddirname", "aof")], expected: "pass" },
    { drafts: [told("--appendonly", "no", "--appenddirname", "../aof")], expected: "pass" },
    {
      drafts: [told("--dir", unknown)],
      expected: {
        unverifiable:
          "Whether the dir of Redis lies on a volume is not known: not all of its configuration can be seen.",
      },
    },
    {
      drafts: [told("--appendonly", "yes", "--appenddirname", unknown)],
      expected: {
        unverifiable:
          "Whether appenddirname lies on the volume is not known: not all of its configuration can be seen.",
      },
    },
    { drafts: [postgres()], expected: "not applicable" },
    { drafts: [{ ...told("--dir", "/srv"), ...cache }], expected: "not applicable" },
  ],
  SS404: [
    {
      drafts: [
        store({
          args: ["redis-server", "/etc/redis.conf", "--hz", "20"],
          configs: [configuration("", "appendonly yes\n")],
        }),
      ],
      path: "taskSpec.containerSpec.configs[0]",
      before: [told("--appendonly", "no")],
      expected: {
        fail: "appendonly changes from no to yes, and the restart that this causes finds a snapshot only.",
      },
    },
    { drafts: [told("--appendonly", "yes")], before: [told("--appendonly", "yes")], expected: "pass" },
    { drafts: [told("--appendonly", "no")], before: [told("--appendonly", "yes")], expected: "pass" },
    {
      drafts: [told("--appendonly", "yes")],
      before: [told("--appendonly", "no")],
      expected: { fail: "appendonly changes from no to yes, and the restart that this causes finds a snapshot only." },
    },
    { drafts: [told("--appendonly", "yes")], before: [told("--save", "")], expected: "pass" },
    {
      drafts: [told("--appendonly", "yes")],
      before: [{ ...told(), ...cache }],
      expected: { fail: "appendonly changes from no to yes, and the restart that this causes finds a snapshot only." },
    },
    {
      drafts: [
        {
          ...told("--appendonly", "yes"),
          configs: [{ name: "start", target: "/start", content: "ln dump.rdb … appendonly.aof.manifest" }],
        },
      ],
      before: [told("--appendonly", "no")],
      expected: "pass",
    },
    {
      drafts: [told("--appendonly", unknown)],
      before: [told("--appendonly", "no")],
      expected: {
        unverifiable:
          "Whether appendonly is switched on over a snapshot is not known: not all of the configuration can be seen.",
      },
    },
    { drafts: [told("--appendonly", "yes")], expected: "not applicable" },
    {
      drafts: [{ ...told("--appendonly", "yes"), ...cache }],
      before: [told("--appendonly", "no")],
      expected: "not applicable",
    },
    { drafts: [postgres()], before: [postgres()], expected: "not applicable" },
  ],
  SS405: [
    { drafts: [store()], expected: "pass" },
    { drafts: [told()], expected: { fail: "There is no maxmemory." } },
    { drafts: [told("--maxmemory", "0")], expected: { fail: "There is no maxmemory." } },
    {
      drafts: [told("--maxmemory", "90mb")],
      expected: {
        fail: "maxmemory is 90MiB, 90 % of the memory limit of 100MiB: too near for a fork.",
        level: "warning",
      },
    },
    { drafts: [told("--maxmemory", "75mb")], expected: "pass" },
    { drafts: [{ ...told("--maxmemory", "90mb"), ...cache }], expected: "pass" },
    {
      drafts: [told("--maxmemory", "100mb")],
      expected: { fail: "maxmemory is 100MiB, 100 % of the memory limit of 100MiB.", level: "error" },
    },
    {
      drafts: [told("--maxmemory", "1g")],
      expected: { fail: "maxmemory is 1000000000B, 954 % of the memory limit of 100MiB.", level: "error" },
    },
    {
      drafts: [{ ...told("--maxmemory", "1gb"), memory: unknown }],
      expected: { unverifiable: "Whether maxmemory leaves room below the memory limit is not known yet." },
    },
    { drafts: [store({ memory: undefined as unknown as string })], expected: "pass" },
    {
      drafts: [told("--maxmemory", unknown)],
      expected: { unverifiable: "maxmemory is not known: not all of the configuration can be seen." },
    },
    {
      drafts: [told("--maxmemory", "lots")],
      expected: { unverifiable: "maxmemory is not written as Redis takes it." },
    },
    { drafts: [postgres()], expected: "not applicable" },
  ],
  SS406: [
    { drafts: [store()], expected: "pass" },
    { drafts: [told("--maxmemory-policy", "noeviction")], expected: "pass" },
    { drafts: [told("--maxmemory-policy", "AllKeys-LRU")], expected: { fail: 'maxmemory-policy is "allkeys-lru".' } },
    { drafts: [told("--maxmemory-policy", "volatile-ttl")], expected: { fail: 'maxmemory-policy is "volatile-ttl".' } },
    {
      drafts: [told("--maxmemory-policy", unknown)],
      expected: { unverifiable: "maxmemory-policy is not known: not all of the configuration can be seen." },
    },
    {
      drafts: [{ ...told("--maxmemory-policy", "allkeys-lru"), labels: { "holdfast.store": unknown } }],
      expected: { unverifiable: "Whether the store is declared a cache is not known yet." },
    },
    { drafts: [{ ...told("--maxmemory-policy", "allkeys-lru"), ...cache }], expected: "not applicable" },
    { drafts: [postgres()], expected: "not applicable" },
  ],
  SS407: [
    { drafts: [store()], expected: "pass" },
    { drafts: [store({ grace: "5s" })], expected: "pass" },
    { drafts: [store({ grace: "60s" })], expected: "pass" },
    { drafts: [store({ grace: "0s" })], expected: { fail: "The grace period is 0 s.", level: "error" } },
    { drafts: [store({ grace: "4s" })], expected: { fail: "The grace period is 4 s.", level: "error" } },
    {
      drafts: [store({ grace: "2m" })],
      expected: { fail: "The grace period is 120 s, and the next task uses the same volume.", level: "warning" },
    },
    { drafts: [store({ grace: "2m", mounts: [] })], expected: "pass" },
    {
      drafts: [without(store(), "grace")],
      inputs: ["stack file", "swarm"],
      expected: { fail: "The grace period is unset, so it is Docker's 10 s.", level: "warning" },
    },
    {
      drafts: [without(store(), "grace")],
      inputs: programs,
      expected: { fail: "The grace period is unset, and the provider then sends 0: SIGKILL at once.", level: "error" },
    },
    {
      drafts: [{ ...told("--appendonly", "no"), labels: { "holdfast.dataset": "2GiB" } }],
      expected: {
        fail: "The grace period is 30 s, and writing the declared dataset takes about 41 s.",
        level: "warning",
      },
    },
    { drafts: [{ ...told("--appendonly", "no"), labels: { "holdfast.dataset": "1GiB" } }], expected: "pass" },
    { drafts: [store({ labels: { "holdfast.dataset": "20GiB" } })], expected: "pass" },
    {
      drafts: [{ ...told(), labels: { "holdfast.dataset": "big" } }],
      expected: {
        unverifiable:
          "Whether the grace period is long enough is not known: the label holdfast.dataset cannot be read.",
      },
    },
    { drafts: [postgres({ labels: { "holdfast.dataset": "20GiB" } })], expected: "pass" },
    { drafts: [store({ grace: unknown })], expected: { unverifiable: "The grace period is not known yet." } },
    { drafts: [without(stateless(), "grace")], expected: "not applicable" },
  ],
  SS408: [
    {
      drafts: [store({ health: unknown })],
      inputs: programs,
      expected: { unverifiable: "The health check is not known yet." },
    },
    {
      drafts: [store({ health: { test: unknown } })],
      expected: { unverifiable: "The health check's command is not known yet." },
    },
    {
      drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], retries: unknown } })],
      expected: { unverifiable: "How long the health check may fail is not known yet." },
    },
    {
      drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], startPeriod: unknown } })],
      expected: { unverifiable: "How long the health check may fail is not known yet." },
    },
    { drafts: [postgres({ health: { test: ["CMD", "my-check"], interval: "1s" } })], expected: "pass" },
    {
      drafts: [
        store({
          image: `prom/prometheus${digest}`,
          args: [],
          health: { test: ["CMD", "wget", "localhost:9090/-/healthy"], interval: "1s" },
        }),
      ],
      expected: "pass",
    },
    { drafts: [without(stranger(), "health")], images: [{ ...withVolume, hasHealthCheck: true }], expected: "pass" },
    { drafts: [store()], expected: "pass" },
    { drafts: [without(store(), "health")], expected: { fail: "There is no health check.", level: "warning" } },
    {
      drafts: [store({ health: { test: ["NONE"] } })],
      expected: { fail: "The health check is switched off.", level: "warning" },
    },
    {
      drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], interval: "2s", retries: 3 } })],
      expected: { fail: "The health check fails while Redis loads, and Swarm kills it after 6 s.", level: "error" },
    },
    {
      drafts: [
        store({
          health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"], interval: "10s", retries: 5, startPeriod: "9s" },
        }),
      ],
      expected: { fail: "The health check fails while Redis loads, and Swarm kills it after 59 s.", level: "error" },
    },
    {
      drafts: [store({ health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"] } })],
      expected: {
        fail: "The health check fails while Redis loads, and Swarm kills it after 90 s, which is long enough for a small dataset only.",
        level: "warning",
      },
    },
    {
      drafts: [
        store({
          health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"] },
          labels: { "holdfast.dataset": "10GiB" },
        }),
      ],
      expected: {
        fail: "The health check fails while Redis loads, and Swarm kills it after 90 s; its dataset of 10GiB takes about 108 s.",
        level: "error",
      },
    },
    {
      drafts: [
        store({
          health: { test: ["CMD-SHELL", "redis-cli ping | grep PONG"] },
          labels: { "holdfast.dataset": "1GiB" },
        }),
      ],
      expected: "pass",
    },
    {
      drafts: [store({ health: { test: ["CMD-SHELL", "redis-cli ping | grep -E 'PONG|LOADING'"], interval: "1s" } })],
      expected: "pass",
    },
    { drafts: [store({ health: { test: ["CMD", "my-check"], interval: "1s" } })], expected: "pass" },
    { drafts: [postgres()], expected: "pass" },
    {
      drafts: [postgres({ health: { test: ["CMD-SHELL", "pg_isready -U app"], interval: "5s", retries: 5 } })],
      expected: {
        fail: "The health check fails while PostgreSQL loads, and Swarm kills it after 25 s.",
        level: "warning",
      },
    },
    { drafts: [without(store({ image: `vaultwarden/server:1${digest}`, args: [] }), "health")], expected: "pass" },
    {
      drafts: [store({ health: { test: [unknown] } })],
      expected: { unverifiable: "The health check's command is not known yet." },
    },
    {
      drafts: [store({ health: { test: ["CMD", "redis-cli", "-e", "ping"], interval: unknown } })],
      expected: { unverifiable: "How long the health check may fail is not known yet." },
    },
    { drafts: [without(stranger(), "health")], expected: "not applicable" },
    { drafts: [without(store(cache), "health")], expected: "not applicable" },
  ],
  SS409: [
    {
      drafts: [store({ restart: unknown })],
      inputs: programs,
      expected: { unverifiable: "The restart policy is not known yet." },
    },
    {
      drafts: [store({ restart: { attempts: unknown } })],
      expected: { unverifiable: "Whether the restart policy ends is not known yet." },
    },
    {
      drafts: [store({ mode: "replicated-job", restart: { condition: "none" } })],
      inputs: ["stack file"],
      expected: "not applicable",
    },
    {
      drafts: [store({ mode: "global-job", restart: { condition: "none" } })],
      inputs: ["stack file"],
      expected: "not applicable",
    },
    { drafts: [store()], expected: "pass" },
    { drafts: [without(store(), "restart")], expected: "pass" },
    {
      drafts: [store({ restart: { condition: "none" } })],
      expected: { fail: "The restart condition is none.", level: "error" },
    },
    {
      drafts: [store({ restart: { attempts: 3, window: "120s" } })],
      expected: { fail: "The restart policy ends after 3 attempts.", level: "error" },
    },
    {
      drafts: [store({ restart: { condition: "on-failure" } })],
      expected: {
        fail: "The restart condition is on-failure, and a server that was stopped, by a reboot for example, has exited without failure.",
        level: "warning",
      },
    },
    {
      drafts: [store({ restart: { condition: unknown } })],
      expected: { unverifiable: "Whether the restart policy ends is not known yet." },
    },
    { drafts: [stateless({ restart: { condition: "none" } })], expected: "not applicable" },
  ],
  SS410: [
    { drafts: [store()], expected: "pass" },
    { drafts: [without(store(), "memory")], expected: { fail: "There is no memory limit." } },
    { drafts: [without(store(cache), "memory")], expected: { fail: "There is no memory limit." } },
    { drafts: [store({ memory: unknown })], expected: { unverifiable: "The memory limit is not known yet." } },
    { drafts: [without(stateless(), "memory")], expected: "not applicable" },
  ],
  SS411: [
    { drafts: [store()], expected: "pass" },
    { drafts: [without(store(), "reservation")], expected: { fail: "There is no memory reservation." } },
    {
      drafts: [store({ reservation: unknown })],
      expected: { unverifiable: "The memory reservation is not known yet." },
    },
    { drafts: [without(store(cache), "reservation")], expected: "not applicable" },
  ],
  SS501: [
    { drafts: [{ ...told(), ports: [{ target: 6379, published: 10000 }] }], expected: "not applicable" },
    { drafts: [store({ ports: [{ target: 6379, published: 10000 }] })], expected: "pass" },
    { drafts: [store()], expected: "pass" },
    { drafts: [told("--requirepass", unknown)], expected: "pass" },
    { drafts: [told()], expected: { fail: "Redis asks for no password." } },
    { drafts: [told("--requirepass", "")], expected: { fail: "Redis asks for no password." } },
    {
      drafts: [untold],
      inputs: notLive,
      expected: {
        unverifiable: "Whether Redis asks for a password is not known: not all of its configuration can be seen.",
      },
    },
    { drafts: [postgres()], expected: "pass" },
    {
      drafts: [postgres({ environment: { POSTGRES_HOST_AUTH_METHOD: "trust" } })],
      expected: { fail: "PostgreSQL asks for no password." },
    },
    {
      drafts: [postgres({ environment: { POSTGRES_HOST_AUTH_METHOD: unknown } })],
      expected: {
        unverifiable: "Whether PostgreSQL asks for a password is not known: not all of its configuration can be seen.",
      },
    },
    { drafts: [store({ image: `mongo:7${digest}`, args: [] })], expected: { fail: "MongoDB asks for no password." } },
    { drafts: [store({ image: `mongo:7${digest}`, args: ["--auth"] })], expected: "pass" },
    {
      drafts: [
        store({
          image: `mongo:7${digest}`,
          args: [],
          environment: { MONGO_INITDB_ROOT_USERNAME_FILE: "/run/secrets/u" },
        }),
      ],
      expected: "pass",
    },
    { drafts: [store({ image: `prom/prometheus${digest}`, args: [] })], expected: "not applicable" },
    { drafts: [stranger()], expected: "not applicable" },
  ],
  SS502: [
    {
      drafts: [store({ environment: { PASSWORD: "hunter2" } })],
      inputs: ["swarm"],
      path: "Spec.TaskTemplate.ContainerSpec.Env",
      expected: { fail: 'The environment variable "PASSWORD" holds a secret in clear.' },
    },
    {
      drafts: [store({ environment: unknown })],
      expected: { unverifiable: "Whether environment variables hold a secret in clear is not known yet." },
    },
    {
      drafts: [store({ health: { test: ["CMD", "/usr/bin/redis-cli", "-a", "hunter2", "ping"] } })],
      path: "services.store.healthcheck",
      expected: { fail: 'The argument "-a" holds a secret in clear.' },
    },
    {
      drafts: [store({ health: { test: ["CMD-SHELL", 'redis-cli -a "$(cat /run/secrets/pw)" ping'] } })],
      expected: "not applicable",
    },
    { drafts: [store({ health: { test: ["CMD", "probe", "-a", "hunter2"] } })], expected: "not applicable" },
    { drafts: [store({ health: { test: ["CMD", "redis-cli", "-p", "7000"] } })], expected: "not applicable" },
    { drafts: [store({ health: { test: unknown } })], inputs: programs, expected: "not applicable" },
    { drafts: [store({ health: unknown })], inputs: programs, expected: "not applicable" },
    {
      drafts: [store({ health: { test: ["CMD-SHELL", "mysqladmin ping -u root -phunter2"] } })],
      expected: { fail: 'The argument "-p" holds a secret in clear.' },
    },
    {
      drafts: [store({ health: { test: ["CMD-SHELL", 'mysqladmin ping -p"$(cat /run/secrets/pw)"'] } })],
      expected: "not applicable",
    },
    {
      drafts: [store({ environment: { REDIS_ARGS: "--appendonly yes --requirepass hunter2" } })],
      path: "services.store.environment.REDIS_ARGS",
      expected: { fail: 'The argument "--requirepass" holds a secret in clear.' },
    },
    {
      drafts: [store({ environment: { REDIS_ARGS: "--requirepass hunter2", PLACE: unknown } })],
      expected: { fail: 'The argument "--requirepass" holds a secret in clear.' },
    },
    { drafts: [store({ environment: { NOTE: "password --hunter2" } })], expected: "not applicable" },
    {
      drafts: [store({ environment: { PGPASSWORD: "hunter2" } })],
      expected: { fail: 'The environment variable "PGPASSWORD" holds a secret in clear.' },
    },
    {
      drafts: [
        store({ environment: { AWS_ACCESS_KEY: "AKIA1", ETCD_INITIAL_CLUSTER_TOKEN: "etcd-1", ACCESS_KEY: "minio" } }),
      ],
      expected: "not applicable",
    },
    {
      drafts: [store({ environment: { AWS_SECRET_ACCESS_KEY: "hunter2" } })],
      expected: { fail: 'The environment variable "AWS_SECRET_ACCESS_KEY" holds a secret in clear.' },
    },
    { drafts: [store({ args: ["etcd", "--initial-cluster-token", "etcd-1"] })], expected: "not applicable" },
    { drafts: [told("--requirepass")], expected: "not applicable" },
    { drafts: [told("--requirepass", "--port", "7000")], expected: "not applicable" },
    { drafts: [told("--requirepass", "no")], expected: "not applicable" },
    { drafts: [store()], expected: "not applicable" },
    {
      drafts: [store({ environment: { APP_DB_PASSWORD: "hunter2hunter2" } })],
      expected: { fail: 'The environment variable "APP_DB_PASSWORD" holds a secret in clear.' },
    },
    {
      path: "services.store.environment.stripeApiKey",
      drafts: [store({ environment: { stripeApiKey: "sk_live_1" } })],
      expected: { fail: 'The environment variable "stripeApiKey" holds a secret in clear.' },
    },
    {
      drafts: [store({ environment: { UPSTREAM: "redis://:hunter2@other" } })],
      expected: { fail: 'The environment variable "UPSTREAM" holds a secret in clear.' },
    },
    {
      drafts: [told("--requirepass", "hunter2")],
      expected: { fail: 'The argument "--requirepass" holds a secret in clear.' },
    },
    {
      drafts: [store({ args: ["--password=hunter2"] })],
      expected: { fail: 'The argument "--password" holds a secret in clear.' },
    },
    {
      drafts: [store({ args: ["sync", "redis://u:hunter2@other"] })],
      expected: { fail: "The arguments hold an address with a password in clear." },
    },
    {
      drafts: [store({ args: ["sh", "-c", 'redis-server --requirepass "$(cat /run/secrets/pw)"'] })],
      expected: "not applicable",
    },
    {
      drafts: [store({ labels: { "backup.password": "hunter2" } })],
      expected: { fail: 'The label "backup.password" holds a secret in clear.' },
    },
    {
      drafts: [
        store({
          environment: {
            PASSWORD_FILE: "/run/secrets/x",
            DB_PASSWORD: "/run/secrets/x",
            ALLOW_EMPTY_PASSWORD: "yes",
            RANDOM_PASSWORD: "yes",
            EMPTY_SECRET: "",
            PASSWORD_MIN_LENGTH: "12",
            TOKEN: "true",
          },
        }),
      ],
      expected: "not applicable",
    },
    {
      drafts: [store({ environment: { PASSWORD: unknown } })],
      expected: { unverifiable: 'Whether the environment variable "PASSWORD" holds a secret is not known yet.' },
    },
    { drafts: [store({ environment: { COLOUR: unknown } })], expected: "not applicable" },
    {
      drafts: [told("--requirepass", unknown)],
      expected: { unverifiable: 'Whether the argument "--requirepass" holds a secret in clear is not known yet.' },
    },
    { drafts: [stateless({ mounts: [], environment: { PASSWORD: "hunter2" } })], expected: "not applicable" },
  ],
  SS503: [
    {
      drafts: [{ ...told(), ports: [{ target: 6379 }] }],
      expected: { fail: "Redis is published on a port and asks for no password." },
    },
    {
      drafts: [{ ...told(), ports: unknown }],
      expected: { unverifiable: "Whether Redis is published without a password is not known yet." },
    },
    { drafts: [store({ ports: [{ target: 6379, published: 10000 }] })], expected: "pass" },
    {
      drafts: [{ ...told(), ports: [{ target: 6379, published: 10000 }] }],
      expected: { fail: "Redis is published on port 10000 and asks for no password." },
    },
    {
      drafts: [
        store({
          image: `elasticsearch:8.1.0${digest}`,
          args: [],
          environment: { "xpack.security.enabled": "false" },
          ports: [{ target: 9200, published: 9200 }],
        }),
      ],
      expected: { fail: "Elasticsearch is published on port 9200 and asks for no password." },
    },
    {
      drafts: [{ ...untold, ports: [{ target: 6379, published: 10000 }] }],
      inputs: notLive,
      expected: { unverifiable: "Redis is published, and whether it asks for a password is not known." },
    },
    { drafts: [told()], expected: "not applicable" },
    { drafts: [stranger({ ports: [{ target: 1, published: 1 }] })], expected: "not applicable" },
  ],
  SS504: [
    { drafts: [store()], expected: "pass" },
    { drafts: [store({ image: "redis:7.2" })], expected: { fail: '"redis" is given by tag, without a digest.' } },
    {
      drafts: [store({ image: unknown })],
      expected: { unverifiable: "Whether the image is given by digest is not known yet." },
    },
    { drafts: [stateless({ image: "nginx:1" })], expected: "not applicable" },
  ],
  SS601: [
    { drafts: [store()], expected: "pass" },
    { drafts: [store({ labels: {} })], expected: { fail: "There is no label holdfast.backup." } },
    {
      drafts: [store({ labels: { "holdfast.backup": " " } })],
      expected: { fail: "There is no label holdfast.backup." },
    },
    {
      drafts: [store({ labels: { "holdfast.backup": "none" } })],
      expected: { fail: "The label holdfast.backup waives the backup without a reason." },
    },
    {
      drafts: [store({ labels: { "holdfast.backup": "none:" } })],
      expected: { fail: "The label holdfast.backup waives the backup without a reason." },
    },
    { drafts: [store({ labels: { "holdfast.backup": "none: can be computed again" } })], expected: "pass" },
    {
      drafts: [
        stranger({
          image: "offen/docker-volume-backup:v2",
          mounts: [{ source: "data", target: "/backup", readOnly: true }],
        }),
        store({ labels: {} }),
      ],
      expected: "pass",
    },
    {
      drafts: [store({ labels: { "holdfast.backup": unknown } })],
      expected: { unverifiable: "Whether a backup is declared is not known yet." },
    },
    { drafts: [store(cache)], expected: "not applicable" },
    { drafts: [stranger({ labels: {} })], expected: "not applicable" },
  ],
  SS602: [
    { drafts: [store()], before: [store()], expected: "pass" },
    {
      drafts: [without(store(), "constraints")],
      before: [store()],
      expected: {
        fail: "The constraints are taken out of the program, and the provider leaves the old value on the service.",
      },
    },
    {
      drafts: [without(store(), "memory")],
      before: [store()],
      expected: {
        fail: "The memory limit is taken out of the program, and the provider leaves the old value on the service.",
      },
    },
    {
      drafts: [without(store(), "reservation")],
      before: [store()],
      expected: {
        fail: "The memory reservation is taken out of the program, and the provider leaves the old value on the service.",
      },
    },
    {
      drafts: [without(store(), "health")],
      before: [store()],
      expected: {
        fail: "The health check is taken out of the program, and the provider leaves the old value on the service.",
      },
    },
    {
      drafts: [store({ memory: unknown })],
      before: [store()],
      expected: { unverifiable: "Whether this is taken out of the program is not known yet." },
    },
    { drafts: [store()], before: [without(store(), "health")], expected: "pass" },
    { drafts: [without(store(), "health")], expected: "not applicable" },
    { drafts: [without(stateless(), "health")], before: [stateless()], expected: "not applicable" },
  ],
  SS901: [
    {
      drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2027-03-01: one node for now" } })],
      expected: "pass",
    },
    {
      drafts: [
        store({ labels: { "holdfast.ignore": "SS201, ss105 until 2027-03-01: a; SS601 until 2026-12-31: b: c" } }),
      ],
      expected: "pass",
    },
    {
      drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2027-03-01" } })],
      expected: { fail: "The suppression of SS201 gives no reason." },
    },
    {
      drafts: [store({ labels: { "holdfast.ignore.later": "SS201: because" } })],
      expected: { fail: 'The suppression of SS201 has no date: it reads "SS201: because".' },
    },
    {
      drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2027-02-30: because" } })],
      expected: { fail: 'The suppression of SS201 has no date: it reads "SS201 until 2027-02-30: because".' },
    },
    {
      drafts: [store({ labels: { "holdfast.ignore": "everything until 2027-03-01: because" } })],
      expected: { fail: 'The label "holdfast.ignore" names "EVERYTHING", which is no rule.' },
    },
    {
      drafts: [store({ labels: { "holdfast.ignore": unknown } })],
      expected: { unverifiable: 'What the label "holdfast.ignore" says is not known yet, so it has no effect.' },
    },
    { drafts: [store()], expected: "not applicable" },
  ],
  SS902: [
    { drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2026-11-23: ends today" } })], expected: "pass" },
    {
      drafts: [store({ labels: { "holdfast.ignore": "SS201 until 2026-11-22: ended yesterday" } })],
      expected: { fail: "The suppression of SS201 ended on 2026-11-22." },
    },
    { drafts: [store()], expected: "not applicable" },
  ],
};

function without(draft: Draft, key: keyof Draft): Draft {
  const { [key]: _, ...rest } = draft;
  return rest;
}

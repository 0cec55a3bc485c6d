import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { digest, store, mounted, postgres, stranger, rabbit, stateless, withVolume } from "../sample-services.ts";

/** What SS103 must say. */
export const cases: readonly RuleCase[] = [
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
        "Whether a mount covers the data of PostgreSQL is not known: PGDATA decides where its data is and is not known yet.",
    },
  },
  { drafts: [stranger()], expected: "not applicable" },
  { drafts: [stateless()], expected: "not applicable" },
  { drafts: [mounted({ source: "data", target: unknown })], expected: "not applicable" },
];

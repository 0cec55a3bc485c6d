import assert from "node:assert/strict";
import { catalogueEntries } from "../../../model/image/catalogue/index.ts";
import { findImage, holdsFor, majorVersion } from "../../../model/image/catalogue.ts";
import { isKnown, notKnown, parseImageReference } from "../../../model/service/definition.ts";
import { catalogueEntrySchema, catalogueSchema } from "../image-catalogue-schema.ts";

const nameOf = (reference: string): string | undefined => {
  const entry = findImage(parseImageReference(reference), undefined);
  return isKnown(entry) ? entry?.name : "not known";
};

describe("the image catalogue", () => {
  it("follows its schema", () => {
    assert.equal(catalogueSchema.safeParse(catalogueEntries).error?.message, undefined);
  });

  it("refuses an entry without a source, with a path that is none, or with a key that nobody knows", () => {
    const [redis] = catalogueEntries;
    assert.ok(redis !== undefined);
    const [path] = redis.dataPaths;
    for (const wrong of [
      { ...redis, dataPaths: [{ ...path, source: undefined }] },
      { ...redis, dataPaths: [{ ...path, path: "data" }] },
      { ...redis, colour: "red" },
      { ...redis, stateElsewhere: { variables: { X: "(" } } },
      { ...redis, commands: { servers: [], tools: ["redis-cli"] } },
      { ...redis, shutdown: { signal: "9", does: "ends at once", source: "https://example.org" } },
    ]) {
      assert.ok(!catalogueEntrySchema.safeParse(wrong).success);
    }
    assert.ok(!catalogueSchema.safeParse([redis, redis]).success);
    assert.ok(!catalogueSchema.safeParse([{ ...redis, dataPaths: [] }]).success);
  });

  it("has the images that the policies are to know", () => {
    const titles = catalogueEntries.map(({ title }) => title).join("; ");
    for (const title of "Redis Valkey KeyDB PostgreSQL TimescaleDB MySQL MariaDB MongoDB Elasticsearch OpenSearch RabbitMQ NATS Kafka ZooKeeper etcd Consul Vault MinIO InfluxDB Prometheus Grafana ClickHouse Cassandra Neo4j CouchDB Meilisearch Qdrant Memcached Gitea Nextcloud WordPress Vaultwarden".split(
      " ",
    )) {
      assert.match(titles, new RegExp(title), title);
    }
    assert.equal(catalogueEntries.find(({ name }) => name === "memcached")?.keepsState, "never");
  });

  it("finds an image behind any registry and under a new name", () => {
    const cases = {
      redis: "redis",
      "docker.io/library/redis:7": "redis",
      "198.19.0.1:5000/redis:7.0.15@sha256:aa": "redis",
      "registry.example/team/redis-7-hardened": "redis",
      "corp/my-postgres16:x": "postgres",
      "registry.example/bitnami/redis": "bitnami-redis",
      "docker.elastic.co/elasticsearch/elasticsearch:8": "elasticsearch",
      "quay.io/coreos/etcd": "etcd",
      "pgvector/pgvector:pg17": "postgres",
      "mirror.example/bitnami/grafana": "bitnami-grafana",
      "ghcr.io/corp/bitnami-images/redis": "redis",
    };
    assert.deepEqual(Object.fromEntries(Object.keys(cases).map((reference) => [reference, nameOf(reference)])), cases);
  });

  it("takes no image for another whose name it only mentions", () => {
    const strangers = [
      "oliver006/redis_exporter",
      "rediscommander/redis-commander",
      "redis-sentinel",
      "postgres-backup",
      "provectuslabs/kafka-ui",
      "mongo-express",
      "natsio/nats-box",
      "prom/mysqld-exporter",
      "server",
      "corp/app",
      "minio/mc",
      "grafana/loki",
      "linuxserver/nextcloud",
      "lscr.io/linuxserver/nextcloud",
      "registry.redhat.io/rhel9/redis-7",
      "ubuntu/redis",
      "bitnami/redis-sentinel",
      "",
    ];
    assert.deepEqual(
      strangers.map(nameOf),
      strangers.map(() => undefined),
    );
  });

  it("knows nothing of an image that is given by its id", () => {
    for (const id of ["a".repeat(64), `sha256:${"0".repeat(64)}`]) assert.equal(nameOf(id), "not known");
  });

  it("believes a label before the name", () => {
    const entry = findImage(parseImageReference("corp/kv"), "redis");
    assert.equal(isKnown(entry) && entry?.name, "redis");
    assert.equal(findImage(parseImageReference("redis"), "nonsense"), undefined);
  });

  it("reads versions from tags", () => {
    const versions = {
      "16-alpine": 16,
      "v2.1": 2,
      latest: undefined,
      7: 7,
      "RELEASE.2025": undefined,
      "2025-01": 2025,
      "18beta1": 18,
      "7.0-rc1": 7,
      "4f5e6d7": undefined,
    };
    const extensions = { pg17: 17, "2.17.2-pg16-oss": 16, "latest-pg18": 18, "0.8.1-pg18-trixie": 18, "3-jpg2": 3 };
    for (const [tag, major] of Object.entries({ ...versions, ...extensions }))
      assert.equal(majorVersion(tag), major, tag);
    assert.equal(majorVersion(undefined), undefined);
    assert.equal(majorVersion(notKnown), undefined);
    assert.deepEqual(
      [
        holdsFor({ from: 18 }, 17),
        holdsFor({ from: 18 }, 18),
        holdsFor({ before: 18 }, 18),
        holdsFor(undefined, undefined),
      ],
      [false, true, false, true],
    );
    assert.equal(holdsFor({ from: 18 }, undefined), notKnown);
  });
});

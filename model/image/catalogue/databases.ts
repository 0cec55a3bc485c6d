import type { CatalogueEntry, CommandFact, DataPathFact } from "../catalogue-entry.ts";
import { bitnami, bitnamiImage, readyCheck, hub, offUnless, onUnless, statefulImages } from "./facts.ts";

/** The official image and its derivatives: since version 18 each version has its own folder in the volume. */
const postgresPaths = (source: string): DataPathFact[] => {
  const movedBy: DataPathFact["movedBy"] = [
    { environment: "PGDATA" },
    { argument: "-D" },
    { setting: "data_directory" },
  ];
  return [
    { path: "/var/lib/postgresql/data", versions: { before: 18 }, movedBy, source },
    {
      path: "/var/lib/postgresql/{major}/docker",
      versions: { from: 18 },
      alsoAt: ["/var/lib/postgresql"],
      movedBy,
      // `docker_error_old_databases` of its entry point.
      looksFirstInto: "^/var/lib/postgresql(?:/data|/[^/]+/docker)?$",
      source: "https://github.com/docker-library/postgres/pull/1259",
    },
  ];
};

const postgresVolumes: CatalogueEntry["volumes"] = [
  { path: "/var/lib/postgresql/data", versions: { before: 18 } },
  { path: "/var/lib/postgresql", versions: { from: 18 } },
];

const yes = ["yes", "true", "1"];

/** What all images of PostgreSQL have in common. */
const postgres = {
  commands: {
    servers: ["postgres", "pg_ctl", "run.sh"],
    tools: ["psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_isready", "pg_basebackup", "pg_receivewal", "pgbench"],
  },
  survivesKill: true,
  refuses: "other majors",
  majors: { from: 8, before: 40 },
  life: [readyCheck("pg_isready", "https://www.postgresql.org/docs/current/app-pg-isready.html")],
  authentication: onUnless({ POSTGRES_HOST_AUTH_METHOD: ["trust"], ALLOW_EMPTY_PASSWORD: yes }, hub("postgres")),
} as const;

const mysqlPing = readyCheck("mysqladmin ping", "https://dev.mysql.com/doc/refman/8.4/en/mysqladmin.html");

/** What all images of MySQL and MariaDB have in common. */
const mysql = {
  commands: {
    servers: ["mysqld", "mysqld_safe", "mariadbd", "mariadbd-safe", "run.sh"],
    tools: [
      "mysql",
      "mysqldump",
      "mysqladmin",
      "mysqlsh",
      "mariadb",
      "mariadb-dump",
      "mariadb-admin",
      "mariadb-backup",
    ],
  },
  survivesKill: true,
  life: [mysqlPing],
  authentication: onUnless(
    { MYSQL_ALLOW_EMPTY_PASSWORD: yes, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: yes, ALLOW_EMPTY_PASSWORD: yes },
    hub("mysql"),
  ),
} as const;

const mongoCommands: CommandFact = {
  servers: ["mongod", "run.sh"],
  tools: ["mongos", "mongosh", "mongo", "mongodump", "mongorestore", "mongoexport", "mongoimport"],
};

/** Databases. */
export const databaseImages = statefulImages([
  {
    name: "postgres",
    title: "PostgreSQL",
    repositories: ["postgres", "library/postgres", "postgresql", "pgvector/pgvector", "postgis/postgis"],
    ...postgres,
    dataPaths: postgresPaths(hub("postgres")),
    volumes: postgresVolumes,
  },
  {
    name: "bitnami-postgresql",
    title: "PostgreSQL (Bitnami)",
    repositories: ["bitnami/postgresql", "bitnamilegacy/postgresql", "bitnami/postgresql-repmgr"],
    ...postgres,
    dataPath: {
      path: "/bitnami/postgresql/data",
      movedBy: [{ environment: "POSTGRESQL_DATA_DIR" }, { environment: "PGDATA" }],
      source: bitnami("postgresql"),
    },
    authentication: onUnless({ ALLOW_EMPTY_PASSWORD: yes }, bitnami("postgresql")),
  },
  {
    name: "timescaledb",
    title: "TimescaleDB",
    repositories: ["timescale/timescaledb", "timescaledb"],
    ...postgres,
    dataPaths: postgresPaths(hub("timescale/timescaledb")),
    volumes: postgresVolumes,
  },
  {
    name: "timescaledb-ha",
    title: "TimescaleDB HA",
    repositories: ["timescale/timescaledb-ha"],
    ...postgres,
    dataPath: {
      path: "/home/postgres/pgdata/data",
      movedBy: [{ environment: "PGDATA" }, { argument: "-D" }],
      source: "https://docs.tigerdata.com/self-hosted/latest/install/installation-docker/",
    },
  },
  {
    name: "mysql",
    title: "MySQL",
    repositories: ["mysql", "library/mysql", "mysql/mysql-server", "percona", "percona/percona-server"],
    ...mysql,
    dataVolume: { path: "/var/lib/mysql", movedBy: [{ argument: "--datadir" }], source: hub("mysql") },
  },
  {
    name: "mariadb",
    title: "MariaDB",
    repositories: ["mariadb", "library/mariadb", "linuxserver/mariadb"],
    ...mysql,
    dataVolume: {
      path: "/var/lib/mysql",
      alsoAt: ["/config"],
      movedBy: [{ argument: "--datadir" }],
      source: hub("mariadb"),
    },
    life: [
      mysqlPing,
      readyCheck("healthcheck.sh", "https://mariadb.com/kb/en/using-healthcheck-sh/"),
      readyCheck("mariadb-admin ping", "https://mariadb.com/kb/en/mariadb-admin/"),
    ],
  },
  {
    name: "bitnami-mariadb",
    title: "MariaDB and MySQL (Bitnami)",
    repositories: [
      "bitnami/mariadb",
      "bitnamilegacy/mariadb",
      "bitnami/mysql",
      "bitnamilegacy/mysql",
      "bitnami/mariadb-galera",
    ],
    ...mysql,
    dataPath: {
      path: "/bitnami/mariadb/data",
      alsoAt: ["/bitnami", "/bitnami/mysql/data"],
      source: bitnami("mariadb"),
    },
  },
  {
    name: "mongo",
    title: "MongoDB",
    repositories: [
      "mongo",
      "library/mongo",
      "mongodb",
      "mongodb/mongodb-community-server",
      "percona/percona-server-mongodb",
    ],
    commands: mongoCommands,
    dataPath: {
      path: "/data/db",
      movedBy: [{ argument: "--dbpath" }, { setting: "dbPath" }, { argument: "--configsvr", means: "/data/configdb" }],
      source: hub("mongo"),
    },
    volumes: [{ path: "/data/db" }, { path: "/data/configdb" }],
    // "Found an invalid featureCompatibilityVersion document": it accepts its own version's files and its predecessor's.
    refuses: "skipped majors",
    majors: { from: 2, before: 20 },
    life: [
      readyCheck("mongosh", "https://www.mongodb.com/docs/mongodb-shell/reference/options/"),
      readyCheck("mongo --eval", "https://www.mongodb.com/docs/v4.4/mongo/"),
    ],
    authentication: {
      ...offUnless(["MONGO_INITDB_ROOT_USERNAME", "MONGODB_INITDB_ROOT_USERNAME"], hub("mongo"), [
        "--auth",
        "--keyFile",
      ]),
      onBySetting: ["authorization", "keyFile"],
    },
  },
  {
    name: "bitnami-mongodb",
    title: "MongoDB (Bitnami)",
    repositories: ["bitnami/mongodb", "bitnamilegacy/mongodb"],
    commands: mongoCommands,
    dataPath: { path: "/bitnami/mongodb/data/db", alsoAt: ["/bitnami/mongodb/data"], source: bitnami("mongodb") },
    life: [readyCheck("mongosh", "https://www.mongodb.com/docs/mongodb-shell/reference/options/")],
    authentication: offUnless(["MONGODB_ROOT_PASSWORD", "MONGODB_ROOT_USER"], bitnami("mongodb")),
  },
  {
    name: "influxdb",
    title: "InfluxDB",
    repositories: ["influxdb", "library/influxdb"],
    commands: { servers: ["influxd", "influxdb3"], tools: ["influx"] },
    dataPaths: [
      {
        path: "/var/lib/influxdb",
        versions: { before: 2 },
        movedBy: [{ environment: "INFLUXDB_DATA_DIR" }],
        source: hub("influxdb"),
      },
      {
        path: "/var/lib/influxdb2",
        versions: { from: 2, before: 3 },
        movedBy: [{ environment: "INFLUXD_ENGINE_PATH" }, { argument: "--engine-path" }],
        source: hub("influxdb"),
      },
      {
        path: "/var/lib/influxdb3/data",
        versions: { from: 3 },
        alsoAt: ["/var/lib/influxdb3"],
        movedBy: [{ argument: "--data-dir" }, { environment: "INFLUXDB3_DB_DIR" }],
        source: hub("influxdb"),
      },
    ],
    volumes: [
      { path: "/var/lib/influxdb", versions: { before: 2 } },
      { path: "/var/lib/influxdb2", versions: { from: 2, before: 3 } },
    ],
    life: [readyCheck("influx ping", "https://docs.influxdata.com/influxdb/v2/reference/cli/influx/ping/")],
  },
  {
    name: "clickhouse",
    title: "ClickHouse",
    repositories: [
      "clickhouse/clickhouse-server",
      "clickhouse",
      "library/clickhouse",
      "yandex/clickhouse-server",
      "clickhouse-server",
    ],
    commands: { servers: ["clickhouse-server"], tools: ["clickhouse-client"] },
    dataVolume: { path: "/var/lib/clickhouse", source: hub("clickhouse/clickhouse-server") },
    life: [readyCheck("/ping", "https://clickhouse.com/docs/interfaces/http")],
  },
  {
    name: "cassandra",
    title: "Cassandra",
    repositories: ["cassandra", "library/cassandra"],
    commands: { servers: ["cassandra"], tools: ["cqlsh", "nodetool"] },
    dataVolume: { path: "/var/lib/cassandra", source: hub("cassandra") },
    life: [
      readyCheck("nodetool", "https://cassandra.apache.org/doc/latest/cassandra/managing/tools/nodetool/status.html"),
      readyCheck("cqlsh", "https://cassandra.apache.org/doc/latest/cassandra/managing/tools/cqlsh.html"),
    ],
  },
  {
    name: "scylla",
    title: "ScyllaDB",
    repositories: ["scylladb/scylla"],
    commands: { servers: ["scylla"], tools: ["cqlsh", "nodetool"] },
    dataVolume: { path: "/var/lib/scylla", source: hub("scylladb/scylla") },
    life: [
      readyCheck(
        "nodetool",
        "https://opensource.docs.scylladb.com/stable/operating-scylla/nodetool-commands/status.html",
      ),
    ],
  },
  {
    name: "neo4j",
    title: "Neo4j",
    repositories: ["neo4j", "library/neo4j"],
    commands: { servers: ["neo4j"], tools: ["cypher-shell"] },
    dataPath: {
      path: "/data",
      source: "https://neo4j.com/docs/operations-manual/current/docker/mounting-volumes/",
    },
    volumes: [{ path: "/data" }, { path: "/logs" }],
    life: [readyCheck("cypher-shell", "https://neo4j.com/docs/operations-manual/current/cypher-shell/")],
    authentication: onUnless(
      { NEO4J_AUTH: ["none"] },
      "https://neo4j.com/docs/operations-manual/current/docker/introduction/",
    ),
  },
  {
    name: "couchdb",
    title: "CouchDB",
    repositories: ["couchdb", "library/couchdb", "apache/couchdb", "bitnami/couchdb"],
    dataVolume: { path: "/opt/couchdb/data", alsoAt: ["/bitnami/couchdb"], source: hub("couchdb") },
    life: [readyCheck("_up", "https://docs.couchdb.org/en/stable/api/server/common.html#up")],
  },
  bitnamiImage("cassandra", "Cassandra", "/bitnami/cassandra/data"),
  bitnamiImage("clickhouse", "ClickHouse", "/bitnami/clickhouse/data"),
  bitnamiImage("neo4j", "Neo4j", "/bitnami/neo4j/data"),
  bitnamiImage("influxdb", "InfluxDB", "/bitnami/influxdb"),
]);

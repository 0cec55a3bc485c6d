import type { AuthenticationFact, CatalogueEntry, CommandFact, DataPathFact, LifeFact } from "../catalogue-entry.ts";
import { bitnami, hub, httpCheck, offUnless, onUnless, bitnamiImage } from "./facts.ts";

const postgresReady: LifeFact = {
  command: "pg_isready",
  failsWhileLoading: true,
  source: "https://www.postgresql.org/docs/current/app-pg-isready.html",
};

const mysqlPing: LifeFact = {
  command: "mysqladmin ping",
  failsWhileLoading: true,
  source: "https://dev.mysql.com/doc/refman/8.4/en/mysqladmin.html",
};

/** The official image and what is built on it: since version 18 each version has a folder of its own below the volume. */
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

const postgresTrust: AuthenticationFact = {
  byDefault: true,
  onByEnvironment: [],
  onByArgument: [],
  offByEnvironment: { POSTGRES_HOST_AUTH_METHOD: ["trust"], ALLOW_EMPTY_PASSWORD: ["yes", "true", "1"] },
  source: hub("postgres"),
};

const mysqlEmpty: AuthenticationFact = {
  byDefault: true,
  onByEnvironment: [],
  onByArgument: [],
  offByEnvironment: {
    MYSQL_ALLOW_EMPTY_PASSWORD: ["yes", "true", "1"],
    MARIADB_ALLOW_EMPTY_ROOT_PASSWORD: ["yes", "true", "1"],
    ALLOW_EMPTY_PASSWORD: ["yes", "true", "1"],
  },
  source: hub("mysql"),
};

const postgresCommands: CommandFact = {
  servers: ["postgres", "pg_ctl", "run.sh"],
  tools: ["psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_isready", "pg_basebackup", "pg_receivewal", "pgbench"],
};

const mysqlCommands: CommandFact = {
  servers: ["mysqld", "mysqld_safe", "mariadbd", "mariadbd-safe", "run.sh"],
  tools: ["mysql", "mysqldump", "mysqladmin", "mysqlsh", "mariadb", "mariadb-dump", "mariadb-admin", "mariadb-backup"],
};

const mongoCommands: CommandFact = {
  servers: ["mongod", "run.sh"],
  tools: ["mongos", "mongosh", "mongo", "mongodump", "mongorestore", "mongoexport", "mongoimport"],
};

/** Databases. */
export const databaseImages: readonly CatalogueEntry[] = [
  {
    name: "postgres",
    title: "PostgreSQL",
    repositories: ["postgres", "library/postgres", "postgresql", "pgvector/pgvector", "postgis/postgis"],
    keepsState: "always",
    commands: postgresCommands,
    dataPaths: postgresPaths(hub("postgres")),
    volumes: postgresVolumes,
    writers: "one",
    survivesKill: true,
    refuses: "other majors",
    majors: { from: 8, before: 40 },
    life: [postgresReady],
    authentication: postgresTrust,
  },
  {
    name: "bitnami-postgresql",
    title: "PostgreSQL (Bitnami)",
    repositories: ["bitnami/postgresql", "bitnamilegacy/postgresql", "bitnami/postgresql-repmgr"],
    keepsState: "always",
    commands: postgresCommands,
    dataPaths: [
      {
        path: "/bitnami/postgresql/data",
        movedBy: [{ environment: "POSTGRESQL_DATA_DIR" }, { environment: "PGDATA" }],
        source: bitnami("postgresql"),
      },
    ],
    volumes: [],
    writers: "one",
    survivesKill: true,
    refuses: "other majors",
    majors: { from: 8, before: 40 },
    life: [postgresReady],
    authentication: onUnless({ ALLOW_EMPTY_PASSWORD: ["yes", "true", "1"] }, bitnami("postgresql")),
  },
  {
    name: "timescaledb",
    title: "TimescaleDB",
    repositories: ["timescale/timescaledb", "timescaledb"],
    keepsState: "always",
    commands: postgresCommands,
    dataPaths: postgresPaths(hub("timescale/timescaledb")),
    volumes: postgresVolumes,
    writers: "one",
    survivesKill: true,
    refuses: "other majors",
    majors: { from: 8, before: 40 },
    life: [postgresReady],
    authentication: postgresTrust,
  },
  {
    name: "timescaledb-ha",
    title: "TimescaleDB HA",
    repositories: ["timescale/timescaledb-ha"],
    keepsState: "always",
    commands: postgresCommands,
    dataPaths: [
      {
        path: "/home/postgres/pgdata/data",
        movedBy: [{ environment: "PGDATA" }, { argument: "-D" }],
        source: "https://docs.tigerdata.com/self-hosted/latest/install/installation-docker/",
      },
    ],
    volumes: [],
    writers: "one",
    survivesKill: true,
    refuses: "other majors",
    majors: { from: 8, before: 40 },
    life: [postgresReady],
    authentication: postgresTrust,
  },
  {
    name: "mysql",
    title: "MySQL",
    repositories: ["mysql", "library/mysql", "mysql/mysql-server", "percona", "percona/percona-server"],
    keepsState: "always",
    commands: mysqlCommands,
    dataPaths: [{ path: "/var/lib/mysql", movedBy: [{ argument: "--datadir" }], source: hub("mysql") }],
    volumes: [{ path: "/var/lib/mysql" }],
    writers: "one",
    survivesKill: true,
    life: [mysqlPing],
    authentication: mysqlEmpty,
  },
  {
    name: "mariadb",
    title: "MariaDB",
    repositories: ["mariadb", "library/mariadb", "linuxserver/mariadb"],
    keepsState: "always",
    commands: mysqlCommands,
    dataPaths: [
      { path: "/var/lib/mysql", alsoAt: ["/config"], movedBy: [{ argument: "--datadir" }], source: hub("mariadb") },
    ],
    volumes: [{ path: "/var/lib/mysql" }],
    writers: "one",
    survivesKill: true,
    life: [
      mysqlPing,
      httpCheck("healthcheck.sh", "https://mariadb.com/kb/en/using-healthcheck-sh/"),
      httpCheck("mariadb-admin ping", "https://mariadb.com/kb/en/mariadb-admin/"),
    ],
    authentication: mysqlEmpty,
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
    keepsState: "always",
    commands: mysqlCommands,
    dataPaths: [
      {
        path: "/bitnami/mariadb/data",
        alsoAt: ["/bitnami", "/bitnami/mysql/data"],
        movedBy: [],
        source: bitnami("mariadb"),
      },
    ],
    volumes: [],
    writers: "one",
    survivesKill: true,
    life: [mysqlPing],
    authentication: mysqlEmpty,
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
    keepsState: "always",
    commands: mongoCommands,
    dataPaths: [
      {
        path: "/data/db",
        movedBy: [
          { argument: "--dbpath" },
          { setting: "dbPath" },
          { argument: "--configsvr", means: "/data/configdb" },
        ],
        source: hub("mongo"),
      },
    ],
    volumes: [{ path: "/data/db" }, { path: "/data/configdb" }],
    writers: "one",
    // "Found an invalid featureCompatibilityVersion document": it takes its own version's and the last one's.
    refuses: "skipped majors",
    majors: { from: 2, before: 20 },
    life: [
      httpCheck("mongosh", "https://www.mongodb.com/docs/mongodb-shell/reference/options/"),
      httpCheck("mongo --eval", "https://www.mongodb.com/docs/v4.4/mongo/"),
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
    keepsState: "always",
    commands: mongoCommands,
    dataPaths: [
      { path: "/bitnami/mongodb/data/db", alsoAt: ["/bitnami/mongodb/data"], movedBy: [], source: bitnami("mongodb") },
    ],
    volumes: [],
    writers: "one",
    life: [httpCheck("mongosh", "https://www.mongodb.com/docs/mongodb-shell/reference/options/")],
    authentication: offUnless(["MONGODB_ROOT_PASSWORD", "MONGODB_ROOT_USER"], bitnami("mongodb")),
  },
  {
    name: "influxdb",
    title: "InfluxDB",
    repositories: ["influxdb", "library/influxdb"],
    keepsState: "always",
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
    writers: "one",
    life: [httpCheck("influx ping", "https://docs.influxdata.com/influxdb/v2/reference/cli/influx/ping/")],
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
    keepsState: "always",
    commands: { servers: ["clickhouse-server"], tools: ["clickhouse-client"] },
    dataPaths: [{ path: "/var/lib/clickhouse", movedBy: [], source: hub("clickhouse/clickhouse-server") }],
    volumes: [{ path: "/var/lib/clickhouse" }],
    writers: "one",
    life: [httpCheck("/ping", "https://clickhouse.com/docs/interfaces/http")],
  },
  {
    name: "cassandra",
    title: "Cassandra",
    repositories: ["cassandra", "library/cassandra"],
    keepsState: "always",
    commands: { servers: ["cassandra"], tools: ["cqlsh", "nodetool"] },
    dataPaths: [{ path: "/var/lib/cassandra", movedBy: [], source: hub("cassandra") }],
    volumes: [{ path: "/var/lib/cassandra" }],
    writers: "one",
    life: [
      httpCheck("nodetool", "https://cassandra.apache.org/doc/latest/cassandra/managing/tools/nodetool/status.html"),
      httpCheck("cqlsh", "https://cassandra.apache.org/doc/latest/cassandra/managing/tools/cqlsh.html"),
    ],
  },
  {
    name: "scylla",
    title: "ScyllaDB",
    repositories: ["scylladb/scylla"],
    keepsState: "always",
    commands: { servers: ["scylla"], tools: ["cqlsh", "nodetool"] },
    dataPaths: [{ path: "/var/lib/scylla", movedBy: [], source: hub("scylladb/scylla") }],
    volumes: [{ path: "/var/lib/scylla" }],
    writers: "one",
    life: [
      httpCheck(
        "nodetool",
        "https://opensource.docs.scylladb.com/stable/operating-scylla/nodetool-commands/status.html",
      ),
    ],
  },
  {
    name: "neo4j",
    title: "Neo4j",
    repositories: ["neo4j", "library/neo4j"],
    keepsState: "always",
    commands: { servers: ["neo4j"], tools: ["cypher-shell"] },
    dataPaths: [
      {
        path: "/data",
        movedBy: [],
        source: "https://neo4j.com/docs/operations-manual/current/docker/mounting-volumes/",
      },
    ],
    volumes: [{ path: "/data" }, { path: "/logs" }],
    writers: "one",
    life: [httpCheck("cypher-shell", "https://neo4j.com/docs/operations-manual/current/cypher-shell/")],
    authentication: onUnless(
      { NEO4J_AUTH: ["none"] },
      "https://neo4j.com/docs/operations-manual/current/docker/introduction/",
    ),
  },
  {
    name: "couchdb",
    title: "CouchDB",
    repositories: ["couchdb", "library/couchdb", "apache/couchdb", "bitnami/couchdb"],
    keepsState: "always",
    dataPaths: [{ path: "/opt/couchdb/data", alsoAt: ["/bitnami/couchdb"], movedBy: [], source: hub("couchdb") }],
    volumes: [{ path: "/opt/couchdb/data" }],
    writers: "one",
    life: [httpCheck("_up", "https://docs.couchdb.org/en/stable/api/server/common.html#up")],
  },
  bitnamiImage("cassandra", "Cassandra", "/bitnami/cassandra/data"),
  bitnamiImage("clickhouse", "ClickHouse", "/bitnami/clickhouse/data"),
  bitnamiImage("neo4j", "Neo4j", "/bitnami/neo4j/data"),
  bitnamiImage("influxdb", "InfluxDB", "/bitnami/influxdb"),
];

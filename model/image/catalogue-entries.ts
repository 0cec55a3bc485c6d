import type { AuthenticationFact, CatalogueEntry, CommandFact, DataPathFact, LifeFact } from "./catalogue-entry.ts";

/** Pages that several entries cite. */
const hub = (repository: string): string =>
  `https://hub.docker.com/${repository.includes("/") ? `r/${repository}` : `_/${repository}`}`;
const bitnami = (name: string): string => `https://github.com/bitnami/containers/blob/main/bitnami/${name}/README.md`;
const redisSignals = "https://redis.io/docs/latest/operate/oss_and_stack/reference/signals/";
const postgresShutdown = "https://www.postgresql.org/docs/current/server-shutdown.html";
const mysqlShutdown = "https://dev.mysql.com/doc/refman/8.4/en/server-shutdown.html";

const terminates = (source: string, does = "flushes its files to disk and ends"): CatalogueEntry["shutdown"] => ({
  signal: "SIGTERM",
  does,
  source,
});

/** Redis answers PING with exit code 0 while it loads; whether a check built on it fails then, its rule finds out from the command. */
const redisPing: LifeFact = {
  command: "redis-cli ping",
  failsWhileLoading: false,
  source: "https://redis.io/docs/latest/commands/ping/",
};
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

const httpCheck = (command: string, source: string): LifeFact => ({ command, failsWhileLoading: true, source });

const inRedisDirectory = (path: string, source: string): DataPathFact[] => [
  { path, movedBy: [{ redisDirectory: true }], source },
];

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
const offUnless = (onByEnvironment: string[], source: string, onByArgument: string[] = []): AuthenticationFact => ({
  byDefault: false,
  onByEnvironment,
  onByArgument,
  offByEnvironment: {},
  source,
});
const onUnless = (offByEnvironment: Record<string, string[]>, source: string): AuthenticationFact => ({
  byDefault: true,
  onByEnvironment: [],
  onByArgument: [],
  offByEnvironment,
  source,
});

const redisCommands: CommandFact = {
  servers: ["redis-server", "valkey-server", "keydb-server", "run.sh"],
  tools: ["redis-cli", "redis-benchmark", "valkey-cli", "valkey-benchmark", "keydb-cli"],
  disguises: ["redis-sentinel", "valkey-sentinel", "--sentinel"],
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
const kafkaTools = ["kafka-topics", "kafka-configs", "kafka-acls", "kafka-console-producer", "kafka-console-consumer"];
const kafkaCommands: CommandFact = {
  servers: ["kafka-server-start", "kafka-server-start.sh", "run", "run.sh"],
  tools: [...kafkaTools, ...kafkaTools.map((tool) => `${tool}.sh`)],
};

/** An image that keeps no state: whatever it mounts is no data of its own. */
const stateless = (name: string, title: string, repositories: string[], source: string): CatalogueEntry => ({
  name,
  title,
  repositories,
  keepsState: "never",
  dataPaths: [],
  volumes: [],
  writers: "many",
  shutdown: terminates(source, "ends; there is nothing to save"),
  life: [],
});

const grafanaDatabase = {
  variables: { GF_DATABASE_TYPE: "^(?:mysql|postgres)", GF_DATABASE_URL: "^(?:mysql|postgres)" },
};

/** Images of Bitnami, which keep their data elsewhere than those of the programs' own makers. */
const bitnamiImages = (
  [
    ["grafana", "Grafana", "/opt/bitnami/grafana/data"],
    ["prometheus", "Prometheus", "/opt/bitnami/prometheus/data"],
    ["elasticsearch", "Elasticsearch", "/bitnami/elasticsearch/data"],
    ["opensearch", "OpenSearch", "/bitnami/opensearch/data"],
    ["cassandra", "Cassandra", "/bitnami/cassandra/data"],
    ["clickhouse", "ClickHouse", "/bitnami/clickhouse/data"],
    ["neo4j", "Neo4j", "/bitnami/neo4j/data"],
    ["influxdb", "InfluxDB", "/bitnami/influxdb"],
    ["gitea", "Gitea", "/bitnami/gitea"],
  ] as const
).map(([name, title, path]): CatalogueEntry => ({
  name: `bitnami-${name}`,
  title: `${title} (Bitnami)`,
  repositories: [`bitnami/${name}`, `bitnamilegacy/${name}`],
  keepsState: "always",
  ...(name === "grafana" && { stateElsewhere: grafanaDatabase }),
  dataPaths: [{ path, movedBy: [], source: bitnami(name) }],
  volumes: [],
  writers: "one",
  shutdown: terminates(bitnami(name)),
  life: [],
}));

/** Where official and common stateful images keep their data, how they shut down and what proves that they live. */
export const catalogueEntries: readonly CatalogueEntry[] = [
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
    shutdown: terminates(redisSignals, "syncs the append-only file and, with save points, writes a snapshot"),
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
    shutdown: terminates(redisSignals, "syncs the append-only file and, with save points, writes a snapshot"),
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
    shutdown: terminates(redisSignals, "syncs the append-only file and, with save points, writes a snapshot"),
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
    shutdown: terminates(
      "https://valkey.io/topics/signals/",
      "syncs the append-only file and, with save points, writes a snapshot",
    ),
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
    shutdown: terminates(redisSignals, "syncs the append-only file and, with save points, writes a snapshot"),
    life: [{ ...redisPing, command: "keydb-cli ping", source: "https://docs.keydb.dev/docs/commands/" }],
  },
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
    shutdown: {
      signal: "SIGINT",
      does: "ends sessions, writes a checkpoint and stops (fast shutdown)",
      source: postgresShutdown,
    },
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
    shutdown: {
      signal: "SIGTERM",
      does: "waits for sessions to end, then writes a checkpoint (smart shutdown)",
      source: postgresShutdown,
    },
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
    shutdown: {
      signal: "SIGINT",
      does: "ends sessions, writes a checkpoint and stops (fast shutdown)",
      source: postgresShutdown,
    },
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
    shutdown: {
      signal: "SIGINT",
      does: "ends sessions, writes a checkpoint and stops (fast shutdown)",
      source: postgresShutdown,
    },
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
    shutdown: terminates(mysqlShutdown, "flushes InnoDB and closes its tables"),
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
    shutdown: terminates("https://mariadb.com/kb/en/shutdown/", "flushes InnoDB and closes its tables"),
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
    shutdown: terminates("https://mariadb.com/kb/en/shutdown/", "flushes InnoDB and closes its tables"),
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
    shutdown: terminates(
      "https://www.mongodb.com/docs/manual/reference/command/shutdown/",
      "finishes operations, flushes and closes its files",
    ),
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
    shutdown: terminates(
      "https://www.mongodb.com/docs/manual/reference/command/shutdown/",
      "finishes operations, flushes and closes its files",
    ),
    life: [httpCheck("mongosh", "https://www.mongodb.com/docs/mongodb-shell/reference/options/")],
    authentication: offUnless(["MONGODB_ROOT_PASSWORD", "MONGODB_ROOT_USER"], bitnami("mongodb")),
  },
  {
    name: "elasticsearch",
    title: "Elasticsearch",
    repositories: ["elasticsearch", "library/elasticsearch", "elasticsearch/elasticsearch"],
    keepsState: "always",
    commands: {
      servers: ["elasticsearch", "eswrapper"],
      tools: ["elasticsearch-certutil", "elasticsearch-reset-password", "curl"],
    },
    dataPaths: [
      {
        path: "/usr/share/elasticsearch/data",
        movedBy: [{ environment: "path.data" }],
        source: "https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-prod",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates(
      "https://www.elastic.co/docs/deploy-manage/maintenance/start-stop-services/start-stop-elasticsearch",
    ),
    life: [
      httpCheck(
        "_cluster/health",
        "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-cluster-health",
      ),
    ],
    authentication: {
      ...onUnless(
        { "xpack.security.enabled": ["false"] },
        "https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/security-settings",
      ),
    },
  },
  {
    name: "opensearch",
    title: "OpenSearch",
    repositories: ["opensearchproject/opensearch", "opensearch"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/usr/share/opensearch/data",
        movedBy: [{ environment: "path.data" }],
        source: "https://docs.opensearch.org/latest/install-and-configure/install-opensearch/docker/",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://docs.opensearch.org/latest/install-and-configure/install-opensearch/docker/"),
    life: [
      httpCheck("_cluster/health", "https://docs.opensearch.org/latest/api-reference/cluster-api/cluster-health/"),
    ],
    authentication: onUnless(
      { "plugins.security.disabled": ["true"], DISABLE_SECURITY_PLUGIN: ["true"] },
      "https://docs.opensearch.org/latest/security/configuration/disable-enable-security/",
    ),
  },
  {
    name: "rabbitmq",
    title: "RabbitMQ",
    repositories: ["rabbitmq", "library/rabbitmq"],
    keepsState: "always",
    commands: { servers: ["rabbitmq-server"], tools: ["rabbitmqctl", "rabbitmqadmin"] },
    dataPaths: [
      {
        path: "/var/lib/rabbitmq",
        alsoAt: ["/var/lib/rabbitmq/mnesia"],
        movedBy: [{ environment: "RABBITMQ_MNESIA_BASE" }, { environment: "RABBITMQ_MNESIA_DIR" }],
        namedAfterHost: {
          byDefault: "rabbit",
          variable: "RABBITMQ_NODENAME",
          longNames: "RABBITMQ_USE_LONGNAME",
          unless: "RABBITMQ_MNESIA_DIR",
        },
        source: hub("rabbitmq"),
      },
    ],
    volumes: [{ path: "/var/lib/rabbitmq" }],
    writers: "one",
    shutdown: terminates("https://www.rabbitmq.com/docs/cli", "closes connections and stores its queues"),
    life: [httpCheck("rabbitmq-diagnostics", "https://www.rabbitmq.com/docs/monitoring#health-checks")],
  },
  {
    name: "bitnami-rabbitmq",
    title: "RabbitMQ (Bitnami)",
    repositories: ["bitnami/rabbitmq", "bitnamilegacy/rabbitmq"],
    keepsState: "always",
    commands: { servers: ["rabbitmq-server"], tools: ["rabbitmqctl", "rabbitmqadmin"] },
    dataPaths: [
      {
        path: "/bitnami/rabbitmq/mnesia",
        movedBy: [{ environment: "RABBITMQ_MNESIA_BASE" }, { environment: "RABBITMQ_MNESIA_DIR" }],
        namedAfterHost: {
          byDefault: "rabbit@localhost",
          variable: "RABBITMQ_NODE_NAME",
          longNames: "RABBITMQ_USE_LONGNAME",
          unless: "RABBITMQ_MNESIA_DIR",
        },
        source: bitnami("rabbitmq"),
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://www.rabbitmq.com/docs/cli", "closes connections and stores its queues"),
    life: [httpCheck("rabbitmq-diagnostics", "https://www.rabbitmq.com/docs/monitoring#health-checks")],
  },
  {
    name: "nats",
    title: "NATS",
    repositories: ["nats", "library/nats"],
    keepsState: {
      withArgument: ["js", "jetstream", "sd", "store_dir"].flatMap((flag) => [`-${flag}`, `--${flag}`]),
      withSetting: "jetstream",
    },
    dataPaths: [
      {
        path: "/tmp/nats/jetstream",
        movedBy: [
          { argument: "--store_dir" },
          { argument: "-store_dir" },
          { argument: "-sd" },
          { argument: "--sd" },
          { setting: "store_dir", always: true },
        ],
        source: "https://docs.nats.io/running-a-nats-service/introduction/flags",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates(
      "https://docs.nats.io/running-a-nats-service/nats_admin/signals",
      "stops after storing its streams; SIGUSR2 also drains its clients",
    ),
    life: [httpCheck("healthz", "https://docs.nats.io/running-a-nats-service/nats_admin/monitoring")],
  },
  {
    name: "apache-kafka",
    title: "Apache Kafka",
    repositories: ["apache/kafka", "apache/kafka-native"],
    keepsState: "always",
    commands: kafkaCommands,
    dataPaths: [
      {
        path: "/tmp/kraft-combined-logs",
        movedBy: [{ environment: "KAFKA_LOG_DIRS" }, { environment: "KAFKA_LOG_DIR" }],
        source: "https://github.com/apache/kafka/blob/trunk/docker/examples/README.md",
      },
    ],
    volumes: [{ path: "/etc/kafka/secrets" }, { path: "/var/lib/kafka/data" }, { path: "/mnt/shared/config" }],
    writers: "one",
    shutdown: terminates(
      "https://kafka.apache.org/documentation/#basic_ops_restarting",
      "syncs its logs and hands over its partitions",
    ),
    life: [httpCheck("kafka-broker-api-versions", "https://kafka.apache.org/documentation/")],
  },
  {
    name: "confluent-kafka",
    title: "Confluent Kafka",
    repositories: ["confluentinc/cp-kafka", "confluentinc/cp-server", "confluentinc/confluent-local"],
    keepsState: "always",
    commands: kafkaCommands,
    dataPaths: [
      {
        path: "/var/lib/kafka/data",
        movedBy: [{ environment: "KAFKA_LOG_DIRS" }],
        source: "https://docs.confluent.io/platform/current/installation/docker/operations/external-volumes.html",
      },
    ],
    volumes: [{ path: "/var/lib/kafka/data" }, { path: "/etc/kafka/secrets" }],
    writers: "one",
    shutdown: terminates(
      "https://kafka.apache.org/documentation/#basic_ops_restarting",
      "syncs its logs and hands over its partitions",
    ),
    life: [httpCheck("kafka-broker-api-versions", "https://kafka.apache.org/documentation/")],
  },
  {
    name: "bitnami-kafka",
    title: "Kafka (Bitnami)",
    repositories: ["bitnami/kafka", "bitnamilegacy/kafka", "kafka"],
    keepsState: "always",
    commands: kafkaCommands,
    dataPaths: [
      {
        path: "/bitnami/kafka/data",
        alsoAt: ["/bitnami", "/var/lib/kafka", "/var/lib/kafka/data", "/kafka", "/kafka/kafka-logs"],
        movedBy: [
          { environment: "KAFKA_CFG_LOG_DIRS" },
          { environment: "KAFKA_CFG_LOG_DIR" },
          { environment: "KAFKA_LOG_DIRS" },
        ],
        source: bitnami("kafka"),
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates(
      "https://kafka.apache.org/documentation/#basic_ops_restarting",
      "syncs its logs and hands over its partitions",
    ),
    life: [httpCheck("kafka-broker-api-versions", "https://kafka.apache.org/documentation/")],
  },
  {
    name: "zookeeper",
    title: "ZooKeeper",
    repositories: ["zookeeper", "library/zookeeper"],
    keepsState: "always",
    dataPaths: [
      { path: "/data", movedBy: [{ environment: "ZOO_DATA_DIR" }], source: hub("zookeeper") },
      { path: "/datalog", movedBy: [{ environment: "ZOO_DATA_LOG_DIR" }], source: hub("zookeeper") },
    ],
    volumes: [{ path: "/data" }, { path: "/datalog" }, { path: "/logs" }],
    writers: "one",
    shutdown: terminates("https://zookeeper.apache.org/doc/current/zookeeperAdmin.html"),
    life: [
      {
        command: "ruok",
        failsWhileLoading: false,
        source: "https://zookeeper.apache.org/doc/current/zookeeperAdmin.html",
      },
    ],
  },
  {
    name: "confluent-zookeeper",
    title: "Confluent ZooKeeper",
    repositories: ["confluentinc/cp-zookeeper", "bitnami/zookeeper", "bitnamilegacy/zookeeper"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/var/lib/zookeeper/data",
        alsoAt: ["/bitnami/zookeeper"],
        movedBy: [],
        source: "https://docs.confluent.io/platform/7.9/installation/docker/operations/external-volumes.html",
      },
      {
        path: "/var/lib/zookeeper/log",
        alsoAt: ["/bitnami/zookeeper"],
        movedBy: [],
        source: "https://docs.confluent.io/platform/7.9/installation/docker/operations/external-volumes.html",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://zookeeper.apache.org/doc/current/zookeeperAdmin.html"),
    life: [
      {
        command: "ruok",
        failsWhileLoading: false,
        source: "https://zookeeper.apache.org/doc/current/zookeeperAdmin.html",
      },
    ],
  },
  {
    name: "etcd",
    title: "etcd",
    repositories: ["etcd", "coreos/etcd", "etcd-development/etcd", "bitnami/etcd", "bitnamilegacy/etcd"],
    keepsState: "always",
    commands: { servers: ["etcd"], tools: ["etcdctl", "etcdutl"] },
    dataPaths: [
      {
        path: "/default.etcd",
        alsoAt: ["/bitnami/etcd", "/bitnami/etcd/data", "/var/lib/etcd"],
        movedBy: [{ argument: "--data-dir" }, { argument: "-data-dir" }, { environment: "ETCD_DATA_DIR" }],
        source: "https://etcd.io/docs/latest/op-guide/configuration/",
      },
    ],
    volumes: [],
    writers: "one",
    survivesKill: true,
    shutdown: terminates(
      "https://etcd.io/docs/latest/op-guide/runtime-configuration/",
      "syncs its write-ahead log and closes its store",
    ),
    life: [httpCheck("etcdctl endpoint health", "https://etcd.io/docs/latest/op-guide/monitoring/")],
  },
  {
    name: "consul",
    title: "Consul",
    repositories: ["consul", "library/consul", "hashicorp/consul", "bitnami/consul"],
    keepsState: "always",
    commands: {
      // An agent that is no server keeps its own id, and nothing else.
      servers: ["-server", "--server", "-bootstrap", "-bootstrap-expect", "-dev", "-config-dir", "-config-file"],
      tools: ["agent", "kv", "members", "acl", "watch", "snapshot"],
    },
    dataPaths: [
      {
        path: "/consul/data",
        alsoAt: ["/bitnami/consul"],
        movedBy: [{ argument: "-data-dir" }, { argument: "--data-dir" }],
        source: hub("hashicorp/consul"),
      },
    ],
    volumes: [{ path: "/consul/data" }],
    writers: "one",
    shutdown: terminates(
      "https://developer.hashicorp.com/consul/docs/agent",
      "leaves or stops after storing its Raft log",
    ),
    life: [httpCheck("consul members", "https://developer.hashicorp.com/consul/commands/members")],
  },
  {
    name: "vault",
    title: "Vault",
    repositories: ["vault", "library/vault", "hashicorp/vault", "openbao/openbao"],
    keepsState: "always",
    commands: { servers: ["server"], tools: ["operator", "agent", "proxy", "login", "kv", "status"] },
    stateElsewhere: { configuration: '(?:storage|backend)["\\s:={]*"(?!(?:raft|file)")\\w+"' },
    dataPaths: [
      {
        path: "/vault/file",
        alsoAt: ["/vault/data", "/vault/raft", "/vault", "/openbao/file", "/openbao/data"],
        movedBy: [{ setting: "path", within: ["raft", "file"], always: true }],
        source: hub("hashicorp/vault"),
      },
    ],
    volumes: [{ path: "/vault/file" }, { path: "/vault/logs" }],
    writers: "one",
    shutdown: terminates("https://developer.hashicorp.com/vault/docs/concepts/seal", "seals itself and stops"),
    life: [httpCheck("vault status", "https://developer.hashicorp.com/vault/docs/commands/status")],
  },
  {
    name: "minio",
    title: "MinIO",
    repositories: ["minio/minio", "minio", "bitnami/minio", "bitnamilegacy/minio"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/data",
        alsoAt: ["/bitnami/minio/data", "/export"],
        movedBy: [
          { wordsAfter: "server", flags: ["--quiet", "--json", "--anonymous", "--compat"] },
          { environment: "MINIO_VOLUMES" },
        ],
        source: "https://min.io/docs/minio/container/index.html",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://min.io/docs/minio/container/index.html", "finishes requests and stops"),
    life: [
      httpCheck("minio/health/live", "https://min.io/docs/minio/linux/operations/monitoring/healthcheck-probe.html"),
    ],
    authentication: offUnless(
      ["MINIO_ROOT_USER", "MINIO_ACCESS_KEY", "MINIO_ROOT_PASSWORD"],
      "https://min.io/docs/minio/linux/reference/minio-server/settings/root-credentials.html",
    ),
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
    shutdown: terminates("https://docs.influxdata.com/influxdb/v2/"),
    life: [httpCheck("influx ping", "https://docs.influxdata.com/influxdb/v2/reference/cli/influx/ping/")],
  },
  {
    name: "prometheus",
    title: "Prometheus",
    repositories: ["prom/prometheus", "prometheus", "prometheus/prometheus"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/prometheus",
        movedBy: [{ argument: "--storage.tsdb.path" }],
        source: "https://prometheus.io/docs/prometheus/latest/installation/",
      },
    ],
    volumes: [{ path: "/prometheus" }],
    writers: "one",
    shutdown: terminates(
      "https://prometheus.io/docs/prometheus/latest/storage/",
      "writes its head block and closes its store",
    ),
    life: [
      {
        command: "-/healthy",
        failsWhileLoading: false,
        source: "https://prometheus.io/docs/prometheus/latest/management_api/",
      },
    ],
  },
  {
    name: "grafana",
    title: "Grafana",
    repositories: ["grafana/grafana", "grafana/grafana-oss", "grafana/grafana-enterprise", "grafana"],
    keepsState: "always",
    stateElsewhere: grafanaDatabase,
    dataPaths: [
      {
        path: "/var/lib/grafana",
        movedBy: [{ environment: "GF_PATHS_DATA" }],
        source: "https://grafana.com/docs/grafana/latest/setup-grafana/configure-docker/",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://grafana.com/docs/grafana/latest/setup-grafana/start-restart-grafana/"),
    life: [httpCheck("api/health", "https://grafana.com/docs/grafana/latest/developers/http_api/other/")],
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
    shutdown: terminates("https://clickhouse.com/docs/operations/settings/settings#shutdown_wait_unfinished"),
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
    shutdown: terminates(
      "https://cassandra.apache.org/doc/latest/cassandra/managing/tools/nodetool/drain.html",
      "syncs its commit log and stops; `nodetool drain` flushes first",
    ),
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
    shutdown: terminates(
      "https://opensource.docs.scylladb.com/stable/operating-scylla/procedures/tips/best-practices-scylla-on-docker.html",
    ),
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
    shutdown: terminates(
      "https://neo4j.com/docs/operations-manual/current/docker/",
      "writes a checkpoint; its guide asks for a grace period of 120 s",
    ),
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
    shutdown: terminates("https://docs.couchdb.org/en/stable/"),
    life: [httpCheck("_up", "https://docs.couchdb.org/en/stable/api/server/common.html#up")],
  },
  {
    name: "meilisearch",
    title: "Meilisearch",
    repositories: ["getmeili/meilisearch", "meilisearch"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/meili_data",
        alsoAt: ["/meili_data/data.ms", "/data.ms"],
        movedBy: [{ environment: "MEILI_DB_PATH" }, { argument: "--db-path" }],
        source: "https://www.meilisearch.com/docs/guides/docker",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://www.meilisearch.com/docs/guides/docker"),
    life: [httpCheck("/health", "https://www.meilisearch.com/docs/reference/api/health")],
    authentication: offUnless(["MEILI_MASTER_KEY"], "https://www.meilisearch.com/docs/learn/security/basic_security", [
      "--master-key",
    ]),
  },
  {
    name: "qdrant",
    title: "Qdrant",
    repositories: ["qdrant/qdrant", "qdrant"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/qdrant/storage",
        alsoAt: ["/qdrant"],
        movedBy: [{ environment: "QDRANT__STORAGE__STORAGE_PATH" }],
        source: "https://qdrant.tech/documentation/guides/installation/",
      },
    ],
    volumes: [],
    writers: "one",
    shutdown: terminates("https://qdrant.tech/documentation/guides/installation/"),
    life: [httpCheck("/readyz", "https://qdrant.tech/documentation/guides/monitoring/")],
    authentication: {
      ...offUnless(["QDRANT__SERVICE__API_KEY"], "https://qdrant.tech/documentation/guides/security/"),
      onBySetting: ["api_key"],
    },
  },
  {
    name: "gitea",
    title: "Gitea and Forgejo",
    repositories: ["gitea/gitea", "gitea", "forgejo/forgejo"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/data",
        alsoAt: ["/var/lib/gitea"],
        movedBy: [{ environment: "GITEA_WORK_DIR" }],
        source: "https://docs.gitea.com/installation/install-with-docker",
      },
    ],
    volumes: [{ path: "/data" }],
    writers: "one",
    shutdown: terminates("https://docs.gitea.com/installation/install-with-docker"),
    life: [httpCheck("api/healthz", "https://docs.gitea.com/administration/config-cheat-sheet")],
  },
  {
    name: "nextcloud",
    title: "Nextcloud",
    repositories: ["nextcloud", "library/nextcloud"],
    keepsState: "always",
    dataPaths: [{ path: "/var/www/html", alsoAt: ["/var/www/html/data"], movedBy: [], source: hub("nextcloud") }],
    volumes: [{ path: "/var/www/html" }],
    writers: "many",
    shutdown: {
      signal: "SIGWINCH",
      does: "finishes requests and stops (Apache)",
      source: "https://httpd.apache.org/docs/2.4/stopping.html",
    },
    life: [httpCheck("status.php", "https://docs.nextcloud.com/server/latest/admin_manual/")],
  },
  {
    name: "wordpress",
    title: "WordPress",
    repositories: ["wordpress", "library/wordpress", "bitnami/wordpress", "bitnamilegacy/wordpress"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/var/www/html",
        alsoAt: ["/var/www/html/wp-content", "/bitnami/wordpress", "/bitnami"],
        movedBy: [],
        source: hub("wordpress"),
      },
    ],
    volumes: [{ path: "/var/www/html" }],
    writers: "many",
    shutdown: {
      signal: "SIGWINCH",
      does: "finishes requests and stops (Apache)",
      source: "https://httpd.apache.org/docs/2.4/stopping.html",
    },
    life: [httpCheck("wp-login.php", "https://developer.wordpress.org/advanced-administration/")],
  },
  {
    name: "vaultwarden",
    title: "Vaultwarden",
    repositories: ["vaultwarden/server", "vaultwarden", "dani-garcia/vaultwarden"],
    keepsState: "always",
    dataPaths: [
      {
        path: "/data",
        movedBy: [{ environment: "DATA_FOLDER" }],
        source: "https://github.com/dani-garcia/vaultwarden/wiki/Starting-a-Container",
      },
    ],
    volumes: [{ path: "/data" }],
    writers: "one",
    shutdown: terminates("https://github.com/dani-garcia/vaultwarden/wiki"),
    life: [httpCheck("/alive", "https://github.com/dani-garcia/vaultwarden/blob/main/docker/healthcheck.sh")],
    hasHealthCheck: true,
  },
  {
    name: "registry",
    title: "Docker Registry",
    repositories: ["registry", "library/registry", "distribution/distribution"],
    keepsState: "always",
    stateElsewhere: {
      variables: {
        REGISTRY_STORAGE: "^(?:s3|gcs|azure|swift|oss)",
        REGISTRY_STORAGE_S3_BUCKET: ".",
        REGISTRY_STORAGE_GCS_BUCKET: ".",
        REGISTRY_STORAGE_AZURE_CONTAINER: ".",
      },
    },
    dataPaths: [
      {
        path: "/var/lib/registry",
        movedBy: [{ environment: "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY" }],
        source: "https://distribution.github.io/distribution/about/deploying/",
      },
    ],
    volumes: [{ path: "/var/lib/registry" }],
    writers: "many",
    shutdown: terminates("https://distribution.github.io/distribution/about/deploying/"),
    life: [],
  },
  ...bitnamiImages,
  stateless("memcached", "Memcached", ["memcached", "library/memcached", "bitnami/memcached"], hub("memcached")),
  stateless("nginx", "nginx", ["nginx", "library/nginx", "nginxinc/nginx-unprivileged", "bitnami/nginx"], hub("nginx")),
  stateless("httpd", "Apache httpd", ["httpd", "library/httpd"], hub("httpd")),
  stateless("haproxy", "HAProxy", ["haproxy", "library/haproxy", "haproxytech/haproxy-alpine"], hub("haproxy")),
];

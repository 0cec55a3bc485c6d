import type { LifeFact } from "../catalogue-entry.ts";
import { bitnami, readyCheck, hub, statefulImages } from "./facts.ts";

const kafkaTools = ["kafka-topics", "kafka-configs", "kafka-acls", "kafka-console-producer", "kafka-console-consumer"];

/** What all images of Kafka have in common. */
const kafka = {
  commands: {
    servers: ["kafka-server-start", "kafka-server-start.sh", "run", "run.sh"],
    tools: [...kafkaTools, ...kafkaTools.map((tool) => `${tool}.sh`)],
  },
  life: [readyCheck("kafka-broker-api-versions", "https://kafka.apache.org/documentation/")],
};

const rabbitmq = {
  commands: { servers: ["rabbitmq-server"], tools: ["rabbitmqctl", "rabbitmqadmin"] },
  life: [readyCheck("rabbitmq-diagnostics", "https://www.rabbitmq.com/docs/monitoring#health-checks")],
};

const zookeeperLife: LifeFact[] = [
  { command: "ruok", failsWhileLoading: false, source: "https://zookeeper.apache.org/doc/current/zookeeperAdmin.html" },
];

/** Queues, and their coordination services. */
export const queueImages = statefulImages([
  {
    name: "rabbitmq",
    title: "RabbitMQ",
    repositories: ["rabbitmq", "library/rabbitmq"],
    ...rabbitmq,
    dataVolume: {
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
  },
  {
    name: "bitnami-rabbitmq",
    title: "RabbitMQ (Bitnami)",
    repositories: ["bitnami/rabbitmq", "bitnamilegacy/rabbitmq"],
    ...rabbitmq,
    dataPath: {
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
  },
  {
    name: "nats",
    title: "NATS",
    repositories: ["nats", "library/nats"],
    keepsState: {
      withArgument: ["js", "jetstream", "sd", "store_dir"].flatMap((flag) => [`-${flag}`, `--${flag}`]),
      withSetting: "jetstream",
    },
    dataPath: {
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
    life: [readyCheck("healthz", "https://docs.nats.io/running-a-nats-service/nats_admin/monitoring")],
  },
  {
    name: "apache-kafka",
    title: "Apache Kafka",
    repositories: ["apache/kafka", "apache/kafka-native"],
    ...kafka,
    dataPath: {
      path: "/tmp/kraft-combined-logs",
      movedBy: [{ environment: "KAFKA_LOG_DIRS" }, { environment: "KAFKA_LOG_DIR" }],
      source: "https://github.com/apache/kafka/blob/trunk/docker/examples/README.md",
    },
    volumes: [{ path: "/etc/kafka/secrets" }, { path: "/var/lib/kafka/data" }, { path: "/mnt/shared/config" }],
  },
  {
    name: "confluent-kafka",
    title: "Confluent Kafka",
    repositories: ["confluentinc/cp-kafka", "confluentinc/cp-server", "confluentinc/confluent-local"],
    ...kafka,
    dataPath: {
      path: "/var/lib/kafka/data",
      movedBy: [{ environment: "KAFKA_LOG_DIRS" }],
      source: "https://docs.confluent.io/platform/current/installation/docker/operations/external-volumes.html",
    },
    volumes: [{ path: "/var/lib/kafka/data" }, { path: "/etc/kafka/secrets" }],
  },
  {
    name: "bitnami-kafka",
    title: "Kafka (Bitnami)",
    repositories: ["bitnami/kafka", "bitnamilegacy/kafka", "kafka"],
    ...kafka,
    dataPath: {
      path: "/bitnami/kafka/data",
      alsoAt: ["/bitnami", "/var/lib/kafka", "/var/lib/kafka/data", "/kafka", "/kafka/kafka-logs"],
      movedBy: [
        { environment: "KAFKA_CFG_LOG_DIRS" },
        { environment: "KAFKA_CFG_LOG_DIR" },
        { environment: "KAFKA_LOG_DIRS" },
      ],
      source: bitnami("kafka"),
    },
  },
  {
    name: "zookeeper",
    title: "ZooKeeper",
    repositories: ["zookeeper", "library/zookeeper"],
    dataPaths: [
      { path: "/data", movedBy: [{ environment: "ZOO_DATA_DIR" }], source: hub("zookeeper") },
      { path: "/datalog", movedBy: [{ environment: "ZOO_DATA_LOG_DIR" }], source: hub("zookeeper") },
    ],
    volumes: [{ path: "/data" }, { path: "/datalog" }, { path: "/logs" }],
    life: zookeeperLife,
  },
  {
    name: "confluent-zookeeper",
    title: "Confluent ZooKeeper",
    repositories: ["confluentinc/cp-zookeeper", "bitnami/zookeeper", "bitnamilegacy/zookeeper"],
    dataPaths: ["data", "log"].map((folder) => ({
      path: `/var/lib/zookeeper/${folder}`,
      alsoAt: ["/bitnami/zookeeper"],
      movedBy: [],
      source: "https://docs.confluent.io/platform/7.9/installation/docker/operations/external-volumes.html",
    })),
    life: zookeeperLife,
  },
]);

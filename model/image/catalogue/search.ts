import { bitnamiImage, readyCheck, offUnless, onUnless, statefulImages } from "./facts.ts";

/** Search engines. */
export const searchImages = statefulImages([
  {
    name: "elasticsearch",
    title: "Elasticsearch",
    repositories: ["elasticsearch", "library/elasticsearch", "elasticsearch/elasticsearch"],
    commands: {
      servers: ["elasticsearch", "eswrapper"],
      tools: ["elasticsearch-certutil", "elasticsearch-reset-password", "curl"],
    },
    dataPath: {
      path: "/usr/share/elasticsearch/data",
      movedBy: [{ environment: "path.data" }],
      source: "https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-prod",
    },
    life: [
      readyCheck(
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
    dataPath: {
      path: "/usr/share/opensearch/data",
      movedBy: [{ environment: "path.data" }],
      source: "https://docs.opensearch.org/latest/install-and-configure/install-opensearch/docker/",
    },
    life: [
      readyCheck("_cluster/health", "https://docs.opensearch.org/latest/api-reference/cluster-api/cluster-health/"),
    ],
    authentication: onUnless(
      { "plugins.security.disabled": ["true"], DISABLE_SECURITY_PLUGIN: ["true"] },
      "https://docs.opensearch.org/latest/security/configuration/disable-enable-security/",
    ),
  },
  {
    name: "meilisearch",
    title: "Meilisearch",
    repositories: ["getmeili/meilisearch", "meilisearch"],
    dataPath: {
      path: "/meili_data",
      alsoAt: ["/meili_data/data.ms", "/data.ms"],
      movedBy: [{ environment: "MEILI_DB_PATH" }, { argument: "--db-path" }],
      source: "https://www.meilisearch.com/docs/guides/docker",
    },
    life: [readyCheck("/health", "https://www.meilisearch.com/docs/reference/api/health")],
    authentication: offUnless(["MEILI_MASTER_KEY"], "https://www.meilisearch.com/docs/learn/security/basic_security", [
      "--master-key",
    ]),
  },
  {
    name: "qdrant",
    title: "Qdrant",
    repositories: ["qdrant/qdrant", "qdrant"],
    dataPath: {
      path: "/qdrant/storage",
      alsoAt: ["/qdrant"],
      movedBy: [{ environment: "QDRANT__STORAGE__STORAGE_PATH" }],
      source: "https://qdrant.tech/documentation/guides/installation/",
    },
    life: [readyCheck("/readyz", "https://qdrant.tech/documentation/guides/monitoring/")],
    authentication: {
      ...offUnless(["QDRANT__SERVICE__API_KEY"], "https://qdrant.tech/documentation/guides/security/"),
      onBySetting: ["api_key"],
    },
  },
  bitnamiImage("elasticsearch", "Elasticsearch", "/bitnami/elasticsearch/data"),
  bitnamiImage("opensearch", "OpenSearch", "/bitnami/opensearch/data"),
]);

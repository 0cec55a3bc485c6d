import { readyCheck, hub, statefulImages } from "./facts.ts";

/** Coordination services: consistent stores of settings and secrets. */
export const coordinationImages = statefulImages([
  {
    name: "etcd",
    title: "etcd",
    repositories: ["etcd", "coreos/etcd", "etcd-development/etcd", "bitnami/etcd", "bitnamilegacy/etcd"],
    commands: { servers: ["etcd"], tools: ["etcdctl", "etcdutl"] },
    dataPath: {
      path: "/default.etcd",
      alsoAt: ["/bitnami/etcd", "/bitnami/etcd/data", "/var/lib/etcd"],
      movedBy: [{ argument: "--data-dir" }, { argument: "-data-dir" }, { environment: "ETCD_DATA_DIR" }],
      source: "https://etcd.io/docs/latest/op-guide/configuration/",
    },
    survivesKill: true,
    life: [readyCheck("etcdctl endpoint health", "https://etcd.io/docs/latest/op-guide/monitoring/")],
  },
  {
    name: "consul",
    title: "Consul",
    repositories: ["consul", "library/consul", "hashicorp/consul", "bitnami/consul"],
    commands: {
      // An agent that is not a server keeps only its own id.
      servers: ["-server", "--server", "-bootstrap", "-bootstrap-expect", "-dev", "-config-dir", "-config-file"],
      tools: ["agent", "kv", "members", "acl", "watch", "snapshot"],
    },
    dataVolume: {
      path: "/consul/data",
      alsoAt: ["/bitnami/consul"],
      movedBy: [{ argument: "-data-dir" }, { argument: "--data-dir" }],
      source: hub("hashicorp/consul"),
    },
    life: [readyCheck("consul members", "https://developer.hashicorp.com/consul/commands/members")],
  },
  {
    name: "vault",
    title: "Vault",
    repositories: ["vault", "library/vault", "hashicorp/vault", "openbao/openbao"],
    commands: { servers: ["server"], tools: ["operator", "agent", "proxy", "login", "kv", "status"] },
    stateElsewhere: { configuration: '(?:storage|backend)["\\s:={]*"(?!(?:raft|file)")\\w+"' },
    dataPath: {
      path: "/vault/file",
      alsoAt: ["/vault/data", "/vault/raft", "/vault", "/openbao/file", "/openbao/data"],
      movedBy: [{ setting: "path", within: ["raft", "file"], always: true }],
      source: hub("hashicorp/vault"),
    },
    volumes: [{ path: "/vault/file" }, { path: "/vault/logs" }],
    life: [readyCheck("vault status", "https://developer.hashicorp.com/vault/docs/commands/status")],
  },
]);

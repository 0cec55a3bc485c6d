import { randomUUID } from "node:crypto";
import type { GivenRedis, StoreArguments } from "../components/changes/changes.ts";

/** What failing changes need that works, and that does not. */
export interface FailingMaterial {
  /** The registry that has the store's image. */
  readonly registryAddress: string;
  /** An image by digest whose server is another program. */
  readonly otherServerImage: string;
  /** An image by digest whose server ends at once. */
  readonly endingServerImage: string;
  /** An image by digest whose server never answers. */
  readonly silentServerImage: string;
  /** A host port that another service publishes. */
  readonly takenPort: number;
  /** A host port that a process outside of Docker listens on. */
  readonly foreignPort: number;
  /** The name of a service that is not this stack's. */
  readonly takenServiceName: string;
  /** A private key that belongs to no certificate of the store. */
  readonly otherKey: string;
}

/** A change that cannot work. */
export interface FailingChange {
  readonly kind: string;
  readonly change: (given: StoreArguments) => StoreArguments;
  /** When the command that applies it is killed, in milliseconds after its start; it may also fail by itself before. */
  readonly killedAfterMs?: number;
  /** How it is killed: Ctrl-C twice lets the engine stop, a kill does not. */
  readonly killedBy?: "SIGKILL" | "SIGINT twice";
  /** Whether the change itself would work, so that only the kill makes it fail. */
  readonly wouldWork?: boolean;
}

/** At least thirty ways in which a change goes wrong. */
export function failingChanges(material: FailingMaterial): readonly FailingChange[] {
  const missing = `sha256:${"0".repeat(64)}`;
  return [
    // What the server refuses to start with.
    setting("a directive that Redis does not know", { "no-such-directive": "1" }),
    setting("a word where a number is meant", { hz: "often" }),
    setting("a policy that there is none of", { "maxmemory-policy": "whatever" }),
    setting("a module that is not there", { loadmodule: "/usr/lib/no-such-module.so" }),
    setting("a file of settings that is not there", { include: "/etc/no-such-file.conf" }),
    setting("a socket in a folder that is not there", { unixsocket: "/no/such/folder/redis.sock" }),
    setting("a protocol that there is none of", { "tls-protocols": "SSLv9" }),
    setting("a locale that there is none of", { "locale-collate": "no_SUCH" }),
    setting("a log file in a folder that is not there", { logfile: "/no/such/folder/redis.log" }),
    change("another store's identity", (given) => ({ ...given, identity: "another/store" })),
    redis("an image of another server", { image: material.otherServerImage }),
    redis("an image whose server ends at once", { image: material.endingServerImage }),
    redis("a key that does not belong to the certificate", ({ tls }) => ({ tls: { ...tls, key: material.otherKey } })),
    redis("a certificate that is none", ({ tls }) => ({ tls: { ...tls, certificate: "not a certificate\n" } })),
    redis("authorities that are none", ({ tls }) => ({ tls: { ...tls, authority: "not a certificate\n" } })),
    // What no node can give.
    redis("a memory limit above the node's memory", { memoryLimit: "900G" }),
    redis("a memory limit below what Redis takes", { memoryLimit: "2M" }),
    redis("more processors reserved than there are", { cpuReservation: 500 }),
    redis("a limit of processors that Docker refuses", { cpuLimit: 500 }),
    redis("a node that is not there", { constraints: ["node.hostname==nowhere"] }),
    redis("a role that no node has", { constraints: ["node.role==worker"] }),
    redis("a label that no node has", { constraints: ["node.labels.disk==fast"] }),
    change("a pin to a node that is not there", (given) => ({ ...given, node: "nowhere" })),
    redis("a port of another service", { publishedPort: material.takenPort }),
    redis("a port of a process outside of Docker", { publishedPort: material.foreignPort }),
    redis("the name of another service", { serviceName: material.takenServiceName }),
    // What cannot be fetched or made.
    redis("an image that the registry does not have", { image: `${material.registryAddress}/redis:7@${missing}` }),
    redis("an image of a registry that is not there", { image: `${material.registryAddress}1/redis:7@${missing}` }),
    redis("a log driver that there is none of", { logDriver: { name: "no-such-driver" } }),
    redis("an option that the log driver refuses", {
      logDriver: { name: "json-file", options: { "max-size": "plenty" } },
    }),
    redis("an empty password", { password: "" }),
    redis(
      "an image whose server never answers, ended after 15 s",
      {
        image: material.silentServerImage,
      },
      { killedAfterMs: 15_000, killedBy: "SIGINT twice" },
    ),
    // What is interrupted: what would have worked, and what would not.
    ...[300, 900, 1500, 2500, 4000].map((killedAfterMs) =>
      redis(`a good change, killed after ${killedAfterMs} ms`, (given) => ({ memoryLimit: otherLimit(given) }), {
        killedAfterMs,
        killedBy: "SIGKILL",
        wouldWork: true,
      }),
    ),
    ...[1500, 3000, 5000].map((killedAfterMs) =>
      redis(
        `a bad setting, killed after ${killedAfterMs} ms`,
        { settings: { hz: "often", "maxmemory-clients": "5%" } },
        { killedAfterMs, killedBy: "SIGKILL" },
      ),
    ),
    ...[1500, 3000].map((killedAfterMs) =>
      redis(
        `a new password, ended by Ctrl-C twice after ${killedAfterMs} ms`,
        ({ password }) => ({ password: randomUUID(), previousPassword: password }),
        { killedAfterMs, killedBy: "SIGINT twice", wouldWork: true },
      ),
    ),
  ];
}

type RedisChange = Partial<GivenRedis> | ((given: GivenRedis) => Partial<GivenRedis>);
type Interruption = Omit<FailingChange, "kind" | "change">;

function change(kind: string, apply: FailingChange["change"], interruption: Interruption = {}): FailingChange {
  return { kind, change: apply, ...interruption };
}

function redis(kind: string, to: RedisChange, interruption: Interruption = {}): FailingChange {
  const apply = (given: StoreArguments) => ({
    ...given,
    redis: { ...given.redis, ...(typeof to === "function" ? to(given.redis) : to) },
  });
  return change(kind, apply, interruption);
}

function setting(kind: string, settings: Record<string, string>): FailingChange {
  return redis(kind, { settings });
}

function otherLimit({ memoryLimit }: GivenRedis): string {
  return memoryLimit === "192M" ? "256M" : "192M";
}

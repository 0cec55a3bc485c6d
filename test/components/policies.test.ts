import assert from "node:assert/strict";
import fc from "fast-check";
import {
  everyNode,
  ExistingVolume,
  HostPath,
  LocalVolume,
  NetworkVolume,
  PostgreSQL,
  Redis,
  RedisPersistence,
} from "../../components/index.ts";
import { redisSpec } from "../../components/redis-spec.ts";
import { serviceSpec } from "../../components/service-spec.ts";
import type { Finding } from "../../policies/finding.ts";
import { ProgramReview } from "../../policies/program-review.ts";
import { recordProgram } from "./program.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const common = { image: `redis:7@${digest}`, memoryLimit: "100M", password: "correct horse battery" };
const backup = "none: a test";
const pin = { hostname: "vm" };

/** What the policies say of a program, but for what nobody knows without a live swarm. */
async function findings(build: () => unknown): Promise<Finding[]> {
  const review = new ProgramReview({ today: "2026-11-23" });
  const resources = await recordProgram(build);
  return resources
    .flatMap(({ name, ...resource }) => review.add({ urn: `urn:pulumi:test::holdfast::${name}`, ...resource }))
    .filter(({ result }) => result === "fail");
}

describe("what the components build", () => {
  const keeping = [RedisPersistence.durable, RedisPersistence.balanced, RedisPersistence.snapshot] as const;
  const volumes = {
    local: () => new LocalVolume("data", { pin }),
    "local, a resource": () => new LocalVolume("data", { pin, createdBy: "provider" }),
    existing: () => new ExistingVolume("data", { on: pin }),
    network: () => new NetworkVolume("data", { server: "10.0.0.9", exportPath: "/srv" }),
  };

  // A network volume lets Swarm start a second writer when a node is cut off: its user is told.
  const told: Readonly<Record<string, readonly string[]>> = { network: ["SS306"] };

  for (const [kind, volume] of Object.entries(volumes)) {
    it(`passes every policy${told[kind] ? ` but ${told[kind].join()}` : ""}: Redis, ${kind} volume`, async () => {
      for (const persistence of keeping) {
        const found = await findings(
          () => new Redis("store", { ...common, backup, persistence, volume: volume(), publishedPort: 10000 }),
        );
        assert.deepEqual(
          found.map(({ rule }) => rule),
          told[kind] ?? [],
          persistence,
        );
      }
    });
  }

  it("passes every policy: Redis on a path that every node has", async () => {
    const shared = { reason: "GlusterFS on every node" };
    const found = await findings(() => {
      const volume = new HostPath("data", { hostPath: "/mnt/gluster", on: everyNode, shared });
      new Redis("store", { ...common, backup, volume });
    });
    assert.deepEqual(found, []);
  });

  it("passes every policy: Redis as a cache, and with TLS under another name", async () => {
    const tls = { certificate: "CERT", key: "KEY", authority: "CA" };
    const image = `example/key-value:1@${digest}`;
    assert.deepEqual(await findings(() => new Redis("store", { ...common, persistence: "cache" })), []);
    assert.deepEqual(
      await findings(
        () => new Redis("store", { ...common, image, backup, tls, volume: new LocalVolume("data", { pin }) }),
      ),
      [],
    );
  });

  it("passes every policy: PostgreSQL", async () => {
    for (const majorVersion of [17, 18]) {
      const image = `postgres:${majorVersion}@${digest}`;
      const found = await findings(() => {
        const volume = new LocalVolume("data", { pin });
        new PostgreSQL("orders", { ...common, image, majorVersion, backup, volume, publishedPort: 5432 });
      });
      assert.deepEqual(found, []);
    }
  });

  it("passes every policy: Redis of every size and profile", () => {
    const volume = { type: "volume", source: "store", identity: "volume store", pin } as const;
    const mebibytes = fc.integer({ min: 32, max: 4096 });
    fc.assert(
      fc.property(mebibytes, fc.constantFrom(...keeping), fc.boolean(), (limit, persistence, hasTls) => {
        const { service, configuration } = redisSpec(
          {
            persistence,
            hasTls,
            memoryLimit: `${limit}M`,
            identity: "a/b",
            firstStartUntil: undefined,
            settings: {},
            publishedPort: 10000,
            publishMode: "host",
          },
          "store",
        );
        const spec = serviceSpec(
          {
            ...service,
            backup,
            name: "store",
            image: common.image,
            data: [{ volume, path: "/data" }],
            fileTargets: [],
          },
          "store",
        );
        const { containerSpec } = spec.taskSpec;
        const configs = [{ configId: "1", configName: "conf", fileName: "/etc/holdfast/redis.conf" }];
        const review = new ProgramReview({ today: "2026-11-23" });
        const options = { protect: false, retainOnDelete: false };
        review.add({
          ...options,
          urn: "urn:conf",
          type: "docker:index/serviceConfig:ServiceConfig",
          inputs: { name: "conf", data: Buffer.from(configuration).toString("base64") },
        });
        const found = review.add({
          ...options,
          urn: "urn:store",
          type: "docker:index/service:Service",
          inputs: { ...spec, taskSpec: { ...spec.taskSpec, containerSpec: { ...containerSpec, configs } } },
        });
        assert.deepEqual(
          found.filter(({ result }) => result === "fail"),
          [],
        );
      }),
    );
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { RedisDefinition } from "../../../components/redis/redis-spec.ts";
import { Redis, type CacheRedisArgs, type KeepingRedisArgs } from "../../../components/redis/redis.ts";
import { LocalVolume } from "../../../components/volumes/local-volume.ts";
import { validRedis } from "../definitions.ts";
import { recordProgram, type RecordedResource } from "../program.ts";

const image = `redis:7@sha256:${"0123456789abcdef".repeat(4)}`;
const password = "correct horse battery";
const common = { image, memoryLimit: "100M", password };

function recordRedis(more: Omit<Partial<KeepingRedisArgs>, "volume"> = {}): Promise<RecordedResource[]> {
  return recordProgram(() => {
    const volume = new LocalVolume("data", { pin: { hostname: "vm" }, createdBy: "provider" });
    new Redis("store", { ...common, volume, ...more });
  });
}

describe("Redis", () => {
  it("makes children that are all parented, all prefixed, and protects exactly the data volume", async () => {
    const resources = await recordRedis();

    const children = resources.filter(({ type }) => type.startsWith("docker:"));
    assert.deepEqual(children.map(({ name }) => name).sort(), [
      "data-volume",
      "store-configuration",
      "store-health",
      "store-network",
      "store-service",
      "store-start",
      "store-users",
    ]);
    for (const { name, parent } of children) assert.ok(parent !== "" && name.startsWith(`${parent}-`), name);
    const kept = resources.filter(({ protect, retainOnDelete }) => protect || retainOnDelete);
    assert.deepEqual(
      kept.map(({ name, protect, retainOnDelete }) => ({ name, protect, retainOnDelete })),
      [{ name: "data-volume", protect: true, retainOnDelete: true }],
    );
  });

  it("names the service alone; of a configuration a label tells the content", async () => {
    const resources = await recordRedis({ serviceName: "stateful" });
    const names = resources.flatMap(({ name, inputs }) => (inputs["name"] === undefined ? [] : [name]));
    assert.deepEqual(names.sort(), ["data-volume", "store-service"]);
    const digest = (of: typeof resources) => {
      const inputs = of.find(({ name }) => name === "store-configuration")?.inputs;
      return JSON.stringify(inputs?.["labels"]);
    };
    assert.match(digest(resources), /\{"label":"holdfast.sha256","value":"[0-9a-f]{64}"\}\]$/u);
    assert.equal(digest(await recordRedis({ serviceName: "another" })), digest(resources));
    assert.notEqual(digest(await recordRedis({ memoryLimit: "200M" })), digest(resources));
  });

  it("gives up every privilege that it does not need", async () => {
    const container = containerOf(await recordRedis());
    assert.deepEqual(
      [container["user"], container["capDrops"], container["readOnly"], container["env"]],
      ["999:999", ["ALL"], true, { HOLDFAST_SERVICE: "{{.Service.ID}}" }],
    );
  });

  it("shows its password nowhere but in secrets, and there as a hash", async () => {
    const text = JSON.stringify(await recordRedis({ previousPassword: "an older password", operationsPassword: "op" }));
    assert.ok(!text.includes(password));
    assert.ok(!text.includes(Buffer.from(password).toString("base64").slice(0, 24)));
  });

  it("lets two passwords in while one replaces the other", async () => {
    const hashes = async (more: Omit<Partial<KeepingRedisArgs>, "volume">) => {
      const file = contentOf(await recordRedis(more), "store-users");
      return file.match(/#/gu)?.length;
    };
    assert.equal(await hashes({}), 2); // Of the application and of the health check.
    assert.equal(await hashes({ previousPassword: "an older password" }), 3);
    assert.equal(await hashes({ operationsPassword: "op" }), 3);
    assert.equal(await hashes({ operationsPassword: "op", previousOperationsPassword: "an older op" }), 4);
  });

  it("speaks TLS only, and checks its health so, with certificates", async () => {
    const resources = await recordRedis({ tls: { certificate: "CERT", key: "KEY", authority: "CA" } });
    assert.equal(contentOf(resources, "store-key"), "KEY");
    assert.match(contentOf(resources, "store-configuration"), /^port 0$/mu);
    const container = containerOf(resources);
    assert.match(JSON.stringify(container["healthcheck"]), /--tls --cacert \/etc\/holdfast\/ca\.crt/u);
    const secrets = container["secrets"] as { fileName: string; fileMode: number }[];
    assert.deepEqual(secrets.find(({ fileName }) => fileName.endsWith("tls.key"))?.fileMode, 0o400);
  });

  it("guards its volume under the name of its store", async () => {
    const script = contentOf(await recordRedis(), "store-start");
    assert.match(script, /^identity='holdfast\/test\/store'$/mu);
    assert.match(contentOf(await recordRedis({ identity: "shop/redis" }), "store-start"), /^identity='shop\/redis'$/mu);
    // A request for a first start is a label, so that it restarts no task.
    assert.equal(contentOf(await recordRedis({ firstStartUntil: "2026-11-23T12:00:00Z" }), "store-start"), script);
  });

  it("has neither volume nor guard as a cache, and no anonymous volume either", async () => {
    const resources = await recordProgram(() => new Redis("store", { ...common, persistence: "cache" }));
    assert.ok(resources.every(({ type, name }) => type !== "docker:index/volume:Volume" && name !== "store-start"));
    assert.deepEqual(containerOf(resources)["mounts"], [
      { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 16_777_216 } },
      { type: "tmpfs", target: "/data" },
    ]);
  });

  it("cannot be written without a volume that its profile needs, or with one that it does not", () => {
    // @ts-expect-error a Redis that keeps its data needs a volume
    const keeping: KeepingRedisArgs = common;
    // @ts-expect-error a cache has no volume
    const cache: CacheRedisArgs = { ...common, persistence: "cache", volume: {} };
    assert.deepEqual([keeping.persistence, cache.persistence], [undefined, "cache"]);
  });

  it("names the argument of each mistake, whatever else is said", async () => {
    const mistakes = fc.constantFrom<[string, Partial<RedisDefinition>]>(
      ["memoryLimit", { memoryLimit: "much" }],
      ["memoryLimit", { memoryLimit: "31MiB" }],
      ["memoryLimit", { memoryLimit: "64GiB", persistence: "snapshot" }],
      ["publishedPort", { publishedPort: 0 }],
      ["identity", { identity: "" }],
      ["identity", { identity: "$(id)" }],
      ["firstStartUntil", { firstStartUntil: "2026-11-23" }],
      ["settings.dir", { settings: { dir: "/srv" } }],
      ["settings.APPENDONLY", { settings: { APPENDONLY: "no" } }],
      ["settings.hz", { settings: { hz: "10\nappendonly no" } }],
    );
    await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
      fc.assert(
        fc.property(validRedis(), mistakes, ({ hasTls: _, ...definition }, [argument, mistake]) => {
          // What is undefined is left out.
          const args = { ...common, volume, ...definition, ...mistake } as KeepingRedisArgs;
          assert.throws(
            () => new Redis("store", args),
            ({ message }: Error) => message.startsWith(`store.${argument}: expected `),
          );
        }),
      );
    });
  });

  it("tells the mistake in one line", async () => {
    await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
      const refused = (more: Partial<KeepingRedisArgs>, message: RegExp) => {
        assert.throws(() => new Redis("store", { ...common, volume, ...more }), { name: "Error", message });
      };
      refused({ memoryLimit: "1M" }, /^store\.memoryLimit: expected at least 32MiB, got 1MiB\. Raise it\.$/u);
      refused({ image: "redis:7" }, /^store\.image: expected an image by digest/u);
      refused({ settings: { appendonly: "no" } }, /^store\.settings\.appendonly: /u);
      refused({ identity: "a b" }, /^store\.identity: /u);
      refused({ firstStartUntil: "soon" }, /^store\.firstStartUntil: /u);
      refused({ publishedPort: 70000 }, /^store\.publishedPort: /u);
      refused({ serviceName: "a b" }, /^store\.serviceName: /u);
    });
  });
});

function containerOf(resources: RecordedResource[]): Record<string, unknown> {
  const service = resources.find(({ type }) => type === "docker:index/service:Service");
  // Recorded inputs are what serviceSpec made.
  const taskSpec = service?.inputs["taskSpec"] as { containerSpec: Record<string, unknown> };
  return taskSpec.containerSpec;
}

/** The content of a secret or a configuration. */
function contentOf(resources: RecordedResource[], name: string): string {
  const data = resources.find((resource) => resource.name === name)?.inputs["data"];
  // A secret is wrapped on the wire.
  const encoded = typeof data === "string" ? data : (data as { value: string }).value;
  return Buffer.from(encoded, "base64").toString();
}

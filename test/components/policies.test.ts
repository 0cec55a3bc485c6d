import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type BackupTarget,
  everyNode,
  ExistingVolume,
  HostPath,
  LocalVolume,
  NetworkVolume,
  PostgreSQL,
  Redis,
  RedisPersistence,
} from "../../components/index.ts";
import { postgresqlSpec } from "../../components/postgresql/postgresql-spec.ts";
import { redisSpec } from "../../components/redis/redis-spec.ts";
import {
  attach,
  type ServiceInput,
  type ServiceSettings,
  type DockerServiceArgs,
  dockerServiceArgs,
} from "../../components/service/service-spec.ts";
import type { Finding } from "../../policies/finding.ts";
import { ProgramReview } from "../../policies/program-review.ts";
import { pinnedVolume, validDefinition, validPostgresql, validRedis } from "./definitions.ts";
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

  it("passes every policy: a Redis with a backup, which is told when its node has it", async () => {
    const targets: [told: readonly string[], to: () => Omit<BackupTarget, "password">][] = [
      [[], () => ({ repository: "s3:https://s3.example.com/bucket" })],
      [[], () => ({ volume: new NetworkVolume("repository", { server: "10.0.0.9", exportPath: "/srv" }) })],
      [["SS604"], () => ({ volume: new LocalVolume("repository", { pin }) })],
      [["SS604"], () => ({ volume: new LocalVolume("repository", { pin, createdBy: "provider" }) })],
      [["SS603"], () => ({ volume: new ExistingVolume("same", { volumeName: "data", on: pin, shared }) })],
    ];
    const shared = { reason: "a test" };
    const image = `example/holdfast-backup:1@${digest}`;
    for (const persistence of keeping) {
      for (const [told, to] of targets) {
        const found = await findings(() => {
          const target = { ...to(), password: "battery staple horse" };
          const volume = new LocalVolume("data", { pin });
          new Redis("store", { ...common, persistence, volume, backup: { to: target, image } });
        });
        // That it is not drilled, and nobody says where a copy of the password is.
        const unproved = ["SS605", "SS607"];
        assert.deepEqual(found.map(({ rule }) => rule).sort(), [...told, ...unproved]);
      }
    }
  });

  it("passes every policy: a Redis with a backup that is drilled, and a copy of its password", async () => {
    const repository = "s3:https://s3.example.com/bucket";
    const to = { repository, password: "battery staple horse", passwordCopy: "the team's password manager" };
    const image = `example/holdfast-backup:1@${digest}`;
    for (const [every, told] of [
      ["12h", []],
      ["48h", ["SS606"]],
    ] as const) {
      const found = await findings(() => {
        const volume = new LocalVolume("data", { pin });
        const backup = { to, image, drill: { every }, verifiedWithin: "24h" };
        new Redis("store", { ...common, volume, backup });
      });
      assert.deepEqual(
        found.map(({ rule }) => rule),
        told,
      );
    }
  });

  it("passes every policy: PostgreSQL", async () => {
    for (const majorVersion of [17, 18]) {
      const image = `postgres:${majorVersion}@${digest}`;
      const found = await findings(() => {
        const volume = new LocalVolume("data", { pin });
        new PostgreSQL("orders", { ...common, image, majorVersion, backup, volume, publishedPort: 5432 });
      });
      assert.deepEqual(found, []);
      const backedUp = await findings(() => {
        const passwordCopy = "the team's password manager";
        const to = { repository: "s3:https://s3.example.com/bucket", password: "battery staple horse", passwordCopy };
        const declared = { to, image: `example/holdfast-backup:1@${digest}`, drill: { every: "24h" } };
        const volume = new LocalVolume("data", { pin });
        new PostgreSQL("orders", { ...common, image, majorVersion, backup: declared, volume, publishedPort: 5432 });
      });
      assert.deepEqual(backedUp, []);
    }
  });

  it("finds what a transform makes of it", async () => {
    const found = await findings(() => {
      const volume = new LocalVolume("data", {
        pin,
        createdBy: "provider",
        transform: { volume: { driverOpts: { type: "tmpfs", device: "tmpfs" } } },
      });
      const healthcheck = { tests: ["CMD-SHELL", "redis-cli ping | grep PONG"], startPeriod: "1s", retries: 1 };
      const transform = { service: { taskSpec: { containerSpec: { healthcheck }, resources: { reservation: {} } } } };
      new Redis("store", { ...common, backup, volume, transform });
    });
    assert.deepEqual(found.map(({ rule }) => rule).toSorted(), ["SS104", "SS408"]);
  });

  it("passes every policy that is an error: any image, for all valid arguments", () => {
    const images = fc.constantFrom(
      { image: `mysql:8@${digest}`, paths: ["/var/lib/mysql"] },
      { image: `mongo:8@${digest}`, paths: ["/data/db", "/data/configdb"] },
      { image: `rabbitmq:4@${digest}`, paths: ["/var/lib/rabbitmq"] },
      { image: `example/store:1@${digest}`, paths: ["/data"] },
    );
    // Those that such a server sets itself: whom it lets in, what it starts, how long it needs to stop.
    const ownRules = new Set(["SS503"]);
    fc.assert(
      fc.property(validDefinition(), images, ({ command, args, stopGrace, ...rest }, { image, paths }) => {
        const data = paths.map((path, index) => ({ volume: { ...pinnedVolume, source: `data${index}` }, path }));
        const found = review(dockerServiceArgs({ ...rest, image, data: [...data, ...rest.data] }, "store"));
        const errors = found.filter(({ level, rule }) => level === "error" && !ownRules.has(rule));
        assert.deepEqual(errors, []);
      }),
      { numRuns: 300 },
    );
  });

  it("passes every policy: Redis, for all valid arguments", () => {
    fc.assert(
      fc.property(validRedis(), validDefinition(), (redis, { stopped, labels, cpuLimit, constraints }) => {
        const { service, configuration } = redisSpec(redis, "store");
        const given = { stopped, labels: { ...labels, ...service.labels }, cpuLimit, constraints };
        const spec = dockerServiceArgs(definitionOf({ ...service, ...present(given) }, common.image, "/data"), "store");
        assert.deepEqual(review(spec, configuration), []);
      }),
    );
  });

  it("passes every policy: PostgreSQL, for all valid arguments", () => {
    fc.assert(
      fc.property(validPostgresql(), validDefinition(), (postgresql, { stopped, cpuLimit, constraints }) => {
        const { service, mount } = postgresqlSpec(postgresql, "store");
        const image = `postgres:${postgresql.majorVersion}@${digest}`;
        const given = present({ stopped, cpuLimit, constraints });
        assert.deepEqual(review(dockerServiceArgs(definitionOf({ ...service, ...given }, image, mount), "store")), []);
      }),
    );
  });
});

/** What a preset makes of its arguments, as a whole service. */
function definitionOf(service: ServiceSettings, image: string, path: string): ServiceInput {
  return { ...service, backup, name: "store", image, data: [{ volume: pinnedVolume, path }], files: {} };
}

/** Without what is not said. */
function present<T extends object>(given: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  // Object.fromEntries forgets the names.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

/** What the policies say of a service, which may have a redis.conf. */
function review(spec: DockerServiceArgs, configuration = ""): Finding[] {
  const review = new ProgramReview({ today: "2026-11-23" });
  const options = { protect: false, retainOnDelete: false };
  review.add({
    ...options,
    urn: "urn:conf",
    type: "docker:index/serviceConfig:ServiceConfig",
    inputs: { name: "conf", data: Buffer.from(configuration).toString("base64") },
  });
  const file = { id: "1", name: "conf", path: "/etc/holdfast/redis.conf" };
  const configFiles = configuration === "" ? [] : [file];
  const inputs = attach(spec, { networkIds: ["net"], secretFiles: [], configFiles });
  return review
    .add({ ...options, urn: "urn:store", type: "docker:index/service:Service", inputs })
    .filter(({ result }) => result === "fail");
}

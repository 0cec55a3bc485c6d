import assert from "node:assert/strict";
import type { Lab } from "../../../lab/lab.ts";
import { takeInventory } from "../../../live/inventory.ts";
import { verifyService } from "../../../live/verify/verify.ts";
import { findEngine } from "../../../swarm/engine/connection.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { LabService, removeLeftovers, sharedFolderVolume, type LabServiceOptions } from "../../support/lab-service.ts";
import { labStartMs, sharedLab } from "../../support/lab.ts";

describe("verifying a service", function () {
  this.timeout(labStartMs);
  this.slow(20_000);
  let lab: Lab;

  before(async () => {
    lab = await sharedLab();
  });
  afterEach(() => removeLeftovers(lab, ["trial"], ["trial"]));

  const volume = { Type: "volume" as const, Source: "trial", Target: "/data" };
  const pin = ["node.hostname==node-2"];
  const aof = ["--appendonly", "yes"];
  const create = (options: Partial<LabServiceOptions>) =>
    LabService.create(lab, { name: "trial", port: 10_004, mounts: [volume], constraints: pin, args: aof, ...options });
  const verify = async (password?: string) => {
    const engines = lab.nodes.map(({ dockerHost }) => findEngine({ host: dockerHost }));
    return verifyService(await takeInventory(engines), "trial", { password });
  };
  const args = (text: string) => [...aof, ...text.split(" ")];

  const good: [string, Partial<LabServiceOptions>, string?][] = [
    ["with an append-only file", {}],
    ["with snapshots only", { args: [] }],
    ["with appendfsync always", { args: args("--appendfsync always") }],
    ["with both", { args: args("--save 60 1") }],
    ["with a password", { args: args("--requirepass secret") }, "secret"],
    ["pinned by role, the one manager", { constraints: ["node.role==manager"] }],
    ["with its append-only files in a folder of another name", { args: args("--appenddirname logs") }],
    ["with a memory limit of Redis' own", { args: args("--maxmemory 50mb") }],
    ["with dir set to the volume's target", { args: args("--dir /data") }],
    ["with many databases", { args: args("--databases 64") }],
  ];
  for (const [what, options, password] of good) {
    it(`passes one ${what}, tells the outage and removes its key`, async () => {
      const service = await create(options);
      const before = await service.task();
      const result = await verify(password);
      assert.deepEqual([result.passed, result.canary, result.isRemoved], [true, "kept", true]);
      if (password === undefined) assert.equal(await service.redis("dbsize"), 0);
      assert.ok(result.outageSeconds !== undefined && result.outageSeconds > 0);
      assert.notEqual((await service.task()).ID, before.ID);
      assert.deepEqual(
        result.tasks.map(({ node }) => node).filter((node) => node !== result.tasks[0]?.node),
        [],
      );
    });
  }

  const refused: [string, Partial<LabServiceOptions>][] = [
    ["without a volume", { mounts: [] }],
    ["with an anonymous volume", { mounts: [{ Type: "volume", Source: "", Target: "/data" }] }],
    ["in memory", { mounts: [{ Type: "tmpfs", Source: "", Target: "/data" }] }],
    ["that does not save", { args: ["--save", ""] }],
    ["whose data is elsewhere", { args: args("--dir /tmp") }],
    ["with its volume at another path", { mounts: [{ ...volume, Target: "/var/lib/redis" }] }],
    ["that is killed instead of stopped, with snapshots only", { args: [], stopSignal: "SIGKILL" }],
    ["that may start on another node", { constraints: ["node.role==worker"] }],
  ];
  for (const [what, options] of refused) {
    it(`refuses one ${what}, and leaves its task alone`, async () => {
      const service = await create(options);
      const before = await service.task();
      await assert.rejects(verify(), (error) => {
        assert.ok(error instanceof SituationError);
        assert.match(error.what, /^The data of the service trial would be (?:at risk|left behind|destroyed|unknown): /);
        return true;
      });
      assert.equal((await service.task()).ID, before.ID);
      assert.equal(await service.redis("dbsize"), 0);
    });
  }

  it("finds out one whose start wipes its data, which no definition shows", async () => {
    // The image's entrypoint is passed a shell, as people do who "clean up" before the start.
    await create({ args: ["sh", "-c", "rm -rf /data/*; exec redis-server --appendonly yes"] });
    assert.partialDeepStrictEqual(await verify(), { passed: false, canary: "lost", isRemoved: true });
  });

  it("refuses one that may start anywhere on a shared folder, for nothing tells that it is shared", async () => {
    const service = await create({ mounts: [await sharedFolderVolume(lab)], constraints: [] });
    await assert.rejects(verify(), { name: "SituationError", what: / would be at risk: / });
    assert.equal(await service.redis("dbsize"), 0);
  });

  it("says what is missing for a password that was not given, and writes nothing", async () => {
    const service = await create({ args: args("--requirepass secret") });
    const before = await service.task();
    await assert.rejects(verify(), { name: "SituationError", what: /does not accept a write: NOAUTH/ });
    assert.equal((await service.task()).ID, before.ID);
  });

  it("names the services that there are for one that there is not", async () => {
    await assert.rejects(verify(), { name: "InputError", path: "service", got: '"trial"' });
  });
});

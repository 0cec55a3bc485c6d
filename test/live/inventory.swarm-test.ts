import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { Lab } from "../../lab/lab.ts";
import { killNode } from "../../lab/nodes/node.ts";
import { takeInventory } from "../../live/inventory.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { nodeEngines } from "../../swarm/engine/node-engines.ts";
import { LabService, removeLeftovers } from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";

describe("the inventory of a swarm", function () {
  this.timeout(labStartMs);
  this.slow(20_000);
  let lab: Lab;
  let service: LabService;

  before(async () => {
    lab = await sharedLab();
    service = await LabService.create(lab, {
      name: "kept",
      port: 10_003,
      mounts: [{ Type: "volume", Source: "kept", Target: "/data" }],
      constraints: ["node.hostname==node-2"],
    });
  });
  after(async () => {
    lab = await sharedLab();
    await removeLeftovers(lab, ["kept"], ["kept"]);
  });

  const take = (hosts = lab.nodes.map(({ dockerHost }) => dockerHost)) =>
    takeInventory(hosts.map((host) => findEngine({ host })));

  it("holds the nodes, the services with their tasks, and each node's volumes with who uses them", async () => {
    const { swarm, volumes, unseenNodes } = await take();
    assert.deepEqual(
      swarm?.nodes.map(({ hostname }) => hostname),
      ["node-1", "node-2", "node-3"],
    );
    assert.deepEqual(
      swarm.services.map(({ Spec }) => Spec.Name),
      ["kept"],
    );
    assert.equal(swarm.tasks.find(({ ID }) => ID)?.ServiceID, swarm.services[0]?.ID);
    const [kept] = volumes.filter(({ volume }) => volume.Name === "kept");
    assert.deepEqual([kept?.node, kept?.isAnonymous], ["node-2", false]);
    assert.deepEqual(
      kept?.users.map(({ service: name, state, target }) => [name, state, target]),
      [["kept", "running", "/data"]],
    );
    assert.ok(kept.sizeBytes !== undefined);
    assert.deepEqual(unseenNodes, []);
  });

  it("tells which nodes nobody was asked about", async () => {
    const { unseenNodes } = await take([lab.nodes[0]?.dockerHost ?? ""]);
    assert.deepEqual(unseenNodes, ["node-2", "node-3"]);
  });

  it("finds the engines of all nodes through a manager, and takes each for one", async () => {
    const [manager] = lab.nodes;
    assert.ok(manager);
    const known = [findEngine({ host: manager.dockerHost })];
    const pattern = manager.dockerHost.replace(manager.name, "{hostname}");
    const { engines, unseenNodes } = await takeInventory([...known, ...(await nodeEngines(known, pattern))]);
    assert.deepEqual(
      engines.map(({ host }) => host),
      lab.nodes.map(({ dockerHost }) => dockerHost),
    );
    assert.deepEqual(unseenNodes, []);
    assert.deepEqual(
      (await nodeEngines(known, "tcp://{address}:2375")).map(({ host }) => host),
      lab.nodes.map(({ address }) => `tcp://${address}:2375`),
    );
    await assert.rejects(nodeEngines(known, "tcp://node:2375"), { name: "InputError", path: "--nodes" });
  });

  it("holds what is known within 10 s when a node is down, an engine is silent and an address is wrong", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : undefined;
    try {
      await killNode(lab.directory, "node-3");
      const begun = performance.now();
      const hosts = lab.nodes.map(({ dockerHost }) => dockerHost);
      const { engines, swarm, volumes, unseenNodes } = await take([
        `tcp://127.0.0.1:${port ?? 0}`,
        "unix:///nowhere/docker.sock",
        ...hosts,
      ]);
      const elapsedMs = performance.now() - begun;
      assert.ok(elapsedMs < 10_000, `${elapsedMs} ms`);
      assert.deepEqual(
        engines.map((engine) => "report" in engine),
        [false, false, true, true, false],
      );
      assert.equal(swarm?.services.length, 1);
      assert.ok(volumes.some(({ volume }) => volume.Name === "kept"));
      assert.deepEqual(unseenNodes, ["node-3"]);
    } finally {
      silent.close();
    }
    assert.equal((await service.node()).name, "node-2");
  });
});

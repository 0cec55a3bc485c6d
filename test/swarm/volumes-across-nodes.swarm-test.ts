import assert from "node:assert/strict";
import type { Lab } from "../../lab/lab.ts";
import { healNode, killNode, partitionNode, startNode } from "../../lab/nodes/node.ts";
import { findEngine, listNodes } from "../../swarm/engine/connection.ts";
import {
  engineOf,
  LabService,
  nodeOf,
  removeLeftovers,
  sharedFolderVolume,
  until,
  volumeNames,
} from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";

/** What Swarm does to data when a task or a node goes: the facts that Holdfast's verdicts rest on. */
describe("volumes across nodes", function () {
  this.timeout(labStartMs);
  this.slow(30_000);
  let lab: Lab;
  let service: LabService;

  before(async () => {
    lab = await sharedLab();
  });
  afterEach(async () => {
    lab = await sharedLab(); // Whole again, whatever a test did to a node.
    await removeLeftovers(lab, ["keeper"], ["kept"]);
  });

  const create = (options: Partial<Parameters<typeof LabService.create>[1]> = {}) =>
    LabService.create(lab, {
      name: "keeper",
      port: 10_002,
      args: ["--appendonly", "yes", "--appendfsync", "always"],
      mounts: [{ Type: "volume", Source: "kept", Target: "/data" }],
      constraints: ["node.hostname==node-2"],
      ...options,
    });
  const moveTo = (hostname: string) =>
    service.update((template) => {
      template.Placement.Constraints = [`node.hostname==${hostname}`];
    });
  const becomes = (name: string, state: "down" | "ready") =>
    until(async () => {
      const nodes = await listNodes(findEngine({ host: nodeOf(lab, 1).dockerHost }));
      return nodes.some((node) => node.hostname === name && node.state === state);
    }, `${name} is ${state}`);

  describe("a local volume", () => {
    it("is left behind, whole, when the constraint is moved to another node; the way back finds it", async () => {
      service = await create();
      await service.redis("set", "foo", "bar");
      await moveTo("node-3");
      assert.equal(await service.redis("get", "foo"), null);
      assert.ok((await volumeNames(nodeOf(lab, 2))).includes("kept"));
      await moveTo("node-2");
      assert.equal(await service.redis("get", "foo"), "bar");
    });

    it("goes with its node: the pinned service waits, and has its data again when the node is back", async () => {
      service = await create();
      await service.redis("set", "foo", "bar");
      await killNode(lab.directory, "node-2");
      await becomes("node-2", "down");
      // A new task is pending at once; the scheduler says why when it has looked for a node.
      await until(async () => {
        const { State, Err } = (await service.task()).Status;
        return State === "pending" && Err.startsWith("no suitable node (");
      }, "the new task is pending, for there is no suitable node");
      await startNode(lab.directory, "node-2");
      await becomes("node-2", "ready");
      await service.settle();
      assert.equal(await service.redis("get", "foo"), "bar");
    });

    it("without a pin: the service starts empty elsewhere when the node is lost, and stays there when it is back", async () => {
      service = await create({ constraints: ["node.role==worker"] });
      await service.redis("set", "foo", "bar");
      const before = await service.node();
      await killNode(lab.directory, before.name);
      await service.untilElsewhere(before);
      assert.equal(await service.redis("get", "foo"), null);
      await startNode(lab.directory, before.name);
      await becomes(before.name, "ready");
      await service.settle();
      assert.notEqual((await service.node()).name, before.name);
      assert.ok((await volumeNames(before)).includes("kept"));
    });
  });

  describe("a volume on a folder that all nodes share", () => {
    it("is there where the task starts again after its node was lost, and keeps the key", async () => {
      service = await create({
        constraints: ["node.role==worker"],
        mounts: [await sharedFolderVolume(lab, "kept")],
      });
      await service.redis("set", "foo", "bar");
      const before = await service.node();
      await killNode(lab.directory, before.name);
      await service.untilElsewhere(before);
      assert.equal(await service.redis("get", "foo"), "bar");
    });

    it("has two writers while its node is cut off, for the task there goes on", async () => {
      service = await create({
        constraints: ["node.role==worker"],
        mounts: [await sharedFolderVolume(lab, "kept")],
      });
      const before = await service.node();
      await partitionNode(lab.directory, before.name);
      await service.untilElsewhere(before);
      await until(async () => {
        const writers = await Promise.all(
          lab.nodes.map((node) => engineOf(node).listContainers({ filters: { volume: ["kept"] } })),
        );
        return writers.flat().length === 2;
      }, "two containers have the volume");
      await healNode(lab.directory, before.name);
      await becomes(before.name, "ready");
      await service.settle();
    });
  });
});

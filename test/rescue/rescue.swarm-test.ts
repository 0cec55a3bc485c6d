import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../../lab/lab.ts";
import { killNode } from "../../lab/nodes/node.ts";
import { takeInventory } from "../../live/inventory.ts";
import { planRescue, type RescueRequest } from "../../live/rescue/plan.ts";
import { carryOutRescue } from "../../live/rescue/restore.ts";
import { findLostVolumes } from "../../live/rescue/search.ts";
import { helperLabel } from "../../model/service/object-labels.ts";
import { inspectVolume } from "../../swarm/api/reads.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { engineOf, LabService, nodeOf, removeLeftovers } from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { losses } from "./losses.ts";
import { filesOf, listSchema, proveRescue, rescue } from "./proof.ts";

describe("holdfast rescue", function () {
  this.timeout(labStartMs);
  this.slow(20_000);
  let lab: Lab;

  before(async () => {
    lab = await sharedLab();
  });
  afterEach(async () => {
    lab = await sharedLab();
    await removeLeftovers(lab, ["stateful"], ["odd", "copy", "stateful-store"]);
    for (const node of lab.nodes) {
      const filters = { label: [helperLabel] };
      assert.deepEqual(await engineOf(node).listContainers({ all: true, filters }), [], "helpers that are left");
    }
  });

  const signal = AbortSignal.timeout(labStartMs);
  const inventory = () => takeInventory(lab.nodes.map(({ dockerHost }) => findEngine({ host: dockerHost })));
  const plan = async (request: Partial<RescueRequest> = {}) =>
    planRescue(await inventory(), { volume: "odd", to: "copy", ...request }, signal);

  /** A volume on node-3 with these files; returns its folder. */
  const createVolume = async (files: Record<string, string | Buffer> = { "notes.txt": "kept" }, Name = "odd") => {
    await engineOf(nodeOf(lab, 3)).createVolume({ Name });
    const folder = (await inspectVolume(engineOf(nodeOf(lab, 3)), Name))?.Mountpoint ?? "";
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(folder, path, ".."), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    return folder;
  };
  const exists = async (node: number, volume: string) =>
    (await inspectVolume(engineOf(nodeOf(lab, node)), volume)) !== undefined;

  it("finds and restores what was lost by a move to another node, with one node down", async () => {
    await killNode(lab.directory, "node-3");
    const [, moved] = losses; // All of them: npm run rescue-proof.
    assert.ok(moved);
    await proveRescue(lab, moved, "append-only file");
  });

  it("lists what is known within 10 s when a node is down, and names the node", async () => {
    await createVolume({ "notes.txt": "kept" });
    await killNode(lab.directory, "node-2");
    const begun = performance.now();
    const { stdout } = await rescue(lab, "--json");
    assert.ok(performance.now() - begun < 10_000);
    const { unseenNodes, volumes } = listSchema.parse(JSON.parse(stdout));
    assert.deepEqual([unseenNodes, volumes.map(({ name }) => name)], [["node-2"], ["odd"]]);
  });

  it("copies data of no known program to another node, whatever the files are called", async () => {
    await createVolume({ "\u001b[31m\n'$(reboot)'": "odd", "a/b/c": "x".repeat(100_000) });
    const [found] = (await findLostVolumes(await inventory(), signal)).filter(({ name }) => name === "odd");
    assert.partialDeepStrictEqual(found, { node: "node-3", why: "orphan", content: { kind: "unknown", fileCount: 2 } });
    const before = await filesOf(lab, 3, "odd");
    const result = await carryOutRescue(await inventory(), await plan({ toNode: "node-2" }), { signal, onProgress });
    assert.partialDeepStrictEqual(result, { fromNode: "node-3", toNode: "node-2", sizeBytes: 100_003 });
    assert.deepEqual(await filesOf(lab, 2, "copy"), before);
    assert.deepEqual(await filesOf(lab, 3, "odd"), before);
  });

  it("takes a copy back when the original was changed meanwhile, and when it is stopped", async () => {
    const folder = await createVolume();
    const run = async (onProgress: (message: string) => void, stop = signal) =>
      carryOutRescue(await inventory(), await plan(), { signal: stop, onProgress });
    const changing = run((message) => {
      if (message.startsWith("reading both")) void writeFile(join(folder, "new"), "");
    });
    await assert.rejects(changing, { name: "RescueError", message: /^the original was changed/ });
    assert.equal(await exists(3, "copy"), false);
    const controller = new AbortController();
    const stopped = run(() => {
      controller.abort(new Error("stopped"));
    }, controller.signal);
    await assert.rejects(stopped, { message: "stopped" });
    assert.equal(await exists(3, "copy"), false);
  });

  it("refuses volumes in use, targets with data, and a service that would not load the data", async () => {
    const snapshot = "524544495330303130fe00fb01000001610162ff0000000000000000"; // One key; a checksum of 0 is not checked.
    await createVolume({ "dump.rdb": Buffer.from(snapshot, "hex") });
    const service = await LabService.create(lab, {
      name: "stateful",
      port: 10_006,
      args: ["--appendonly", "yes"],
      mounts: [{ Type: "volume", Source: "stateful-store", Target: "/data" }],
      constraints: ["node.hostname==node-3"],
    });
    const task = await service.task();
    const refused = (request: Partial<RescueRequest>, words: object) => assert.rejects(plan(request), words);
    await refused({ volume: "stateful-store" }, { fix: "Stop it first: `docker service scale stateful=0`" });
    await refused(
      { volume: "stateful-store", to: undefined },
      { name: "SituationError", what: /^The container stateful\.1\..* uses the volume "stateful-store"$/ },
    );
    await refused({ to: undefined }, { name: "InputError", path: "--to", got: "none" });
    await refused(
      { to: "stateful-store" },
      { name: "SituationError", what: /^The container stateful\.1\..* uses the volume "stateful-store"$/ },
    );
    await refused(
      { service: "stateful" },
      { name: "SituationError", what: /would not load the data: its append-only file is on/ },
    );
    await createVolume({ "dump.rdb": "REDIS0010" });
    await refused(
      { service: "stateful" },
      { name: "SituationError", what: /^The service's Redis does not load the data: / },
    );
    await refused({ volume: "none" }, { name: "InputError", got: '"none", which does not exist' });
    await refused({ fromNode: "node-9" }, { name: "InputError", path: "--from-node" });
    await refused({ service: "none" }, { name: "InputError", path: "--service" });
    await createVolume({ "x.txt": "x" }, "copy");
    await refused({}, { name: "InputError", path: "--to", got: '"copy", which holds 1 file' });
    assert.equal((await service.task()).ID, task.ID);
  });

  it("shows the plan and changes nothing without a yes; says what is wrong with exit code 2", async () => {
    await createVolume();
    const asked = await rescue(lab, "odd", "--to", "copy", "--json");
    assert.equal(asked.exitCode, 3);
    assert.partialDeepStrictEqual(JSON.parse(asked.stdout), { error: { plan: { volume: "odd", fromNode: "node-3" } } });
    const shown = await rescue(lab, "odd", "--to", "copy");
    assert.equal(shown.exitCode, 3);
    assert.match(shown.stdout, /^ {2}copy to {6}volume copy on node-3 \(new\)$/m);
    const listed = (await rescue(lab)).stdout;
    assert.match(listed, /^unknown service {2}odd on node-3\n {2}holds {8}unknown data: 1 file, 4 B$/m);
    assert.match(listed, /^ {2}npx holdfast rescue odd --from-node node-3 --to rescued-data --engine /m);
    assert.equal(await exists(3, "copy"), false);
    assert.equal((await rescue(lab, "odd", "--to", "not/a/name", "--yes")).exitCode, 2);
    assert.equal((await rescue(lab, "--yes")).exitCode, 2);
  });

  const onProgress = () => undefined;
});

import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { z } from "zod";
import type { Lab } from "../../lab/lab.ts";
import { killNode, partitionNode } from "../../lab/nodes/node.ts";
import { findEngine, listNodes } from "../../swarm/engine/connection.ts";
import {
  engineOf,
  LabService,
  nodeOf,
  removeLeftovers,
  removeVolume,
  sharedFolderVolume,
  until,
  volumeNames,
  type LabServiceOptions,
} from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";

const documentSchema = z.object({
  unseenNodes: z.array(z.string()),
  unreachableEngines: z.array(z.object({ host: z.string() })),
  idleVolumes: z.array(
    z.object({
      node: z.string(),
      name: z.string(),
      why: z.string(),
      service: z.string().optional(),
      program: z.string().optional(),
      traces: z.array(z.object({ service: z.string().optional() })),
    }),
  ),
  nodeLosses: z.array(
    z.object({
      node: z.string(),
      losses: z.array(z.object({ service: z.string(), what: z.string(), fate: z.string() })),
    }),
  ),
  manyWriters: z.array(z.object({ service: z.string(), nodes: z.array(z.string()) })),
  findings: z.object({ findings: z.array(z.looseObject({ rule: z.string(), service: z.string() })) }),
});

describe("holdfast audit", function () {
  this.timeout(labStartMs);
  this.slow(20_000);
  let lab: Lab;

  before(async () => {
    lab = await sharedLab();
  });
  afterEach(async () => {
    lab = await sharedLab();
    await removeLeftovers(lab, ["trial"], ["trial"]);
  });

  const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
  const holdfast = (...words: string[]) => {
    const engines = lab.nodes.flatMap(({ dockerHost }) => ["--engine", dockerHost]);
    return execa(process.execPath, [entry, ...words, ...engines], { reject: false });
  };
  const audit = async () => documentSchema.parse(JSON.parse((await holdfast("audit", "--json")).stdout));
  const volume = { Type: "volume" as const, Source: "trial", Target: "/data" };
  const create = (options: Partial<LabServiceOptions> = {}) =>
    LabService.create(lab, {
      name: "trial",
      port: 10_005,
      args: ["--appendonly", "yes"],
      mounts: [volume],
      constraints: ["node.hostname==node-2"],
      ...options,
    });
  const becomesDown = (name: string) =>
    until(
      async () =>
        (await listNodes(findEngine({ host: nodeOf(lab, 1).dockerHost }))).some(
          ({ hostname, state }) => hostname === name && state === "down",
        ),
      `${name} is down`,
    );

  it("says beforehand what a lost node takes along, and answers within 10 s when it is lost", async () => {
    await create();
    const losses = [{ service: "trial", what: 'volume "trial"', fate: "destroyed unless backup" }];
    assert.deepEqual((await audit()).nodeLosses, [{ node: "node-2", losses }]);
    await killNode(lab.directory, "node-2");
    await becomesDown("node-2");
    const begun = performance.now();
    const { unseenNodes, unreachableEngines } = await audit();
    assert.ok(performance.now() - begun < 10_000);
    assert.deepEqual([unseenNodes, unreachableEngines.length], [["node-2"], 1]);
    // A node is down a little before Swarm has a new task for what ran there.
    await until(
      async () => /^ {2}trial {2}runs nowhere, a task waits$/m.test((await holdfast("audit")).stdout),
      "the service runs nowhere",
    );
  });

  it("finds a volume that was left behind by a move", async () => {
    const service = await create();
    await service.update((template) => {
      template.Placement.Constraints = ["node.hostname==node-3"];
    });
    const { idleVolumes } = await audit();
    assert.partialDeepStrictEqual(idleVolumes, [
      { node: "node-2", name: "trial", why: "left behind", service: "trial" },
    ]);
  });

  it("finds the anonymous volume of an earlier task, and the rule that was broken", async () => {
    const service = await create({ mounts: [] });
    await service.update((template) => {
      template.ForceUpdate += 1;
    });
    const { idleVolumes, findings } = await audit();
    assert.partialDeepStrictEqual(idleVolumes, [{ node: "node-2", why: "of an earlier task", service: "trial" }]);
    assert.ok(findings.findings.some(({ rule, service: name }) => rule === "SS101" && name === "trial"));
  });

  it("finds both writers while a node that shares its data is cut off", async () => {
    const service = await create({ constraints: ["node.role==worker"], mounts: [await sharedFolderVolume(lab)] });
    const cut = await service.node();
    assert.deepEqual((await audit()).manyWriters, []);
    await partitionNode(lab.directory, cut.name);
    await until(async () => (await audit()).manyWriters.length > 0, "the audit finds two writers");
    assert.deepEqual((await audit()).manyWriters, [{ service: "trial", nodes: ["node-2", "node-3"] }]);
  });

  it("finds whose data an anonymous volume holds that nothing mounts any more, and shows it on a page", async () => {
    const service = await create({ mounts: [] });
    await service.redis("set", "foo", "bar");
    const node = engineOf(nodeOf(lab, 2));
    const [volume = ""] = await volumeNames(nodeOf(lab, 2));
    await service.update((template) => {
      template.ForceUpdate += 1;
    });
    // As `docker rm` without `--volumes` does to the container of an earlier task.
    const [container] = await node.listContainers({ all: true, filters: { volume: [volume] } });
    await node.getContainer(container?.Id ?? "").remove();
    const page = join(tmpdir(), `holdfast-audit-${process.pid}.html`);
    try {
      const { stdout } = await holdfast("audit", "--json", "--html", page);
      const found = documentSchema.parse(JSON.parse(stdout)).idleVolumes.find(({ name }) => name === volume);
      assert.partialDeepStrictEqual(found, { node: "node-2", why: "orphan", program: "redis" });
      assert.deepEqual(
        found?.traces.map(({ service: name }) => name),
        ["trial"],
      );
      assert.match(await readFile(page, "utf8"), new RegExp(`${volume}.*holds Redis .* 1 key`));
    } finally {
      await rm(page, { force: true });
      await removeVolume(nodeOf(lab, 2), volume);
    }
  });

  it("ends with 1 only where it is asked to fail on findings", async () => {
    await create({ mounts: [] });
    assert.equal((await holdfast("audit")).exitCode, 0);
    assert.equal((await holdfast("audit", "--fail-on", "error")).exitCode, 1);
  });
});

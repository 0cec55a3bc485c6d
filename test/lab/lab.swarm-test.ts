import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { labIdentity } from "../../lab/host/identity.ts";
import { mountPointsBelow } from "../../lab/host/mount-point.ts";
import { endOwnedProcesses, findOwnedProcesses } from "../../lab/host/owned-process.ts";
import { labStatus, startLab, stopLab, type Lab, type LabStatus } from "../../lab/lab.ts";
import { attachedDisks } from "../../lab/nodes/disk.ts";
import { labNamespaces } from "../../lab/nodes/network.ts";
import {
  fillNode,
  freeNode,
  healNode,
  killNode,
  partitionNode,
  slowNode,
  startNode,
  stopNode,
} from "../../lab/nodes/node.ts";
import { readHostFacts } from "../../live/host-facts.ts";
import { findEngine, listNodes } from "../../swarm/engine/connection.ts";
import { until } from "../support/lab-service.ts";
import { labStartMs } from "../support/lab.ts";
import { testCacheDirectory } from "../support/sandbox.ts";

describe("a lab", function () {
  this.timeout(labStartMs);
  this.slow(20_000);
  let home: string;
  let directory: string;
  let lab: Lab;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "holdfast-lab-"));
    directory = join(home, "lab");
    lab = await start();
  });
  after(async () => {
    await stopLab(directory);
    await rm(home, { recursive: true });
  });

  const start = () => startLab({ directory, cacheDirectory: testCacheDirectory, heartbeatSeconds: 2 });
  const nodeStates = async () => {
    const nodes = await listNodes(findEngine({ host: lab.nodes[0]?.dockerHost }));
    return Object.fromEntries(nodes.map(({ hostname, state }) => [hostname, state]));
  };
  const untilState = async (name: string, state: string) => {
    await until(async () => (await nodeStates())[name] === state, `${name} is ${state}`);
  };
  /** An engine may be too busy to answer at once, and then counts as one that does not run. */
  const untilStatus = (expected: Partial<LabStatus>) =>
    until(
      async () => {
        const status = await labStatus(directory);
        return isDeepStrictEqual({ ...status, ...expected }, status);
      },
      `the lab's status is ${JSON.stringify(expected)}`,
    );

  it("is a swarm of three ready nodes with addresses of their own", async () => {
    const nodes = await listNodes(findEngine({ host: lab.nodes[0]?.dockerHost }));
    assert.deepEqual(
      nodes.map(({ hostname, role, state }) => [hostname, role, state]),
      [
        ["node-1", "manager", "ready"],
        ["node-2", "worker", "ready"],
        ["node-3", "worker", "ready"],
      ],
    );
    assert.deepEqual(
      lab.nodes.map(({ address }) => address),
      nodes.map(({ address }) => address),
    );
    await untilStatus({ state: "running" });
  });

  it("is only looked at by a second start", async () => {
    // An engine writes the id of its process when it starts.
    const engines = () =>
      Promise.all(
        lab.nodes.map(({ name }) => readFile(join(labIdentity(directory).runDirectory, name, "dockerd.pid"), "utf8")),
      );
    const before = await engines();
    assert.deepEqual(await start(), lab);
    assert.deepEqual(await engines(), before);
  });

  it("refuses another number of nodes than it has", async () => {
    await assert.rejects(startLab({ directory, nodes: 2 }), { name: "InputError", path: "--nodes", got: "2" });
  });

  for (const [how, lose] of [
    ["killed", killNode],
    ["stopped", stopNode],
  ] as const) {
    it(`loses a node that is ${how}, and has it back when it is started`, async () => {
      await lose(directory, "node-2");
      await untilState("node-2", "down");
      await untilStatus({ state: "degraded", runningNodes: ["node-1", "node-3"] });
      await startNode(directory, "node-2");
      await untilState("node-2", "ready");
    });
  }

  it("takes a node that is cut off for lost while its engine goes on", async () => {
    await partitionNode(directory, "node-3");
    await untilState("node-3", "down");
    await untilStatus({
      state: "degraded",
      runningNodes: ["node-1", "node-2", "node-3"],
      partitionedNodes: ["node-3"],
    });
    await healNode(directory, "node-3");
    await untilState("node-3", "ready");
  });

  it("slows a node down", async () => {
    const kilobitsPerSecond = 16_000;
    const { docker } = findEngine({ host: lab.nodes[2]?.dockerHost });
    await slowNode(directory, "node-3", kilobitsPerSecond);
    const begun = performance.now();
    const stream = await docker.pull(lab.redisImage);
    await new Promise((resolve) => {
      docker.modem.followProgress(stream, resolve);
    });
    const elapsedMs = performance.now() - begun;
    await slowNode(directory, "node-3", undefined);
    // The image's layer alone has more than 5 MB; the first 16 kB are not held back.
    assert.ok(elapsedMs >= (5_000_000 * 8) / kilobitsPerSecond, `${elapsedMs} ms`);
  });

  it("fills a node's disk, and not the machine's, and frees it again", async () => {
    const { docker } = findEngine({ host: lab.nodes[1]?.dockerHost });
    const pull = async () => {
      const stream = await docker.pull(lab.redisImage);
      await new Promise<void>((resolve, reject) => {
        docker.modem.followProgress(stream, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    };
    await fillNode(directory, "node-2");
    await untilStatus({ state: "degraded", filledNodes: ["node-2"] });
    await assert.rejects(pull(), /no space left on device/);
    const node = join(labIdentity(directory).directory, "nodes/node-2");
    assert.ok((await stat(join(node, "disk.ext4"))).blocks * 512 < 1e9);
    assert.ok(((await readHostFacts(join(node, "data"))).disk?.freeBytes ?? NaN) < 1e6, "the doctor sees it");
    await freeNode(directory, "node-2");
    await pull();
    await untilStatus({ state: "running" });
  });

  it("has its disks free when it is started again, also one whose node was killed", async () => {
    for (const name of ["node-2", "node-3"]) await fillNode(directory, name);
    await killNode(directory, "node-3");
    await assert.rejects(fillNode(directory, "node-3"), { name: "SituationError", what: "node-3 is not running" });
    await start();
    await untilStatus({ state: "running" });
  });

  it("names the nodes that there are when asked for another", async () => {
    await assert.rejects(killNode(directory, "node-9"), {
      name: "InputError",
      message: 'node: expected one of node-1, node-2, node-3, got "node-9". See them with `npx holdfast lab status`.',
    });
  });

  it("is whole again after all of it was killed, with its data", async () => {
    const { docker } = findEngine({ host: lab.nodes[1]?.dockerHost });
    await docker.createVolume({ Name: "kept" });
    await endOwnedProcesses(labIdentity(directory).id);
    assert.deepEqual(await start(), lab);
    await untilStatus({ state: "running" });
    assert.equal((await docker.getVolume("kept").inspect()).Name, "kept");
  });

  it("leaves no trace when it is removed, also after a crash that took its record", async () => {
    await killNode(directory, "node-1");
    await writeFile(join(directory, "lab.json"), "{");
    assert.notDeepEqual(await tracesOf(directory), nothing);
    await stopLab(directory);
    assert.deepEqual(await tracesOf(directory), nothing);
    assert.equal((await labStatus(directory)).state, "absent");
    await stopLab(directory);
  });

  it("neither starts in nor removes a folder that holds something else", async () => {
    const foreign = join(home, "foreign");
    await mkdir(foreign);
    await writeFile(join(foreign, "thesis.txt"), "mine");
    const refusal = {
      name: "SituationError",
      what: `The folder ${foreign} is not that of a lab: it has other files in it`,
    };
    await assert.rejects(startLab({ directory: foreign }), refusal);
    await assert.rejects(stopLab(foreign), refusal);
    assert.equal(await readFile(join(foreign, "thesis.txt"), "utf8"), "mine");
  });
});

const nothing = {
  processes: [],
  namespaces: [],
  links: [],
  mounts: [],
  disks: [],
  cgroups: [],
  folder: false,
  runFolder: false,
};

/** Everything on this machine that bears a lab's id or lies in its folder. */
async function tracesOf(directory: string): Promise<Record<keyof typeof nothing, unknown>> {
  const { id, directory: path } = labIdentity(directory);
  const cgroups = (await readdir("/sys/fs/cgroup", { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [`/sys/fs/cgroup/${name}/holdfast-${id}`, `/sys/fs/cgroup/holdfast-${id}`]);
  return {
    processes: await findOwnedProcesses(id),
    namespaces: await labNamespaces(id),
    links: (await readdir("/sys/class/net")).filter((name) => name.includes(id)),
    mounts: mountPointsBelow(await readFile("/proc/self/mountinfo", "utf8"), path),
    disks: await attachedDisks(path),
    cgroups: cgroups.filter((cgroup) => existsSync(cgroup)),
    folder: existsSync(path),
    runFolder: existsSync(`/run/holdfast-${id}`),
  };
}

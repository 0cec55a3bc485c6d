import assert from "node:assert/strict";
import type { Lab } from "../../lab/lab.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { nodeOf, removeLeftovers, volumeNames } from "../support/lab-service.ts";
import { ProjectCopy, type Ended } from "./project-copy.ts";

const service = "across-stateful";
const volume = "across-store";

describe("a stack's data on a node whose engine is not the connected one", function () {
  this.timeout(labStartMs);
  this.slow(60_000);
  let lab: Lab;
  let project: ProjectCopy;

  before(async () => {
    lab = await sharedLab();
    project = await ProjectCopy.make({ DOCKER_HOST: nodeOf(lab, 1).dockerHost });
    await project.configure("dev", { service, volume, port: 10_019, node: "node-2", image: lab.redisImage });
  });
  after(async () => {
    await project.run(["down", "--yes"]);
    await removeLeftovers(lab, [service], [volume]);
    await project[Symbol.asyncDispose]();
  });

  /** The addresses of the nodes' engines, as somebody would write them for ssh. */
  const pattern = () => nodeOf(lab, 1).dockerHost.replace("node-1", "{hostname}");
  const nodesWithVolume = async () => {
    const names = await Promise.all(lab.nodes.map(async (node) => [node.name, await volumeNames(node)] as const));
    return names.filter(([, volumes]) => volumes.includes(volume)).map(([name]) => name);
  };

  it("is made there by the task alone, kept by down, and not reported as deleted by an engine that cannot see it", async () => {
    const up = await succeeds(["up"]);
    assert.match(up.stdout, /^Configured holdfast:volumeCreatedBy = task: the node is not the one of this engine$/m);
    assert.deepEqual(await nodesWithVolume(), ["node-2"]);
    await succeeds(["redis", "set", "foo", "bar"]);

    const unknown = await project.run(["down", "--yes", "--delete-data", "somebody-elses"]);
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /"somebody-elses", which may be on node-2, node-3\. /);
    assert.doesNotMatch(unknown.stderr, /volume rm/);
    const refused = await project.run(["down", "--yes", "--delete-data", volume]);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /got "across-store", which is on node-2\. .*holdfast:nodes ssh:\/\/root@\{hostname\}.*`docker volume rm across-store` on node-2\.$/m,
    );
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
    assert.match(
      (await succeeds(["down", "--yes"])).stdout,
      /^Kept: the volume across-store with its data, on node-2\./m,
    );
    assert.deepEqual(await nodesWithVolume(), ["node-2"]);
  });

  it("is refused to another stack, and deleted where it is, once the settings say how to reach the node's engine", async () => {
    await succeeds(["config", "set", "nodes", pattern()]);
    const settings = { service: "across-other", volume, port: 10_020, node: "node-2", image: lab.redisImage };
    await project.configure("prod", { ...settings, nodes: pattern() });
    const other = await project.run(["up", "-s", "prod"]);
    assert.equal(other.code, 2, other.stdout + other.stderr);
    assert.match(
      other.stderr,
      /volume "across-store" on node-2: .*: the store holdfast\/dev\/redis, as its mark says\. /,
    );

    await succeeds(["down", "--yes", "--delete-data", volume]);
    assert.deepEqual(await nodesWithVolume(), []);
  });

  it("is not taken for an empty volume of the same name beside the connected engine", async () => {
    await succeeds(["config", "rm", "nodes"]);
    await succeeds(["config", "set", "volumeCreatedBy", "provider"]);
    await succeeds(["up"]);
    assert.deepEqual(await nodesWithVolume(), ["node-1", "node-2"]);
    // While the service is there its pin tells where the data is; afterwards that the volume here is empty does.
    const before = await project.run(["down", "--yes", "--delete-data", volume]);
    assert.match(before.stderr, /which is on node-2\. /);
    await succeeds(["down", "--yes"]);
    const after = await project.run(["down", "--yes", "--delete-data", volume]);
    assert.equal(after.code, 2);
    assert.match(after.stderr, /which may be on node-2, node-3\. /);
    assert.deepEqual(await nodesWithVolume(), ["node-1", "node-2"]);
    await succeeds(["config", "set", "nodes", pattern()]);
    await succeeds(["down", "--yes", "--delete-data", volume]);
    assert.deepEqual(await nodesWithVolume(), []);
  });

  async function succeeds(words: readonly string[]): Promise<Ended> {
    const ended = await project.run(words);
    assert.equal(ended.code, 0, `holdfast ${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }
});

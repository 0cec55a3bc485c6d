import assert from "node:assert/strict";
import { pushBackupImage } from "../../lab/images/backup.ts";
import type { Lab } from "../../lab/lab.ts";
import { engineOf, nodeOf, removeLeftovers, volumeNames } from "../support/lab-service.ts";
import { labStartMs, sharedLab } from "../support/lab.ts";
import { testCacheDirectory } from "../support/sandbox.ts";
import { ProjectCopy, type Ended } from "./project-copy.ts";

const service = "moving-stateful";
const volume = "moving-store";

describe("a service that is moved with its data", function () {
  this.timeout(labStartMs);
  this.slow(60_000);
  let lab: Lab;
  let project: ProjectCopy;
  let image: string;
  const volumes = new Set([volume]);

  before(async () => {
    lab = await sharedLab();
    image = await pushBackupImage(lab, testCacheDirectory);
    project = await ProjectCopy.make({ DOCKER_HOST: nodeOf(lab, 1).dockerHost });
    await project.configure("dev", { service, volume, port: 10_029, node: "node-2", image: lab.redisImage });
    await succeeds(["up"]);
    await succeeds(["redis", "set", "foo", "bar"]);
  });
  after(async () => {
    await project.run(["down", "--yes"]);
    await removeLeftovers(lab, [service], [...volumes]);
    await project[Symbol.asyncDispose]();
  });

  const succeeds = async (words: string[]): Promise<Ended> => {
    const ended = await project.run(words);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    return ended;
  };
  const leftovers = async () => {
    const filters = JSON.stringify({ label: ["holdfast.move"] });
    const docker = engineOf(nodeOf(lab, 1));
    const found = await Promise.all([
      docker.listServices({ filters }),
      docker.listNetworks({ filters }),
      docker.listSecrets({ filters }),
    ]);
    return found.flat().length;
  };

  it("goes on after a kill, has all its data there, and leaves nothing for the next up to change", async () => {
    const shown = await succeeds(["move", service, "--to", "node-3", "--image", image, "--dry-run"]);
    assert.match(shown.stdout, /- node\.hostname==node-2, \+ node\.hostname==node-3/u);
    assert.ok(!(await volumeNames(nodeOf(lab, 3))).includes(volume));
    const unconfirmed = await project.run(["move", service, "--to", "node-3", "--image", image]);
    assert.equal(unconfirmed.code, 3, unconfirmed.stderr);

    const killed = project.start(["move", service, "--to", "node-3", "--image", image, "--yes"]);
    await killed.printed("copying");
    killed.kill("SIGKILL");
    await killed.ended;
    const { stdout } = await succeeds(["move", service, "--to", "node-3", "--yes"]);
    assert.match(stdout, /goes on +with what an earlier run has begun/u);
    assert.match(stdout, /^Moved moving-stateful to node-3/mu);
    assert.match(stdout, /^Set holdfast:node to node-3 in Pulumi\.dev\.yaml\.$/mu);
    assert.equal(await leftovers(), 0);

    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
    await succeeds(["preview", "--expect-no-changes"]);
    await succeeds(["redis", "set", "foo", "later"]);
  });

  it("is drained from there, into a volume beside the former one", async () => {
    const { stdout } = await succeeds(["drain", "node-3", "--to", "node-2", "--image", image, "--yes"]);
    const [, name = ""] = /volume (moving-store-\d{8}-\d{6}) on node-2/u.exec(stdout) ?? [];
    assert.notEqual(name, "", stdout);
    volumes.add(name);
    assert.match(stdout, /No service has data on node-3 any more/u);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "later\n");
    await succeeds(["preview", "--expect-no-changes"]);
    const again = await succeeds(["drain", "node-3", "--yes"]);
    assert.match(again.stdout, /^No service has data on node-3\.$/mu);
    const refused = await project.run(["move", service, "--to", "node-2", "--image", image, "--yes"]);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /node-2, where the data is/u);
    assert.equal(await leftovers(), 0);
  });
});

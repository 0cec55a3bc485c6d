import assert from "node:assert/strict";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ProjectCopy } from "./project-copy.ts";

const recorded = fileURLToPath(new URL("../data/stacks/unlabelled", import.meta.url));

describe("a stack whose engine does not answer", function () {
  this.timeout(60_000);

  let project: ProjectCopy;

  before(async () => {
    const environment = { DOCKER_HOST: "unix:///nowhere.sock", PULUMI_CONFIG_PASSPHRASE: "test" };
    project = await ProjectCopy.make(environment);
    const states = join(project.directory, ".pulumi", "stacks", "holdfast");
    await mkdir(states, { recursive: true });
    await cp(join(recorded, "dev.json"), join(states, "dev.json"));
    await cp(join(recorded, "Pulumi.dev.yaml"), join(project.directory, "Pulumi.dev.yaml"));
  });

  after(() => project[Symbol.asyncDispose]());

  it("is left as it is by down, before anything is begun", async () => {
    const { code, stdout, stderr } = await project.run(["down", "--yes"]);
    assert.match(stderr, /^error: DOCKER_HOST .*expected a Docker engine that answers, got .*\. Correct DOCKER_HOST/m);
    assert.doesNotMatch(stdout, /destroy/i);
    assert.equal(code, 2);
  });

  it("is told by preview where the data stays of a protected volume that would be replaced, and how to go on", async () => {
    assert.equal((await project.run(["config", "set", "volume", "another"])).code, 0);
    const { code, stderr } = await project.run(["preview"]);
    assert.match(stderr, /^error: The volume .*the data is still in the volume \S+\. Declare it as it was/m);
    assert.equal(code, 2);
  });

  it("has nothing to delete where nothing was made", async () => {
    const { code, stdout } = await project.run(["down", "-s", "never"]);
    assert.match(stdout, /^Nothing to delete: the stack never has no resources\.$/m);
    assert.doesNotMatch(stdout, /Previewing/);
    assert.equal(code, 0);
    const json = await project.run(["down", "-s", "never", "--json"]);
    assert.equal(json.code, 0);
    assert.partialDeepStrictEqual(JSON.parse(json.stdout), {
      succeeded: true,
      message: "Nothing to delete: the stack never has no resources.",
      changeSummary: {},
      deletedVolumes: [],
    });
  });

  it("is said to be so by redis", async () => {
    const { code, stderr } = await project.run(["redis", "get", "foo"]);
    assert.match(stderr, /^error: DOCKER_HOST .*expected a Docker engine that answers, got .*\. Correct DOCKER_HOST/m);
    assert.equal(code, 2);
  });
});

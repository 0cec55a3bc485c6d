import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { inspectService, listTasks } from "../../swarm/docker-reads.ts";
import { openProgram, type ProgramStack } from "../support/program-stack.ts";
import { sandboxStartMs, sharedSandbox } from "../support/sandbox.ts";

const service = "way-back-store";
const volume = "way-back-data";

describe("a component's change that fails", function () {
  this.timeout(180_000);
  let docker: Docker;
  let stack: ProgramStack;
  let image = "";

  before(async function () {
    this.timeout(sandboxStartMs);
    const sandbox = await sharedSandbox();
    docker = new Docker({ socketPath: sandbox.dockerHost.replace("unix://", "") });
    const [name = "", digest = ""] = sandbox.redisImage.split("@");
    const repository = name.replace(/:[^:/]+$/u, "");
    image = `${repository}:6@${digest}`;
    stack = await openProgram(fileURLToPath(new URL("way-back-program", import.meta.url)), sandbox.dockerHost);
    await stack.set({ image, node: sandbox.nodeHostname, configuration: "save 60 1\n" });
    await stack.up();
  });
  after(async () => {
    await stack.down();
    await stack.remove();
    for (let left = 40; left > 0 && (await docker.getVolume(volume).remove().catch(String)) !== undefined; left--) {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  });

  const running = async () => {
    const found = await inspectService(docker, service);
    const tasks = found === undefined ? [] : await listTasks(docker, found.ID);
    return tasks.filter(({ Status }) => Status.State === "running").map(({ ID }) => ID);
  };
  const configs = async () => {
    const used = (await inspectService(docker, service))?.Spec.TaskTemplate.ContainerSpec?.Configs ?? [];
    const all = (await docker.listConfigs()).flatMap(({ Spec }) => Spec?.Name ?? []);
    return {
      used: used.map(({ ConfigName }) => ConfigName),
      ours: all.filter((name) => name.startsWith("store-configuration-")),
    };
  };

  it("is not made where another major version may change the files, and nothing is stopped", async () => {
    const before = await running();
    await stack.set({ image: image.replace(":6@", ":7@") });
    await assert.rejects(
      stack.up(),
      /store\.image: expected a change that can be taken back when it fails, got another major version: MongoDB 7 may change the files at its first start, and MongoDB 6 would then run on them\. Make a backup/,
    );
    await stack.set({ image });
    assert.deepEqual(await running(), before);
  });

  it("leaves the former version running and the state true; the way back finds the former configuration and restarts nothing", async () => {
    const former = await configs();
    await stack.set({ configuration: "no-such-directive 1\n" });
    // The new configuration's name is not known in a preview.
    assert.equal((await stack.preview()).changes.update, 1);
    await assert.rejects(stack.up(), /no-such-directive[^]*|The former version runs again\./);
    const back = await running();
    assert.equal(back.length, 1);
    assert.deepEqual((await configs()).used, former.used);
    assert.equal((await configs()).ours.length, 2);

    await stack.set({ configuration: "save 60 1\n" });
    const { changes } = await stack.up();
    assert.deepEqual(await running(), back);
    assert.deepEqual(await configs(), former);
    assert.equal(changes.create, undefined);
    assert.equal((await stack.preview()).changes.update, undefined);
  });

  it("is taken back where no node can take the task, which Swarm itself would wait for", async () => {
    await stack.set({ reservation: "yes" });
    await assert.rejects(stack.up(), /900G?|insufficient resources[^]*The former version runs again\./);
    assert.equal((await running()).length, 1);
  });
});

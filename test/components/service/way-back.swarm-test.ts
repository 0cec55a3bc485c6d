import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { fillToolbox } from "../../../lab/host/toolbox.ts";
import { assembleImage } from "../../../lab/images/assembled-image.ts";
import { redisRecipe } from "../../../lab/images/redis.ts";
import { labRegistry, pushImage } from "../../../lab/images/registry.ts";
import type { ServiceSpec } from "../../../swarm/api/objects.ts";
import { inspectService, listTasks } from "../../../swarm/api/reads.ts";
import { redactor } from "../../../swarm/api/redaction.ts";
import { findEngine } from "../../../swarm/engine/connection.ts";
import { followUpdate } from "../../../swarm/service/update-end.ts";
import { openProgram, type ProgramStack } from "../../support/program-stack.ts";
import { openRegistryDoor } from "../../support/registry-door.ts";
import { sandboxStartMs, sharedSandbox, testCacheDirectory } from "../../support/sandbox.ts";

const service = "way-back-store";
const volume = "way-back-data";

describe("a component's change that fails", function () {
  this.timeout(180_000);
  let docker: Docker;
  let dockerHost = "";
  let stack: ProgramStack;
  let image = "";

  before(async function () {
    this.timeout(sandboxStartMs);
    const sandbox = await sharedSandbox();
    ({ dockerHost } = sandbox);
    docker = new Docker({ socketPath: sandbox.dockerHost.replace("unix://", "") });
    const [name = "", digest = ""] = sandbox.redisImage.split("@");
    const repository = name.replace(/:[^:/]+$/u, "");
    image = `${repository}:6@${digest}`;
    stack = await openProgram(fileURLToPath(new URL("../way-back-program", import.meta.url)), dockerHost);
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
    await assert.rejects(stack.up(), /The former version runs again\.[^]*no-such-directive/);
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
    await stack.set({ reservation: "" });
  });

  /** Sends an update as any other client does, while the hooks' function follows it. */
  const follow = async (change: (task: ServiceSpec["TaskTemplate"]) => void) => {
    const found = await inspectService(docker, service);
    assert.ok(found);
    const followed = await followUpdate(findEngine({ host: dockerHost }), found.ID, redactor(["correct horse"]));
    const wanted = structuredClone(found.Spec);
    change(wanted.TaskTemplate);
    await docker.getService(found.ID).update({ version: found.Version.Index, ...wanted });
    const words = await followed?.end;
    assert.deepEqual(
      (await inspectService(docker, service))?.Spec.TaskTemplate.ContainerSpec,
      found.Spec.TaskTemplate.ContainerSpec,
    );
    assert.equal((await running()).length, 1);
    return words;
  };

  it("is followed where somebody else sends it: taken back within seconds, in the server's last words without its secrets", async () => {
    const began = performance.now();
    const nowhere = await follow((task) => {
      task.Placement = { Constraints: ["node.hostname==nowhere"] };
    });
    assert.match(nowhere ?? "", /node\.hostname==nowhere[^]*The former version runs again\./);
    // Swarm by itself waits a minute for a task that has no node, before it starts another one.
    assert.ok(performance.now() - began < 55_000);
    const wrong = await follow(({ ContainerSpec }) => {
      if (ContainerSpec) ContainerSpec.Args = ["redis-server", "--bogus", "correct horse"];
    });
    assert.match(wrong ?? "", /The former version runs again\.[^]*FATAL CONFIG FILE ERROR[^]*bogus "\[secret\]"/);
    assert.doesNotMatch(wrong ?? "", /correct horse/);
  });

  it("is refused before the task is stopped where the registry wants credentials, and done with the right ones", async () => {
    const sandbox = await sharedSandbox();
    const door = await openRegistryDoor(sandbox.registryAddress);
    const toolbox = await fillToolbox(testCacheDirectory, () => undefined);
    const recipe = { ...(await redisRecipe(toolbox)), repository: "private/redis", tag: "6" };
    const assembled = { ...recipe, config: { ...recipe.config, Labels: { private: "yes" } } };
    const pushed = await pushImage(labRegistry(sandbox), await assembleImage(assembled, toolbox, testCacheDirectory));
    const registryAuth = (password: string) =>
      JSON.stringify([{ address: door.address, username: door.username, password }]);
    try {
      const before = await running();
      // As under `pulumi up`: what the hook refuses, no provider is asked for.
      await stack.set({ hooks: "all", image: pushed.replace(sandbox.registryAddress, door.address) });
      const refused = (answer: string) =>
        new RegExp(
          String.raw`resource hook 'holdfast-readiness-\d+-update' failed: .*expected an image that its registry has, got .*${answer}.*give the credentials of ${door.address} in docker:registryAuth .*\. The running task has not been touched\.$`,
          "mu",
        );
      await assert.rejects(stack.up(), refused("no basic auth credentials"));
      await stack.set({ "docker:registryAuth": registryAuth("wrong-word") });
      await assert.rejects(stack.up(), (error: Error) => {
        assert.match(error.message, refused("unauthorized"));
        assert.doesNotMatch(error.message, /wrong-word/u);
        return true;
      });
      assert.deepEqual(await running(), before);
      await stack.set({ "docker:registryAuth": registryAuth(door.password) });
      await stack.up();
      assert.notDeepEqual(await running(), before);
      assert.ok(!(await stack.state()).includes(door.password));
    } finally {
      door.close();
      await stack.set({ hooks: "", image, "docker:registryAuth": "[]" });
    }
  });

  it("is refused in the preview already where a new name is another's: Pulumi deletes what it replaces before a creation's hook is asked", async () => {
    const taken = "way-back-neighbour";
    const neighbour = await docker.createService({
      Name: taken,
      TaskTemplate: { ContainerSpec: { Image: image } },
      Mode: { Replicated: { Replicas: 0 } },
    });
    try {
      await stack.set({ hooks: "all", serviceName: taken });
      await assert.rejects(stack.preview(), /service "way-back-neighbour": expected a name that is free/);
      await stack.set({ serviceName: "way-back-free" });
      assert.equal((await stack.preview()).changes.replace, 1);
    } finally {
      await stack.set({ serviceName: service });
      await docker.getService(neighbour.id).remove();
    }
  });
});

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { Drift } from "../../../../cli/commands/stack/drift.ts";
import type { ServiceSpec } from "../../../../swarm/api/objects.ts";
import { inspectService, inspectVolume, listTasks } from "../../../../swarm/api/reads.ts";
import { findEngine } from "../../../../swarm/engine/connection.ts";
import { sandboxStartMs, sharedSandbox } from "../../../support/sandbox.ts";
import { ProjectCopy, type Ended } from "../../project-copy.ts";

/** A name and a port that no other test uses. */
const service = "drifting";
const volume = "drifting-data";
const port = 10_000 + randomInt(1000, 9000);

describe("what was changed by hand", function () {
  this.timeout(180_000);

  let docker: Docker;
  let project: ProjectCopy;

  before(async function () {
    this.timeout(sandboxStartMs);
    const sandbox = await sharedSandbox();
    ({ docker } = findEngine({ host: sandbox.dockerHost }));
    project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    await project.configure("dev", { service, volume, port, memoryLimit: "100M", image: sandbox.redisImage });
    await ends(["up"], 0);
    await ends(["redis", "set", "foo", "bar"], 0);
  });

  after(async () => {
    await project.run(["down", "--yes", "--delete-data", volume]);
    await docker.getService(service).remove().catch(ignore);
    for (let attempt = 0; attempt < 20 && (await inspectVolume(docker, volume)) !== undefined; attempt++) {
      await docker.getVolume(volume).remove().catch(ignore);
      await sleep(500);
    }
    await project[Symbol.asyncDispose]();
  });

  it("is no false alarm where nothing was", async () => {
    await isQuiet();
    assert.match((await ends(["up"], 0)).stdout, /^Nothing changed: everything matches the program\.$/m);
  });

  it("is told and not taken for nothing when a service was scaled to 0, and is repaired by a refresh", async () => {
    await change((spec) => ({ ...spec, Mode: { Replicated: { Replicas: 0 } } }));
    const { stderr } = await ends(["redis", "get", "foo"], 2);
    assert.match(stderr, /The service \S+ is scaled to 0\. .*`npx holdfast up --refresh`\.\n$/);
    const scaled = { path: "mode.replicated.replicas", state: 1, live: 0 };

    assert.partialDeepStrictEqual(driftOf(await ends(["preview", "--json"], 0)), [
      { name: service, properties: [scaled] },
    ]);
    assert.match(
      (await ends(["preview", "--expect-no-changes"], 4)).stdout,
      /^ {2}service drifting: mode\.replicated\.replicas is 0 \(no task is running\), and 1 in the state\n\n`npx holdfast up --refresh` updates the state/m,
    );
    const refreshed = await ends(["refresh", "--preview-only", "--json"], 4);
    assert.partialDeepStrictEqual(driftOf(refreshed), [{ change: "changed", properties: [scaled] }]);

    const stopped = await ends(["up"], 3);
    assert.doesNotMatch(stopped.stdout, /Nothing changed: everything/);
    assert.match(
      stopped.stderr,
      /differs from the state: service drifting: mode\.replicated\.replicas is 0 \(no task is running\).*`npx holdfast up --refresh --yes`\.\n$/,
    );
    assert.match((await ends(["up", "--refresh"], 3)).stdout, /redis-service update \[diff: ~mode\]/);
    assert.match((await ends(["up", "--yes"], 0)).stdout, /PING {6}PONG/);
    assert.equal((await ends(["redis", "get", "foo"], 0)).stdout, "bar\n");
    await isQuiet();
  });

  it("is put back by an update of the same service, without a refresh", async () => {
    await change((spec) => {
      const { TaskTemplate } = spec;
      return { ...spec, TaskTemplate: { ...TaskTemplate, Resources: { Limits: { MemoryBytes: 150 * 2 ** 20 } } } };
    });
    const told = driftOf(await ends(["preview", "--json"], 0));
    const limit = { path: "taskSpec.resources.limits.memoryBytes", state: 100 * 2 ** 20, live: 150 * 2 ** 20 };
    assert.ok(
      told[0]?.properties.some((one) => one.path === limit.path && one.live === limit.live),
      JSON.stringify(told),
    );
    await ends(["config", "set", "memoryLimit", "120M"], 0);
    assert.match((await ends(["up", "--yes"], 0)).stdout, /limit {5}120 MiB/);
    await isQuiet();
  });

  it("is not that its task was replaced by hand", async () => {
    const former = (await tasks()).map(({ ID }) => ID);
    await change((spec) => {
      const { TaskTemplate } = spec;
      return { ...spec, TaskTemplate: { ...TaskTemplate, ForceUpdate: (TaskTemplate.ForceUpdate ?? 0) + 1 } };
    });
    await until(async () =>
      (await tasks()).some(({ ID, Status }) => !former.includes(ID) && Status.State === "running"),
    );
    await isQuiet();
    // Taken over, it is not counted back, which would replace the task once more.
    await ends(["preview", "--refresh", "--expect-no-changes"], 0);
  });

  it("is told when a service was removed, and the service is there again with its data", async () => {
    await docker.getService(service).remove();
    assert.match((await ends(["preview", "--expect-no-changes"], 4)).stdout, /^ {2}service drifting is gone$/m);
    const stopped = await ends(["up"], 3);
    assert.match(stopped.stderr, /differs from the state: service drifting is gone\. .*--refresh --yes`\.\n$/);
    // A plan that only creates needs no yes.
    assert.match((await ends(["up", "--refresh"], 0)).stdout, /PING {6}PONG/);
    assert.equal((await ends(["redis", "get", "foo"], 0)).stdout, "bar\n");
    await isQuiet();
  });

  it("is told when no task runs, though all is declared as it should be", async () => {
    const [node] = (await docker.listNodes()) as { ID: string; Version: { Index: number }; Spec: object }[];
    assert.ok(node);
    const setAvailability = async (Availability: string) => {
      const { Version, Spec } = (await docker.getNode(node.ID).inspect()) as typeof node;
      await docker.getNode(node.ID).update({ ...Spec, Availability, version: Version.Index });
    };
    await setAvailability("drain");
    try {
      await until(async () => (await tasks()).every(({ Status }) => Status.State !== "running"));
      await until(async () => (await tasks()).some(({ Status }) => Status.State === "pending" && Status.Err !== ""));
      const { stdout } = await ends(["preview", "--expect-no-changes"], 4);
      assert.match(
        stdout,
        /^ {2}No task of the service drifting is running; the last one is pending: no suitable node/m,
      );
      const { stdout: said, stderr } = await ends(["up"], 1);
      assert.match(said, /^Nothing changed: all definitions match the program, but not everything is running\.$/m);
      assert.doesNotMatch(said + stderr, /holdfast up|npm run up/);
    } finally {
      await setAvailability("active");
    }
    await until(async () => (await tasks()).some(({ Status }) => Status.State === "running"));
    await isQuiet();
  });

  it("is told when the volume is gone", async () => {
    await docker.getService(service).remove();
    await until(() =>
      docker
        .getVolume(volume)
        .remove()
        .then(
          () => true,
          () => false,
        ),
    );
    const told = driftOf(await ends(["preview", "--json"], 0));
    assert.deepEqual(told.map(({ name, change: kind }) => `${name} ${kind}`).sort(), [
      `${service} gone`,
      `${volume} gone`,
    ]);
  });

  async function ends(words: readonly string[], code: number): Promise<Ended> {
    const ended = await project.run(words);
    assert.equal(ended.code, code, `holdfast ${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  async function isQuiet(): Promise<void> {
    await ends(["preview", "--expect-no-changes"], 0);
    assert.deepEqual(driftOf(await ends(["refresh", "--preview-only", "--json"], 0)), []);
  }

  function driftOf({ stdout }: Ended): Drift[] {
    return (JSON.parse(stdout) as { drift?: Drift[] }).drift ?? [];
  }

  async function change(edit: (spec: ServiceSpec) => object): Promise<void> {
    const { Spec, Version } = (await inspectService(docker, service)) ?? assert.fail("no service");
    await docker.getService(service).update({ ...edit(Spec), version: Version.Index });
  }

  async function tasks() {
    const found = await inspectService(docker, service);
    return found === undefined
      ? []
      : (await listTasks(docker, found.ID)).filter((task) => task.DesiredState === "running");
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt++) {
    if (await holds()) return;
    await sleep(250);
  }
  assert.fail("it has not come to that in 30 s");
}

function ignore(): void {
  // It is gone already, or cannot be removed yet.
}

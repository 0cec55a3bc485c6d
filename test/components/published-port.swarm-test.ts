import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { PublishMode } from "../../components/service/ports.ts";
import { dockerServiceArgs } from "../../components/service/service-spec.ts";
import { type SharedSandbox, sandboxStartMs, sharedSandbox } from "../support/sandbox.ts";
import { plainDefinition } from "./definitions.ts";

/** What of a service counts here, as the Docker Engine API names it. */
interface Endpoint {
  port: number;
  publishMode: PublishMode;
  forceUpdate: number;
}

/** What the real Docker provider sends to Swarm when a published port changes (recorded), sent by hand. */
describe("a changed endpoint under the Docker provider", function () {
  this.timeout(60_000);
  let sandbox: SharedSandbox;
  let docker: Docker;
  const name = "endpoint";
  const at = (port: number, publishMode: PublishMode = PublishMode.host): Endpoint => {
    const ports = [{ target: 6379, published: port, mode: publishMode }];
    const { taskSpec } = dockerServiceArgs({ ...plainDefinition, ports }, "store");
    return { port, publishMode, forceUpdate: Number(taskSpec.forceUpdate) };
  };

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    docker = new Docker({ socketPath: sandbox.dockerHost.replace("unix://", "") });
  });
  afterEach(() => docker.getService(name).remove());

  it("replaces the task, because the number made from it changes", async () => {
    const task = await changed(at(10_030), at(10_031));
    while ((await runningTask()) === task) await sleep(100);
  });

  it("replaces the task for another publish mode, too", async () => {
    const task = await changed(at(10_030), at(10_030, PublishMode.ingress));
    while ((await runningTask()) === task) await sleep(100);
  });

  it("would have no effect without that number, so the check can fail", async () => {
    const task = await changed(at(10_030), { ...at(10_031), forceUpdate: at(10_030).forceUpdate });
    await sleep(3000); // Swarm begins an update at once, and here begins none.
    assert.equal(await runningTask(), task);
  });

  /** Creates the service, changes it, and tells the task that ran before the change. */
  async function changed(before: Endpoint, after: Endpoint): Promise<string> {
    // The provider's creation names the image's platforms and its update does not: Swarm then finds the task's placement
    // alone to differ, and compares nothing else.
    const withPlatforms = { Platforms: [{ OS: "linux", Architecture: "" }] };
    await docker.createService({ Name: name, ...spec(before, withPlatforms) });
    const task = await runningTask();
    const service = docker.getService(name);
    // dockerode does not type the answer.
    const { Version } = (await service.inspect()) as { Version: { Index: number } };
    await service.update({ version: Version.Index, Name: name, ...spec(after, {}) });
    return task;
  }

  function spec({ port, publishMode, forceUpdate }: Endpoint, Placement: Docker.Placement) {
    const Ports = [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: port, PublishMode: publishMode } as const];
    return {
      TaskTemplate: {
        ContainerSpec: { Image: sandbox.redisImage, StopGracePeriod: 1e9 },
        Placement,
        ForceUpdate: forceUpdate,
      },
      EndpointSpec: { Mode: publishMode === PublishMode.host ? "dnsrr" : "vip", Ports },
    } as const;
  }

  /** The one task that is meant to run, once it does. */
  async function runningTask(): Promise<string> {
    const filters = JSON.stringify({ service: [name], "desired-state": ["running"] });
    for (;;) {
      const tasks = (await docker.listTasks({ filters })) as { ID: string; Status: { State: string } }[];
      const [task, ...others] = tasks;
      if (task?.Status.State === "running" && others.length === 0) return task.ID;
      await sleep(100);
    }
  }
});

import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import type { PropertyMap } from "../../../engine/model/property-value.ts";
import { fillToolbox } from "../../../lab/host/toolbox.ts";
import { assembleImage } from "../../../lab/images/assembled-image.ts";
import { redisRecipe } from "../../../lab/images/redis.ts";
import { labRegistry, pushImage } from "../../../lab/images/registry.ts";
import type { Lab } from "../../../lab/lab.ts";
import { listServices } from "../../../swarm/api/reads.ts";
import { listenOnNode } from "../../support/foreign-process.ts";
import { engineOf, nodeOf, until } from "../../support/lab-service.ts";
import { labStartMs, sharedLab } from "../../support/lab.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";
import { serviceType, SwarmResources, type Made } from "../../support/swarm-resources.ts";

const name = "pulled";
const [port, foreignPort] = [10_021, 10_022];

describe("a service on a worker that gets another image, port or node", function () {
  this.timeout(labStartMs);
  this.slow(20_000);
  let lab: Lab;
  let swarm: SwarmResources;
  let service: Made;
  let otherImage: string;

  const declared = (more: { image?: string; port?: number; node?: string } = {}): PropertyMap => ({
    name,
    taskSpec: {
      containerSpec: { image: more.image ?? lab.redisImage, stopGracePeriod: "5s" },
      placement: { constraints: [`node.hostname==${more.node ?? "node-2"}`] },
      restartPolicy: { condition: "any", delay: "500ms" },
    },
    endpointSpec: { ports: [{ targetPort: 6379, publishedPort: more.port ?? port, publishMode: "host" }] },
  });

  before(async () => {
    lab = await sharedLab();
    swarm = new SwarmResources(nodeOf(lab, 1));
    service = await swarm.create(serviceType, declared());
    const toolbox = await fillToolbox(testCacheDirectory, () => undefined);
    const recipe = await redisRecipe(toolbox);
    const other = { ...recipe, tag: `${recipe.tag}-other`, config: { ...recipe.config, Labels: { other: "yes" } } };
    const image = await assembleImage(other, toolbox, testCacheDirectory);
    otherImage = await pushImage(labRegistry(lab), image);
  });
  after(() => swarm.removeAll());

  /** Services that pull an image. */
  const pulls = async () =>
    (await listServices(swarm.connection.docker)).filter(({ Spec }) => Spec.Labels?.["holdfast.pull"] !== undefined);

  async function refuses(next: PropertyMap, words: RegExp): Promise<void> {
    const container = await swarm.containerOf(service);
    await assert.rejects(swarm.update(service, next), { name: "InputError", message: words });
    assert.equal(await swarm.containerOf(service), container);
    assert.deepEqual(await pulls(), []);
  }

  it("keeps its task where the registry does not have the image", async () => {
    const absent = lab.redisImage.replace(/@.*/u, `@sha256:${"0".repeat(64)}`);
    await refuses(
      declared({ image: absent }),
      /image: expected an image that its registry has, got .*manifest unknown.* The running task has not been touched\.$/,
    );
  });

  it("keeps its task where something on its node has the port, which nobody can see from outside", async () => {
    const listener = await listenOnNode(nodeOf(lab, 2), foreignPort);
    try {
      await refuses(
        declared({ port: foreignPort }),
        /ports: expected host ports that are free on the task's node, got 10022, which something else on the node has\./,
      );
    } finally {
      await listener.end();
    }
  });

  it("keeps its task where no node takes the next one", async () => {
    await refuses(declared({ node: "node-9" }), /expected a node that can take its next task, got no suitable node/);
  });

  it("has the image on its node before the old task is stopped, and nothing of the pull is left", async () => {
    const { docker } = swarm.connection;
    const Labels = { "holdfast.pull": name };
    // As a run that was killed leaves it.
    await docker.createService({
      Name: "holdfast-pull-left",
      Labels,
      TaskTemplate: { ContainerSpec: { Image: lab.redisImage } },
    });
    const began = seconds();
    const old = await swarm.containerOf(service);
    service = await swarm.update(service, declared({ image: otherImage }));
    const events = await eventsOf(2, began);
    const pulled = events.findIndex((event) => event === `image pull ${otherImage}`);
    const stopped = events.findIndex((event) => event === `container die ${old}`);
    assert.ok(pulled !== -1 && pulled < stopped, events.join("\n"));
    assert.match(swarm.progress.join("\n"), /pulling \S+; the old task still runs\npulled in \d/);
    assert.deepEqual(await pulls(), []);
    await until(async () => (await trialContainers(2)).length === 0, "the container of the pull is gone");
  });

  it("has it on the node that it moves to", async () => {
    const began = seconds();
    service = await swarm.update(service, declared({ image: otherImage, node: "node-3" }));
    assert.ok((await eventsOf(3, began)).includes(`image pull ${otherImage}`));
  });

  it("pulls nothing where neither changes", async () => {
    swarm.progress.length = 0;
    const began = seconds();
    const { taskSpec, ...rest } = declared({ image: otherImage, node: "node-3" });
    const limited = { ...(taskSpec as PropertyMap), resources: { limits: { memoryBytes: 200 * 1024 * 1024 } } };
    service = await swarm.update(service, { ...rest, taskSpec: limited });
    assert.doesNotMatch(swarm.progress.join("\n"), /pull/);
    const events = await eventsOf(3, began);
    assert.equal(events.filter((event) => event.startsWith("container start")).length, 1, events.join("\n"));
  });

  it("is told how large the image is where the engine at hand has pulled it", async () => {
    service = await swarm.update(service, declared({ image: otherImage, node: "node-1" }));
    assert.match(swarm.progress.join("\n"), /pulled [\d.]+ MiB in \d/);
  });

  function trialContainers(node: number) {
    return engineOf(nodeOf(lab, node)).listContainers({ all: true, filters: { name: ["holdfast-pull"] } });
  }

  /** What a node's engine has done since a time, in order. */
  async function eventsOf(node: number, since: number): Promise<string[]> {
    const stream = await engineOf(nodeOf(lab, node)).getEvents({ since, until: seconds() });
    return (await text(stream))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        // Docker's own form of an event.
        const { Type, Action, Actor } = JSON.parse(line) as { Type: string; Action: string; Actor: { ID: string } };
        return `${Type} ${Action} ${Actor.ID}`;
      });
  }
});

function seconds(): number {
  return Date.now() / 1000;
}

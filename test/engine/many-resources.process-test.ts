import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { startProgramHost } from "../../engine/program/host.ts";
import type { ProgramRequests } from "../../engine/program/monitor.ts";
import { resource } from "../support/resource.ts";
import { ProgramProject } from "./program-project.ts";

describe("a program with many resources", function () {
  this.timeout(60_000);
  const preview = async (program: string) => {
    await using project = await ProgramProject.make({ "index.ts": program });
    const result = await project.preview();
    assert.deepEqual(result.errors, []);
    return result;
  };

  it("needs little memory for each while none has been answered", async () => {
    const { outputs } = await preview(`import * as docker from "@pulumi/docker";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const declare = (from: number, to: number) => {
  for (let index = from; index < to; index++) new docker.Volume("volume-" + index, { name: "data-" + index });
};
const heap = () => (collect(), process.memoryUsage().heapUsed);
declare(0, 510);
const before = heap();
declare(510, 1010);
export const kilobytesEach = (heap() - before) / 500 / 1024;
`);
    const { kilobytesEach } = outputs;
    assert.ok(typeof kilobytesEach === "number");
    // With the SDK as it is: 50.
    assert.ok(kilobytesEach < 16, `${kilobytesEach} KB each`);
  });

  it("finds the SDK as it is, where it has no more than 500", async () => {
    const { outputs } = await preview(`import * as docker from "@pulumi/docker";
const volumes = Array.from({ length: 500 }, (_, index) => new docker.Volume("volume-" + index, { name: "data-" + index }));
const isOwn = (volume: docker.Volume) => Object.getOwnPropertyDescriptor(volume, "name")?.get === undefined;
export const isUnchanged = volumes.every(isOwn);
export const isNextChanged = !isOwn(new docker.Volume("next", { name: "data-next" }));
`);
    assert.deepEqual(outputs, { isUnchanged: true, isNextChanged: true });
  });

  it("registers some at a time, and the others as they are answered", async () => {
    await using project = await ProgramProject.make({
      "index.ts": `import * as docker from "@pulumi/docker";
for (let index = 0; index < 1000; index++) new docker.Volume("volume-" + index, { name: "data-" + index });
`,
    });
    const about = { project: "shop", stack: "dev", dryRun: true, parallel: 8, config: new Map() };
    const run = { ...about, projectDirectory: project.directory, main: "index.ts", environment: process.env };
    using host = await startProgramHost({ ...run, onOutput: () => undefined });
    const answers = Promise.withResolvers<undefined>();
    const ended = Promise.withResolvers<undefined>();
    let registered = 0;
    const requests: ProgramRequests = {
      register: async ({ name, type }) => {
        if (type !== "pulumi:pulumi:Stack") {
          registered += 1;
          await answers.promise;
        }
        return resource(name, { type });
      },
      registerOutputs: () => Promise.resolve(),
      invoke: () => Promise.reject(new Error("none is expected")),
      registerHook: () => undefined,
      declaredEverything: () => {
        ended.resolve(undefined);
        return Promise.resolve();
      },
      fail: (error) => {
        ended.reject(error);
      },
      log: () => undefined,
    };
    host.answerWith(requests);
    let before: number;
    do {
      before = registered;
      await wait(500);
    } while (registered === 0 || registered > before);
    const atOnce = registered;
    answers.resolve(undefined);
    await ended.promise;
    assert.equal(atOnce, 256);
    assert.equal(registered, 1000);
    assert.equal(await host.program.exit, 0);
  });

  it("may let the first ones wait for the last", async () => {
    const { outputs, changes } = await preview(`import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
const last = Promise.withResolvers<docker.Volume>();
const name = last.promise.then(({ name }) => name);
const waiting = Array.from({ length: 600 }, (_, index) => new docker.Volume("volume-" + index, { name }));
const volume = new docker.Volume("last", { name: "data" });
last.resolve(volume);
pulumi.all(waiting.map(({ urn }) => urn)).apply(() => new docker.Volume("later", { name }));
export const told = volume.name;
`);
    assert.equal(outputs["told"], "data");
    assert.deepEqual(changes, { create: 603 });
  });

  it("may read outputs whenever it wants", async () => {
    const { outputs, snapshot } = await preview(`import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
for (let index = 0; index < 500; index++) new docker.Volume("volume-" + index, { name: "data-" + index });
const early = new docker.Volume("early", { name: "a", labels: [{ label: "x", value: pulumi.secret("y") }] });
const late = new docker.Volume("late", { name: "b" });
const unread = new docker.Volume("unread", { name: "c" });
const { name } = early;
const child = new docker.Volume("child", { name: name.apply((each) => each + "-child") }, { parent: late, dependsOn: unread });
const whole = { ...unread };
export const read = name;
export const afterwards = child.urn.apply(() => late.name);
export const urn = late.urn;
export const facts = [
  pulumi.Output.isInstance(late.urn),
  late.urn instanceof pulumi.Output,
  pulumi.Output.isInstance(whole.name),
  early.name === name,
  Object.keys(late).includes("driver"),
  Object.keys(late.urn).includes("isKnown"),
  "promise" in late.urn,
];
export const isSecret = pulumi.isSecret(early.labels);
`);
    assert.equal(outputs["read"], "a");
    assert.equal(outputs["afterwards"], "b");
    assert.equal(outputs["urn"], "urn:pulumi:dev::shop::docker:index/volume:Volume::late");
    assert.deepEqual(
      outputs["facts"],
      Array.from({ length: 7 }, () => true),
    );
    const child = snapshot.resources.find(({ urn }) => urn.endsWith("::child"));
    const urnOf = (name: string) => `urn:pulumi:dev::shop::docker:index/volume:Volume::${name}`;
    assert.equal(child?.parent, urnOf("late"));
    assert.deepEqual(child.dependencies.toSorted(), [urnOf("early"), urnOf("unread")]);
    assert.deepEqual(child.propertyDependencies, { name: [urnOf("early")] });
  });
});

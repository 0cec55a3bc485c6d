import assert from "node:assert/strict";

import { Deployment } from "../../../engine/deploy/deployment.ts";
import { Journal, nowhere } from "../../../engine/deploy/journal.ts";
import type { EventBody } from "../../../engine/model/events.ts";
import type { Goal } from "../../../engine/model/goal.ts";
import { Secret, Unknown, type PropertyMap } from "../../../engine/model/property-value.ts";
import type { ResourceState } from "../../../engine/model/resource-state.ts";
import { createDockerProvider } from "../../../engine/provider/docker-provider.ts";
import { TableProvider } from "../../support/table-provider.ts";

const type = "docker:index/volume:Volume";

function goal(name: string, inputs: PropertyMap, rest: Partial<Goal> = {}): Goal {
  return {
    type,
    name,
    custom: true,
    inputs,
    version: "5.2.0",
    dependencies: [],
    propertyDependencies: {},
    ignoreChanges: [],
    replaceOnChanges: [],
    hideDiffs: [],
    additionalSecretOutputs: [],
    aliases: [],
    hooks: {},
    ...rest,
  };
}

function urn(name: string): string {
  return `urn:pulumi:dev::shop::${type}::${name}`;
}

/** Runs one operation on a table's rows, as a program with these goals would; answers with what came of it. */
async function run(
  provider: TableProvider,
  olds: readonly ResourceState[],
  goals: readonly Goal[],
  { preview = false }: { preview?: boolean } = {},
) {
  const events: EventBody[] = [];
  const base = { resources: olds.map((state) => ({ ...state })), pendingOperations: [] };
  const journal = new Journal(base.resources, nowhere);
  const never = new AbortController().signal;
  const deployment = new Deployment({
    stack: "dev",
    project: "shop",
    preview,
    base,
    journal,
    loadProviders: () => Promise.resolve(new Map([["docker", () => provider]])),
    providerConfiguration: () => ({}),
    send: (event) => events.push(event),
    parallel: 8,
    stopSoon: never,
    stopNow: never,
    review: Promise.resolve({ resource: (resource: ResourceState) => Promise.resolve(resource.inputs) }),
  });
  provider.calls.length = 0;
  const registered: ResourceState[] = [];
  for (const item of goals) {
    try {
      registered.push(await deployment.register(item));
    } catch (error) {
      // As the monitor does with what a registration throws.
      deployment.fail(error);
      break;
    }
  }
  await deployment.deleteTheRest();
  return {
    deployment,
    registered,
    resources: journal.resources(),
    steps: events.flatMap(({ resourcePreEvent }) =>
      resourcePreEvent
        ? [`${resourcePreEvent.metadata.op} ${resourcePreEvent.metadata.urn.split("::").at(-1) ?? ""}`]
        : [],
    ),
    metadata: events.flatMap(({ resourcePreEvent }) => (resourcePreEvent ? [resourcePreEvent.metadata] : [])),
    warnings: events.flatMap(({ diagnosticEvent }) =>
      diagnosticEvent?.severity === "warning" ? [diagnosticEvent.message] : [],
    ),
    errors: events.flatMap(({ diagnosticEvent }) =>
      diagnosticEvent?.severity === "error" ? [diagnosticEvent.message] : [],
    ),
  };
}

describe("a deployment", () => {
  it("creates what is new, behind a default provider that it does not show", async () => {
    const { resources, steps } = await run(new TableProvider(), [], [goal("a", { size: 1 })]);
    assert.deepEqual(steps, ["create a"]);
    assert.deepEqual(
      resources.map((state) => state.urn),
      ["urn:pulumi:dev::shop::pulumi:providers:docker::default_5_2_0", urn("a")],
    );
  });

  it("plans nothing for what has not changed, and leaves the order of the state alone", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { size: 1 }), goal("b", { size: 1 })]);
    const second = await run(provider, first.resources, [goal("b", { size: 1 }), goal("a", { size: 1 })]);
    assert.deepEqual(second.steps, ["same b", "same a"]);
    assert.deepEqual(second.resources, first.resources);
    assert.deepEqual(provider.calls, []);
  });

  it("keeps what another engine has recorded of a resource", async () => {
    const provider = new TableProvider();
    const { resources } = await run(provider, [], [goal("a", { size: 1 })]);
    const record = { sourcePosition: "project:///index.ts#1,1", stackTrace: ["project:///index.ts#1,1"] };
    const recorded = resources.map((state) => (state.urn === urn("a") ? { ...state, ...record } : state));
    const second = await run(provider, recorded, [goal("a", { size: 1 })]);
    assert.deepEqual(second.resources, recorded);
    const third = await run(provider, recorded, [goal("a", { size: 2 })]);
    assert.equal(third.registered[0]?.sourcePosition, record.sourcePosition);
  });

  it("updates in place, and keeps an automatic name", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { size: 1 })]);
    const second = await run(provider, first.resources, [goal("a", { size: 2 })]);
    assert.deepEqual(second.steps, ["update a"]);
    assert.equal(second.registered[0]?.inputs["name"], first.registered[0]?.inputs["name"]);
    assert.equal(second.registered[0]?.created, first.registered[0]?.created);
  });

  it("creates a replacement under a new automatic name before it deletes the original", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { fixedSize: 1 })]);
    const second = await run(provider, first.resources, [goal("a", { fixedSize: 2 })]);
    assert.deepEqual(second.steps, ["create-replacement a", "replace a", "delete-replaced a"]);
    assert.notEqual(second.registered[0]?.inputs["name"], first.registered[0]?.inputs["name"]);
    assert.equal(provider.rows.size, 1);
  });

  it("deletes first where the provider or the program says so, and whatever can't live without the original before it", async () => {
    const provider = new TableProvider();
    provider.deleteBeforeReplace = true;
    const dependent = goal(
      "b",
      { fixedOn: "a" },
      { dependencies: [urn("a")], propertyDependencies: { fixedOn: [urn("a")] } },
    );
    const bystander = goal("c", { on: "a" }, { dependencies: [urn("a")], propertyDependencies: { on: [urn("a")] } });
    const first = await run(provider, [], [goal("a", { name: "a", fixedSize: 1 }), dependent, bystander]);
    const second = await run(provider, first.resources, [goal("a", { name: "a", fixedSize: 2 }), dependent, bystander]);
    assert.deepEqual(second.steps, [
      "delete-replaced b",
      "delete-replaced a",
      "replace a",
      "create-replacement a",
      "replace b",
      "create-replacement b",
      "same c",
    ]);
    assert.deepEqual(
      second.resources.filter((state) => state.delete ?? state.pendingReplacement),
      [],
    );
  });

  it("goes on after a replacement that was interrupted between deletion and creation", async () => {
    const provider = new TableProvider();
    provider.deleteBeforeReplace = true;
    const first = await run(provider, [], [goal("a", { name: "a", fixedSize: 1 })]);
    const change = goal("a", { name: "a", fixedSize: 2 });
    provider.create = () => Promise.reject(new Error("no"));
    const failed = await run(provider, first.resources, [change]);
    assert.equal(failed.resources.find((state) => state.urn === urn("a"))?.pendingReplacement, true);
    provider.create = new TableProvider().create.bind(provider);
    const healed = new TableProvider();
    const third = await run(healed, failed.resources, [change]);
    assert.deepEqual(third.steps, ["create-replacement a", "replace a"]);
    assert.deepEqual(third.errors, []);
    assert.equal(third.resources.filter((state) => state.urn === urn("a")).length, 1);
  });

  it("takes a change back to the very resource that an unfinished run has left to be deleted", async () => {
    const provider = new TableProvider();
    const [before, after] = [goal("a", { fixedSize: 1 }), goal("a", { fixedSize: 2 })];
    const failing = goal("b", { size: 1 });
    const first = await run(provider, [], [before]);
    provider.failOn = "b";
    const failed = await run(provider, first.resources, [after, failing]);
    assert.deepEqual(failed.steps, ["create-replacement a", "replace a", "create b"]);
    const preview = await run(provider, failed.resources, [before], { preview: true });
    assert.equal(preview.registered[0]?.id, first.registered[0]?.id);
    const back = await run(provider, failed.resources, [before]);
    assert.deepEqual(back.steps, ["create-replacement a", "replace a", "delete-replaced a"]);
    assert.deepEqual(provider.calls, ["delete a"]);
    assert.equal(back.registered[0]?.id, first.registered[0]?.id);
    assert.deepEqual(
      back.resources
        .filter((state) => state.urn === urn("a"))
        .map(({ id, inputs, delete: to }) => ({ id, inputs, to })),
      first.registered.map(({ id, inputs }) => ({ id, inputs, to: undefined })),
    );
    assert.deepEqual([...provider.rows.keys()], [first.registered[0]?.id]);
    assert.deepEqual((await run(provider, back.resources, [before])).steps, ["same a"]);
  });

  it("makes anew what was left to be deleted and is gone, and refuses a name that is still held", async () => {
    const provider = new TableProvider();
    const named = (size: number, name = `a-${size}`) => goal("a", { name, fixedSize: size });
    const first = await run(provider, [], [named(1)]);
    provider.failOn = "b";
    const failed = await run(provider, first.resources, [named(2), goal("b", { size: 1 })]);
    const held = await run(provider, failed.resources, [named(3, "a-1")]);
    assert.match(String(held.errors), /^The name "a-1" is still used by an earlier version of "a", because the run /);
    assert.deepEqual(provider.calls, []);
    provider.rows.delete(first.registered[0]?.id ?? "");
    const back = await run(provider, failed.resources, [named(1)]);
    assert.deepEqual([back.errors, provider.calls], [[], ["create a", "delete a"]]);
    assert.equal(back.resources.filter((state) => state.urn === urn("a")).length, 1);
  });

  it("plans nothing for a configuration that a former program named and labelled otherwise, and a change leaves the name", async () => {
    const docker = createDockerProvider({ host: "unix:///nowhere" });
    const table = new TableProvider();
    const provider = Object.assign(table, {
      check: (...asked: Parameters<TableProvider["check"]>) => docker.check(...asked),
      diff: (...asked: Parameters<TableProvider["diff"]>) => docker.diff(...asked),
    });
    const configType = "docker:index/serviceConfig:ServiceConfig";
    const labels = [{ label: "digest", value: "1" }];
    const former = goal(
      "conf",
      { name: "redis-conf-0a1b", data: "YQ==" },
      { type: configType, deleteBeforeReplace: false },
    );
    const now = (data: string) => goal("conf", { data, labels }, { type: configType, ignoreChanges: ["labels"] });
    const first = await run(provider, [], [former]);
    const upgraded = await run(provider, first.resources, [now("YQ==")]);
    assert.deepEqual(upgraded.steps, ["same conf"]);
    const changed = await run(provider, upgraded.resources, [now("Yg==")]);
    assert.deepEqual(changed.steps, ["create-replacement conf", "replace conf", "delete-replaced conf"]);
    assert.match(JSON.stringify(changed.registered[0]?.inputs["name"]), /^"conf-[0-9a-f]{7}"$/);
    const second = await run(provider, changed.resources, [now("Yg==")]);
    assert.deepEqual([second.steps, second.resources], [["same conf"], changed.resources]);
  });

  it("deletes what the program no longer declares, dependents first", async () => {
    const provider = new TableProvider();
    const child = goal("b", {}, { dependencies: [urn("a")] });
    const first = await run(provider, [], [goal("a", {}), child]);
    const second = await run(provider, first.resources, []);
    assert.deepEqual(second.steps, ["delete b", "delete a"]);
    assert.deepEqual(second.resources, []);
  });

  it("refuses to delete or replace what is protected, before anything else is deleted", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { fixedSize: 1 }, { protect: true }), goal("b", {})]);
    const deletion = await run(provider, first.resources, []);
    assert.match(deletion.errors.join(), /cannot be deleted\nbecause it is protected/);
    const replacement = await run(provider, first.resources, [goal("a", { fixedSize: 2 }, { protect: true })]);
    assert.match(replacement.errors.join(), /marked for protection/);
    assert.equal(provider.rows.size, 2);
  });

  it("shows in a preview what protection will refuse, and fails", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { fixedSize: 1 }, { protect: true }), goal("b", {})]);
    const changed = [goal("a", { fixedSize: 2 }, { protect: true }), goal("b", {})];
    const replacement = await run(provider, first.resources, changed, { preview: true });
    assert.deepEqual(replacement.steps, ["create-replacement a", "replace a", "same b", "delete-replaced a"]);
    assert.match(replacement.errors.join(), /marked for protection/);
    assert.ok(replacement.deployment.failure);
    const deletion = await run(provider, first.resources, [], { preview: true });
    assert.deepEqual(deletion.steps, ["delete b", "delete a"]);
    assert.deepEqual(deletion.deployment.changes, { delete: 1 });
    assert.ok(deletion.deployment.failure);
  });

  it("may take protection off and replace at once", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { fixedSize: 1 }, { protect: true })]);
    const second = await run(provider, first.resources, [goal("a", { fixedSize: 2 })]);
    assert.deepEqual(second.errors, []);
    assert.deepEqual(second.steps, ["create-replacement a", "replace a", "delete-replaced a"]);
  });

  it("leaves a retained resource in the world when it leaves the state, in a replacement too", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { fixedSize: 1 }, { retainOnDelete: true })]);
    const second = await run(provider, first.resources, [goal("a", { fixedSize: 2 }, { retainOnDelete: true })]);
    const third = await run(provider, second.resources, []);
    assert.deepEqual(third.steps, ["delete a"]);
    assert.deepEqual(third.resources, []);
    assert.equal(provider.rows.size, 2);
  });

  it("does not delete by itself what is deleted with something else", async () => {
    const provider = new TableProvider();
    const child = goal("b", {}, { deletedWith: urn("a") });
    const first = await run(provider, [], [goal("a", {}), child]);
    await run(provider, first.resources, []);
    assert.deepEqual(provider.calls, ["delete a"]);
  });

  it("follows an alias to the old state and renames it there", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("old", { name: "x" })]);
    const second = await run(provider, first.resources, [goal("new", { name: "x" }, { aliases: [{ name: "old" }] })]);
    assert.deepEqual(second.steps, ["same new"]);
    assert.ok(second.resources.some((state) => state.urn === urn("new")));
    assert.ok(!second.resources.some((state) => state.urn === urn("old")));
  });

  it("ignores listed changes, and replaces on listed ones", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { size: 1 })]);
    const ignored = await run(provider, first.resources, [goal("a", { size: 2 }, { ignoreChanges: ["size"] })]);
    assert.deepEqual(ignored.steps, ["same a"]);
    const replaced = await run(provider, first.resources, [goal("a", { size: 2 }, { replaceOnChanges: ["size"] })]);
    assert.deepEqual(replaced.steps, ["create-replacement a", "replace a", "delete-replaced a"]);
  });

  it("blames a listed property for the replacement, and gives the new resource what was ignored of the old one", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", { size: 1, color: "red" })]);
    const options = { replaceOnChanges: ["size"], ignoreChanges: ["color"] };
    const second = await run(provider, first.resources, [goal("a", { size: 2, color: "blue" }, options)]);
    const replace = second.metadata.find(({ op }) => op === "replace");
    assert.deepEqual(replace?.keys, ["size"]);
    assert.deepEqual(replace.diffs, ["size"]);
    assert.equal(second.registered[0]?.inputs["color"], "blue");
  });

  it("replaces what has failed half-way where every change replaces, and else tries again", async () => {
    const provider = new TableProvider();
    const { resources } = await run(provider, [], [goal("a", { size: 1 })]);
    const failed = resources.map((state) => ({
      ...state,
      initErrors: state.urn === urn("a") ? ["not in effect"] : [],
    }));
    const again = await run(provider, failed, [goal("a", { size: 1 })]);
    assert.deepEqual(again.steps, ["update a"]);
    const replaced = await run(provider, failed, [goal("a", { size: 1 }, { replaceOnChanges: ["*"] })]);
    assert.deepEqual(replaced.metadata.find(({ op }) => op === "replace")?.keys, ["#initerror"]);
  });

  it("gives no reasons for a replacement that another one brings about", async () => {
    const provider = new TableProvider();
    provider.deleteBeforeReplace = true;
    const on = { dependencies: [urn("a")], propertyDependencies: { fixedOn: [urn("a")] } };
    const goals = (size: number) => [goal("a", { fixedSize: size }), goal("b", { fixedOn: "a" }, on)];
    const first = await run(provider, [], goals(1));
    const second = await run(provider, first.resources, goals(2));
    const replace = second.metadata.find(({ op, urn: of }) => op === "replace" && of === urn("b"));
    assert.deepEqual([replace?.keys, replace?.diffs, replace?.detailedDiff], [undefined, undefined, undefined]);
  });

  it("refuses an alias of what another resource has already", async () => {
    const first = await run(new TableProvider(), [], [goal("a", {}), goal("b", {})]);
    const alias = { aliases: [{ name: "a" }] };
    const present = await run(new TableProvider(), first.resources, [goal("a", {}), goal("c", {}, alias)]);
    assert.match(present.errors.join(), /Duplicate resource alias '.*::a' applied to resource with URN '.*::c'/);
    const taken = await run(new TableProvider(), first.resources, [goal("c", {}, alias), goal("a", {})]);
    assert.match(taken.errors.join(), /Duplicate resource URN '.*::a' conflicting with alias on resource .*::c'/);
  });

  it("moves a resource to another provider without touching it, and says so", async () => {
    const provider = new TableProvider();
    const first = await run(provider, [], [goal("a", {})]);
    const explicit = goal("far", { host: "tcp://far:2375" }, { type: "pulumi:providers:docker" });
    const made = await run(provider, first.resources, [explicit, goal("a", {})]);
    const far = made.registered[0];
    const reference = `${far?.urn ?? ""}::${far?.id ?? ""}`;
    const moved = await run(provider, made.resources, [explicit, goal("a", {}, { provider: reference })]);
    assert.deepEqual(moved.steps, ["same far", "same a"]);
    assert.match(moved.warnings.join(), /the provider changes from default_5_2_0 to far, which neither moves/);
  });

  it("says of a component that it differs, not in what, and of a provider both", async () => {
    const component = (size: number) => goal("c", { size }, { type: "lab:index:Box", custom: false });
    const explicit = (host: string, version: string) =>
      goal("p", { host, version }, { type: "pulumi:providers:docker" });
    const first = await run(new TableProvider(), [], [component(1), explicit("tcp://a:1", "5.1.0")]);
    const second = await run(new TableProvider(), first.resources, [component(2), explicit("tcp://b:1", "5.2.0")]);
    const differences = second.metadata.map(({ op, diffs, detailedDiff }) => [
      op,
      diffs,
      Object.keys(detailedDiff ?? {}),
    ]);
    assert.deepEqual(differences, [
      ["update", undefined, []],
      ["update", ["host"], ["host"]],
    ]);
    const third = await run(new TableProvider(), second.resources, [component(2), explicit("tcp://b:1", "5.3.0")]);
    assert.deepEqual(third.steps, ["same c", "same p"]);
  });

  it("gives a provider's check the secrets as such, so that it knows what to mask", async () => {
    const provider = new TableProvider();
    const { check } = provider;
    let given: PropertyMap = {};
    provider.check = (identity, request) => {
      given = request.news;
      return check(identity, request);
    };
    await run(provider, [], [goal("a", { data: new Secret("hunter2") })]);
    assert.ok(given["data"] instanceof Secret);
  });

  it("keeps secrets secret from input to output", async () => {
    const { registered } = await run(
      new TableProvider(),
      [],
      [goal("a", { data: new Secret("hunter2") }), goal("b", { open: "x" }, { additionalSecretOutputs: ["open"] })],
    );
    assert.ok(registered[0]?.outputs["data"] instanceof Secret);
    assert.ok(registered[1]?.outputs["open"] instanceof Secret);
    assert.doesNotMatch(JSON.stringify(registered), /hunter2/);
  });

  it("stops at the first failure, and tells it once", async () => {
    const provider = new TableProvider();
    provider.failOn = "a";
    const { errors, resources, deployment } = await run(provider, [], [goal("a", {}), goal("b", {})]);
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", /creating .*::a: a can't be had/);
    assert.ok(deployment.failure);
    assert.ok(!resources.some((state) => state.urn === urn("b")));
  });

  it("refuses bad inputs and duplicate names", async () => {
    const bad = await run(new TableProvider(), [], [goal("a", { bad: true })]);
    assert.match(bad.errors.join(), /resource 'a' has a problem with property bad: is not allowed/);
    const twice = await run(new TableProvider(), [], [goal("a", {}), goal("a", {})]);
    assert.match(twice.errors.join(), /Duplicate resource URN/);
  });

  it("refuses a type that it does not know, by name", async () => {
    const { errors } = await run(new TableProvider(), [], [goal("a", {}, { type: "aws:s3/bucket:Bucket" })]);
    assert.match(
      errors.join(),
      /supports only resource types of docker, not aws:s3\/bucket:Bucket\. Use the Pulumi CLI/,
    );
  });

  it("changes nothing in a preview, where new ids are unknown", async () => {
    const provider = new TableProvider();
    const { registered, steps } = await run(provider, [], [goal("a", { size: 1 })], { preview: true });
    assert.deepEqual(steps, ["create a"]);
    assert.deepEqual(provider.calls, []);
    assert.equal(registered[0]?.id, undefined);
    assert.equal(registered[0]?.outputs["id"], Unknown.value);
  });
});

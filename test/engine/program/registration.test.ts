import assert from "node:assert/strict";

import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import aliasProto from "@pulumi/pulumi/proto/alias_pb.js";
import callbackProto from "@pulumi/pulumi/proto/callback_pb.js";
import resourceProto from "@pulumi/pulumi/proto/resource_pb.js";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";

import { readGoal } from "../../../engine/program/registration.ts";

function request(): RegisterResourceRequest {
  return new resourceProto.RegisterResourceRequest()
    .setType("docker:index/volume:Volume")
    .setName("data")
    .setCustom(true);
}

const callback = () => new callbackProto.Callback().setTarget("127.0.0.1:1").setToken("t");
const hooks = () => new resourceProto.RegisterResourceRequest.ResourceHooksBinding();

/** How a program asks for what this engine does not do, by the name under which it is refused. */
const refused: Record<string, (request: RegisterResourceRequest) => void> = {
  remote: (asked) => asked.setRemote(true),
  import: (asked) => asked.setImportid("id"),
  replaceWith: (asked) => asked.setReplaceWithList(["urn"]),
  replacementTrigger: (asked) => asked.setReplacementTrigger(new structProto.Value().setStringValue("x")),
  transforms: (asked) => asked.setTransformsList([callback()]),
  "hooks around deletions and errors": (asked) => asked.setHooks(hooks().setBeforeDeleteList(["h"])),
  envVarMappings: (asked) => asked.getEnvvarmappingsMap().set("A", "B"),
  pluginDownloadURL: (asked) => asked.setPlugindownloadurl("https://example.com"),
  pluginChecksums: (asked) => asked.getPluginchecksumsMap().set("linux-amd64", "00"),
  packageRef: (asked) => asked.setPackageref("ref"),
  stateMigrations: (asked) => asked.setStateMigrationsList([callback()]),
};

/** Fields of the protocol that ask for nothing: what the SDK can do, and where a declaration stands. */
const harmless = [
  "acceptsByteString",
  "acceptresources",
  "acceptsecrets",
  "aliasspecs",
  "parentstacktracehandle",
  // The SDK gives each child of a component its provider by itself; for remote ones only the engine would.
  "providersMap",
  "snippetid",
  "sourceposition",
  "stacktrace",
  "supportspartialvalues",
  "supportsresultreporting",
];

describe("a registration", () => {
  for (const [name, ask] of Object.entries(refused))
    it(`is refused by name where it asks for ${name}`, () => {
      const asked = request();
      ask(asked);
      assert.throws(
        () => readGoal(asked),
        new RegExp(`Volume data: .* does not support the resource option ${name}\\.`),
      );
    });

  it("reads or refuses every field of the protocol that asks for something", () => {
    const every = Object.keys(request().toObject()).filter((name) => !harmless.includes(name));
    const seen = new Set<string>();
    // Every getter that `readGoal` calls is a field that it looks at.
    const watched = new Proxy(request(), {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        seen.add(
          String(property)
            .replace(/^(get|has)/, "")
            .toLowerCase(),
        );
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    readGoal(watched);
    assert.deepEqual(
      every.filter((name) => !seen.has(name.toLowerCase())),
      ["deletebeforereplace"],
      "read only where deletebeforereplacedefined says so",
    );
  });

  it("reads every option that the engine knows", () => {
    const timeouts = new resourceProto.RegisterResourceRequest.CustomTimeouts().setCreate("1m30s").setDelete("10s");
    const asked = request()
      .setObject(structProto.Struct.fromJavaScript({ name: "x" }))
      .setParent("urn:parent")
      .setProvider("urn:provider::id")
      .setProtect(false)
      .setRetainondelete(true)
      .setDeletebeforereplacedefined(true)
      .setDeletedwith("urn:other")
      .setIgnorechangesList(["a"])
      .setReplaceonchangesList(["b"])
      .setHidediffsList(["c"])
      .setAdditionalsecretoutputsList(["d"])
      .setCustomtimeouts(timeouts)
      .setHooks(hooks().setAfterCreateList(["h"]))
      .setAliasesList([
        new aliasProto.Alias().setUrn("urn:old"),
        new aliasProto.Alias().setSpec(new aliasProto.Alias.Spec().setName("old").setNoparent(true)),
        new aliasProto.Alias().setSpec(new aliasProto.Alias.Spec().setStack("s").setProject("p").setParenturn("urn:q")),
      ]);
    const goal = readGoal(asked);
    assert.deepEqual(
      [goal.inputs, goal.parent, goal.provider, goal.protect, goal.retainOnDelete, goal.deleteBeforeReplace],
      [{ name: "x" }, "urn:parent", "urn:provider::id", false, true, false],
    );
    assert.deepEqual(
      [goal.deletedWith, goal.ignoreChanges, goal.replaceOnChanges, goal.hideDiffs, goal.additionalSecretOutputs],
      ["urn:other", ["a"], ["b"], ["c"], ["d"]],
    );
    assert.deepEqual(goal.customTimeouts, { createSeconds: 90, deleteSeconds: 10 });
    assert.deepEqual(goal.hooks.afterCreate, ["h"]);
    assert.deepEqual(goal.aliases, [
      { urn: "urn:old" },
      { name: "old", parent: null },
      { stack: "s", project: "p", parent: "urn:q" },
    ]);
  });

  it("gives a provider that the program declares its version, as the default one has it", () => {
    const { inputs } = readGoal(request().setType("pulumi:providers:docker").setVersion("5.2.0"));
    assert.deepEqual(inputs, { __internal: {}, version: "5.2.0" });
  });
});

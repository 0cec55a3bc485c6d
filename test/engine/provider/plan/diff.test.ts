import assert from "node:assert/strict";
import fc from "fast-check";
import { Secret, Unknown, type PropertyMap, type PropertyValue } from "../../../../engine/model/property-value.ts";
import type { DiffKind, ResourceDiff } from "../../../../engine/model/resource-provider.ts";
import { decodeWire } from "../../../../engine/model/wire-value.ts";
import { diffResource } from "../../../../engine/provider/plan/diff.ts";
import { checked, recordedResource, withProperty, type RecordedResource } from "../../../support/provider-inputs.ts";
import { recordedCalls, recordedDocument } from "../../../support/recordings.ts";

function diff(resource: RecordedResource, program: PropertyMap, ignoreChanges: string[] = []): ResourceDiff {
  return diffResource(resource.type, {
    id: resource.id,
    oldInputs: resource.inputs,
    oldOutputs: resource.outputs,
    news: checked(resource.type, program, resource.inputs),
    ignoreChanges,
  });
}

const containerSpec = "taskSpec.containerSpec";

/** What any change of the recorded base service brings along: maps that were null become empty. */
const emptied: Record<string, DiffKind> = { [`${containerSpec}.env`]: "add", [`${containerSpec}.sysctl`]: "add" };

/** A service that an update has been through: its maps are empty, not null. */
function updatedService(): RecordedResource {
  const update = recordedCalls("lifecycle/07-up-repairs").find(
    ({ method, request }) => method === "ResourceProvider/Update" && request["preview"] !== true,
  );
  assert.ok(update);
  const map = (value: unknown) => decodeWire(value as Record<string, unknown>);
  const base = recordedResource("Service", "lifecycle/07-up-repairs");
  return { ...base, inputs: map(update.request["news"]), outputs: map(update.response["properties"]) };
}

describe("comparing a Docker service with its program", () => {
  const service = recordedResource("Service");
  const change = (path: string, value: PropertyValue | undefined) =>
    diff(service, withProperty(service.program, path, value));

  it("finds nothing where nothing changed", () => {
    assert.deepEqual(diff(service, service.program), {
      changes: false,
      diffs: [],
      replaces: [],
      detailedDiff: {},
      deleteBeforeReplace: false,
      warnings: [],
    });
  });

  // Not recorded; each follows from the schema and the rules of Terraform's SDK and the bridge.
  const updates: [string, PropertyValue | undefined, Record<string, DiffKind>][] = [
    [`${containerSpec}.user`, "1000:1000", { [`${containerSpec}.user`]: "update" }],
    [`${containerSpec}.dir`, "/tmp", { [`${containerSpec}.dir`]: "update" }],
    [`${containerSpec}.mounts.0.target`, "/var/lib/redis", { [`${containerSpec}.mounts[0].target`]: "update" }],
    // An element with a nested block cannot be told from its inputs (detailed_diff.go, validInputsFromPlan).
    [`${containerSpec}.mounts.0.volumeOptions`, { noCopy: true }, { [`${containerSpec}.mounts`]: "update" }],
    ["taskSpec.restartPolicy.condition", "on-failure", { "taskSpec.restartPolicy.condition": "update" }],
    ["taskSpec.logDriver", { name: "json-file", options: { "max-size": "10m" } }, { "taskSpec.logDriver": "add" }],
    ["endpointSpec.ports.0.publishMode", "ingress", { "endpointSpec.ports[0].publishMode": "update" }],
    ["endpointSpec.mode", "dnsrr", { "endpointSpec.mode": "update" }],
    ["updateConfig", undefined, { updateConfig: "delete" }],
    // Lists are compared by the shortest edit, an insertion in front is one addition (unstable/difft).
    [
      `${containerSpec}.args`,
      ["sh", "redis-server", "--protected-mode", "no"],
      { [`${containerSpec}.args[0]`]: "add" },
    ],
    // A block that the provider computes goes away by being empty, not by being absent.
    ["taskSpec.placement", {}, { "taskSpec.placement.constraints": "delete" }],
    ["taskSpec.resources", {}, { "taskSpec.resources.limits": "delete" }],
  ];
  for (const [path, value, expected] of updates)
    it(`updates it for ${path} = ${JSON.stringify(value)}`, () => {
      const found = change(path, value);
      assert.deepEqual(found.detailedDiff, { ...emptied, ...expected });
      assert.deepEqual([found.replaces, found.deleteBeforeReplace], [[], false]);
    });

  it("updates it for another mode: only the block as a whole forces a replacement (helper/schema: diffList)", () => {
    const global = withProperty(withProperty(service.program, "mode", { global: true }), "convergeConfig", undefined);
    assert.deepEqual(diff(service, global).detailedDiff, {
      ...emptied,
      convergeConfig: "delete",
      "mode.global": "update",
    });
  });

  const replacing: [string, PropertyValue, Record<string, DiffKind>, number][] = [
    [`${containerSpec}.hosts`, [{ host: "a", ip: "10.0.0.1" }], { [`${containerSpec}.hosts`]: "add-replace" }, 2],
    ["taskSpec.networksAdvanceds.0.aliases", ["store"], { "taskSpec.networksAdvanceds": "update" }, 1],
    [
      `${containerSpec}.mounts.0.volumeOptions`,
      { labels: [{ label: "x", value: "y" }] },
      { [`${containerSpec}.mounts`]: "update" },
      1,
    ],
  ];
  for (const [path, value, expected, forcing] of replacing) {
    it(`replaces it for ${path}`, () => {
      const found = change(path, value);
      assert.deepEqual(found.detailedDiff, { ...emptied, [`${containerSpec}.sysctl`]: "add-replace", ...expected });
      assert.deepEqual(found.replaces, new Array(forcing).fill("taskSpec"));
      assert.equal(found.deleteBeforeReplace, true);
    });

    it(`replaces an updated one for ${path}, told as __meta where no path forces it`, () => {
      const updated = updatedService();
      const found = diff(updated, withProperty(updated.program, path, value));
      const told = forcing === 1 ? { ...expected, __meta: "update-replace" } : expected;
      assert.deepEqual(found.detailedDiff, told);
      assert.deepEqual(found.replaces, forcing === 1 ? ["__meta"] : ["taskSpec"]);
    });
  }

  it("counts a new name as a replacement after the old one is gone, an automatic one as one before", () => {
    assert.equal(change("name", "other").deleteBeforeReplace, true);
    const autoNamed = { ...service, inputs: { ...service.inputs, __defaults: ["name"] } };
    const found = diffResource(service.type, {
      id: service.id,
      oldInputs: autoNamed.inputs,
      oldOutputs: service.outputs,
      news: { ...autoNamed.inputs, auth: { __defaults: [], serverAddress: "r", username: "u", password: "p" } },
      ignoreChanges: [],
    });
    assert.deepEqual([found.replaces, found.deleteBeforeReplace], [["auth", "taskSpec"], false]);
  });

  it("tells what goes and what comes in a set at its own place, whatever its order", () => {
    const two = withProperty(service.program, "taskSpec.placement.constraints", ["b", "node.hostname==vm"]);
    assert.deepEqual(diff(service, two).detailedDiff, { ...emptied, "taskSpec.placement.constraints[0]": "add" });
    const turned = { ...service, program: two, inputs: checked(service.type, two) };
    turned.outputs = withProperty(service.outputs, "taskSpec.placement.constraints", ["b", "node.hostname==vm"]);
    const reversed = withProperty(two, "taskSpec.placement.constraints", ["node.hostname==vm", "b"]);
    assert.equal(diff(turned, reversed).changes, false);
  });

  it("reports the plain tag of the image that has become a digest, as the preview of the unchanged program did", () => {
    const preview = recordedDocument("plain-tag-preview.json") as {
      steps: { op: string; detailedDiff: Record<string, { kind: DiffKind }>; newState: { inputs: PropertyMap } }[];
    };
    const step = preview.steps.find(({ op }) => op === "update");
    assert.ok(step);
    const taskSpec = step.newState.inputs["taskSpec"] as PropertyMap;
    const image = (taskSpec["containerSpec"] as PropertyMap)["image"] ?? null;
    const kinds = Object.entries(step.detailedDiff).map(([path, { kind }]) => [path, kind]);
    assert.deepEqual(change(`${containerSpec}.image`, image).detailedDiff, Object.fromEntries(kinds));
  });

  it("warns of what the program no longer says and the provider keeps", () => {
    for (const path of ["taskSpec.placement", "taskSpec.resources", `${containerSpec}.healthcheck`]) {
      const found = change(path, undefined);
      assert.equal(found.changes, false);
      assert.equal(found.warnings.length, 1);
      const [warning = ""] = found.warnings;
      assert.ok(warning.startsWith(`${path} was removed from the program, but the Docker provider keeps`));
      assert.match(warning, /Set it to an empty object/);
    }
    assert.match(change(`${containerSpec}.stopGracePeriod`, undefined).warnings[0] ?? "", /Give it the value/);
    assert.deepEqual(change("updateConfig", undefined).warnings, []);
  });

  it("reports a changed leaf at its path, and nothing else but the emptied maps", () => {
    const leaves: [string, PropertyValue[]][] = [
      [`${containerSpec}.image`, ["redis:8", "redis:9"]],
      [`${containerSpec}.stopSignal`, ["SIGINT", "SIGTERM"]],
      [`${containerSpec}.readOnly`, [true]],
      [`${containerSpec}.healthcheck.retries`, [0, 9]],
      ["taskSpec.forceUpdate", [1, 2]],
      ["taskSpec.placement.maxReplicas", [1]],
      ["taskSpec.resources.limits.nanoCpus", [1, 500_000_000]],
      ["mode.replicated.replicas", [0, 3]],
      ["updateConfig.order", ["start-first"]],
      ["convergeConfig.timeout", ["90s"]],
    ];
    const arbitraryLeaf = fc
      .constantFrom(...leaves)
      .chain(([path, values]) => fc.constantFrom(...values).map((value) => ({ path, value })));
    fc.assert(
      fc.property(fc.uniqueArray(arbitraryLeaf, { selector: ({ path }) => path, minLength: 1 }), (changes) => {
        const program = changes.reduce((given, { path, value }) => withProperty(given, path, value), service.program);
        const expected = Object.fromEntries(changes.map(({ path }) => [path, "update"]));
        assert.deepEqual(diff(service, program).detailedDiff, { ...emptied, ...expected });
      }),
    );
  });
});

describe("comparing other Docker resources with their program", () => {
  const cases: [string, string, PropertyValue, Record<string, DiffKind>, boolean][] = [
    ["Network", "labels", [{ label: "a", value: "b" }], { labels: "add-replace" }, true],
    ["Network", "internal", true, { internal: "update-replace" }, true],
    ["Volume", "labels", [{ label: "owner", value: "team-b" }], { "labels[0].value": "update-replace" }, true],
    ["Volume", "driver", "nfs", { driver: "update-replace" }, true],
    ["Secret", "name", "pw", { name: "update-replace" }, true],
    ["ServiceConfig", "data", "eA==", { data: "update-replace" }, false],
  ];
  for (const [className, property, value, expected, deleteBeforeReplace] of cases)
    it(`replaces a ${className} for another ${property}`, () => {
      const resource = recordedResource(className);
      const found = diff(resource, { ...resource.program, [property]: value });
      assert.deepEqual(found.detailedDiff, expected);
      assert.deepEqual(found.replaces, [property]);
      assert.equal(found.deleteBeforeReplace, deleteBeforeReplace);
    });

  it("keeps a volume's name that the program no longer gives", () => {
    const volume = recordedResource("Volume");
    assert.equal(diff(volume, withProperty(volume.program, "name", undefined)).changes, false);
  });

  it("replaces a network whose state lacks what the provider computes: states must be complete", () => {
    const network = recordedResource("Network");
    const { options, ...outputs } = network.outputs;
    assert.notEqual(options, undefined);
    assert.deepEqual(diff({ ...network, outputs }, network.program).replaces, ["options"]);
  });

  it("finds nothing in a zero for a null (values_equiv.go)", () => {
    const network = recordedResource("Network");
    const stored = { ...network, outputs: { ...network.outputs, attachable: null } };
    assert.equal(diff(stored, { ...network.program, attachable: false }).changes, false);
    assert.deepEqual(diff(stored, { ...network.program, attachable: true }).replaces, ["attachable"]);
  });

  it("compares a secret by its content, marked or not", () => {
    const secret = recordedResource("Secret");
    const marked = { ...secret, outputs: { ...secret.outputs, data: new Secret(secret.outputs["data"] ?? null) } };
    assert.equal(diff(marked, secret.program).changes, false);
  });

  it("replaces for a value that is not known yet, where any other would", () => {
    const network = recordedResource("Network");
    assert.deepEqual(diff(network, { ...network.program, name: Unknown.value }).detailedDiff, {
      name: "update-replace",
    });
  });
});

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { PropertyMap, PropertyValue } from "../../../engine/model/property-value.ts";
import { ResourceReference, Secret, Unknown } from "../../../engine/model/property-value.ts";
import type { ResourceState, Snapshot } from "../../../engine/model/resource-state.ts";
import { magicOf } from "../../../engine/state/checkpoint-schema.ts";
import type { CiphertextCache } from "../../../engine/state/checkpoint-value.ts";
import {
  decodeCheckpoint,
  encodeCheckpoint,
  encodeDeployment,
  encodeExport,
  featuresOf,
  parseCheckpoint,
} from "../../../engine/state/checkpoint.ts";
import type { SecretsManager } from "../../../engine/state/secrets-manager.ts";
import { createSecretsManager, openSecretsManager } from "../../../engine/state/secrets-manager.ts";
import { resource } from "../../support/resource.ts";
import { assertSameText, compact, data } from "./state-project.ts";

const managers = new Map<string, SecretsManager | undefined>();
async function unlock(salt: string): Promise<SecretsManager | undefined> {
  if (!managers.has(salt)) managers.set(salt, await openSecretsManager("x", salt));
  return managers.get(salt);
}

/** Reads a state and writes it again. */
async function throughEngine(text: string, form: "checkpoint" | "export"): Promise<{ text: string; read: Snapshot }> {
  const checkpoint = parseCheckpoint(text, "state", form);
  const secrets = await unlock(checkpoint.salt ?? "");
  const ciphertexts: CiphertextCache = new Map();
  const read = decodeCheckpoint(checkpoint, secrets, ciphertexts);
  const manifest = checkpoint.deployment?.manifest;
  const { salt, deployment, config, stack = "" } = checkpoint;
  const features = featuresOf(read);
  const written = encodeDeployment(
    read,
    { time: manifest?.time ?? "", manifest, salt, metadata: deployment?.metadata },
    { secrets, ciphertexts },
  );
  return {
    text: form === "export" ? encodeExport(features, written) : encodeCheckpoint({ stack, config, features }, written),
    read,
  };
}

const recorded: [name: string, path: string, form: "checkpoint" | "export"][] = [
  ...readdirSync(join(data, "states")).map((name): (typeof recorded)[number] => [name, `states/${name}`, "export"]),
  ...["stacks/recording/dev.json", "stacks/recording/dev.json.bak"].map((name): (typeof recorded)[number] => [
    name,
    `file-backend/dot-pulumi/${name}`,
    "checkpoint",
  ]),
];

/** Puts something into a small, whole checkpoint. */
function checkpointWith(change: {
  version?: number;
  features?: string[];
  deployment?: object;
  resources?: object[];
}): string {
  const manifest = { time: "2026-11-22T22:55:39Z", magic: magicOf("v3.260.0"), version: "v3.260.0" };
  const latest = { manifest, resources: change.resources ?? [], metadata: {}, ...change.deployment };
  const { version = 3, features } = change;
  return JSON.stringify({ version, features, checkpoint: { stack: "organization/shop/dev", latest } });
}

const thing = { urn: "urn:pulumi:dev::shop::test:index:Thing::a", custom: false, type: "test:index:Thing" };

function read(text: string): Snapshot {
  return decodeCheckpoint(parseCheckpoint(text, "dev.json", "checkpoint"), undefined, new Map());
}

describe("the checkpoint", function () {
  this.timeout(20_000);

  for (const [name, path, form] of recorded)
    it(`${name}, as Pulumi wrote it, is written again as it was, secrets included`, async () => {
      const text = readFileSync(join(data, path), "utf8");
      assertSameText((await throughEngine(text, form)).text, compact(text));
    });

  it("gives recorded secrets in clear to the provider only", async () => {
    const { read: snapshot } = await throughEngine(
      readFileSync(join(data, "states/base-state.json"), "utf8"),
      "export",
    );
    const secret = snapshot.resources.find(({ type }) => type === "docker:index/secret:Secret");
    assert.ok(secret?.inputs["data"] instanceof Secret);
    assert.equal(secret.inputs["data"].reveal(), Buffer.from("hunter2").toString("base64"));
    assert.doesNotMatch(JSON.stringify(snapshot), /aHVudGVyMg/);
  });

  it("encrypts a changed secret anew and leaves the others as they were", async () => {
    const secrets = await unlock((await created()).salt);
    const context = { secrets, ciphertexts: new Map() };
    const frame = { time: "", manifest: undefined, salt: secrets?.salt, metadata: undefined };
    const write = (a: string, b: string): string[] => {
      const inputs = { a: new Secret(a), b: new Secret(b) };
      const text = encodeDeployment({ resources: [resource("s", { inputs })], pendingOperations: [] }, frame, context);
      return [...text.matchAll(/"ciphertext":"([^"]*)"/g)].map(([, ciphertext]) => ciphertext ?? "");
    };
    const [a1, b1] = write("one", "two");
    const [a2, b2] = write("one", "three");
    assert.equal(a1, a2);
    assert.notEqual(b1, b2);
    assert.notEqual(a1, b1);
  });

  it("keeps whatever an operation can store, pending operations included, byte for byte the second time", async () => {
    const secrets = await unlock((await created()).salt);
    fc.assert(
      fc.property(fc.array(resources, { maxLength: 3 }), fc.array(resources, { maxLength: 2 }), (list, begun) => {
        const snapshot: Snapshot = {
          resources: list.map((each, index) => ({ ...each, urn: `${each.urn}${String(index)}`, id: each.id ?? "1" })),
          pendingOperations: begun.map((each, index) => ({
            resource: { ...each, urn: `${each.urn}${String(index)}` },
            type: "creating",
          })),
        };
        const frame = { time: "2026-11-22T22:55:39Z", manifest: undefined, salt: secrets?.salt, metadata: {} };
        const context = { secrets, ciphertexts: new Map() };
        const file = { stack: "organization/shop/dev", config: undefined, features: featuresOf(snapshot) };
        const text = encodeCheckpoint(file, encodeDeployment(snapshot, frame, context));
        assert.doesNotMatch(text, /clear-text/);
        const ciphertexts: CiphertextCache = new Map();
        const again = decodeCheckpoint(parseCheckpoint(text, "state", "checkpoint"), secrets, ciphertexts);
        assert.deepEqual(comparable(again), comparable(snapshot));
        const second = encodeDeployment(again, frame, { secrets, ciphertexts });
        assertSameText(encodeCheckpoint(file, second), text);
      }),
      { numRuns: 200 },
    );
  });

  it("is sorted and escaped as Go's encoder does it", () => {
    const inputs = { "10": 1, "2": -0, b: "<&>\u2028", a: 1e21, __proto__x: null };
    const text = encodeDeployment(
      { resources: [resource("x", { inputs })], pendingOperations: [] },
      { time: "", manifest: undefined, salt: undefined, metadata: undefined },
      { secrets: undefined, ciphertexts: new Map() },
    );
    assert.match(text, /"inputs":\{"10":1,"2":-0,"__proto__x":null,"a":1e\+21,"b":"<&>\\u2028"\}/);
  });

  it("may name hooks on errors, which are the CLI's alone and passed over", () => {
    const resourceHooks = { BeforeUpdate: ["called"], OnError: ["passed over"] };
    const text = checkpointWith({ version: 4, features: ["hooks"], resources: [{ ...thing, resourceHooks }] });
    assert.deepEqual(read(text).resources[0]?.hooks, { beforeUpdate: ["called"] });
  });

  it("may hold secrets in clear, as an export with --show-secrets does", () => {
    const data = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '{"a":"b"}' };
    const secret = read(checkpointWith({ resources: [{ ...thing, inputs: { data } }] })).resources[0]?.inputs["data"];
    assert.deepEqual(secret instanceof Secret && secret.reveal(), { a: "b" });
  });

  describe("is refused, by name,", () => {
    const cases: [what: string, text: string, message: RegExp][] = [
      ["when it is empty", "", /^dev\.json: expected the whole of a JSON document, got an empty file\. /],
      ["when it is cut short", checkpointWith({}).slice(0, 200), /expected the whole of a JSON document, got .*JSON/],
      ["when it is another document", "[1]", /expected a Pulumi state of version 3 or 4/],
      [
        "when it is of another version",
        checkpointWith({ version: 5 }),
        /expected a state of version 3 or 4, got version 5/,
      ],
      [
        "when it has what this engine does not know",
        checkpointWith({ version: 4, features: ["hooks", "views"] }),
        /expected a state without features that only Pulumi itself has, got \["hooks","views"\]\. Use the Pulumi CLI/,
      ],
      [
        "when a hook waits for a deletion",
        checkpointWith({
          version: 4,
          features: ["hooks"],
          resources: [{ ...thing, resourceHooks: { BeforeDelete: ["gate"] } }],
        }),
        /resourceHooks: expected a state without features that only Pulumi itself has, got "BeforeDelete"/,
      ],
      [
        "when the manifest does not fit its version",
        checkpointWith({ deployment: { manifest: { time: "", magic: "0", version: "v3.260.0" } } }),
        /magic number/,
      ],
      [
        "with another secrets provider",
        checkpointWith({ deployment: { secrets_providers: { type: "awskms", state: {} } } }),
        /got the secrets provider "awskms"\. Use the Pulumi CLI/,
      ],
      [
        "with something of a resource that only Pulumi knows",
        checkpointWith({ resources: [{ ...thing, viewOf: "urn:pulumi:x" }] }),
        /^dev\.json: checkpoint\.latest\.resources\.0: .* got "viewOf"\. If Pulumi wrote that, use the Pulumi CLI/,
      ],
      ["with something else of its own", checkpointWith({ deployment: { extra: 1 } }), /checkpoint\.latest: .*"extra"/],
      ["with a resource twice", checkpointWith({ resources: [thing, thing] }), /Thing::a appears twice/],
      [
        "with a parent that is not there",
        checkpointWith({ resources: [{ ...thing, parent: `${thing.urn}b` }] }),
        /refers to its parent .*Thing::ab/,
      ],
      [
        "with a dependency that stands after it",
        checkpointWith({
          resources: [
            { ...thing, dependencies: [`${thing.urn}b`] },
            { ...thing, urn: `${thing.urn}b` },
          ],
        }),
        /refers to its dependency/,
      ],
      [
        "with a provider that is not there",
        checkpointWith({ resources: [{ ...thing, custom: true, id: "1", provider: "urn:pulumi:p::id" }] }),
        /refers to the provider urn:pulumi:p::id/,
      ],
      [
        "with a component that has an id",
        checkpointWith({ resources: [{ ...thing, id: "1" }] }),
        /is a component with an id/,
      ],
      [
        "with a resource that has no id",
        checkpointWith({ resources: [{ ...thing, custom: true }] }),
        /is a resource without an id/,
      ],
      ["without a type", checkpointWith({ resources: [{ ...thing, type: undefined }] }), /resources\.0\.type/],
    ];
    for (const [what, text, message] of cases)
      it(what, () => {
        assert.throws(() => read(text), { message });
      });
  });

  it("may hold old versions of a resource that a replacement has left", () => {
    const old = { ...thing, custom: true, id: "1", delete: true };
    assert.equal(
      read(checkpointWith({ resources: [{ ...thing, custom: true, id: "2" }, old, old] })).resources.length,
      3,
    );
  });
});

let manager: Promise<SecretsManager> | undefined;
async function created(): Promise<SecretsManager> {
  manager ??= createSecretsManager("another passphrase");
  const made = await manager;
  managers.set(made.salt, made);
  return made;
}

/** A snapshot as plain data in which secrets can be compared. */
function comparable(snapshot: Snapshot): unknown {
  const shown = (value: PropertyValue): unknown => {
    if (value instanceof Secret) return { secret: shown(value.reveal()) };
    if (value instanceof Unknown) return { unknown: true };
    if (value instanceof ResourceReference) return { urn: value.urn, id: value.id };
    if (Array.isArray(value)) return value.map(shown);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value as PropertyMap).map(([key, item]) => [key, shown(item)]));
    return value;
  };
  const state = (each: ResourceState): unknown => ({
    ...each,
    inputs: shown(each.inputs),
    outputs: shown(each.outputs),
  });
  return {
    resources: snapshot.resources.map(state),
    pendingOperations: snapshot.pendingOperations.map((operation) => ({
      ...operation,
      resource: state(operation.resource),
    })),
  };
}

const properties = fc.letrec<{ value: PropertyValue; map: PropertyMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<PropertyValue>(null, true, Unknown.value, new ResourceReference("urn:pulumi:x", "id")),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("map"),
    fc.string().map((text) => new Secret(`clear-text ${text}`)),
    tie("map").map((map) => new Secret(map)),
  ),
  map: fc.dictionary(fc.string({ maxLength: 6 }), tie("value"), { maxKeys: 3, noNullPrototype: true }),
})).map;

const names = fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 2 });
const resources: fc.Arbitrary<ResourceState> = fc
  .tuple(
    fc.record({
      inputs: properties,
      outputs: properties,
      hideDiffs: fc.subarray(["a", "a.b[0]", '["a.b"].c', "a[*]"]),
    }),
    fc.record({ initErrors: names, additionalSecretOutputs: names, ignoreChanges: names, replaceOnChanges: names }),
    fc.subarray<Partial<ResourceState>>([
      { id: "1" },
      { protect: true },
      { retainOnDelete: true },
      { external: true },
      { aliases: ["urn:pulumi:dev::shop::t::old"] },
      { customTimeouts: { createSeconds: 60.5 } },
      { importId: "2" },
      { hooks: { beforeCreate: ["h"], afterUpdate: ["i", "j"] } },
      { created: "2026-11-22T22:55:33.714756796Z", modified: "2026-11-22T22:55:33.714756796Z" },
      { sourcePosition: "project:///index.ts#1,2", stackTrace: ["project:///index.ts#1,2"] },
    ]),
  )
  .map(([properties, lists, options]) =>
    resource(
      "r",
      options.reduce((all, option) => ({ ...all, ...option }), { ...properties, ...lists }),
    ),
  );

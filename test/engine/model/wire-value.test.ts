import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fc from "fast-check";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { PropertyMap, PropertyValue } from "../../../engine/model/property-value.ts";
import { OutputValue, ResourceReference, Secret, Unknown, equalValues } from "../../../engine/model/property-value.ts";
import type { WireObject } from "../../../engine/model/wire-value.ts";
import { decodeWire, encodeWire, signatureKey } from "../../../engine/model/wire-value.ts";

const all = { secrets: true, outputs: true, resources: true };
const none = { secrets: false, outputs: false, resources: false };
const urn = "urn:pulumi:dev::p::docker:index/volume:Volume::data";

/** What the SDK itself reads and recognises. */
interface Rpc {
  deserializeProperties(outputs: struct.Struct, keepUnknowns: boolean): Record<string, unknown>;
  isRpcSecret(value: unknown): boolean;
  unwrapRpcSecret(value: unknown): unknown;
}
const rpc = createRequire(import.meta.url)("@pulumi/pulumi/runtime/rpc.js") as Rpc; // untyped module, as declared above

const name = fc.string({ maxLength: 8 }).filter((text) => text !== signatureKey);
const plain = fc.letrec<{ value: PropertyValue; map: PropertyMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.constant(Unknown.value),
    fc.string().map((text) => new ResourceReference(urn, text === "" ? undefined : text)),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("map"),
    tie("value").map((value) => new Secret(value)),
  ),
  map: fc.dictionary(name, tie("value"), { maxKeys: 4 }),
})).map;

describe("property values on the wire", () => {
  it("come back as they went, through a real Struct", () => {
    fc.assert(
      fc.property(plain, (map) => {
        const wire = struct.Struct.fromJavaScript(encodeWire(map, all));
        const read = struct.Struct.deserializeBinary(wire.serializeBinary());
        assert.ok(equalValues(decodeWire(read.toJavaScript()), map));
      }),
    );
  });

  it("keep an output's value, secrecy and dependencies", () => {
    const map = {
      known: new OutputValue("a", [urn]),
      secret: new OutputValue(new Secret("b"), []),
      unknown: new OutputValue(Unknown.value, [urn]),
      unknownSecret: new OutputValue(new Secret(Unknown.value), []),
    };
    const wire = encodeWire(map, all);
    assert.deepEqual(wire["unknownSecret"], { [signatureKey]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", secret: true });
    const read = decodeWire(wire);
    for (const key of Object.keys(map) as (keyof typeof map)[]) {
      const output = read[key];
      assert.ok(output instanceof OutputValue && equalValues(output, map[key]), key);
      assert.deepEqual(output.dependencies, map[key].dependencies);
    }
  });

  it("are read by the SDK as they were meant", () => {
    const wire = encodeWire({ text: "a", hidden: new Secret({ deep: "b" }) }, { ...all, outputs: false });
    const read = rpc.deserializeProperties(struct.Struct.fromJavaScript(wire), true);
    assert.equal(read["text"], "a");
    assert.ok(rpc.isRpcSecret(read["hidden"]));
    assert.deepEqual(rpc.unwrapRpcSecret(read["hidden"]), { deep: "b" });
  });

  it("are written as their content for a receiver that knows no special values", () => {
    const map = {
      secret: new Secret(["s"]),
      output: new OutputValue(new Secret("o"), [urn]),
      none: new OutputValue(Unknown.value, []),
      custom: new ResourceReference(urn, "foobarstore"),
      component: new ResourceReference(urn, undefined),
    };
    assert.deepEqual(encodeWire(map, none), {
      secret: ["s"],
      output: "o",
      none: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      custom: "foobarstore",
      component: urn,
    });
  });

  it("are unknown for each of the typed sentinels, and for a reference without an id yet", () => {
    const read = decodeWire({
      list: ["3eeb2bf0-c639-47a8-9e75-3b44932eb421", "dd056dcd-154b-4c76-9bd3-c8f88648b5ff"],
      reference: { [signatureKey]: "5cf8f73096256a8f31e491e813e4eb8e", urn, id: "" },
    });
    assert.deepEqual(read["list"], [Unknown.value, Unknown.value]);
    assert.ok(read["reference"] instanceof ResourceReference && read["reference"].id === Unknown.value);
  });

  it("are refused by name when they are assets, archives or of an unknown signature", () => {
    const special = (signature: string): WireObject => ({ a: [{ [signatureKey]: signature, text: "x" }] });
    assert.throws(() => decodeWire(special("c44067f5952c0a294b673a41bacd8c17"), "conf"), {
      name: "InputError",
      message: /^conf\.a\[0\]: expected .*, got an asset\. /,
    });
    assert.throws(() => decodeWire(special("0def7320c3a5731c473e5ecbe6d01bc7")), { message: /got an archive/ });
    assert.throws(() => decodeWire(special("4711")), { message: /unknown signature "4711"/ });
  });
});

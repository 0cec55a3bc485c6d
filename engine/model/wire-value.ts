/**
 * Property values on the gRPC wire: plain objects as `Struct.toJavaScript()` and `Struct.fromJavaScript()` give and
 * take them, in which secrets, outputs and resource references are objects marked by a signature and unknowns are
 * sentinel strings (Pulumi: sdk/go/common/resource/plugin/rpc.go, `@pulumi/pulumi/runtime/rpc`).
 */
import { InputError, showValue } from "../../text/input-error.ts";
import type { PropertyMap, PropertyValue } from "./property-value.ts";
import { OutputValue, ResourceReference, Secret, Unknown, containsUnknown } from "./property-value.ts";

/** A value as JSON and `google.protobuf.Value` know it. */
type WireValue = null | boolean | number | string | WireValue[] | WireObject;

/** A `google.protobuf.Struct` as a plain object. */
export interface WireObject {
  [name: string]: WireValue;
}

/** The key whose value marks an object as a special value (sdk/go/common/resource/sig). */
export const signatureKey = "4dabf18193072939515e22adb298388d";
/** Signature of a secret, on the wire and in the checkpoint. */
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** Signature of a first-class output, on the wire only. */
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** Signature of a reference to a resource. */
export const resourceReferenceSignature = "5cf8f73096256a8f31e491e813e4eb8e";

/** What an unknown value is written as. */
export const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Every sentinel that is read as unknown: of strings, and those that older SDKs write for the other types. */
const unknownSentinels: ReadonlySet<string> = new Set([
  unknownSentinel,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

const refusedSignatures: ReadonlyMap<string, string> = new Map([
  ["c44067f5952c0a294b673a41bacd8c17", "an asset"],
  ["0def7320c3a5731c473e5ecbe6d01bc7", "an archive"],
]);

/** Which special values the receiver understands; the others are written as what they contain. */
export interface WireOptions {
  /** Off: secrets are written in clear text. */
  secrets: boolean;
  /** Off: outputs are written as their value, unknown where they have none. */
  outputs: boolean;
  /** Off: resource references are written as the resource's id, or its URN where it has none. */
  resources: boolean;
}

/**
 * Reads an object from the wire.
 *
 * @param path - how messages name the object, such as the resource's name; empty when the property alone says it
 * @throws InputError for assets, archives and unknown signatures
 */
export function decodeWire(object: Readonly<Record<string, unknown>>, path = ""): PropertyMap {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      decodeWireValue(value, path === "" ? name : `${path}.${name}`),
    ]),
  );
}

/** Reads one value from the wire; see {@link decodeWire}. */
function decodeWireValue(value: unknown, path: string): PropertyValue {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return unknownSentinels.has(value) ? Unknown.value : value;
  if (Array.isArray(value)) return value.map((item, index) => decodeWireValue(item, `${path}[${String(index)}]`));
  if (typeof value !== "object")
    throw new InputError({
      path,
      expected: "a JSON value",
      got: typeof value,
      fix: "Give a boolean, number, string, list or object",
    });
  const object = value as Record<string, unknown>; // neither null nor an array, so a plain object
  return Object.hasOwn(object, signatureKey) ? decodeSpecial(object, path) : decodeWire(object, path);
}

function decodeSpecial(object: Record<string, unknown>, path: string): PropertyValue {
  const signature = object[signatureKey];
  switch (signature) {
    case secretSignature:
      return new Secret(decodeWireValue(object["value"] ?? null, path));
    case outputSignature: {
      const value = Object.hasOwn(object, "value") ? decodeWireValue(object["value"], path) : Unknown.value;
      return new OutputValue(object["secret"] === true ? new Secret(value) : value, decodeUrns(object["dependencies"]));
    }
    case resourceReferenceSignature:
      return decodeReference(object, path);
  }
  const refused = typeof signature === "string" ? refusedSignatures.get(signature) : undefined;
  throw new InputError({
    path,
    expected: "a plain value, a secret, an output or a resource",
    got: refused ?? `an object with the unknown signature ${showValue(signature)}`,
    fix: refused === undefined ? "Use the Pulumi CLI" : "Give the content as a string, or use the Pulumi CLI",
  });
}

function decodeReference(object: Record<string, unknown>, path: string): ResourceReference {
  const { urn, id, packageVersion } = object;
  if (typeof urn !== "string")
    throw new InputError({
      path,
      expected: "a resource with a URN",
      got: showValue(urn),
      fix: "Pass the resource itself, not a copy of it",
    });
  return new ResourceReference(
    urn,
    // Pulumi writes the id of a resource that is yet to be created as an empty string.
    id === "" || (typeof id === "string" && unknownSentinels.has(id))
      ? Unknown.value
      : typeof id === "string"
        ? id
        : undefined,
    typeof packageVersion === "string" && packageVersion !== "" ? packageVersion : undefined,
  );
}

function decodeUrns(dependencies: unknown): string[] {
  return Array.isArray(dependencies) ? dependencies.filter((urn) => typeof urn === "string") : [];
}

/** Writes a property map for a receiver that understands what the options say. */
export function encodeWire(map: PropertyMap, options: WireOptions): WireObject {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, encodeWireValue(value, options)]));
}

/** Writes one value; see {@link encodeWire}. */
function encodeWireValue(value: PropertyValue, options: WireOptions): WireValue {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => encodeWireValue(item, options));
  if (value instanceof Unknown) return unknownSentinel;
  if (value instanceof Secret) {
    const plain = encodeWireValue(value.reveal(), options);
    return options.secrets ? { [signatureKey]: secretSignature, value: plain } : plain;
  }
  if (value instanceof OutputValue) return encodeOutput(value, options);
  if (value instanceof ResourceReference) return encodeReference(value, options);
  return encodeWire(value, options);
}

function encodeOutput(output: OutputValue, options: WireOptions): WireValue {
  if (!options.outputs) return encodeWireValue(output.value, options);
  const secret = output.value instanceof Secret;
  const content = output.value instanceof Secret ? output.value.reveal() : output.value;
  return {
    [signatureKey]: outputSignature,
    // An output is known as a whole or not at all.
    ...(containsUnknown(content) ? {} : { value: encodeWireValue(content, options) }),
    ...(secret ? { secret } : {}),
    ...(output.dependencies.length > 0 ? { dependencies: [...output.dependencies] } : {}),
  };
}

function encodeReference(reference: ResourceReference, options: WireOptions): WireValue {
  const { urn, id, packageVersion } = reference;
  if (!options.resources) return id instanceof Unknown ? unknownSentinel : (id ?? urn);
  return {
    [signatureKey]: resourceReferenceSignature,
    urn,
    ...(id === undefined ? {} : { id: id instanceof Unknown ? "" : id }),
    ...(packageVersion === undefined ? {} : { packageVersion }),
  };
}

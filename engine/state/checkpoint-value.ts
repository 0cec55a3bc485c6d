/**
 * Property values in the checkpoint: plain JSON in which secrets are `{signature, ciphertext}`, the ciphertext being
 * that of the value's JSON (Pulumi: pkg/resource/stack/deployment.go, `SerializePropertyValue`).
 *
 * Values are written as text at once, with the names in the order in which Go's encoder sorts the keys of a map.
 */
import { InputError, showValue } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import type { PropertyMap, PropertyValue } from "../model/property-value.ts";
import { OutputValue, ResourceReference, Secret, Unknown, isPropertyMap } from "../model/property-value.ts";
import { resourceReferenceSignature, secretSignature, signatureKey, unknownSentinel } from "../model/wire-value.ts";
import { DamagedStateError } from "./damaged-state.ts";
import type { SecretsManager } from "./secrets-manager.ts";

/** The ciphertexts of a state by their place, so that an unchanged secret is not encrypted again. */
export type CiphertextCache = Map<string, { salt: string; plaintext: string; ciphertext: string }>;

/** What reading and writing property values takes. */
export interface ValueContext {
  /** Undefined when there is nothing to decrypt or encrypt. */
  secrets: SecretsManager | undefined;
  ciphertexts: CiphertextCache;
  /** What is read, for messages. */
  file?: string;
}

/** Reads a resource's inputs or outputs; `path` is their place. */
export function decodeProperties(map: Record<string, unknown>, path: string, context: ValueContext): PropertyMap {
  return Object.fromEntries(
    Object.entries(map).map(([name, value]) => [name, decodeValue(value, `${path}.${name}`, context)]),
  );
}

function decodeValue(value: unknown, path: string, context: ValueContext): PropertyValue {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return value === unknownSentinel ? Unknown.value : value;
  if (Array.isArray(value)) return value.map((item, index) => decodeValue(item, `${path}[${String(index)}]`, context));
  const object = value as Record<string, unknown>; // parsed from JSON, so nothing else is left
  if (!Object.hasOwn(object, signatureKey)) return decodeProperties(object, path, context);
  switch (object[signatureKey]) {
    case secretSignature:
      return decodeSecret(object, path, context);
    case resourceReferenceSignature:
      return decodeReference(object, place(path, context));
    default:
      throw new InputError({
        path: place(path, context),
        expected: "a plain value, a secret or a resource",
        got: `an object with the signature ${showValue(object[signatureKey])} (an asset or archive?)`,
        fix: "Use the Pulumi CLI for this stack",
      });
  }
}

function decodeSecret(object: Record<string, unknown>, path: string, context: ValueContext): Secret {
  const { ciphertext, plaintext } = object;
  // `pulumi stack export --show-secrets` writes the JSON of the value itself.
  if (typeof plaintext === "string")
    return new Secret(decodeValue(parsePlaintext(plaintext, place(path, context)), path, context));
  const { secrets, ciphertexts } = context;
  if (typeof ciphertext !== "string" || secrets === undefined) throw undecipherable(place(path, context));
  const clearText = decrypt(secrets, ciphertext, place(path, context));
  // Secrets within a secret are marked, but not encrypted once more.
  const inner = { ...context, secrets: { ...secrets, decrypt: (text: string) => text }, ciphertexts: new Map() };
  const value = decodeValue(parsePlaintext(clearText, place(path, context)), path, inner);
  // The text that this engine would encrypt, which another may have spelt otherwise.
  ciphertexts.set(path, { salt: secrets.salt, plaintext: encodeValue(value, path, insideSecret), ciphertext });
  return new Secret(value);
}

function place(path: string, { file }: ValueContext): string {
  return file === undefined ? path : `${file}: ${path}`;
}

function decrypt(secrets: SecretsManager, ciphertext: string, path: string): string {
  try {
    return secrets.decrypt(ciphertext);
  } catch {
    throw undecipherable(path);
  }
}

function parsePlaintext(text: string, path: string): unknown {
  const value = jsonOrUndefined(text);
  if (value === undefined) throw undecipherable(path);
  return value;
}

function undecipherable(path: string): DamagedStateError {
  return new DamagedStateError({
    path,
    expected: "a secret that the stack's passphrase decrypts to JSON",
    got: "one that it does not",
  });
}

function decodeReference(object: Record<string, unknown>, path: string): ResourceReference {
  const { urn, id, packageVersion } = object;
  if (typeof urn !== "string")
    throw new DamagedStateError({ path, expected: "a resource reference with a URN", got: showValue(urn) });
  return new ResourceReference(
    urn,
    id === "" ? Unknown.value : typeof id === "string" ? id : undefined,
    typeof packageVersion === "string" && packageVersion !== "" ? packageVersion : undefined,
  );
}

/** Whether any value in parsed JSON is a secret that must be decrypted. */
export function containsCiphertext(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "ciphertext" in value && (value as Record<string, unknown>)[signatureKey] === secretSignature
    ? true
    : Object.values(value).some(containsCiphertext);
}

/** The text of maps that have been written before: most of a state is the same at each of its many writes. */
const written = new WeakMap<PropertyMap, { path: string; salt: string | undefined; text: string }>();

/**
 * Writes a resource's inputs or outputs as JSON; `path` is their place. What was written is frozen:
 * other values need another map, or the state would keep the old ones.
 */
export function encodeProperties(map: PropertyMap, path: string, context: ValueContext): string {
  const salt = context.secrets?.salt;
  const known = written.get(map);
  if (known?.path === path && known.salt === salt) return known.text;
  const text = encodeMap(map, path, context);
  written.set(freeze(map), { path, salt, text });
  return text;
}

function freeze<T extends PropertyValue>(value: T): T {
  if (value instanceof Secret) freeze(value.reveal());
  else if (value instanceof OutputValue) freeze(value.value);
  else if (Array.isArray(value)) Object.freeze(value).forEach(freeze);
  else if (isPropertyMap(value)) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

function encodeMap(map: PropertyMap, path: string, context: ValueContext): string {
  return jsonMap(map, (value, name) => encodeValue(value, `${path}.${name}`, context));
}

/** Secrets within a secret: marked, with the JSON of the value where the ciphertext would be. */
const insideSecret: ValueContext = {
  secrets: { salt: "", encrypt: (plaintext) => plaintext, decrypt: (ciphertext) => ciphertext },
  ciphertexts: new Map(),
};

function encodeValue(value: PropertyValue, path: string, context: ValueContext): string {
  if (Array.isArray(value))
    return `[${value.map((item, index) => encodeValue(item, `${path}[${String(index)}]`, context)).join(",")}]`;
  if (value instanceof Secret) return encodeSecret(value, path, context);
  if (value instanceof Unknown) return jsonScalar(unknownSentinel);
  if (value instanceof OutputValue) return encodeValue(value.value, path, context);
  if (value instanceof ResourceReference)
    return jsonMap(
      {
        [signatureKey]: resourceReferenceSignature,
        ...(value.id === undefined ? {} : { id: value.id instanceof Unknown ? "" : value.id }),
        packageVersion: value.packageVersion ?? "",
        urn: value.urn,
      },
      jsonScalar,
    );
  return isPropertyMap(value) ? encodeMap(value, path, context) : jsonScalar(value);
}

function encodeSecret(secret: Secret, path: string, { secrets, ciphertexts }: ValueContext): string {
  if (secrets === undefined) throw new Error(`a secret was written without a secrets manager: ${path}`);
  const plaintext = encodeValue(secret.reveal(), path, insideSecret);
  const known = ciphertexts.get(path);
  const reused = known?.plaintext === plaintext && known.salt === secrets.salt ? known : undefined;
  const { ciphertext } = reused ?? { ciphertext: secrets.encrypt(plaintext) };
  if (reused === undefined && secrets.salt !== "") ciphertexts.set(path, { salt: secrets.salt, plaintext, ciphertext });
  return `{${jsonScalar(signatureKey)}:${jsonScalar(secretSignature)},"ciphertext":${jsonScalar(ciphertext)}}`;
}

/** Writes an object with its names sorted, as Go's encoder does with a map. */
export function jsonMap<T>(map: Record<string, T>, write: (value: T, name: string) => string): string {
  const members = Object.keys(map)
    .sort()
    // Own keys, so there is a value to each.
    .map((name) => `${jsonScalar(name)}:${write(map[name] as T, name)}`);
  return `{${members.join(",")}}`;
}

/** Writes a scalar as Go's encoder does without HTML escapes (encoding/json: appendString, floatEncoder). */
export function jsonScalar(value: null | boolean | number | string): string {
  if (Object.is(value, -0)) return "-0";
  // Most texts need no escapes, and this is where a large state spends its time.
  if (typeof value === "string" && !needsEscapes.test(value)) return `"${value}"`;
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (separator) =>
    separator === "\u2028" ? "\\u2028" : "\\u2029",
  );
}

// eslint-disable-next-line no-control-regex -- control characters are what must be escaped
const needsEscapes = /["\\\u0000-\u001f\u2028\u2029\ud800-\udfff]/;

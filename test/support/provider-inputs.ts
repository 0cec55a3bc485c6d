/** Inputs of Docker resources for tests of the pure half of the provider. */
import fc from "fast-check";
import { isPropertyMap, type PropertyMap, type PropertyValue } from "../../engine/model/property-value.ts";
import { decodeWire } from "../../engine/model/wire-value.ts";
import { checkInputs } from "../../engine/provider/plan/check.ts";
import { resourceSchema } from "../../engine/provider/schema/index.ts";
import type { Properties, PropertySchema } from "../../engine/provider/schema/property-schema.ts";
import { recordedCalls } from "./recordings.ts";

/** A resource as the recorded base state has it. */
export interface RecordedResource {
  type: string;
  id: string;
  name: string;
  /** What the program says, without defaults. */
  program: PropertyMap;
  inputs: PropertyMap;
  outputs: PropertyMap;
}

/** The one resource of a type in a recording: before the recorded change. */
export function recordedResource(className: string, recording = "changes/base"): RecordedResource {
  const calls = recordedCalls(recording).filter(({ request }) => String(request["type"]).endsWith(`:${className}`));
  const diff = calls.find(({ method }) => method === "ResourceProvider/Diff");
  const check = calls.find(({ method }) => method === "ResourceProvider/Check");
  if (diff === undefined || check === undefined) throw new Error(`${recording} holds no ${className}`);
  const map = (value: unknown) => decodeWire(value as Record<string, unknown>); // recorded as Struct
  return {
    type: String(diff.request["type"]),
    id: String(diff.request["id"]),
    name: String(diff.request["name"]),
    program: map(check.request["news"]),
    inputs: map(diff.request["oldInputs"]),
    outputs: map(diff.request["olds"]),
  };
}

/** The same resource with one property of its program changed; undefined takes it out. */
export function withProperty(program: PropertyMap, path: string, value: PropertyValue | undefined): PropertyMap {
  return setAt(program, path.split("."), value) as PropertyMap; // a map in gives a map out
}

function setAt(at: PropertyValue, [name, ...rest]: string[], value: PropertyValue | undefined): PropertyValue {
  if (name === undefined) return value ?? null;
  if (Array.isArray(at))
    return at.map((element, index) => (String(index) === name ? setAt(element, rest, value) : element));
  const { [name]: member, ...others } = isPropertyMap(at) ? at : {};
  if (rest.length === 0 && value === undefined) return others;
  return { ...others, [name]: setAt(member ?? {}, rest, value) };
}

/** What Check makes of a program's inputs, given the inputs before. */
export function checked(type: string, program: PropertyMap, olds: PropertyMap = {}): PropertyMap {
  return checkInputs(type, { name: "thing", olds, news: program, randomSeed: Buffer.alloc(32), environment: {} })
    .inputs;
}

const words = [
  ...["x", "web.1", "10s", "1m30s", "0.5", "YQ==", "volume", "rprivate", "any", "container", "vip", "host", "tcp"],
  ...["stop-first", "start-first", "pause", "continue", "process", "single", "none", "mount", "active"],
];

/** Any inputs of a type that the provider accepts, as a program gives them. */
export function arbitraryProgram(type: string): fc.Arbitrary<PropertyMap> {
  return arbitraryBlock(resourceSchema(type).properties);
}

function arbitraryBlock(properties: Properties): fc.Arbitrary<PropertyMap> {
  // Of what excludes each other, one side is enough here.
  const excluded = new Set(["global", "dataRaw"]);
  const inputs = Object.entries(properties).filter(([name, schema]) => schema.input && !excluded.has(name));
  return fc.record(Object.fromEntries(inputs.map(([name, schema]) => [name, arbitraryValue(schema)])), {
    requiredKeys: inputs
      .filter(([, schema]) => schema.required || schema.exactlyOneOf !== undefined)
      .map(([name]) => name),
  });
}

function arbitraryValue(schema: PropertySchema): fc.Arbitrary<PropertyValue> {
  const isValid = (value: string | number) => schema.valid?.(value) === undefined;
  const text = fc.constantFrom(...words);
  switch (schema.kind) {
    case "string":
      return fc.constantFrom(...words.filter(isValid));
    case "number":
      return fc.constantFrom(...[0, 1, 292, 104857600].filter(isValid));
    case "boolean":
      return fc.boolean();
    case "strings":
      return fc.array(text, { minLength: 1, maxLength: 3 });
    case "stringSet":
      return fc.uniqueArray(text, { minLength: 1, maxLength: 3 });
    case "map":
      return fc.dictionary(text, text, { minKeys: 1, maxKeys: 3 });
    case "block":
      return arbitraryBlock(schema.properties);
    case "blocks":
    case "blockSet":
      return fc.array(arbitraryBlock(schema.properties), { minLength: 1, maxLength: 2 });
  }
}

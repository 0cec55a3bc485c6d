import { notKnown, secretMark, type Known } from "../../model/service/definition.ts";

/** What Pulumi writes in place of an output that is not known yet, one mark for each kind of value (`sdk/nodejs/runtime/rpc.ts`). */
const unknownMarks: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** The key and the value that mark a secret in a state file (`sdk/go/common/resource/sig`). */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Copies property values of Pulumi into plain data in which each value that is not known yet is {@link notKnown} and each
 * encrypted secret is {@link secretMark}.
 *
 * The policy SDK throws when an unknown property is read; only that property is then not known, its siblings are.
 */
export function settlePulumiValue(value: unknown): Known<unknown> {
  if (typeof value === "object" && value !== null && settled.has(value)) return value;
  const result = settleWhole(value);
  if (typeof result === "object" && result !== null) settled.add(result);
  return result;
}

/** Like {@link settlePulumiValue}, without the `null`s, empty texts and empty lists that outputs have for unset values. */
export function settleOutputs(outputs: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const result = settledRecord(outputs, read, true);
  settled.add(result);
  return result;
}

/** A cache of settled values; the copies are never changed. */
const settled = new WeakSet<object>();

/** The fast way first: only the policy SDK's values throw. */
function settleWhole(value: unknown): Known<unknown> {
  try {
    return settle(value, read, false);
  } catch {
    return settle(value, readWithCare, false);
  }
}

type Holder = Readonly<Record<string | number, unknown>>;
type Read = (holder: Holder, key: string | number) => unknown;

const read: Read = (holder, key) => holder[key];

const readWithCare: Read = (holder, key) => {
  try {
    return holder[key];
  } catch {
    return notKnown;
  }
};

function settle(value: unknown, at: Read, dropsEmpty: boolean): Known<unknown> {
  if (typeof value === "string") return value.length === markLength && unknownMarks.has(value) ? notKnown : value;
  if (typeof value !== "object" || value === null) return value ?? undefined;
  // Each entry of an object may be read as unknown.
  const holder = value as Holder;
  if (!Array.isArray(value)) return isSecret(holder, at) ? secretMark : settledRecord(holder, at, dropsEmpty);
  const list: Known<unknown>[] = [];
  for (let index = 0; index < value.length; index++) list.push(settle(at(holder, index), at, dropsEmpty));
  return list;
}

function isSecret(value: Holder, at: Read): boolean {
  return signatureKey in value && at(value, signatureKey) === secretSignature;
}

const markLength = 36;

function settledRecord(value: Holder, at: Read, dropsEmpty: boolean): Readonly<Record<string, unknown>> {
  const record: Record<string, unknown> = {};
  for (const key in value) {
    if (key === "__defaults") continue;
    const item = settle(at(value, key), at, dropsEmpty);
    if (dropsEmpty && (item === undefined || item === "" || (Array.isArray(item) && item.length === 0))) continue;
    if (key === "__proto__") Object.defineProperty(record, key, { value: item, enumerable: true });
    else record[key] = item;
  }
  return record;
}

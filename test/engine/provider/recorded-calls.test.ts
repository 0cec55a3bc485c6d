import assert from "node:assert/strict";
import type { PropertyMap } from "../../../engine/model/property-value.ts";
import { decodeWire, encodeWire, type WireObject } from "../../../engine/model/wire-value.ts";
import { checkInputs } from "../../../engine/provider/plan/check.ts";
import { diffResource } from "../../../engine/provider/plan/diff.ts";
import { planOutputs } from "../../../engine/provider/plan/plan.ts";
import { readInputs, stateOutputs } from "../../../engine/provider/plan/state.ts";
import { recordings, type RecordedCall } from "../../support/recordings.ts";

/** A recorded request, or a map in it, as the provider gets it. */
const map = (value: unknown): PropertyMap => decodeWire((value ?? {}) as Record<string, unknown>);
const wire = (value: PropertyMap): WireObject => encodeWire(value, { secrets: true, outputs: false, resources: false });
const text = (value: unknown): string => String(value);
const strings = (value: unknown): string[] => (value ?? []) as string[];

/** Outputs without the provider's book-keeping: what it read from Docker. */
function attributesOf(outputs: unknown): PropertyMap {
  const { __meta, __pulumi_raw_state_delta, ...attributes } = map(outputs);
  return attributes;
}

function oldOf({ request }: RecordedCall): { id: string; inputs: PropertyMap; outputs: PropertyMap } {
  return { id: text(request["id"]), inputs: map(request["oldInputs"]), outputs: map(request["olds"]) };
}

function replayCheck({ request, response }: RecordedCall): void {
  const type = text(request["type"]);
  const checked = checkInputs(type, {
    name: text(request["name"]),
    olds: map(request["olds"]),
    news: map(request["news"]),
    randomSeed: Buffer.from(text(request["randomSeed"]), "base64"),
    environment: {},
  });
  const [inputs, recorded] = [wire(checked.inputs), wire(map(response["inputs"]))];
  const isFreshName =
    strings(recorded["__defaults"]).includes("name") && recorded["name"] !== map(request["olds"])["name"];
  if (isFreshName) {
    // The digits are random in the provider too.
    const form = new RegExp(`^${text(request["name"])}-[0-9a-f]{7}$`);
    assert.match(text(recorded["name"]), form);
    assert.match(text(inputs["name"]), form);
    inputs["name"] = recorded["name"] ?? null;
  }
  assert.deepEqual({ inputs, failures: checked.failures }, { inputs: recorded, failures: response["failures"] ?? [] });
}

function replayDiff(call: RecordedCall): void {
  const { request, response } = call;
  const { warnings, ...diff } = diffResource(text(request["type"]), {
    id: text(request["id"]),
    oldInputs: map(request["oldInputs"]),
    oldOutputs: map(request["olds"]),
    news: map(request["news"]),
    ignoreChanges: strings(request["ignoreChanges"]),
  });
  const kinds = Object.entries((response["detailedDiff"] ?? {}) as Record<string, { kind?: string }>);
  assert.deepEqual(diff, {
    changes: response["changes"] === "DIFF_SOME",
    diffs: strings(response["diffs"]),
    replaces: strings(response["replaces"]),
    // Protocol buffers leave out the kind that is 0: ADD.
    detailedDiff: Object.fromEntries(
      kinds.map(([path, { kind = "ADD" }]) => [path, kind.toLowerCase().replace("_", "-")]),
    ),
    deleteBeforeReplace: response["deleteBeforeReplace"] ?? false,
  });
}

function planOf(call: RecordedCall): PropertyMap {
  const { request } = call;
  return planOutputs(text(request["type"]), {
    news: map(request["news"] ?? request["properties"]),
    ...(call.method.endsWith("/Update") ? { old: oldOf(call) } : {}),
    ignoreChanges: strings(request["ignoreChanges"]),
  });
}

function replayPreview(call: RecordedCall): void {
  assert.deepEqual(wire(planOf(call)), call.response["properties"]);
}

function replayApply(call: RecordedCall): void {
  const { request, response } = call;
  const outputs = stateOutputs(text(request["type"]), attributesOf(response["properties"]), planOf(call));
  assert.deepEqual(wire(outputs), response["properties"]);
}

function replayRead({ request, response }: RecordedCall): void {
  const type = text(request["type"]);
  assert.deepEqual(wire(stateOutputs(type, attributesOf(response["properties"]))), response["properties"]);
  const inputs = readInputs(type, { oldInputs: map(request["inputs"]), outputs: map(response["properties"]) });
  assert.deepEqual(wire(inputs), response["inputs"]);
}

const isOf = (method: string) => (call: RecordedCall) =>
  call.method === `ResourceProvider/${method}` && typeof call.request["type"] === "string";
const isPreview = (call: RecordedCall) => call.request["preview"] === true;
/** A creation that failed or a resource that is gone has no outputs. */
const hasOutputs = (call: RecordedCall) => call.response["properties"] !== undefined;
const isApply = (call: RecordedCall) =>
  (isOf("Create")(call) || isOf("Update")(call)) && !isPreview(call) && hasOutputs(call);

const kinds: { title: string; count: number; select: (call: RecordedCall) => boolean; replay: typeof replayCheck }[] = [
  { title: "Check", count: 381, select: isOf("Check"), replay: replayCheck },
  { title: "Diff", count: 363, select: isOf("Diff"), replay: replayDiff },
  {
    title: "the preview of Create",
    count: 30,
    select: (call) => isOf("Create")(call) && isPreview(call),
    replay: replayPreview,
  },
  {
    title: "the preview of Update",
    count: 37,
    select: (call) => isOf("Update")(call) && isPreview(call),
    replay: replayPreview,
  },
  { title: "the state after Create and Update", count: 12, select: isApply, replay: replayApply },
  { title: "Read", count: 18, select: (call) => isOf("Read")(call) && hasOutputs(call), replay: replayRead },
];

describe("the pure half of the provider answers as the Docker provider did", () => {
  const recorded = recordings();
  for (const { title, count, select, replay } of kinds)
    describe(title, () => {
      for (const { name, calls } of recorded) {
        const selected = calls.filter(select);
        if (selected.length > 0)
          it(`${name} (${selected.length})`, () => {
            selected.forEach(replay);
          });
      }
      it(`is recorded ${count} times`, () => {
        assert.equal(recorded.flatMap(({ calls }) => calls.filter(select)).length, count);
      });
    });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { readPlan } from "../../impact/input.ts";
import { relevantSteps } from "../../impact/relevant-steps.ts";
import { InputError } from "../../model/input-error.ts";
import type { Plan } from "../../model/planned-change.ts";
import { recordedPreview } from "./recorded.ts";

interface Step {
  readonly op: string;
  readonly urn: string;
}

const [stack, volume, service] = (JSON.parse(recordedPreview("volume-renamed")) as { steps: Step[] }).steps;

async function planOf(text: string): Promise<Plan> {
  const chunks = (async function* () {
    yield await Promise.resolve(Buffer.from(text));
  })();
  return readPlan([{ name: "preview.json", chunks }], { executor: "pulumi", prune: false });
}

/** Texts that look like the lines that steps are found by. */
const misleading = fc.constantFrom(
  '\n   "urn": "urn:pulumi:dev::p::docker:index/volume:Volume::v"',
  '{\n   "op": "same",\n   "urn": "urn:pulumi:',
  '"urn": "urn:pulumi:',
  "\n ]",
);

const otherStep = fc
  .record({
    op: fc.constantFrom("same", "update", "create"),
    type: fc.constantFrom("aws:s3/bucket:Bucket", "my:index:Box$docker:index/image:Image", "pulumi:pulumi:Stack"),
    name: fc.oneof(fc.string(), misleading),
    state: fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), misleading)),
  })
  .map(({ op, type, name, state }) => {
    const urn = `urn:pulumi:dev::p::${type}::${name}`;
    return { op, urn, newState: { urn, type, inputs: state, outputs: [state, { op, urn }] } };
  });

const preview = fc.record(
  {
    config: fc.dictionary(fc.string(), fc.oneof(fc.string(), misleading)),
    steps: fc.array(fc.oneof(otherStep, fc.constantFrom(stack, volume, service))),
    diagnostics: fc.array(fc.record({ urn: fc.constantFrom(volume?.urn), message: fc.string() })),
    changeSummary: fc.record({ same: fc.nat(30) }),
  },
  { requiredKeys: ["changeSummary"] },
);

describe("the steps of a preview that cannot have to do with data", () => {
  const indentations = [1, 2, 4, "\t"];

  it("are left out without a trace, however the preview is indented", () =>
    fc.assert(
      fc.asyncProperty(preview, fc.constantFrom(...indentations), async (document, indentation) => {
        assert.deepEqual(
          await planOf(JSON.stringify(document, undefined, indentation)),
          await planOf(JSON.stringify(document)),
        );
      }),
      { numRuns: 300 },
    ));

  it("are left out before anything is parsed", () => {
    const other = { op: "same", urn: "urn:pulumi:dev::p::aws:s3/bucket:Bucket::b" };
    for (const steps of [[other], [other, service], [service, other, other, volume, other], [service, volume]]) {
      for (const indentation of indentations) {
        const reduced = relevantSteps(Buffer.from(JSON.stringify({ steps, duration: 1 }, undefined, indentation)));
        const document = JSON.parse(reduced.preview.toString()) as unknown;
        assert.deepEqual(document, { steps: steps.filter((step) => step !== other), duration: 1 });
        assert.equal(reduced.unchanged, steps.filter((step) => step === other).length);
      }
    }
  });

  it("stay where one of them is written in another way than the others", () => {
    const other = { op: "same", urn: "urn:pulumi:dev::p::aws:s3/bucket:Bucket::b" };
    const foreign = { id: 1, urn: other.urn, op: "same" };
    const text = Buffer.from(JSON.stringify({ steps: [other, foreign, service] }, undefined, 4));
    assert.deepEqual(relevantSteps(text), { preview: text, unchanged: 0 });
  });

  it("do not hide that a preview was cut off", () =>
    fc.assert(
      fc.asyncProperty(preview, fc.constantFrom(...indentations), fc.nat(), async (document, indentation, length) => {
        const text = JSON.stringify(document, undefined, indentation);
        await assert.rejects(planOf(text.slice(0, length % text.length)), InputError);
      }),
    ));
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDocument } from "../../../inputs/pulumi/preview-document.ts";
import { readPlan } from "../../../inputs/read-plan.ts";
import type { Plan } from "../../../model/plan/plan.ts";
import { InputError } from "../../../text/input-error.ts";
import { recordedPreview } from "../../impact/recorded.ts";

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

/** Each line of a text may be left out, doubled, put before another, or have something put into it. */
const mutation = fc.record({
  kind: fc.constantFrom("left out", "doubled", "moved", "changed"),
  at: fc.nat(),
  to: fc.nat(),
  more: fc.constantFrom('"', ",", "{", "}", "]", " ", "\n", '"refreshSteps": [', "garbage"),
});

function mutated(
  text: string,
  { kind, at, to, more }: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
): string {
  const lines = text.split("\n");
  const index = at % lines.length;
  const line = lines[index] ?? "";
  if (kind === "left out") lines.splice(index, 1 + (to % 20));
  if (kind === "doubled") lines.splice(index, 0, line);
  if (kind === "moved") lines.splice(to % lines.length, 0, ...lines.splice(index, 1));
  if (kind === "changed")
    lines[index] = line.slice(0, to % (line.length + 1)) + more + line.slice(to % (line.length + 1));
  return lines.join("\n");
}

async function outcomeOf(text: string): Promise<unknown> {
  try {
    return await planOf(text);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
}

describe("a preview", function () {
  this.timeout(60_000);

  const indentations = [1, 2, 4, "\t"];
  const other = { op: "same", urn: "urn:pulumi:dev::p::aws:s3/bucket:Bucket::b" };

  it("is read the same however it is indented", () =>
    fc.assert(
      fc.asyncProperty(preview, fc.constantFrom(...indentations), async (document, indentation) => {
        assert.deepEqual(
          await planOf(JSON.stringify(document, undefined, indentation)),
          await planOf(JSON.stringify(document)),
        );
      }),
      { numRuns: 300 },
    ));

  it("is read, or refused, step by step as it is as a whole", () =>
    fc.assert(
      fc.asyncProperty(preview, fc.constantFrom(...indentations), mutation, async (document, indentation, change) => {
        const text = mutated(JSON.stringify(document, undefined, indentation), change);
        // What begins with a byte order mark is parsed as a whole.
        assert.deepEqual(await outcomeOf(text), await outcomeOf(`\ufeff${text}`));
      }),
      { numRuns: 1000 },
    ));

  it("is refused where it was cut off, wherever that was", () =>
    fc.assert(
      fc.asyncProperty(preview, fc.constantFrom(...indentations), fc.nat(), async (document, indentation, length) => {
        const text = JSON.stringify(document, undefined, indentation);
        await assert.rejects(planOf(text.slice(0, length % text.length)), InputError);
      }),
    ));

  it("does not keep the steps that cannot have to do with data", () => {
    for (const steps of [[other], [other, service], [service, other, other, volume, other], [service, volume]]) {
      for (const indentation of indentations) {
        const text = JSON.stringify({ steps, duration: 1 }, undefined, indentation);
        assert.deepEqual(parseDocument(Buffer.from(text)), {
          document: { steps: steps.filter((step) => step !== other), duration: 1 },
          unchanged: steps.filter((step) => step === other).length,
        });
      }
    }
  });

  it("is parsed as a whole where a step is written in another way than the others", () => {
    for (const foreign of [{ id: 1, ...other }, { urn: other.urn, op: "same" }, { op: "delete" }]) {
      for (const document of [{ steps: [other, foreign, service] }, { others: [other, foreign], steps: [service] }]) {
        const text = Buffer.from(JSON.stringify(document, undefined, 4));
        assert.deepEqual(parseDocument(text), { document, unchanged: 0 });
      }
    }
    const text = JSON.stringify({ steps: [other, other], more: 1 }, undefined, 4);
    const withoutComma = parseDocument(Buffer.from(text.replace("},", "} ")));
    assert.deepEqual(withoutComma, { document: undefined, unchanged: 0 });
    const twice = parseDocument(Buffer.from(text.replace('"more": 1', '"steps": [2]')));
    assert.deepEqual(twice, { document: { steps: [2] }, unchanged: 0 });
  });
});

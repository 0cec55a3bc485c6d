import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { judgeDeletion, judgeUpdate } from "../../../components/hooks/data-gate.ts";
import { recordedChanges, recordedPreview } from "../../impact/recorded.ts";

const properties = z.record(z.string(), z.unknown());
const preview = z.object({
  steps: z.array(
    z.object({
      op: z.string(),
      urn: z.string(),
      oldState: z
        .object({
          id: z.string().default(""),
          type: z.string(),
          inputs: properties.optional(),
          outputs: properties.optional(),
        })
        .optional(),
      newState: z.object({ inputs: properties.optional() }).optional(),
    }),
  ),
});

/** What Pulumi hands to the hooks of a recorded step. */
function hookArgs(change: string, op: string, type: RegExp): pulumi.ResourceHookArgs | undefined {
  const { steps } = preview.parse(JSON.parse(recordedPreview(change)));
  const step = steps.find((each) => each.op === op && type.test(each.urn));
  if (step?.oldState === undefined) return undefined;
  const { id, type: token, inputs, outputs } = step.oldState;
  const args = {
    urn: step.urn,
    id,
    name: "redis",
    type: token,
    oldInputs: inputs,
    oldOutputs: outputs,
    newInputs: step.newState?.inputs,
  };
  // The SDK's own type has `any` for properties and no `undefined` for what is left out.
  return args as pulumi.ResourceHookArgs;
}

describe("the gate within Pulumi", () => {
  it("judges every recorded update in place as the whole plan is judged", () => {
    let count = 0;
    for (const { name, fate } of recordedChanges()) {
      const args = hookArgs(name, "update", /docker:index\/service:/u);
      // A volume that is renamed fails first, and the pin is to a node that the recording swarm does not have.
      if (args === undefined || name === "volume-renamed" || name === "pin-changed") continue;
      if (name.includes("volume-removed")) continue;
      const seen = judgeUpdate(args)[0]?.fate ?? "untouched";
      // A hook is not told whether the service has been updated before, so a port counts as in effect.
      assert.equal(seen, fate === "untouched" && name.startsWith("port-") ? "interrupted" : fate, name);
      count++;
    }
    assert.ok(count > 25, String(count));
  });

  it("stops a volume's deletion, and lets a service go whose data stays in its volume", () => {
    const change = "service-removed+volume-removed";
    const volume = hookArgs(change, "delete", /docker:index\/volume:/u);
    const service = hookArgs(change, "delete", /docker:index\/service:/u);
    assert.ok(volume && service);
    assert.deepEqual(
      judgeDeletion(volume).map(({ name, fate }) => [name, fate]),
      [["foobarstore", "destroyed"]],
    );
    assert.deepEqual(judgeDeletion(service), []);
  });

  it("stops a service's deletion that takes its data along", () => {
    const service = hookArgs("service-removed", "delete", /docker:index\/service:/u);
    assert.ok(service);
    const outputs = JSON.parse(JSON.stringify(service.oldOutputs).replaceAll('"foobarstore"', '""')) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      judgeDeletion({ ...service, oldOutputs: outputs }).map(({ fate }) => fate),
      ["destroyed"],
    );
  });
});

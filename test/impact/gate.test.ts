import assert from "node:assert/strict";
import { acceptanceNote, gate } from "../../impact/gate.ts";
import { readDigest } from "../../impact/pulumi-preview.ts";
import { judgePlan } from "../../model/data-fate.ts";
import type { Executor } from "../../model/planned-change.ts";
import type { Verdict } from "../../model/verdict.ts";
import { previewOf, type Change } from "./changes.ts";
import { recordedPreview, vm } from "./recorded.ts";
import { verdictTable } from "./verdict-table.ts";

function verdictsOn(change: Change, nodes = [vm], executor: Executor = "pulumi"): readonly Verdict[] {
  return judgePlan(readDigest(JSON.parse(previewOf(change)), "plan", executor), nodes.length > 0 ? { nodes } : {})
    .verdicts;
}

describe("the gate", () => {
  const refused = ["left behind", "destroyed"];

  it("stops every change that leaves data behind or destroys it, and no other where somebody can be asked", () => {
    for (const { change, fate, of, withoutNodes, executor } of verdictTable) {
      const answer = gate(verdictsOn(of, withoutNodes ? [] : [vm], executor), [], true);
      assert.equal(answer.allowed, !refused.includes(fate), change);
      if (!answer.allowed) assert.equal(answer.refusals[0]?.fate, fate);
    }
  });

  it("stops at unknown where nobody can be asked", () => {
    const row = verdictTable.find(({ fate }) => fate === "unknown");
    assert.ok(row);
    assert.equal(gate(verdictsOn(row.of), [], true).allowed, true);
    assert.equal(gate(verdictsOn(row.of), [], false).allowed, false);
  });

  it("stops, where nobody can be asked, at what is only harmless as long as an assumption holds", () => {
    const { verdicts } = judgePlan(readDigest(JSON.parse(recordedPreview("volume-removed")), "plan", "pulumi"));
    assert.equal(gate(verdicts, [], true).allowed, true);
    const answer = gate(verdicts, [], false);
    assert.deepEqual(answer, {
      allowed: false,
      refusals: [
        {
          name: "foobarstore",
          fate: "destroyed",
          reason: 'The data is destroyed when no container uses volume "foobarstore".',
        },
      ],
    });
  });

  it("lets a loss pass that is accepted by name, and says so for the history", () => {
    const verdicts = verdictsOn({ operation: "delete", volume: "deleted" });
    assert.equal(gate(verdicts, ["other"], true).allowed, false);
    const answer = gate(verdicts, ["stateful", "other"], false);
    assert.deepEqual(answer, { allowed: true, accepted: [{ name: "stateful", fate: "destroyed" }], unused: ["other"] });
    assert.equal(acceptanceNote(answer), "data loss accepted: stateful (destroyed)");
  });

  it("notes nothing where nothing was accepted", () => {
    assert.equal(acceptanceNote(gate(verdictsOn({ operation: "same" }), [], false)), undefined);
  });
});

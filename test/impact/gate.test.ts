import assert from "node:assert/strict";
import { acceptanceNote, gate, type GateAnswer } from "../../impact/gate.ts";
import { judgePlan } from "../../impact/judge-plan.ts";
import { minutesToAct, minutesToReview } from "../../impact/verdict/acceptance.ts";
import type { Verdict } from "../../impact/verdict/verdict.ts";
import { readDigest } from "../../inputs/pulumi/preview.ts";
import type { Executor } from "../../model/plan/plan.ts";
import { previewOf, type Change } from "./changes.ts";
import { recordedPreview, vm } from "./recorded.ts";
import { verdictTable } from "./verdict-table.ts";

function verdictsOn(change: Change, nodes = [vm], executor: Executor = "pulumi"): readonly Verdict[] {
  return judgePlan(readDigest(JSON.parse(previewOf(change)), "plan", executor), nodes.length > 0 ? { nodes } : {})
    .verdicts;
}

const window = { now: new Date("2026-11-30T12:00:30Z"), minutes: minutesToAct };

function wordOf(answer: GateAnswer): string {
  assert.ok(!answer.allowed);
  return answer.refusals[0]?.word ?? "";
}

describe("the gate", () => {
  const refused = ["left behind", "destroyed"];

  it("stops every change that leaves data behind or destroys it, and no other where somebody can be asked", () => {
    for (const { change, fate, of, withoutNodes, executor } of verdictTable) {
      const answer = gate(verdictsOn(of, withoutNodes ? [] : [vm], executor), [], true, window);
      assert.equal(answer.allowed, !refused.includes(fate), change);
      if (!answer.allowed) assert.equal(answer.refusals[0]?.fate, fate);
    }
  });

  it("stops at unknown where nobody can be asked", () => {
    const row = verdictTable.find(({ fate }) => fate === "unknown");
    assert.ok(row);
    assert.equal(gate(verdictsOn(row.of), [], true, window).allowed, true);
    assert.equal(gate(verdictsOn(row.of), [], false, window).allowed, false);
  });

  it("stops, where nobody can be asked, at what is only harmless as long as an assumption holds", () => {
    const { verdicts } = judgePlan(readDigest(JSON.parse(recordedPreview("volume-removed")), "plan", "pulumi"));
    assert.equal(gate(verdicts, [], true, window).allowed, true);
    const answer = gate(verdicts, [], false, window);
    assert.deepEqual(answer, {
      allowed: false,
      refusals: [
        {
          name: "foobarstore",
          word: wordOf(answer),
          fate: "destroyed",
          reason: 'The data is destroyed when no container uses volume "foobarstore".',
          canBeBackedUp: false,
        },
      ],
    });
  });

  it("lets a loss pass by the word of just this plan, and says so for the history", () => {
    const verdicts = verdictsOn({ operation: "delete", volume: "deleted" });
    const word = wordOf(gate(verdicts, [], true, window));
    assert.match(word, /^stateful@[0-9a-f]{12}-20261130T1301Z$/);
    const answer = gate(verdicts, [word], false, window);
    assert.deepEqual(answer, { allowed: true, accepted: [{ name: "stateful", fate: "destroyed" }] });
    assert.equal(acceptanceNote(answer), "data loss accepted: stateful (destroyed)");
    // The same plan, made again within the hour.
    const later = { ...window, now: new Date("2026-11-30T13:00:59Z") };
    const again = verdictsOn({ operation: "delete", volume: "deleted" });
    assert.equal(gate(again, [word], true, later).allowed, true);
  });

  it("takes no word that is bare, of another plan, changed by hand, of a review or expired, and says why", () => {
    const verdicts = verdictsOn({ operation: "delete", volume: "deleted" });
    const word = wordOf(gate(verdicts, [], true, window));
    const other = verdictTable.find(({ of }) => {
      const [verdict] = verdictsOn(of);
      return verdict?.name === "stateful" && verdict.fate === "left behind";
    });
    assert.ok(other);
    const foreign = wordOf(gate(verdictsOn(other.of), [], true, window));
    const forReview = wordOf(gate(verdicts, [], true, { ...window, minutes: minutesToReview }));
    const prolonged = word.replace(/1301Z$/, "2301Z");
    const cases: [given: string, why: string | undefined][] = [
      ["other", undefined],
      ["stateful", "stateful names no plan"],
      [foreign, `${foreign} is for another plan`],
      [prolonged, `${prolonged} is for another plan`],
      [forReview, `${forReview} is for a review`],
    ];
    for (const [given, why] of cases) {
      const answer = gate(verdicts, [given], true, window);
      assert.ok(!answer.allowed, given);
      assert.equal(answer.refusals[0]?.notAccepted, why);
      assert.equal(answer.refusals[0]?.word, word);
    }
    const tooLate = { ...window, now: new Date("2026-11-30T13:01:01Z") };
    const answer = gate(verdicts, [word], true, tooLate);
    assert.ok(!answer.allowed);
    assert.equal(answer.refusals[0]?.notAccepted, `${word} has expired`);
  });

  it("knows a plan again whose automatic names and measured numbers are others", () => {
    const [verdict] = verdictsOn({ operation: "delete", volume: "deleted" });
    assert.ok(verdict);
    const planned = (name: string, bytes: number): Verdict => ({
      ...verdict,
      causes: [{ code: "DF101", text: `${bytes} bytes go`, path: "mounts", before: "old-1234567", after: name }],
    });
    const word = wordOf(gate([planned("data-0a1b2c3", 100)], [], true, window));
    assert.equal(gate([planned("data-9f8e7d6", 200)], [word], true, window).allowed, true);
    assert.equal(gate([planned("other-9f8e7d6", 100)], [word], true, window).allowed, false);
  });

  it("notes nothing where nothing was accepted", () => {
    assert.equal(acceptanceNote(gate(verdictsOn({ operation: "same" }), [], false, window)), undefined);
  });
});

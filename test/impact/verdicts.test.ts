import assert from "node:assert/strict";
import { EventCollector, readDigest, readEventLine } from "../../impact/pulumi-preview.ts";
import { judgePlan } from "../../model/data-fate.ts";
import type { LiveFacts, Plan } from "../../model/planned-change.ts";
import { worstFate, type Verdict } from "../../model/verdict.ts";
import { previewOf } from "./changes.ts";
import { recordedChanges, recordedEvents, recordedPreview, vm } from "./recorded.ts";
import { verdictTable } from "./verdict-table.ts";

function fromEvents(text: string, name: string): Plan {
  const collector = new EventCollector("pulumi");
  for (const line of text.split("\n")) collector.add(readEventLine(line, name));
  return collector.plan(name);
}

function worst(plan: Plan, live: LiveFacts): ReturnType<typeof worstFate> {
  return worstFate(judgePlan(plan, live).verdicts.map(({ fate }) => fate));
}

function onlyVerdict(plan: Plan, live: LiveFacts): Verdict {
  const verdict = judgePlan(plan, live).verdicts.find(({ subject }) => subject === "service");
  assert.ok(verdict, "there is a verdict on the service");
  return verdict;
}

describe("verdicts on what real Pulumi did on a real swarm", () => {
  const live = { nodes: [vm] };
  for (const { name, fate, task } of recordedChanges()) {
    it(`${name}: ${fate}`, () => {
      const plan = readDigest(JSON.parse(recordedPreview(name)), name, "pulumi");
      assert.equal(worst(plan, live), fate);
      const streamed = fromEvents(recordedEvents(name), name);
      assert.equal(worst(streamed, live), fate);
      // The stream shows the service in every case, so its task can be told too.
      const { taskEffect } = onlyVerdict(streamed, live);
      const expected = { same: ["none"], replaced: ["replaced"], none: ["stopped", "cannot start", "replaced"] }[task];
      assert.ok(expected?.includes(taskEffect), `${taskEffect}, recorded: ${task}`);
    });
  }

  it("tells no better fate where the swarm's nodes are not known", () => {
    for (const { name, fate } of recordedChanges()) {
      const plan = readDigest(JSON.parse(recordedPreview(name)), name, "pulumi");
      // Whether the node "elsewhere" exists is all that the preview cannot tell.
      assert.equal(worst(plan, {}), name === "pin-changed" ? "left behind" : fate, name);
    }
  });
});

describe("verdicts on changes that follow from the rules", () => {
  for (const { change, fate, taskEffect, of, withoutNodes, executor } of verdictTable) {
    it(`${change}: ${fate}`, () => {
      const plan = readDigest(JSON.parse(previewOf(of)), change, executor ?? "pulumi");
      const verdict = onlyVerdict(plan, withoutNodes ? {} : { nodes: [vm] });
      assert.deepEqual({ fate: verdict.fate, taskEffect: verdict.taskEffect }, { fate, taskEffect });
      assert.notEqual(verdict.causes.length, 0);
      if (fate === "left behind") assert.notEqual(verdict.leftBehind.length, 0);
    });
  }
});

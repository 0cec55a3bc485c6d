import assert from "node:assert/strict";
import { rules } from "../../policies/rule-list.ts";
import { isDetected, mutantsOf } from "./mutants.ts";

// A sample, the first break of each rule; `npm run mutation` breaks them in every place.
describe("the cases of the rules", () => {
  it("notice when any rule's check is broken", async () => {
    const unnoticed: string[] = [];
    for (const rule of rules) {
      const [mutant] = mutantsOf(rule);
      assert.ok(mutant !== undefined, rule.id);
      if (!(await isDetected(mutant))) unnoticed.push(`${mutant.rule} ${mutant.place}`);
    }
    assert.deepEqual(unnoticed, []);
  });
});

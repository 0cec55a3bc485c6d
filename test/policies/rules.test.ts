import assert from "node:assert/strict";
import { rules } from "../../policies/rule-list.ts";
import { expectationOf, inputsOf, pathOf, subjectIn, verdictOf } from "./judge-case.ts";
import { ruleCases } from "./rule-cases.ts";

describe("the rules", () => {
  for (const rule of rules) {
    describe(`${rule.id} ${rule.name}`, () => {
      const cases = ruleCases[rule.id] ?? [];
      for (const [index, testCase] of cases.entries()) {
        const expected = expectationOf(rule, testCase);
        it(`${typeof expected === "string" ? expected : (Object.keys(expected)[0] ?? "")}: case ${index + 1}`, () => {
          const inputs = inputsOf(testCase);
          if (testCase.path !== undefined) assert.equal(pathOf(rule, testCase), testCase.path);
          const verdicts = inputs.map((input) => [input, verdictOf(rule, subjectIn(input, testCase))]);
          assert.deepEqual(
            verdicts,
            inputs.map((input) => [input, expected]),
          );
        });
      }
    });
  }

  it("each have a case for passing, failing, not applying and not knowing, where they can answer so", () => {
    // A single volume is protected or not, suppressions have a date or not: nothing to be unknown about in these inputs.
    const cannot: Record<string, readonly string[]> = {
      SS102: ["unverifiable"],
      SS104: ["unverifiable"],
      SS204: ["unverifiable"],
      SS401: ["unverifiable"],
      SS502: ["pass"],
      SS902: ["unverifiable"],
    };
    const missing = rules.flatMap(({ id }) => {
      const answers = new Set(
        (ruleCases[id] ?? []).map(({ expected }) =>
          typeof expected === "string" ? expected : Object.keys(expected)[0],
        ),
      );
      const wanted = ["pass", "fail", "not applicable", "unverifiable"].filter(
        (answer) => cannot[id]?.includes(answer) !== true,
      );
      return wanted.filter((answer) => !answers.has(answer)).map((answer) => `${id}: ${answer}`);
    });
    assert.deepEqual(missing, []);
  });
});

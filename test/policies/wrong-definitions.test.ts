import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { readDefinitions } from "../../policies/definitions.ts";
import { judgeDefinitions } from "../../policies/judge.ts";
import { today } from "./judge-case.ts";

const folder = new URL("../data/policies/wrong/", import.meta.url);

/** The rules that a file's first lines name, as in `# errors: SS103 SS201`. */
function rulesNamed(text: string, kind: "errors" | "warnings"): readonly string[] {
  return new RegExp(`^# ${kind}: (?<rules>.+)$`, "m").exec(text)?.groups?.["rules"]?.split(" ") ?? [];
}

describe("mistakes as people write them", () => {
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), "utf8");
    const [errors, warnings] = [rulesNamed(text, "errors"), rulesNamed(text, "warnings")];
    it(`${file} has the errors ${errors.join(", ")} and no other`, () => {
      const findings = judgeDefinitions(readDefinitions(text, { file }), { today });
      const found = (level: string) => findings.filter((each) => each.level === level).map(({ rule }) => rule);
      assert.ok(errors.length + warnings.length > 0);
      assert.deepEqual([...new Set(found("error"))].sort(), errors);
      for (const rule of warnings) assert.ok(found("warning").some((each) => each === rule));
    });
  }
});

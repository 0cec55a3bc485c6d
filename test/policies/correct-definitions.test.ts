import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { readDefinitions } from "../../policies/definitions.ts";
import { judgeDefinitions } from "../../policies/judge.ts";
import { today } from "./judge-case.ts";

const folder = new URL("../data/policies/correct/", import.meta.url);
const files = readdirSync(folder);

describe("correct definitions from public practice", () => {
  it("are at least forty", () => {
    assert.ok(files.length >= 40, `${files.length} files`);
  });

  for (const file of files) {
    it(`${file} has no finding that is an error`, () => {
      const definitions = readDefinitions(readFileSync(new URL(file, folder), "utf8"), { file });
      const errors = judgeDefinitions(definitions, { today }).filter(({ level }) => level === "error");
      assert.deepEqual(errors, []);
    });
  }
});

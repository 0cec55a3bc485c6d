import assert from "node:assert/strict";
import { taskWords } from "../../text/task-state.ts";

describe("the words for how a task stands", () => {
  it("are said once", () => {
    const table = [
      ["preparing", "preparing", "preparing"],
      ["pending", "pending task scheduling", "pending"],
      ["running", "", "running"],
      ["rejected", "No such image: redis:9", "rejected: No such image: redis:9"],
      ["failed", "failed to start", "failed: failed to start"],
    ] as const;
    for (const [state, reason, words] of table) assert.equal(taskWords(state, reason), words);
  });
});

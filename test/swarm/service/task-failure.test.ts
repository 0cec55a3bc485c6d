import assert from "node:assert/strict";
import { redactor } from "../../../swarm/api/redaction.ts";
import { shownOutput } from "../../../swarm/service/task-failure.ts";

const redact = redactor(["correct-horse-battery"]);

describe("the last words of a container", () => {
  it("leave no part of a secret where they are cut", () => {
    const before = "x".repeat(290);
    assert.equal(shownOutput(`${before} correct-horse-battery and more`, redact), `${before} [secret] …`);
  });

  it("say nothing that a terminal obeys", () => {
    assert.equal(shownOutput("\u001b[2Ja\rb\tc\r\nd\r", redact), "\\u001b[2Ja\\u000db c\nd");
  });
});

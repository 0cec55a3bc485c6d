import assert from "node:assert/strict";
import { redactor } from "../../swarm/redaction.ts";

describe("what a container has printed", () => {
  it("is shown with secret values masked", () => {
    assert.equal(redactor(["hunter2"])("AUTH hunter2 failed"), "AUTH [secret] failed");
  });

  it("is masked by line and by word too: Redis prints the line that it does not understand", () => {
    const redact = redactor(['user default on >s3cret/pw\nrequirepass "other-one"\n']);
    assert.equal(redact(">>> 'requirepass \"other-one\"'"), ">>> '[secret]'");
    assert.equal(redact("got other-one"), "got [secret]");
  });

  it("is masked whole where one secret is a part of another", () => {
    assert.equal(redactor(["abcd", "abcdef"])("abcdef"), "[secret]");
  });

  it("is left as it is where there is nothing to hide", () => {
    assert.equal(redactor(["", "a b"])("a b c"), "a b c");
  });
});

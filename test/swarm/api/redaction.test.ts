import assert from "node:assert/strict";
import { redactor, secretsOfContainer } from "../../../swarm/api/redaction.ts";

describe("what a container has printed", () => {
  it("is shown with secret values masked", () => {
    assert.equal(redactor(["hunter2"])("AUTH hunter2 failed"), "AUTH [secret] failed");
  });

  it("is masked by line and by word too: Redis prints the line that it does not understand", () => {
    const redact = redactor(['user default on >s3cret/pw\nrequirepass "other-one"\n']);
    assert.equal(redact(">>> 'requirepass \"other-one\"'"), ">>> '[secret]'");
    assert.equal(redact("got other-one"), "got [secret]");
  });

  it("keeps the words of Holdfast's own variables, which hold no secret", () => {
    const Env = ['HOLDFAST_BACKUP={"repository":"/repository"}', "PASSWORD=hunter2"];
    assert.deepEqual(secretsOfContainer({ Env, Args: ["--requirepass", "other-one"] }), ["hunter2", "other-one"]);
  });

  it("is masked whole where one secret is a part of another", () => {
    assert.equal(redactor(["abcd", "abcdef"])("abcdef"), "[secret]");
  });

  it("is masked in base64 too, also as a part of something longer", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const redact = redactor(["hunter2??>"]);
    assert.equal(redact(`token ${base64("hunter2??>")}`), "token [secret]");
    assert.match(redact(Buffer.from("hunter2??>ab").toString("base64url")), /^\[secret\]\w{3}$/);
    for (const user of ["a:", "ab:", "abc:"])
      assert.match(
        redact(`Authorization: Basic ${base64(`${user}hunter2??>x`)}`),
        /Basic \w{2,6}\[secret\][\w=]{0,4}$/,
      );
  });

  it("is left as it is where there is nothing to hide", () => {
    assert.equal(redactor(["", "a b"])("a b c"), "a b c");
  });
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { healthPassword, redisAclFile } from "../../../model/redis/users.ts";

const hash = (password: string) => `#${createHash("sha256").update(password).digest("hex")}`;

describe("the users of Redis", () => {
  it("are known by hashes, and nobody gets in without a name", () => {
    const text = redisAclFile({ application: ["a"], health: ["h"], operations: ["o"] }, false);
    assert.deepEqual(text.split("\n"), [
      "user default off",
      `user application on ${hash("a")} ~* &* +@all -@admin -@dangerous +info -@scripting -lcs`,
      `user health on ${hash("h")} -@all +ping`,
      `user operations on ${hash("o")} ~* &* +@all`,
      "",
    ]);
  });

  it("have two passwords while one replaces the other", () => {
    const text = redisAclFile({ application: ["new", "old"], health: ["h"], operations: [] }, false);
    assert.match(text, new RegExp(`^user application on ${hash("new")} ${hash("old")} `, "mu"));
    assert.doesNotMatch(text, /operations/u);
  });

  it("run scripts where that is allowed, but neither make functions nor take others' away", () => {
    const text = redisAclFile({ application: ["a"], health: ["h"], operations: [] }, true);
    assert.match(
      text,
      / -@scripting -lcs \+eval \+eval_ro \+evalsha \+evalsha_ro \+fcall \+fcall_ro \+script\|load \+script\|exists$/mu,
    );
    assert.equal(text.match(/\+eval /gu)?.length, 1);
  });

  it("give the health check a password that tells nothing of the application's", () => {
    assert.match(healthPassword("secret"), /^[0-9a-f]{64}$/u);
    assert.notEqual(healthPassword("secret"), createHash("sha256").update("secret").digest("hex"));
    assert.notEqual(healthPassword("secret"), healthPassword("Secret"));
  });
});

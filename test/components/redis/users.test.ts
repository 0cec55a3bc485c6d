import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { healthPassword, redisAclFile } from "../../../model/redis/users.ts";
import { backupPassword } from "../../../model/service/password.ts";

const hash = (password: string) => `#${createHash("sha256").update(password).digest("hex")}`;

describe("the users of Redis", () => {
  it("are known by hashes, and nobody gets in without a name", () => {
    const text = redisAclFile({ application: ["a"], health: ["h"], backup: ["b"], operations: ["o"] }, false);
    assert.deepEqual(text.split("\n"), [
      "user default off",
      `user application on ${hash("a")} ~* &* +@all -@admin -@dangerous +info -@scripting -lcs`,
      `user health on ${hash("h")} -@all +ping`,
      `user backup on ${hash("b")} ~holdfast:canary -@all +set +get`,
      `user operations on ${hash("o")} ~* &* +@all`,
      "",
    ]);
  });

  it("have two passwords while one replaces the other", () => {
    const text = redisAclFile({ application: ["new", "old"], health: ["h"], backup: [], operations: [] }, false);
    assert.match(text, new RegExp(`^user application on ${hash("new")} ${hash("old")} `, "mu"));
    assert.doesNotMatch(text, /operations|backup/u);
  });

  it("run scripts where that is allowed, but neither make functions nor take others' away", () => {
    const text = redisAclFile({ application: ["a"], health: ["h"], backup: [], operations: [] }, true);
    assert.match(
      text,
      / -@scripting -lcs \+eval \+eval_ro \+evalsha \+evalsha_ro \+fcall \+fcall_ro \+script\|load \+script\|exists$/mu,
    );
    assert.equal(text.match(/\+eval /gu)?.length, 1);
  });

  it("give the health check and the backup passwords that tell nothing of the application's, or of each other's", () => {
    for (const derived of [healthPassword, backupPassword]) {
      assert.match(derived("secret"), /^[0-9a-f]{64}$/u);
      assert.notEqual(derived("secret"), createHash("sha256").update("secret").digest("hex"));
      assert.notEqual(derived("secret"), derived("Secret"));
    }
    assert.notEqual(healthPassword("secret"), backupPassword("secret"));
  });
});

import assert from "node:assert/strict";
import { changesNothing, needsConfirmation } from "../../../../cli/commands/stack/confirmation.ts";

describe("whether a plan is asked about", () => {
  it("depends on something that exists being changed or removed", () => {
    assert.equal(needsConfirmation({}), false);
    assert.equal(needsConfirmation({ same: 7 }), false);
    assert.equal(needsConfirmation({ create: 7, read: 1, same: 2 }), false);
    for (const operation of ["update", "delete", "replace"] as const) {
      assert.equal(needsConfirmation({ create: 1, [operation]: 1 }), true, operation);
      assert.equal(needsConfirmation({ create: 1, [operation]: 0 }), false, operation);
    }
  });

  it("is another question than whether it changes anything", () => {
    assert.equal(changesNothing({ same: 7, update: 0 }), true);
    assert.equal(changesNothing({ same: 6, create: 1 }), false);
  });
});

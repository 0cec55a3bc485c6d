import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import pLimit from "p-limit";

import { compareCase, recordedCases } from "./agreement.ts";

const recordings = join(import.meta.dirname, "../data/recordings");

describe("the embedded engine plans what Pulumi planned", function () {
  this.timeout(300_000);
  const limit = pLimit(availableParallelism());
  let outcomes: Map<string, Promise<string[]>>;

  before(() => {
    outcomes = new Map(
      recordedCases(recordings).map((name) => {
        const outcome = limit(() => compareCase(recordings, name));
        // Told by the test of that case, which may not listen yet.
        outcome.catch(() => undefined);
        return [name, outcome];
      }),
    );
  });

  for (const name of recordedCases(recordings))
    it(`for ${name}`, async () => {
      assert.deepEqual(await outcomes.get(name), []);
    });
});

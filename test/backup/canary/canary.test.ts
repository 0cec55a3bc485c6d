import assert from "node:assert/strict";
import { Canary } from "../../../backup/canary/canary.ts";

const begin = 1_796_000_000_000;
const patienceMs = 30_000;

describe("a canary", () => {
  it("measures how long a write takes until it is delivered", async () => {
    const canary = new Canary(() => Promise.resolve(true), 1000);
    assert.deepEqual([canary.measured, canary.unprovedSince], [undefined, undefined]);
    await canary.writeOne(begin);
    await canary.writeOne(begin + 10_000);
    assert.ok(canary.isExpected(begin) && !canary.isExpected(begin + 1));
    assert.equal(canary.unprovedSince, begin);
    canary.noteDelivered(begin, begin + 3000);
    assert.equal(canary.unprovedSince, begin + 10_000);
    canary.noteDelivered(begin + 10_000, begin + 11_000);
    assert.deepEqual(canary.measured, { canary: begin + 10_000, last: 1000, worst: 3000 });
    assert.deepEqual([canary.unprovedSince, canary.problem(begin + 100_000, patienceMs)], [undefined, undefined]);
  });

  it("tells when the log does not have what the server has taken", async () => {
    const canary = new Canary(() => Promise.resolve(true), 1000);
    await canary.writeOne(begin);
    assert.equal(canary.problem(begin + patienceMs, patienceMs), undefined);
    assert.match(canary.problem(begin + 31_000, patienceMs) ?? "", /does not have after 31 s.*CONFIG GET appendonly/u);
  });

  it("tells when the server cannot be reached for long, and not before", async () => {
    let isThere = false;
    const canary = new Canary(
      () => (isThere ? Promise.resolve(true) : Promise.reject(new Error("Not reached."))),
      1000,
    );
    await canary.writeOne(begin);
    await canary.writeOne(begin + 20_000);
    assert.equal(canary.unprovedSince, begin);
    assert.equal(canary.problem(begin + patienceMs, patienceMs), undefined);
    assert.equal(canary.problem(begin + 31_000, patienceMs), "Not reached.");
    isThere = true;
    await canary.writeOne(begin + 40_000);
    assert.equal(canary.problem(begin + 41_000, patienceMs), undefined);
    assert.equal(canary.unprovedSince, begin + 40_000);
  });

  it("waits for nothing of a server that takes no writes", async () => {
    const canary = new Canary(() => Promise.resolve(false), 1000);
    await canary.writeOne(begin);
    assert.deepEqual([canary.unprovedSince, canary.problem(begin + 100_000, patienceMs)], [undefined, undefined]);
  });
});

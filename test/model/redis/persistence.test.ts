import assert from "node:assert/strict";
import fc from "fast-check";
import {
  redisLeastMemoryBytes,
  redisMaxMemoryBytes,
  RedisPersistence,
  redisPersistence,
  redisStopGraceSeconds,
} from "../../../model/redis/persistence.ts";
import { longestGraceSeconds } from "../../../model/service/stop-grace.ts";

const gibibyte = 1024 ** 3;
const profiles = fc.constantFrom(...Object.values(RedisPersistence));

describe("a persistence profile of Redis", () => {
  it("leaves room for the fork within every limit", () => {
    fc.assert(
      fc.property(profiles, fc.integer({ min: redisLeastMemoryBytes, max: 1024 * gibibyte }), (profile, limit) => {
        const maxMemory = redisMaxMemoryBytes(profile, limit, "limit");
        assert.ok(maxMemory > 0 && maxMemory <= limit * redisPersistence[profile].memoryShare);
      }),
    );
  });

  it("gets a grace period in which it stops, or is refused", () => {
    fc.assert(
      fc.property(profiles, fc.integer({ min: 1, max: 1024 * gibibyte }), (profile, maxMemory) => {
        const seconds = graceOrRefusal(profile, maxMemory);
        if (seconds === "refused") assert.ok(profile === RedisPersistence.snapshot && maxMemory > 45 * 70_000_000);
        else assert.ok(seconds >= 10 && seconds <= longestGraceSeconds);
      }),
    );
  });

  it("never evicts what it is to keep", () => {
    for (const [profile, { evictionPolicy }] of Object.entries(redisPersistence)) {
      assert.equal(evictionPolicy === "noeviction", profile !== RedisPersistence.cache, profile);
    }
  });

  it("is refused where a stop cannot save the dataset in time, with the limit that works", () => {
    assert.throws(() => redisStopGraceSeconds("snapshot", 6 * gibibyte, "store.memoryLimit"), {
      path: "store.memoryLimit",
      expected: 'at most 5006MiB with the persistence profile "snapshot"',
    });
    const works = redisMaxMemoryBytes("snapshot", 5006 * 1024 ** 2, "limit");
    assert.equal(redisStopGraceSeconds("snapshot", works, "limit"), longestGraceSeconds);
  });
});

function graceOrRefusal(profile: RedisPersistence, maxMemory: number): number | "refused" {
  try {
    return redisStopGraceSeconds(profile, maxMemory, "limit");
  } catch {
    return "refused";
  }
}

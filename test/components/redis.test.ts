import assert from "node:assert/strict";
import { LocalVolume } from "../../components/local-volume.ts";
import { Redis } from "../../components/redis.ts";
import { recordProgram } from "./program.ts";

const image = `redis:7@sha256:${"0123456789abcdef".repeat(4)}`;
const password = "correct horse battery";

describe("Redis", () => {
  it("makes children that are all parented, all prefixed, and protects exactly the data volume", async () => {
    const resources = await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" }, createdBy: "provider" });
      new Redis("store", { image, volume, memoryLimit: "100M", password });
    });

    const children = resources.filter(({ type }) => type.startsWith("docker:"));
    assert.equal(children.length, 6);
    for (const { name, parent } of children) assert.ok(parent !== "" && name.startsWith(`${parent}-`), name);
    const kept = resources.filter(({ protect, retainOnDelete }) => protect || retainOnDelete);
    assert.deepEqual(
      kept.map(({ name, protect, retainOnDelete }) => ({ name, protect, retainOnDelete })),
      [{ name: "data-volume", protect: true, retainOnDelete: true }],
    );
  });

  it("shows its password nowhere but in secrets, and there as a hash", async () => {
    const resources = await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
      new Redis("store", { image, volume, memoryLimit: "100M", password });
    });

    const text = JSON.stringify(resources);
    assert.ok(!text.includes(password));
    assert.ok(!text.includes(Buffer.from(password).toString("base64").slice(0, 24)));
  });

  it("refuses a limit too small to work with, naming the argument", async () => {
    await recordProgram(() => {
      const volume = new LocalVolume("data", { pin: { hostname: "vm" } });
      assert.throws(() => new Redis("store", { image, volume, memoryLimit: "1M", password }), {
        message: "store.memoryLimit: expected at least 32MiB, got 1MiB. Raise the limit.",
      });
    });
  });
});

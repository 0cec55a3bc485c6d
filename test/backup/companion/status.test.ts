import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkHealth, writeStatus } from "../../../backup/companion/status.ts";

describe("the health of a companion", () => {
  it("is that something was delivered in time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-status-"));
    const configuration = { status: join(folder, "status.json"), lateAfterSeconds: 60 };
    try {
      await assert.rejects(checkHealth(configuration, 100), /^SituationError: The companion has not started\./);
      await writeStatus(configuration.status, { problem: "The password is another" });
      await assert.rejects(
        checkHealth(configuration, 100),
        /Nothing has been delivered yet: The password is another\./,
      );
      await writeStatus(configuration.status, { deliveredSeconds: 100 });
      assert.equal(await checkHealth(configuration, 160), "Everything was delivered 60 s ago.");
      await writeStatus(configuration.status, { deliveredSeconds: 100, problem: "The disk is full" });
      await assert.rejects(checkHealth(configuration, 161), /Nothing has been delivered for 61 s: The disk is full\./);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

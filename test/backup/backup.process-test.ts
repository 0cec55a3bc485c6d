import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { corruptions, judge } from "./corruptions.ts";
import { draws } from "./random.ts";
import { Recording } from "./recording.ts";
import { firstDeliveryKilled } from "./faults/at-steps.ts";
import { TaskFaults } from "./faults/tasks.ts";
import { opensBySftp } from "./remote.ts";
import { Rig } from "./rig.ts";
import { drillsOnSchedule } from "./drill/scenario.ts";
import { followsThroughKills, readsAgainWhatWentAway, restoresWithResticAlone, undoesFlush } from "./scenarios.ts";

describe("the backup of a Redis", function () {
  this.timeout(90_000);

  it("follows under writers, through a kill of the companion and rewrites of the log", () => followsThroughKills(1));

  it("undoes FLUSHALL to the second before it", undoesFlush);

  it("is opened by restic alone, with the commands of the documentation", restoresWithResticAlone);

  it(
    "reads a state again when its parts go away in the meantime, and does not call it damaged",
    readsAgainWhatWentAway,
  );

  it(
    "opens a repository by SFTP with the key and the host that it is told, and says what is wrong with others",
    opensBySftp,
  );

  it("counts the keys once all of them are loaded: a server answers before", async () => {
    await using rig = await Rig.create();
    const { redis } = await rig.startRedis();
    await redis.eval("for i = 1, 400000 do redis.call('SET', 'key:' .. i, 'value') end", 0);
    const companion = rig.follow();
    await rig.delivered(companion);
    await companion.stop();
    const { last } = await rig.run(["verify"]);
    assert.ok(last.type === "result" && last.command === "verify" && last.entries === 400_000, JSON.stringify(last));

    // On a disk that is too small nothing of it is written.
    const small = join(rig.folder, "small");
    await mkdir(small);
    await execa("mount", ["-t", "tmpfs", "-o", "size=12m", "none", small]);
    try {
      const { exitCode, last: refused } = await rig.run(["restore", "--to", small]);
      assert.equal(exitCode, 1);
      assert.match(
        JSON.stringify(refused),
        /The state needs [\d.]+ MiB and 8 MiB to spare, but the volume's disk has only 12 MiB free/u,
      );
      assert.deepEqual(await readdir(small), [".holdfast-restore"]);
    } finally {
      await execa("umount", [small]);
    }
  });

  it("is drilled on a schedule, and gives its room back, also that of a drill that was killed", drillsOnSchedule);

  it("is known to be wrong when it is, naming the part or the repository; and is restored after a restore that was killed", async () => {
    const recording = await Recording.ofShortLog();
    await using rig = recording.rig;
    assert.ok(rig);
    const newest = await recording.lean();
    const titles = [
      "a piece missing in the chain",
      "a piece with another last",
      "a torn piece or base",
      "another password",
    ];
    for (const corruption of corruptions.filter(({ title }) => titles.includes(title))) {
      const recordings = { all: recording, newest, snapshots: recording };
      const { isDetected, words } = await judge(corruption, recordings, draws(1));
      assert.ok(isDetected, `${corruption.title}: ${words}`);
    }
    const { faults } = await TaskFaults.create(recording, draws(1));
    const killed = /^restore: restic dump, call \d+, all are killed after$/u;
    assert.equal(await faults.find(({ title }) => killed.test(title))?.survive(), "");
  });

  it("goes on where it and its restic were killed within a delivery", firstDeliveryKilled);
});

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Rig } from "./rig.ts";
import { Damage, flipByte, followsThroughKills, found, undoesFlush } from "./scenarios.ts";

describe("the backup of a Redis", function () {
  this.timeout(90_000);

  it("follows under writers, through a kill of the companion and rewrites of the log", () => followsThroughKills(1));

  it("undoes FLUSHALL to the second before it", undoesFlush);

  it("counts the keys once all of them are loaded: a server answers before", async () => {
    await using rig = await Rig.create();
    const { redis } = await rig.startRedis();
    await redis.eval("for i = 1, 400000 do redis.call('SET', 'key:' .. i, 'value') end", 0);
    const companion = rig.follow();
    await rig.delivered(companion);
    await companion.stop();
    const { last } = await rig.run(["verify"]);
    assert.ok(last.type === "result" && last.command === "verify" && last.entries === 400_000, JSON.stringify(last));
  });

  it("names the part that is missing or damaged, or why the repository is not the store's", async () => {
    const damage = await Damage.create(2);
    await using rig = damage.rig;
    const unchanged = (): Promise<void> => Promise.resolve();
    const digest = { commands: [["verify", "--level", "digest"]] };
    const [first = assert.fail("no piece")] = await damage.pieces();
    const missing = found(await damage.done((_, restic) => restic("forget", first.id), digest));
    assert.match(missing, /^log 1 of generation \S+, from byte 0 is missing up to byte \d+/u);
    const packs = await damage.packs();
    const flip = (repository: string) => Promise.all(packs.map((pack) => flipByte(join(repository, "data", pack))));
    const flipped = found(await damage.done(flip, digest));
    assert.ok(flipped.includes(`${first.file} cannot be read: `), flipped);
    const foreign = await damage.done(unchanged, { store: "another/store", commands: [["list"]] });
    assert.match(found(foreign), /holds no backup of another\/store, but of shop\/prod\/redis/u);
    await writeFile(join(rig.folder, "secrets", "repository-password"), "another one");
    const locked = await damage.done(unchanged, { commands: [["list"]] });
    assert.match(found(locked), /The secret repository-password does not open/u);
  });
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFirstStart, requireIdentity, startScript, storeMarker } from "../../model/start-guard.ts";

const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const anHourAgo = inAnHour - 7200;

describe("the start guard", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "start-guard-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (
    identity: string,
    more: { firstStartUntilSeconds?: number; environment?: Record<string, string> } = {},
  ) => {
    const script = startScript({ identity, dataPaths: [folder], ...more });
    const run = spawnSync("sh", ["-c", script, "start", "sh", "-c", 'echo "server ${NOTE-}"'], { encoding: "utf8" });
    return { status: run.status, out: run.stdout, error: run.stderr };
  };

  it("refuses to start on an empty volume, every time", () => {
    for (let time = 0; time < 30; time++) {
      const { status, out, error } = start("shop/prod/redis");
      assert.equal(status, 78);
      assert.equal(out, "");
      assert.equal(
        error,
        `holdfast: refused to start: ${folder}: expected the data of shop/prod/redis, got a volume without its mark. Bring the volume back, or ask for a first start.\n`,
      );
    }
  });

  it("marks the volume at a first start, and from then on starts without one", () => {
    assert.equal(start("shop/prod/redis", { firstStartUntilSeconds: inAnHour }).status, 0);
    assert.equal(readFileSync(join(folder, storeMarker), "utf8"), "shop/prod/redis\n");
    assert.deepEqual(start("shop/prod/redis"), { status: 0, out: "server \n", error: "" });
  });

  it("refuses a first start that was asked for too long ago", () => {
    assert.equal(start("shop/prod/redis", { firstStartUntilSeconds: anHourAgo }).status, 78);
  });

  it("refuses another store's volume, also at a first start", () => {
    writeFileSync(join(folder, storeMarker), "shop/test/redis\n");
    const { status, error } = start("shop/prod/redis", { firstStartUntilSeconds: inAnHour });
    assert.equal(status, 78);
    assert.match(error, /expected the data of shop\/prod\/redis, got that of shop\/test\/redis/u);
  });

  it("hands its environment to the server, quotes and all", () => {
    const environment = { NOTE: "it's $HOME" };
    const { out } = start("a", { firstStartUntilSeconds: inAnHour, environment });
    assert.match(out, /server it's \$HOME/u);
  });

  it("takes only an identity that a shell takes literally", () => {
    assert.equal(requireIdentity("a/b_c.d-e", "identity"), "a/b_c.d-e");
    for (const identity of ["", "a b", "$(id)", "a'b"]) {
      assert.throws(() => requireIdentity(identity, "store.identity"), { path: "store.identity" });
    }
  });

  it("takes only a time with its zone", () => {
    assert.equal(parseFirstStart("2026-11-23T12:00:00Z", "until"), 1_795_435_200);
    assert.equal(parseFirstStart("2026-11-23T13:00:00+01:00", "until"), 1_795_435_200);
    for (const time of ["", "tomorrow", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23T12:00:00.5Z"]) {
      assert.throws(() => parseFirstStart(time, "store.firstStartUntil"), { path: "store.firstStartUntil" }, time);
    }
  });
});

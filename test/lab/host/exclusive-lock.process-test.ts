import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { lockFile, withExclusiveLock } from "../../../lab/host/exclusive-lock.ts";

describe("an exclusive lock", () => {
  const name = `test:${process.pid}`;

  it("lets one do its work after the other, and tells who waits", async () => {
    const told: string[] = [];
    const begun = Promise.withResolvers<undefined>();
    const hasWaited = Promise.withResolvers<undefined>();
    const first = withExclusiveLock(name, async () => {
      told.push("first begins");
      begun.resolve(undefined);
      await hasWaited.promise;
      told.push("first ends");
    });
    await begun.promise;
    const second = withExclusiveLock(
      name,
      () => Promise.resolve(told.push("second begins")),
      () => {
        told.push("second waits");
        hasWaited.resolve(undefined);
      },
    );
    await Promise.all([first, second]);
    assert.deepEqual(told, ["first begins", "second waits", "first ends", "second begins"]);
  });

  it("is one person's at a time though its file is removed each time, and leaves none", async () => {
    let inside = 0;
    const contend = async () => {
      for (let round = 0; round < 15; round++) {
        await withExclusiveLock(name, async () => {
          inside += 1;
          assert.equal(inside, 1);
          await setImmediate();
          assert.ok(existsSync(lockFile(name)));
          inside -= 1;
        });
      }
    };
    await Promise.all(Array.from({ length: 6 }, contend));
    assert.ok(!existsSync(lockFile(name)));
  });

  it("leaves no file where who waited for it was killed", async () => {
    const module = new URL("../../../lab/host/exclusive-lock.ts", import.meta.url).href;
    const script = `import { withExclusiveLock } from "${module}";
      await withExclusiveLock("${name}", () => Promise.resolve(), () => { console.log("waits"); });`;
    await withExclusiveLock(name, async () => {
      const waiting = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(waiting.stdout, "data");
      waiting.kill("SIGKILL");
      await once(waiting, "close");
    });
    // By then it has had its turn.
    await sleep(300);
    for (const end = Date.now() + 5000; existsSync(lockFile(name)) && Date.now() < end;) await sleep(20);
    assert.ok(!existsSync(lockFile(name)));
  });

  it("is free again after work that failed", async () => {
    await assert.rejects(
      withExclusiveLock(name, () => Promise.reject(new Error("no"))),
      { message: "no" },
    );
    assert.equal(await withExclusiveLock(name, () => Promise.resolve(1)), 1);
  });

  it("is free again when its process is killed", async () => {
    const module = new URL("../../../lab/host/exclusive-lock.ts", import.meta.url).href;
    const script = `import { withExclusiveLock } from "${module}";
      await withExclusiveLock("${name}", () => new Promise(() => { console.log("held"); setInterval(() => {}, 1000); }));`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    let hasWaited = false;
    const mine = withExclusiveLock(
      name,
      () => Promise.resolve("mine"),
      () => {
        hasWaited = true;
        holder.kill("SIGKILL");
      },
    );
    assert.equal(await mine, "mine");
    assert.ok(hasWaited);
    assert.ok(!existsSync(lockFile(name)));
  });
});

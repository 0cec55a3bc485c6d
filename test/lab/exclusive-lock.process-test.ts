import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { withExclusiveLock } from "../../lab/exclusive-lock.ts";

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

  it("is free again after work that failed", async () => {
    await assert.rejects(
      withExclusiveLock(name, () => Promise.reject(new Error("no"))),
      { message: "no" },
    );
    assert.equal(await withExclusiveLock(name, () => Promise.resolve(1)), 1);
  });

  it("is free again when its process is killed", async () => {
    const module = new URL("../../lab/exclusive-lock.ts", import.meta.url).href;
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
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const lockModule = fileURLToPath(new URL("../../../engine/state/lock.ts", import.meta.url));
const module = fileURLToPath(new URL("../../../cli/terminal/interrupts.ts", import.meta.url));

/** A command whose engine never answers. */
const hanging = `
  const { listenForInterrupts } = await import(${JSON.stringify(module)});
  listenForInterrupts((message) => console.log(message), "holdfast up --refresh");
  setInterval(() => undefined, 1000);
  console.log("listening");
`;

describe("Ctrl-C", () => {
  it("ends a command whose engine does not answer at the second time, and takes its lock along", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-interrupts-"));
    try {
      const taking = `
        const { takeLock } = await import(${JSON.stringify(lockModule)});
        await takeLock(${JSON.stringify(join(folder, "locks/dev"))}, "dev");
      `;
      const child = spawn(process.execPath, ["--input-type=module", "-e", taking + hanging], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      assert.equal((await readdir(join(folder, "locks/dev"))).length, 1);
      for (let time = 1; time <= 2; time++) {
        const told = once(child.stdout, "data");
        child.kill("SIGINT");
        await told;
      }
      const ended: unknown[] = await once(child, "exit", { signal: AbortSignal.timeout(4000) });
      assert.deepEqual(ended, [130, null]);
      assert.deepEqual(await readdir(join(folder, "locks/dev")), []);
    } finally {
      await rm(folder, { recursive: true });
    }
  }).timeout(10_000);

  it("asks, stops, and at the third time ends a command whose engine does not answer", async () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", hanging], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    const next = async () => {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      said.push(line.toString());
    };
    await next();
    for (let time = 1; time <= 3; time++) {
      assert.equal(child.exitCode, null);
      const told = next();
      child.kill("SIGINT");
      await told;
    }
    if (child.exitCode === null) await once(child, "exit");
    assert.equal(child.exitCode, 130);
    assert.match(
      said.join(""),
      /again to stop at once.*Stopping at once.*Ended without waiting.*Run `holdfast up --refresh` next.*`npx holdfast cancel`/s,
    );
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const module = new URL("../../engine/bound-process.ts", import.meta.url).href;
const parent = `
  const { spawnBound } = await import(${JSON.stringify(module)});
  const child = spawnBound(["-e", "setInterval(() => {}, 1000)"], { cwd: "/", env: process.env });
  console.log(child.pid);
`;

describe("a process bound to the engine", () => {
  it("ends when the engine is killed", async () => {
    const engine = spawn(process.execPath, ["--input-type=module", "-e", parent], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = await new Promise<number>((resolve) =>
      createInterface(engine.stdout).once("line", (line) => {
        resolve(Number(line));
      }),
    );
    assert.ok(isAlive(pid));
    engine.kill("SIGKILL");
    for (let tries = 0; isAlive(pid) && tries < 80; tries++) await sleep(100);
    assert.ok(!isAlive(pid), "it is still there 8 s later");
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

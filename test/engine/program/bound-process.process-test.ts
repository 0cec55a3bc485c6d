import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const module = new URL("../../../engine/program/bound-process.ts", import.meta.url).href;
const folders = new URL("../../../engine/program/socket-folder.ts", import.meta.url).href;
const parent = `
  const { spawnBound } = await import(${JSON.stringify(module)});
  const { SocketFolder } = await import(${JSON.stringify(folders)});
  const sockets = new SocketFolder();
  const child = spawnBound(["-e", "setInterval(() => {}, 1000)"], { cwd: "/", env: process.env, sockets });
  console.log(child.pid + " " + sockets.path);
`;

describe("a process bound to the engine", () => {
  it("ends when the engine is killed, and takes the folder of its sockets along", async () => {
    const engine = spawn(process.execPath, ["--input-type=module", "-e", parent], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [first = "", folder = ""] = await new Promise<string[]>((resolve) =>
      createInterface(engine.stdout).once("line", (line) => {
        resolve(line.split(" "));
      }),
    );
    const pid = Number(first);
    assert.ok(isAlive(pid));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    engine.kill("SIGKILL");
    for (let tries = 0; isAlive(pid) && tries < 80; tries++) await sleep(100);
    assert.ok(!isAlive(pid), "it is still there 8 s later");
    assert.ok(!existsSync(folder));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

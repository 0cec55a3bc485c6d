import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { processesOf } from "./run-folder.ts";

describe("npm run attack, when it is killed", () => {
  it("leaves to the next run what it could not remove, and after SIGTERM nothing", async function () {
    this.timeout(60_000);
    const killed = await startAtWork();
    await end(killed.run, "SIGKILL");
    assert.ok(existsSync(killed.folder), "there is nothing for the next run to remove");
    const next = await startAtWork();
    mustBeGone(killed);
    await end(next.run, "SIGTERM");
    mustBeGone(next);
  });
});

interface AtWork {
  readonly run: ChildProcess;
  readonly folder: string;
  readonly cgroup: string;
}

/** Starts the command, and waits until it has a Redis with a cgroup of its own. */
async function startAtWork(): Promise<AtWork> {
  const words = [join(import.meta.dirname, "main.ts"), "--only", "application is refused"];
  const run = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
  const folder = join(tmpdir(), `hf-attack-${run.pid ?? 0}`);
  for (;;) {
    const [cgroup] = processesOf(folder).flatMap((pid) => /holdfast-attack-\d+-\d+/u.exec(cgroupOf(pid)) ?? []);
    if (cgroup !== undefined) return { run, folder, cgroup };
    assert.equal(run.exitCode, null, "the run ended before");
    await sleep(50);
  }
}

function cgroupOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, "utf8");
  } catch {
    return ""; // It has ended.
  }
}

async function end(run: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(run, "exit");
  run.kill(signal);
  await ended;
}

function mustBeGone({ folder, cgroup }: AtWork): void {
  assert.equal(existsSync(folder), false);
  assert.deepEqual(processesOf(folder), []);
  for (const root of ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"]) assert.equal(existsSync(join(root, cgroup)), false);
}

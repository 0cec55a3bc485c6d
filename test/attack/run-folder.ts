/** What a run of the attacks makes, in one folder: what a run that was killed has left is found by it, and removed. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unmountBelow } from "../../lab/host/mount-point.ts";
import { stopThrowawaysIn } from "../support/throwaway.ts";

/** Short, for the paths of sockets have at most 107 bytes (unix(7)). */
const prefix = "hf-attack-";

/** The folder for temporary files of all that this run starts, by which its processes are known too. */
export function beginRun(): string {
  const folder = join(tmpdir(), `${prefix}${process.pid}`);
  // Other users must get as far as what they are to be kept out of.
  mkdirSync(folder, { mode: 0o755 });
  process.env["TMPDIR"] = folder;
  return folder;
}

/** Ends what a run has started, and removes what it has made. */
export async function clearRun(folder: string): Promise<void> {
  for (let left = processesOf(folder); left.length > 0; left = processesOf(folder)) {
    for (const pid of left) endProcess(pid);
    await sleep(20);
  }
  await stopThrowawaysIn(folder);
  await unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  removeEmptyCgroups();
}

/** Removes what runs have left that do not live any more. */
export async function clearDeadRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const [, pid] = new RegExp(`^${prefix}(\\d+)$`, "u").exec(name) ?? [];
    const folder = join(tmpdir(), name);
    // What another user calls so is not touched.
    if (pid === undefined || isAttack(pid) || lstatSync(folder).uid !== process.getuid?.()) continue;
    console.log(`Removing what a killed run has left: ${folder}`);
    await clearRun(folder);
  }
}

/** The number may be another process' by now. */
function isAttack(pid: string): boolean {
  return textOf(pid, "cmdline").includes("attack/main.ts");
}

/** The processes that work in the folder of a run, or have it in their environment or their command. */
export function processesOf(folder: string): number[] {
  const isNamed = (text: string) => text.split(folder).some((rest, index) => index > 0 && !/^\d/u.test(rest));
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/u.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => isNamed(workingFolder(pid)) || ["environ", "cmdline"].some((file) => isNamed(textOf(pid, file))))
    .map(Number);
}

function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // It has ended.
    return "";
  }
}

function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It has ended.
    return "";
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/** The cgroups of servers with limited memory; one with a process in it stays. */
function removeEmptyCgroups(): void {
  for (const root of ["/sys/fs/cgroup", "/sys/fs/cgroup/memory"])
    for (const name of namesIn(root)) {
      if (!name.startsWith("holdfast-attack-")) continue;
      try {
        rmdirSync(join(root, name));
      } catch {
        // In use.
      }
    }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

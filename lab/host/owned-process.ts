import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SituationError } from "../../text/situation-error.ts";

/**
 * The environment variable that marks a lab's processes as `<lab id>/<part>`. dockerd hands it on to containerd, the
 * shims and its port proxies; containers have their own environment and are known by their cgroup. A mark says
 * whose a process is with certainty, where a recorded pid may have been given to another process since.
 */
export const ownerVariable = "HOLDFAST_LAB";

/** A process that belongs to a lab. */
export interface OwnedProcess {
  readonly pid: number;
  /** The short name of its executable, as in /proc/PID/comm. */
  readonly command: string;
  readonly lab: string;
  /** The part of the lab that it belongs to: an engine or the registry. */
  readonly part: string;
  /** Whether it runs inside a container of the lab's engine. */
  readonly inContainer: boolean;
}

/** The value of {@link ownerVariable} for the processes of one part of a lab. */
export function ownerMark(lab: string, part: string): string {
  return `${lab}/${part}`;
}

/** The cgroup under which the containers of a lab's engine lie. */
export function cgroupParent(lab: string, part: string): string {
  return `/holdfast-${lab}/${part}`;
}

/** Tells whose a process is from the text of its `/proc/PID/environ` and `/proc/PID/cgroup`. */
export function readOwner(
  environ: string,
  cgroup: string,
): Pick<OwnedProcess, "lab" | "part" | "inContainer"> | undefined {
  const mark = environ.split("\0").find((entry) => entry.startsWith(`${ownerVariable}=`));
  const [, lab, part] = /=([0-9a-f]{8})\/([^/]+)$/.exec(mark ?? "") ?? [];
  if (lab !== undefined && part !== undefined) return { lab, part, inContainer: false };
  const [, cgroupLab, cgroupPart] = /\/holdfast-([0-9a-f]{8})\/([^/\n]+)\//.exec(cgroup) ?? [];
  if (cgroupLab !== undefined && cgroupPart !== undefined)
    return { lab: cgroupLab, part: cgroupPart, inContainer: true };
  return undefined;
}

/** Lists the running processes of every lab on this machine; zombies do not count. */
export async function listOwnedProcesses(): Promise<OwnedProcess[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const owned = await Promise.all(
    pids.map(async (pid) => {
      try {
        const [environ, cgroup, command] = await Promise.all(
          ["environ", "cgroup", "comm"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8")),
        );
        const owner = readOwner(environ ?? "", cgroup ?? "");
        return owner && (await isAlive(pid)) ? { pid, command: (command ?? "").trim(), ...owner } : undefined;
      } catch {
        return undefined; // It ended while we looked, or is not ours to read and so not ours.
      }
    }),
  );
  return owned.filter((process) => process !== undefined);
}

/** Lists the processes of one lab, or of one part of it. */
export async function findOwnedProcesses(lab: string, part?: string): Promise<OwnedProcess[]> {
  const all = await listOwnedProcesses();
  return all.filter((process) => process.lab === lab && (part === undefined || process.part === part));
}

const endLimitMs = 15_000;

/**
 * Ends the processes of a lab, or of one part of it, by SIGKILL: they are thrown away together with their data.
 *
 * @throws SituationError when some do not end within 15 s.
 */
export async function endOwnedProcesses(lab: string, part?: string): Promise<void> {
  const deadline = Date.now() + endLimitMs;
  for (;;) {
    const left = await findOwnedProcesses(lab, part);
    if (left.length === 0) return;
    if (Date.now() > deadline) {
      throw new SituationError({
        what: `These processes do not end: ${left.map(({ pid, command }) => `${command} (pid ${pid})`).join(", ")}`,
        fix: "See what keeps them (`ps -o pid,stat,wchan,args`), end them and try again",
      });
    }
    for (const { pid } of left) kill(pid);
    await sleep(30);
  }
}

/** Removes the emptied cgroups of a lab; cgroups with processes in them stay. */
export async function removeCgroups(lab: string): Promise<void> {
  const root = "/sys/fs/cgroup";
  const controllers = await subdirectories(root);
  const parents = [root, ...controllers.map((name) => join(root, name))];
  for (const parent of parents) await removeCgroupTree(join(parent, `holdfast-${lab}`));
}

async function removeCgroupTree(path: string): Promise<void> {
  for (const name of await subdirectories(path)) await removeCgroupTree(join(path, name));
  await rmdir(path).catch(() => undefined);
}

async function subdirectories(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The state follows the command in parentheses, which may itself contain any character (proc(5)).
  const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  return state !== "Z" && state !== "X";
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

import { readdir, readFile, statfs } from "node:fs/promises";
import { basename, join } from "node:path";

/** What decides about Redis and Swarm on a Linux host; undefined where it could not be read. */
export interface HostFacts {
  /** `vm.overcommit_memory`: 0, 1 or 2. */
  readonly overcommitMemory: number | undefined;
  /** The setting of transparent huge pages: `always`, `madvise` or `never`. */
  readonly hugePages: string | undefined;
  /** Whether the kernel has IPVS, for the routing mesh and virtual IPs. */
  readonly hasIpvs: boolean;
  /** Whether the kernel has VXLAN, for overlay networks between nodes. */
  readonly hasVxlan: boolean | undefined;
  /** Free bytes, and all bytes, of the file system under the engine's data root. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
}

/** Reads the facts of this machine; changes nothing and loads no module. */
export async function readHostFacts(dataRoot: string): Promise<HostFacts> {
  const text = (path: string) => readFile(path, "utf8").catch(() => undefined);
  const [overcommit, hugePages, ipvs, modules, release, disk] = await Promise.all([
    text("/proc/sys/vm/overcommit_memory"),
    text("/sys/kernel/mm/transparent_hugepage/enabled"),
    text("/proc/net/ip_vs"),
    text("/proc/modules"),
    text("/proc/sys/kernel/osrelease"),
    statfs(await seenByEngine(dataRoot)).catch(() => undefined),
  ]);
  const folder = `/lib/modules/${(release ?? "").trim()}`;
  const lists = [await text(`${folder}/modules.builtin`), await text(`${folder}/modules.dep`), modules].join("\n");
  const hasModule = (name: string) => new RegExp(`(?:^|/)${name}(?:\\.ko|\\s)`, "m").test(lists);
  return {
    overcommitMemory: overcommit === undefined ? undefined : Number(overcommit),
    hugePages: /\[(\w+)\]/.exec(hugePages ?? "")?.[1],
    hasIpvs: ipvs !== undefined || hasModule("ip_vs"),
    // A kernel without modules says nothing of what is built into it.
    hasVxlan: hasModule("vxlan") || (lists.trim() === "" ? undefined : false),
    disk: disk && { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize },
  };
}

/**
 * The path under which this process sees an engine's data root: an engine may have its own mount namespace, in which
 * another file system is there (proc(5), `/proc/PID/root`).
 */
async function seenByEngine(dataRoot: string): Promise<string> {
  for (const pid of await readdir("/proc").catch(() => [])) {
    const words = await readFile(join("/proc", pid, "cmdline"), "utf8").catch(() => "");
    const [program = "", ...args] = words.split("\0");
    if (basename(program) === "dockerd" && args.includes(dataRoot)) return join("/proc", pid, "root", dataRoot);
  }
  return dataRoot;
}

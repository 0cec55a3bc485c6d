import { readFile, statfs } from "node:fs/promises";
import { showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { SwarmKind } from "./record-file.ts";
import { osRelease } from "./toolbox.ts";

const neededBytes = 1.5e9;

/** A sandbox or a lab mounts file systems, makes network links and runs Docker engines. */
export function requireRoot(kind: SwarmKind["name"]): void {
  const isLinux = process.platform === "linux";
  if (isLinux && process.geteuid?.() === 0) return;
  throw new SituationError({
    what: `A ${kind} starts a Docker engine, which takes root on Linux; this is ${isLinux ? `user id ${process.geteuid?.() ?? "unknown"}` : process.platform}`,
    fix: "Run the command with sudo, or point DOCKER_HOST at a running engine",
  });
}

/** A sandbox or a lab is made of the packages of these distributions. */
export async function requireDebian(kind: SwarmKind["name"]): Promise<void> {
  const release = osRelease(await readFile("/etc/os-release", "utf8").catch(() => "ID=unknown"));
  if ([release.id, ...release.like].includes("debian")) return;
  throw new SituationError({
    what: `A ${kind} is made of the packages of Debian or Ubuntu; this is ${showValue(release.id)}`,
    fix: "Install Docker as your distribution does, run `docker swarm init`, and use that engine",
  });
}

/** Downloaded and unpacked packages, the image and some data take up to 1.5 GB. */
export async function requireSpace(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= neededBytes) return;
  throw new SituationError({
    what: `${directory} has ${((bavail * bsize) / 1e9).toFixed(1)} GB of free disk space, and at least ${neededBytes / 1e9} GB are needed`,
    fix: "Free some space, or use a folder on another disk",
  });
}

import { readFile, statfs } from "node:fs/promises";
import { InputError, showValue } from "../../text/input-error.ts";
import { osRelease } from "./toolbox.ts";

const neededBytes = 1.5e9;

/** A sandbox or a lab mounts, makes network links and runs Docker engines. */
export function requireRoot(what: "sandbox" | "lab" = "sandbox"): void {
  if (process.platform === "linux" && process.geteuid?.() === 0) return;
  throw new InputError({
    path: what,
    expected: "Linux and root, since it starts a Docker engine",
    got: process.platform === "linux" ? `user id ${process.geteuid?.() ?? "unknown"}` : process.platform,
    fix: "Run the command with sudo, or point DOCKER_HOST at an engine that runs",
  });
}

/** A sandbox is made of the packages of these distributions. */
export async function requireDebian(): Promise<void> {
  const release = osRelease(await readFile("/etc/os-release", "utf8").catch(() => "ID=unknown"));
  if ([release.id, ...release.like].includes("debian")) return;
  throw new InputError({
    path: "sandbox",
    expected: "Debian or Ubuntu, whose packages it is made of",
    got: showValue(release.id),
    fix: "Install Docker as your distribution does, run `docker swarm init`, and use that engine",
  });
}

/** Downloaded and unpacked packages, the image and some data take up to 1.5 GB. */
export async function requireSpace(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= neededBytes) return;
  throw new InputError({
    path: directory,
    expected: `at least ${neededBytes / 1e9} GB of free disk space`,
    got: `${((bavail * bsize) / 1e9).toFixed(1)} GB`,
    fix: "Free some space, or start the sandbox in a folder on another disk",
  });
}

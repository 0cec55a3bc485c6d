import { mkdir, readdir, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, findEngine, pingEngine } from "../../swarm/engine/connection.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { startDaemon } from "../host/daemon.ts";
import { withExclusiveLock } from "../host/exclusive-lock.ts";
import {
  cgroupParent,
  endOwnedProcesses,
  findOwnedProcesses,
  listOwnedProcesses,
  ownerMark,
  ownerVariable,
} from "../host/owned-process.ts";
import type { Toolbox } from "../host/toolbox.ts";
import { ballastName, makeDisk, untilDetached, type NodeDisk } from "./disk.ts";
import { linkNames } from "./network.ts";
import { mountScript } from "./storage.ts";

/** A Docker engine that a lab runs for itself. */
export interface PrivateEngine {
  /** The lab's id. */
  readonly lab: string;
  /** The engine's name within the lab. */
  readonly part: string;
  /** Where it keeps its data and its log. */
  readonly directory: string;
  /** Where its socket and its run-time state lie; a short path. */
  readonly runDirectory: string;
  /** The network namespace that it runs in; without one it shares the machine's network. */
  readonly namespace?: string;
  /** The hostname of its node; default: the machine's. */
  readonly hostname?: string;
  /** The disk that its data root is on; without one that is a folder on the machine's disk. */
  readonly disk?: NodeDisk;
  /** Registries besides 127.0.0.0/8 from which it may pull over plain HTTP, as addresses or subnets. */
  readonly insecureRegistries: readonly string[];
  /** The only address of the machine on which ports are published; default: all of them. */
  readonly publishAddress?: string;
}

/** The engine's address as DOCKER_HOST takes it. */
export function engineHost(engine: Pick<PrivateEngine, "runDirectory">): string {
  return `unix://${join(engine.runDirectory, "docker.sock")}`;
}

/** The engine if it runs and answers. */
export async function runningEngine(engine: PrivateEngine): Promise<EngineConnection | undefined> {
  if ((await daemonPid(engine)) === undefined) return undefined;
  const connection = findEngine({ host: engineHost(engine) });
  try {
    await pingEngine(connection);
    return connection;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Where an engine keeps its images, containers and volumes. */
export function dataRoot({ directory }: Pick<PrivateEngine, "directory">): string {
  return join(directory, "data");
}

/** A volume that is not empty. */
export interface FilledVolume {
  readonly name: string;
  /** Of all its files. */
  readonly bytes: number;
}

/** The volumes of an engine that are not empty, whether it runs or not; only for an engine without its own disk. */
export async function filledVolumes(engine: Pick<PrivateEngine, "directory">): Promise<FilledVolume[]> {
  const folder = join(dataRoot(engine), "volumes");
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  const measured = names.map(async (name) => ({ name, bytes: await sizeOf(join(folder, name, "_data")) }));
  return (await Promise.all(measured)).filter(({ bytes }) => bytes > 0);
}

/** The size of all files below a folder; 0 where there is none, and what vanishes meanwhile counts for nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) =>
    stat(join(parentPath, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function pidFile({ runDirectory }: Pick<PrivateEngine, "runDirectory">): string {
  return join(runDirectory, "dockerd.pid");
}

/** The process id of an engine that runs. */
export async function enginePid(engine: PrivateEngine): Promise<number | undefined> {
  return (await runningEngine(engine)) && daemonPid(engine);
}

async function daemonPid({ lab, part }: PrivateEngine): Promise<number | undefined> {
  const processes = await findOwnedProcesses(lab, part);
  return processes.find(({ command, inContainer }) => command === "dockerd" && !inContainer)?.pid;
}

/**
 * What dockerd and containerd write to outside the folders that they are given (dockerd: its trust key and the sockets
 * of plug-ins; containerd: the sockets of shims, which have a fixed place, and its opt plug-in). Each is covered by a
 * folder of the engine's own, in its mount namespace.
 */
const coveredDirectories = ["/etc/docker", "/opt/containerd", "/run/containerd", "/run/docker"];
const coverMark = ".made-by-holdfast";

/** Runs in the engine's own mount namespace, with `$1` as the hostname and the rest for dockerd. */
const launchScript = `set -eu
if [ -n "$DISK_IMAGE" ]; then
  mount -o loop,discard "$DISK_IMAGE" "$DATA_ROOT"
  rm -f "$DATA_ROOT/${ballastName}"
fi
${mountScript}
for path in ${coveredDirectories.join(" ")}; do mount --bind "$COVER_DIRECTORY$path" "$path"; done
unset COVER_DIRECTORY DISK_IMAGE DATA_ROOT
if [ -n "$1" ]; then hostname "$1"; fi
shift
exec dockerd "$@"`;

/** dockerd's arguments. */
function dockerdArguments(engine: PrivateEngine): string[] {
  return [
    ...["--data-root", dataRoot(engine)],
    ...["--exec-root", join(engine.runDirectory, "exec")],
    ...["--pidfile", pidFile(engine)],
    ...["--host", engineHost(engine)],
    ...["--bridge", linkNames(engine.lab).bridge],
    ...["--cgroup-parent", cgroupParent(engine.lab, engine.part)],
    ...["--exec-opt", "native.cgroupdriver=cgroupfs"],
    // Ports are published by docker-proxy alone: the machine's firewall rules and routing stay as they are. Within the
    // namespaces of containers dockerd uses iptables all the same, for its name server (libnetwork, resolver_unix.go).
    ...["--iptables=false", "--ip6tables=false", "--ip-forward=false"],
    ...engine.insecureRegistries.flatMap((registry) => ["--insecure-registry", registry]),
    ...(engine.publishAddress === undefined ? [] : ["--ip", engine.publishAddress]),
    ...["--log-level", "warn"],
  ];
}

/**
 * Starts an engine, once its network exists, and waits until it answers. What an earlier run of the same engine left
 * running is ended first; its data stays.
 *
 * dockerd gets its own mount namespace, so that everything it mounts is gone with its last process.
 *
 * @param storage the client of a network file system to mount there first, as {@link storageClient} gives it
 * @throws SituationError with the last lines of the engine's log when it ends or does not answer within 30 s.
 */
export async function startEngine(
  engine: PrivateEngine,
  toolbox: Toolbox,
  storage: Readonly<Record<string, string>> = {},
): Promise<EngineConnection> {
  await endOwnedProcesses(engine.lab, engine.part);
  const cover = join(engine.directory, "cover");
  const temporary = join(engine.directory, "tmp");
  for (const directory of [cover, temporary, join(engine.runDirectory, "exec")]) {
    await rm(directory, { recursive: true, force: true });
  }
  await rm(pidFile(engine), { force: true });
  await mkdir(engine.runDirectory, { recursive: true, mode: 0o700 });
  await mkdir(temporary, { recursive: true });
  if (engine.disk) {
    await untilDetached(engine.directory);
    await makeDisk(engine.disk, toolbox);
  }

  const inNetwork = engine.namespace === undefined ? [] : ["nsenter", `--net=/run/netns/${engine.namespace}`];
  const ownHostname = engine.hostname === undefined ? [] : ["--uts"];
  return withExclusiveLock(coverLock, async () => {
    await makeCoveredDirectories(cover);
    return startDaemon({
      name: "Docker engine",
      command: [
        ...inNetwork,
        ...["unshare", "--mount", "--propagation", "slave", ...ownHostname],
        ...["sh", "-c", launchScript, "sh", engine.hostname ?? "", ...dockerdArguments(engine)],
      ],
      environment: {
        ...toolbox.environment,
        ...storage,
        COVER_DIRECTORY: cover,
        DATA_ROOT: dataRoot(engine),
        DISK_IMAGE: engine.disk?.image ?? "",
        TMPDIR: temporary,
        [ownerVariable]: ownerMark(engine.lab, engine.part),
      },
      logPath: join(engine.directory, "dockerd.log"),
      ready: () => runningEngine(engine),
    });
  });
}

/** Held while an engine starts, so that none of the folders is removed before it is covered. */
const coverLock = "covered-directories";

async function makeCoveredDirectories(cover: string): Promise<void> {
  for (const path of coveredDirectories) {
    await mkdir(join(cover, path), { recursive: true });
    if ((await mkdir(path, { recursive: true })) !== undefined) await writeFile(join(path, coverMark), "");
  }
}

/** Removes the folders that the lab's engines made on the machine to be covered, once no other lab uses them. */
export async function removeCoveredDirectories(lab: string): Promise<void> {
  await withExclusiveLock(coverLock, async () => {
    if ((await listOwnedProcesses()).some((process) => process.lab !== lab)) return;
    for (const path of coveredDirectories) {
      const mark = join(path, coverMark);
      if (!(await stat(mark).catch(() => undefined))) continue;
      await rm(mark);
      await rmdir(path).catch(() => undefined); // Someone else uses it by now.
    }
  });
}

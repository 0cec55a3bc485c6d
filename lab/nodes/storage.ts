import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SituationError } from "../../text/situation-error.ts";
import { startDaemon } from "../host/daemon.ts";
import { endOwnedProcesses, findOwnedProcesses, ownerMark, ownerVariable } from "../host/owned-process.ts";
import { fillToolbox, openToolbox, type Toolbox, type ToolboxContents } from "../host/toolbox.ts";

/**
 * A network file system that all nodes of a lab mount: MooseFS, whose servers run next to the nodes and whose client is a
 * FUSE file system, so that the kernel needs no special client. Debian has it as packages.
 */
export interface NetworkStorage {
  /** The lab's id. */
  readonly lab: string;
  /** Where its servers keep their data, their configuration and their logs. */
  readonly directory: string;
  /** The address at which the nodes reach its servers. */
  readonly address: string;
  /** Where each node has it mounted. */
  readonly mountPoint: string;
  /** The network of the nodes, in CIDR form: no one else may mount it. */
  readonly clients: string;
}

const tools: ToolboxContents = {
  name: "storage-toolbox",
  packages: {
    "moosefs-master": "mfsmaster",
    "moosefs-chunkserver": "mfschunkserver",
    "moosefs-client": "mfsmount",
  },
  programs: [],
};

/** The name under which its servers are known within their lab. */
const storagePart = "storage";

/** The servers, each with the line of its log that says that it is ready. */
const servers = {
  mfsmaster: "daemon initialized properly",
  mfschunkserver: "connected to Master",
} as const;

/** Whether its servers run. */
export async function isStorageUp({ lab }: NetworkStorage): Promise<boolean> {
  const running = (await findOwnedProcesses(lab, storagePart)).map(({ command }) => command);
  return Object.keys(servers).every((name) => running.includes(name));
}

/**
 * Starts its servers, with the data that they had.
 *
 * @throws SituationError on a kernel without FUSE, when apt gets no packages, or with the last lines of the log of a server that
 * does not start
 */
export async function startStorage(
  storage: NetworkStorage,
  cacheDirectory: string,
  progress: (detail: string) => void,
): Promise<true> {
  requireFuse();
  const toolbox = await fillToolbox(cacheDirectory, progress, tools);
  await endOwnedProcesses(storage.lab, storagePart);
  await writeConfiguration(storage, toolbox);
  for (const [name, readyLine] of Object.entries(servers)) {
    const logPath = join(storage.directory, `${name}.log`);
    await startDaemon({
      name,
      // The metadata of a master that was killed is restored from its logs (mfsmaster(8), -a).
      command: [
        name,
        "-f",
        ...(name === "mfsmaster" ? ["-a"] : []),
        "-c",
        join(storage.directory, `${name}.cfg`),
        "start",
      ],
      environment: { ...toolbox.environment, [ownerVariable]: ownerMark(storage.lab, storagePart) },
      logPath,
      ready: async () => (await readFile(logPath, "utf8")).includes(readyLine) || undefined,
    });
  }
  return true;
}

/** What a node's engine is to be started with: the environment in which its client runs. */
export async function storageClient(
  { address, mountPoint }: NetworkStorage,
  cacheDirectory: string,
): Promise<Readonly<Record<string, string>>> {
  await mkdir(mountPoint, { recursive: true });
  const environment = (await openToolbox(cacheDirectory, tools))?.environment;
  return {
    STORAGE_ADDRESS: address,
    STORAGE_MOUNT: mountPoint,
    STORAGE_PATH: environment?.["PATH"] ?? "",
    STORAGE_LIBRARIES: environment?.["LD_LIBRARY_PATH"] ?? "",
  };
}

/**
 * Mounts it, in the shell that becomes a node's engine, and waits until it is there. The client ends with the engine: it
 * writes over its own environment, by which the processes of a lab are known.
 */
export const mountScript = `if [ -n "\${STORAGE_ADDRESS:-}" ]; then
  PATH="$STORAGE_PATH" LD_LIBRARY_PATH="$STORAGE_LIBRARIES" \\
    setpriv --pdeathsig KILL mfsmount -f "$STORAGE_MOUNT" -H "$STORAGE_ADDRESS" -o allow_other &
  until mountpoint -q "$STORAGE_MOUNT"; do sleep 0.1; done
  unset STORAGE_ADDRESS STORAGE_MOUNT STORAGE_PATH STORAGE_LIBRARIES
fi`;

function requireFuse(): void {
  if (existsSync("/dev/fuse")) return;
  throw new SituationError({
    what: "--storage needs a kernel with FUSE, and this one has no /dev/fuse",
    fix: "Load it with `modprobe fuse`, or leave --storage out",
  });
}

async function writeConfiguration({ directory, address, clients }: NetworkStorage, toolbox: Toolbox): Promise<void> {
  const own = (name: string) => join(directory, name);
  for (const name of ["master", "chunks", "disk"]) await mkdir(own(name), { recursive: true });
  const user = { WORKING_USER: "root", WORKING_GROUP: "root", NICE_LEVEL: "0", DISABLE_OOM_KILLER: "0" };
  const settings = {
    mfsmaster: {
      ...user,
      DATA_PATH: own("master"),
      EXPORTS_FILENAME: own("exports.cfg"),
      TOPOLOGY_FILENAME: own("topology.cfg"),
      MATOML_LISTEN_HOST: address,
      MATOCS_LISTEN_HOST: address,
      MATOCL_LISTEN_HOST: address,
    },
    mfschunkserver: {
      ...user,
      DATA_PATH: own("chunks"),
      HDD_CONF_FILENAME: own("disk.cfg"),
      MASTER_HOST: address,
      BIND_HOST: address,
      CSSERV_LISTEN_HOST: address,
    },
  };
  for (const [name, values] of Object.entries(settings)) {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}\n`);
    await writeFile(own(`${name}.cfg`), lines.join(""));
  }
  await writeFile(own("exports.cfg"), `${clients} / rw,alldirs,maproot=0:0\n`);
  await writeFile(own("topology.cfg"), "");
  await writeFile(own("disk.cfg"), `${own("disk")}\n`);
  if (!existsSync(own("master/changelog.0.mfs")) && !existsSync(own("master/metadata.mfs.back"))) {
    const empty = join(toolbox.directory, "var/lib/mfs/metadata.mfs.empty");
    await copyFile(existsSync(empty) ? empty : "/var/lib/mfs/metadata.mfs.empty", own("master/metadata.mfs"));
  }
}

import { existsSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { InputError } from "../../text/input-error.ts";
import { fillToolbox, findProgram, openToolbox, type Toolbox, type ToolboxContents } from "../host/toolbox.ts";
import { assembleImage, type ImageRecipe, requireProgram } from "./assembled-image.ts";
import { backupProgram } from "./backup-program.ts";
import { labRegistry, type PushableImage, pushImage } from "./registry.ts";

/** Before 0.17 restic does not say by its exit code that there is no repository, or that it is locked. Debian 12 has 0.14. */
const resticTools: ToolboxContents = {
  name: "restic-toolbox",
  packages: { restic: "restic" },
  programs: [],
  release: {
    debian: { codename: "trixie", component: "main" },
    ubuntu: { codename: "resolute", component: "universe" },
  },
};

/** The server in the image, which checks and loads what was backed up. */
export interface ServerFiles extends Pick<ImageRecipe["files"], "programs" | "folders" | "links"> {
  readonly name: string;
  readonly version: string;
  /** Where its programs are looked for first. @default with all others */
  readonly path?: string;
}

/** Who the companion runs as, which is the user of Redis, and of PostgreSQL, in their images. */
const userId = 999;

/** Where the program lies in the image; backup/Dockerfile has the same. */
const programFolder = "opt/holdfast";

/**
 * Puts the image of the companion into the registry of a sandbox or a lab that has been started.
 *
 * @returns its reference by digest
 * @throws InputError when restic cannot be downloaded
 */
export async function pushBackupImage(
  lab: { readonly directory: string; readonly registryAddress: string },
  cacheDirectory: string,
  progress: (detail: string) => void = () => undefined,
  server?: ServerFiles,
): Promise<string> {
  return pushImage(labRegistry(lab), await assembleBackupImage(cacheDirectory, progress, server));
}

/**
 * Makes the image of the companion that backs a service up (backup/main.ts), of this machine's and the toolbox' programs; restic is
 * downloaded the first time.
 *
 * @param cacheDirectory - that of a sandbox or a lab which has been started
 * @throws InputError when restic cannot be downloaded
 */
export async function assembleBackupImage(
  cacheDirectory: string,
  progress: (detail: string) => void = () => undefined,
  server?: ServerFiles,
): Promise<PushableImage> {
  const found = await backupToolbox(cacheDirectory, progress);
  const PATH = [server?.path, found.environment["PATH"]].filter((each) => each !== undefined).join(delimiter);
  const toolbox = { ...found, environment: { ...found.environment, PATH } };
  return assembleImage(await backupRecipe(toolbox, server ?? (await redisFiles(toolbox))), toolbox, cacheDirectory);
}

async function programVersion(
  toolbox: Toolbox,
  name: string,
  pattern: RegExp,
  ...args: readonly string[]
): Promise<string> {
  const program = await requireProgram(toolbox, name, "holdfast-backup");
  const { stdout } = await execa(program, args, { env: toolbox.environment });
  return z.string().parse(pattern.exec(stdout)?.[1]);
}

async function redisFiles(toolbox: Toolbox): Promise<ServerFiles> {
  return {
    name: "redis",
    version: await programVersion(toolbox, "redis-server", / v=(\S+)/u, "--version"),
    programs: ["usr/bin/redis-server", "usr/bin/redis-cli"],
    folders: [],
    // Redis is one program that acts by the name it is called by (server.c, `redis_check_rdb_main`).
    links: { "usr/bin/redis-check-aof": "redis-server", "usr/bin/redis-check-rdb": "redis-server" },
  };
}

/**
 * The programs of a lab, restic, and the Node that runs this.
 *
 * @throws InputError when the lab's programs are not there, or restic cannot be downloaded
 */
export async function backupToolbox(
  cacheDirectory: string,
  progress: (detail: string) => void = () => undefined,
): Promise<Toolbox> {
  const lab = await openToolbox(cacheDirectory);
  if (lab === undefined) {
    throw new InputError({
      path: "sandbox image holdfast-backup",
      expected: "a sandbox or a lab that has been started once",
      got: "none",
      fix: "Start it first",
    });
  }
  const restic = await fillToolbox(cacheDirectory, progress, resticTools);
  const path = [dirname(process.execPath), restic.environment["PATH"], lab.environment["PATH"]];
  return { directory: lab.directory, environment: { ...lab.environment, PATH: path.join(delimiter) } };
}

async function backupRecipe(toolbox: Toolbox, server: ServerFiles): Promise<ImageRecipe> {
  const versions = {
    node: await programVersion(toolbox, "node", /^v(\S+)/u, "--version"),
    restic: await programVersion(toolbox, "restic", /^restic (\S+)/u, "version"),
    [server.name]: server.version,
  };
  const hasSsh = (await findProgram(toolbox.environment, "ssh")) !== undefined;
  const authorities = "etc/ssl/certs/ca-certificates.crt";
  return {
    repository: server.name === "redis" ? "holdfast-backup" : `holdfast-backup-${server.name}`,
    tag: server.version,
    origin: "backup/main.ts",
    files: {
      programs: [
        ...["node", "restic", "nice", "flock", ...(hasSsh ? ["ssh"] : [])].map((name) => `usr/bin/${name}`),
        ...server.programs,
      ],
      folders: [
        ...(existsSync(`/${authorities}`) ? [{ from: `/${authorities}`, to: authorities }] : []),
        ...server.folders,
      ],
      // Another version of a program is another image.
      texts: { [`${programFolder}/versions.json`]: `${JSON.stringify(versions)}\n` },
      links: server.links,
      user: { name: "backup", id: userId, home: "/tmp" },
      // A new volume that is mounted there takes them over; the companion runs as the user of its service, whoever that is.
      userFolders: { repository: 0o1777, restore: 0o1777 },
    },
    program: await backupProgram(programFolder),
    config: {
      Env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/tmp",
        "NODE_COMPILE_CACHE=/tmp/node-compile-cache",
      ],
      User: `${userId}:${userId}`,
      Entrypoint: ["node", `/${programFolder}/backup/main.ts`],
      Cmd: ["follow"],
      ExposedPorts: {},
      Volumes: {},
    },
  };
}

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

/** Who the companion runs as, which is the user of Redis in its image. */
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
): Promise<string> {
  return pushImage(labRegistry(lab), await assembleBackupImage(cacheDirectory, progress));
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
): Promise<PushableImage> {
  const toolbox = await backupToolbox(cacheDirectory, progress);
  return assembleImage(await backupRecipe(toolbox), toolbox, cacheDirectory);
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

async function backupRecipe(toolbox: Toolbox): Promise<ImageRecipe> {
  const version = async (name: string, pattern: RegExp, ...args: string[]): Promise<string> => {
    const program = await requireProgram(toolbox, name, "holdfast-backup");
    const { stdout } = await execa(program, args, { env: toolbox.environment });
    return z.string().parse(pattern.exec(stdout)?.[1]);
  };
  const versions = {
    node: await version("node", /^v(\S+)/u, "--version"),
    restic: await version("restic", /^restic (\S+)/u, "version"),
    redis: await version("redis-server", / v=(\S+)/u, "--version"),
  };
  const hasSsh = (await findProgram(toolbox.environment, "ssh")) !== undefined;
  const authorities = "etc/ssl/certs/ca-certificates.crt";
  return {
    repository: "holdfast-backup",
    tag: versions.redis,
    origin: "backup/main.ts",
    files: {
      programs: ["node", "restic", "nice", "flock", "redis-server", "redis-cli", ...(hasSsh ? ["ssh"] : [])].map(
        (name) => `usr/bin/${name}`,
      ),
      folders: existsSync(`/${authorities}`) ? [{ from: `/${authorities}`, to: authorities }] : [],
      // Another version of a program is another image.
      texts: { [`${programFolder}/versions.json`]: `${JSON.stringify(versions)}\n` },
      // Redis is one program that acts by the name it is called by (server.c, `redis_check_rdb_main`).
      links: { "usr/bin/redis-check-aof": "redis-server", "usr/bin/redis-check-rdb": "redis-server" },
      user: { name: "redis", id: userId, home: "/tmp" },
      // A new volume that is mounted there takes over the owner.
      userFolders: { repository: 0o755, restore: 0o755 },
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

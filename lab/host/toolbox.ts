import { constants, existsSync } from "node:fs";
import { access, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { arch } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { SituationError } from "../../text/situation-error.ts";
import { aptEnvironment, aptError, aptOptions } from "./apt.ts";
import { withExclusiveLock } from "./exclusive-lock.ts";
import { downloadFromRelease, type OtherRelease } from "./other-release.ts";

/**
 * The programs that a lab runs: the machine's own, and those that it lacks taken out of Debian packages into a folder.
 * Nothing is installed, so no package script runs, no daemon starts and removing the folder leaves no trace.
 */
export interface Toolbox {
  /** The folder that the packages were unpacked into. */
  readonly directory: string;
  /** The environment in which the programs are found and run: `PATH` and where libraries and extensions lie. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a toolbox is filled with. */
export interface ToolboxContents {
  /** Its folder in the cache. */
  readonly name: string;
  /** The packages to take programs from, and for each the program that shows that the machine has it already. */
  readonly packages: Readonly<Record<string, string>>;
  /** Further programs that must be there. */
  readonly programs: readonly string[];
  /**
   * By distribution, the release that the packages are taken from, where older ones are of no use: they alone are downloaded, whatever
   * the machine has. Default: the machine's own release.
   */
  readonly release?: Readonly<Record<string, OtherRelease>>;
}

/** What the lab runs; of these only util-linux' own come with every Debian. */
const labTools: ToolboxContents = {
  name: "toolbox",
  packages: {
    "docker.io": "dockerd",
    "docker-registry": "docker-registry",
    "redis-server": "redis-server",
    "busybox-static": "busybox",
    iproute2: "ip",
    iptables: "iptables",
    e2fsprogs: "mkfs.ext4",
  },
  programs: ["containerd", "runc", "redis-cli", "setpriv", "nsenter", "unshare"],
};

/** Opens the toolbox in a cache folder, or answers undefined when it has not been filled for this system. */
export async function openToolbox(cacheDirectory: string, contents = labTools): Promise<Toolbox | undefined> {
  const directory = join(cacheDirectory, contents.name);
  const filledFor = await readFile(join(directory, "filled-for"), "utf8").catch(() => undefined);
  if (filledFor === undefined || filledFor !== (await contentsKey(contents))) return undefined;
  return { directory, environment: await toolEnvironment(directory) };
}

/**
 * Fills the toolbox in a cache folder: downloads what this machine lacks with apt and unpacks it. Several processes may
 * share the folder. apt's package lists are refreshed only when the download fails with the present ones.
 *
 * @throws SituationError when apt gets no packages, or a program is not in them.
 */
export async function fillToolbox(
  cacheDirectory: string,
  progress: (detail: string) => void,
  contents = labTools,
): Promise<Toolbox> {
  await mkdir(cacheDirectory, { recursive: true });
  return withExclusiveLock(`cache:${cacheDirectory}`, async () => {
    const filled = await openToolbox(cacheDirectory, contents);
    if (filled) return filled;

    const directory = join(cacheDirectory, contents.name);
    const archives = `${directory}.archives`;
    await downloadPackages(contents, archives, progress);
    const partial = `${directory}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    const files = (await readdir(archives)).filter((name) => name.endsWith(".deb") && !isLibc(name));
    for (const [index, name] of files.entries()) {
      progress(`unpacking ${index + 1} of ${files.length}: ${packageOf(name)}`);
      await execa("dpkg-deb", ["--extract", join(archives, name), partial]);
    }
    await nameIptables(partial);
    await requirePrograms(contents, await toolEnvironment(partial));
    await writeFile(join(partial, "filled-for"), await contentsKey(contents));
    await rm(directory, { recursive: true, force: true });
    await rename(partial, directory);
    await rm(archives, { recursive: true, force: true });
    return { directory, environment: await toolEnvironment(directory) };
  });
}

/** The full path of a program, in the toolbox or on the machine's PATH. */
export async function findProgram(environment: Toolbox["environment"], name: string): Promise<string | undefined> {
  for (const directory of (environment["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, name);
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return path;
  }
  return undefined;
}

/** Of `Need to get 5 kB/12 MB of archives.`, where some are there already, the whole. */
function downloadSize(line: string): string | undefined {
  const [, said] = line.split("Need to get ", 2);
  const [sizes, isThere] = said?.split(" of archives", 2) ?? [];
  return isThere === undefined ? undefined : sizes?.slice(sizes.lastIndexOf("/") + 1).replace(/^\S+ of /u, "");
}

/** The share that apt says it has downloaded, from a line that it writes to its status descriptor; 0 to 100. */
export function downloadPercent(line: string): number | undefined {
  const [, percent] = /^dlstatus:\d+:(\d+(?:\.\d+)?):/.exec(line) ?? [];
  return percent === undefined ? undefined : Math.floor(Number(percent));
}

async function downloadPackages(
  { packages, release }: ToolboxContents,
  archives: string,
  progress: (detail: string) => void,
): Promise<void> {
  await mkdir(join(archives, "partial"), { recursive: true });
  if (release !== undefined) {
    const own = osRelease(await readFile("/etc/os-release", "utf8"));
    const id = [own.id, ...own.like].find((name) => name in release) ?? "debian";
    progress(Object.keys(packages).join(", "));
    const other = release[id];
    if (other !== undefined) await downloadFromRelease(Object.keys(packages), archives, other, { ...own, id });
    return;
  }
  const wanted = await missingPackages(packages);
  if (wanted.length === 0) return;
  progress(wanted.join(", "));
  const failure = await aptDownload(archives, wanted, progress);
  if (failure === undefined) return;
  progress("refreshing apt's package lists");
  const update = await execa("apt-get", [...aptOptions, "update"], { env: aptEnvironment, reject: false, all: true });
  const secondFailure = await aptDownload(archives, wanted, progress);
  if (secondFailure === undefined) return;
  throw new SituationError({
    what: `apt-get does not download ${wanted.join(", ")}: ${update.failed ? aptError(update.all) : secondFailure}`,
    fix: "Check the network and apt's sources (`apt-get update`), or point DOCKER_HOST at a running engine",
  });
}

/** Answers undefined when all is there, else apt's own words. */
async function aptDownload(
  archives: string,
  wanted: readonly string[],
  progress: (detail: string) => void,
): Promise<string | undefined> {
  const options = ["-o", `Dir::Cache::archives=${archives}`, "-o", "Debug::NoLocking=1", "--download-only"];
  const apt = execa("apt-get", [...aptOptions, ...options, "install", ...wanted], {
    env: aptEnvironment,
    reject: false,
    all: true,
  });
  let size = "";
  let told = -1;
  for await (const line of apt.iterable()) {
    size = downloadSize(line) ?? size;
    const percent = downloadPercent(line);
    if (percent !== undefined && percent >= told + 5) {
      told = percent;
      progress(`downloading ${size}: ${percent} %`);
    }
  }
  const { failed, all } = await apt;
  return failed ? aptError(all) : undefined;
}

async function missingPackages(packages: ToolboxContents["packages"]): Promise<string[]> {
  const environment = { PATH: searchPath([]) };
  const found = await Promise.all(
    Object.entries(packages).map(async ([name, program]) => ({ name, path: await findProgram(environment, program) })),
  );
  return found.filter(({ path }) => path === undefined).map(({ name }) => name);
}

/** Gives iptables its name, which update-alternatives does when the package is installed. */
async function nameIptables(directory: string): Promise<void> {
  if (!existsSync(join(directory, "usr/sbin/xtables-nft-multi"))) return;
  for (const name of ["iptables", "ip6tables"]) await symlink("xtables-nft-multi", join(directory, "usr/sbin", name));
}

async function requirePrograms(
  { packages, programs }: ToolboxContents,
  environment: Toolbox["environment"],
): Promise<void> {
  for (const name of [...Object.values(packages), ...programs]) {
    if ((await findProgram(environment, name)) !== undefined) continue;
    throw new SituationError({
      what: `The program ${name} is neither in ${Object.keys(packages).join(", ")} nor on the PATH`,
      fix: `Install the package that has ${name}`,
    });
  }
}

async function toolEnvironment(directory: string): Promise<Record<string, string>> {
  const libraries: string[] = [];
  for (const parent of [join(directory, "usr/lib"), join(directory, "lib")]) {
    const names = await readdir(parent).catch(() => []);
    libraries.push(...names.filter((name) => name.includes("-linux-gnu")).map((name) => join(parent, name)), parent);
  }
  const binaries = ["usr/bin", "usr/sbin", "bin", "sbin"].map((name) => join(directory, name));
  const iptablesExtensions = libraries.map((library) => join(library, "xtables")).find((path) => existsSync(path));
  return {
    PATH: searchPath(binaries),
    LD_LIBRARY_PATH: libraries.join(delimiter),
    ...(iptablesExtensions === undefined ? {} : { XTABLES_LIBDIR: iptablesExtensions }),
  };
}

function searchPath(first: readonly string[]): string {
  const usual = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return [...new Set([...first, ...(process.env["PATH"] ?? "").split(delimiter), ...usual])].join(delimiter);
}

/** What a toolbox was filled for: another system, or a release of Holdfast that needs other packages, fills it again. */
async function contentsKey({ packages, release = {} }: ToolboxContents): Promise<string> {
  const own = osRelease(await readFile("/etc/os-release", "utf8"));
  const others = Object.values(release).map(({ codename }) => codename);
  return [own.id, own.version, arch(), ...Object.keys(packages), ...others].join(" ");
}

const releaseSchema = z.object({
  ID: z.string(),
  ID_LIKE: z.string().default(""),
  VERSION_ID: z.string().default(""),
  VERSION_CODENAME: z.string().default(""),
});

/** Which distribution a machine has, and which it descends from. */
interface Distribution {
  readonly id: string;
  readonly like: readonly string[];
  readonly version: string;
  readonly codename: string;
}

/** Reads the text of /etc/os-release (os-release(5)): which distribution this is, and which it descends from. */
export function osRelease(text: string): Distribution {
  const pairs = text
    .split("\n")
    .map((line) => /^([A-Z_]+)=["']?(.*?)["']?$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, key, value]) => [key, value]);
  const { ID, ID_LIKE, VERSION_ID, VERSION_CODENAME } = releaseSchema.parse(Object.fromEntries(pairs));
  return { id: ID, like: ID_LIKE.split(" ").filter(Boolean), version: VERSION_ID, codename: VERSION_CODENAME };
}

/** The C library belongs to the machine's own loader: another version of it would break every program. */
function isLibc(file: string): boolean {
  return ["libc6", "libc-bin"].includes(packageOf(file));
}

function packageOf(file: string): string {
  return file.split("_", 1)[0] ?? file;
}

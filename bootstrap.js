/**
 * Makes a fresh clone runnable: installs the dependencies that package-lock.json names, once, and checks that the Node
 * that runs the TypeScript came with them. Plain JavaScript for any Node >= 20; a second run only looks at when two files
 * were written.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));

/** The Node that runs this project; its packages, one for each system, are in the lock file with their digests, and run no script. */
export const nodePath = join(root, "node_modules", ".bin", "node");

const lockPath = join(root, "package-lock.json");
const installedPath = join(root, "node_modules", ".package-lock.json");

/** Records which two files were last found to agree: comparing them takes longer than everything else at a start. */
const stampPath = join(root, ".holdfast", "installed");

// What is written from here on is run later: only this user may write it, whatever the umask.
const umask = process.umask(0o022);
if ((umask & 0o002) !== 0) process.umask(umask);

/** Installs what is missing; throws a BootstrapError with what to do about it when that fails. */
function bootstrap() {
  closeOwnFolder();
  const seen = stamp();
  if (seen !== undefined && seen === readStamp() && existsSync(nodePath)) return;
  const lock = readLock(lockPath);
  if (lock === undefined) {
    throw new BootstrapError(`${lockPath}: expected npm's lock file, got none that can be read. Restore it with git.`);
  }
  const installed = readLock(installedPath);
  const isInstalled = installed !== undefined && agree(lock, installed);
  if (!isInstalled) install();
  if (!existsSync(nodePath)) throw new BootstrapError(missingNode());
  // What npm has just done, the next start compares: meanwhile the lock file may have become another.
  if (isInstalled && seen !== undefined) writeStamp(seen);
}

/** When the two files were written, and how long they are; `undefined` when one is not there. */
function stamp() {
  const files = [lockPath, installedPath].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  if (files.includes(undefined)) return undefined;
  return files.map(({ ino, size, mtimeNs, ctimeNs }) => [ino, size, mtimeNs, ctimeNs].join(" ")).join("\n");
}

function readStamp() {
  try {
    return readFileSync(stampPath, "utf8");
  } catch {
    return undefined;
  }
}

function writeStamp(seen) {
  try {
    mkdirSync(dirname(stampPath), { recursive: true, mode: 0o700 });
    writeFileSync(stampPath, seen);
  } catch {
    // Where nothing can be written, the files are compared each time.
  }
}

/** `.holdfast` holds code that is run and the key to secrets: only this user may open it. */
function closeOwnFolder() {
  const folder = dirname(stampPath);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o077) === 0) return;
  if ((found.mode & 0o002) !== 0)
    throw new BootstrapError(
      `${folder}: expected a folder that only its owner can write to, got one with the mode ${(found.mode & 0o7777).toString(8)}. ` +
        `Check that its content is yours, then close it: \`chmod go-rwx ${folder}\`.`,
    );
  try {
    chmodSync(folder, 0o700);
  } catch {
    // It is another user's, such as root's, and others can only read it.
  }
}

class BootstrapError extends Error {}

/**
 * Whether the packages are installed as the lock file says. npm describes what it installed in
 * node_modules/.package-lock.json, in the same form; optional packages, such as those for other systems, may be absent.
 */
function agree(lock, installed) {
  const wanted = Object.entries(lock.packages).filter(([path]) => path !== "");
  const isThere = ([path, { version, optional, devOptional }]) =>
    path in installed.packages ? installed.packages[path].version === version : Boolean(optional || devOptional);
  return wanted.every(isThere) && Object.keys(installed.packages).every((path) => path in lock.packages);
}

function readLock(path) {
  try {
    const lock = JSON.parse(readFileSync(path, "utf8"));
    return typeof lock.packages === "object" && lock.packages !== null ? lock : undefined;
  } catch {
    return undefined;
  }
}

function install() {
  console.error("Installing the packages of package-lock.json (npm ci), once …");
  const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error, stdout, stderr } = npm(args);
  if (status === 0) return;
  const output = error ? error.message : `${stdout}${stderr}`.trim();
  throw new BootstrapError(
    `npm ci: expected the packages of package-lock.json to be installed, got:\n${output}\n` +
      "Check the network and npm's registry (`npm ping`), then run the command again.",
  );
}

function missingNode() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const packages = Object.keys(optionalDependencies ?? {});
  const own = `node-${process.platform}-${process.arch}`;
  const fix = packages.includes(own)
    ? `Install it: \`npm ci --include=optional\`, and see whether npm's registry has ${own} (\`npm view ${own} versions\`).`
    : "Run the project on one of these systems.";
  return `${nodePath}: expected the Node of ${packages.join(" or ")}, got none for ${process.platform}-${process.arch}. ${fix}`;
}

/** npm as this Node came with it; a Node of node_modules on the PATH must not run the npm that replaces node_modules. */
function npm(args) {
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((entry) => !entry.startsWith(join(root, "node_modules")));
  return spawnSync("npm", args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH: path.join(delimiter) },
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === "win32",
  });
}

/**
 * Does what is needed and answers whether the project can run now: silently when there is nothing to do, with one message
 * about what to do when it fails.
 */
export function tryBootstrap() {
  try {
    bootstrap();
    return true;
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    console.error(error.message);
    return false;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = tryBootstrap() ? 0 : 1;
}

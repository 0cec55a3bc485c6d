import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { chmod, chown, lchown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { SocketFolder } from "../../engine/program/socket-folder.ts";
import { PassphraseKeeper } from "../../engine/state/passphrase.ts";
import { withExclusiveLock } from "../../lab/host/exclusive-lock.ts";
import { labIdentity } from "../../lab/host/identity.ts";
import { makePrivateFolder } from "../../swarm/engine/private-folder.ts";
import type { AttackCase } from "./case.ts";
import { asStranger, holdAsStranger, strangerId } from "./stranger.ts";

const root = join(import.meta.dirname, "../..");

/** Does something while the folder for temporary files is another. */
function withTemporary(folder: string, work: () => void): void {
  const former = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    work();
  } finally {
    if (former === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = former;
  }
}

/** A project of root's that every user can look into, as under /srv. */
async function withProject(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "attacked-"));
  try {
    await chmod(directory, 0o755);
    await symlink(join(root, "node_modules"), join(directory, "node_modules"));
    await writeFile(join(directory, "package.json"), '{ "type": "module" }', { mode: 0o644 });
    await writeFile(join(directory, "index.ts"), "export const one = 1;\n");
    await writeFile(
      join(directory, "Pulumi.yaml"),
      "name: attacked\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
    );
    for (const name of ["index.ts", "Pulumi.yaml", "package.json"]) await chmod(join(directory, name), 0o644);
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const holdfast = (directory: string, umask: string, ...args: string[]) =>
  execa("sh", ["-c", `umask ${umask}; exec "$0" "$@"`, process.execPath, join(root, "bin/holdfast.js"), ...args], {
    cwd: directory,
    reject: false,
    all: true,
    input: "a long password",
    env: { PULUMI_CONFIG_PASSPHRASE: undefined, DOCKER_HOST: "unix:///absent" },
  });

const walk = `
  const fs = require("node:fs"), path = require("node:path");
  const found = { writable: [], readable: [] };
  const can = (file, mode) => { try { fs.accessSync(file, mode); return true } catch { return false } };
  const look = (file) => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined || stat.isSymbolicLink()) return;
    if (can(file, fs.constants.W_OK)) found.writable.push(file);
    if (can(file, fs.constants.R_OK)) found.readable.push(file);
    if (!stat.isDirectory()) return;
    let names = [];
    try { names = fs.readdirSync(file) } catch {}
    for (const name of names) look(path.join(file, name));
  };
  look(process.argv[1]);
  console.log(JSON.stringify(found));
`;

/** What another user may write to, and read, at and below a folder. */
async function openAt(path: string): Promise<{ writable: string[]; readable: string[] }> {
  return JSON.parse(await asStranger(walk, path)) as { writable: string[]; readable: string[] };
}

const passphraseOf = (directory: string) => new PassphraseKeeper(directory, {}).create();

function umaskCase(umask: string): AttackCase {
  return {
    group: "access",
    name: `nothing that \`config set --secret\` writes under the umask ${umask} can be written to by others, nor .holdfast read`,
    sample: umask === "000",
    run: () =>
      withProject(async (directory) => {
        const { exitCode, all } = await holdfast(directory, umask, "config", "set", "password", "--secret");
        assert.equal(exitCode, 0, all);
        const open = await openAt(directory);
        assert.deepEqual(open.writable, []);
        assert.deepEqual(
          open.readable.filter((path) => path.includes(".holdfast")),
          [],
        );
        assert.equal((await stat(join(directory, ".holdfast"))).mode & 0o777, 0o700);
        assert.equal((await stat(join(directory, ".holdfast/passphrase"))).mode & 0o777, 0o600);
      }),
  };
}

/** A passphrase that lies there already: with these modes it is closed, or refused. */
function passphraseCase(folderMode: number, fileMode: number, isRefused: boolean): AttackCase {
  const modes = `${folderMode.toString(8)}/${fileMode.toString(8)}`;
  return {
    group: "access",
    name: `a passphrase file with the modes ${modes} is ${isRefused ? "refused" : "closed to others"}`,
    run: () =>
      withProject(async (directory) => {
        const folder = join(directory, ".holdfast");
        await mkdir(folder);
        await writeFile(join(folder, "passphrase"), "from before\n");
        await chmod(join(folder, "passphrase"), fileMode);
        await chmod(folder, folderMode);
        if (isRefused) {
          await assert.rejects(passphraseOf(directory), /not everybody can write/u);
          return;
        }
        await passphraseOf(directory);
        assert.equal((await stat(folder)).mode & 0o777, 0o700);
        assert.equal((await stat(join(folder, "passphrase"))).mode & 0o077, 0);
      }),
  };
}

const strangersFolders: AttackCase[] = [
  {
    group: "access",
    name: "a .holdfast that another user has made is refused",
    run: () =>
      withProject(async (directory) => {
        const folder = join(directory, ".holdfast");
        await mkdir(folder, { mode: 0o700 });
        await writeFile(join(folder, "passphrase"), "planted\n", { mode: 0o600 });
        await chown(folder, strangerId, strangerId);
        await assert.rejects(passphraseOf(directory), /got one of the user 65534/u);
      }),
  },
  {
    group: "access",
    name: "a .holdfast that is a link into another user's folder is refused",
    run: () =>
      withProject(async (directory) => {
        const folder = await mkdtemp(join(tmpdir(), "attacked-"));
        await writeFile(join(folder, "passphrase"), "planted\n");
        await chown(folder, strangerId, strangerId);
        await symlink(folder, join(directory, ".holdfast"));
        try {
          await assert.rejects(passphraseOf(directory), /got one of the user 65534/u);
        } finally {
          await rm(folder, { recursive: true });
        }
      }),
  },
  {
    group: "access",
    name: "a link that another user has made is not followed to close a folder of one's own",
    sample: true,
    run: () =>
      withProject(async (directory) => {
        const [own, link] = [join(directory, "public"), join(directory, "link")];
        await mkdir(own, { mode: 0o755 });
        await symlink(own, link);
        await lchown(link, strangerId, strangerId);
        assert.throws(() => {
          makePrivateFolder(link);
        }, /got a link that the user 65534 has made/u);
        assert.equal((await stat(own)).mode & 0o777, 0o755);
      }),
  },
  {
    group: "access",
    name: "a planted passphrase file of another user is refused",
    run: () =>
      withProject(async (directory) => {
        await mkdir(join(directory, ".holdfast"), { mode: 0o700 });
        const file = join(directory, ".holdfast/passphrase");
        await writeFile(file, "planted\n", { mode: 0o600 });
        await chown(file, strangerId, strangerId);
        await assert.rejects(passphraseOf(directory), /got one of the user 65534/u);
      }),
  },
];

const sockets: AttackCase[] = [
  {
    group: "access",
    name: "a TMPDIR in which everybody may rename everything is refused for the engine's sockets",
    sample: true,
    run: () =>
      withProject(async (directory) => {
        const open = join(directory, "tmp");
        await mkdir(open);
        await chmod(open, 0o777);
        withTemporary(open, () => {
          assert.throws(() => new SocketFolder(), /TMPDIR: expected .*, got .*tmp, where every user/u);
        });
        withTemporary(join(open, "."), () => {
          assert.throws(() => new SocketFolder(), /TMPDIR/u);
        });
        const below = join(open, "below");
        await mkdir(below, { mode: 0o700 });
        withTemporary(below, () => {
          assert.throws(() => new SocketFolder(), /TMPDIR/u);
        });
      }),
  },
  {
    group: "access",
    name: "a TMPDIR that is not there, or a file, is refused in one line",
    run: () =>
      withProject((directory) => {
        for (const path of [join(directory, "absent"), join(directory, "index.ts")])
          withTemporary(path, () => {
            assert.throws(() => new SocketFolder(), /^InputError: TMPDIR: expected a folder that/u);
          });
        return Promise.resolve();
      }),
  },
  {
    group: "access",
    name: "the folder of the engine's sockets has mode 0700 under every umask",
    run() {
      for (const umask of [0o000, 0o002, 0o022, 0o077]) {
        const former = process.umask(umask);
        try {
          using folder = new SocketFolder();
          assert.equal(statSync(folder.path).mode & 0o777, 0o700);
        } finally {
          process.umask(former);
        }
      }
      return Promise.resolve();
    },
  },
  {
    group: "access",
    name: "another user cannot exchange the folder of the engine's sockets",
    async run() {
      using folder = new SocketFolder();
      const exchange = `try { require("node:fs").renameSync(process.argv[1], process.argv[1] + "-mine"); console.log("exchanged") } catch ({ code }) { console.log(code) }`;
      assert.match(await asStranger(exchange, folder.path), /EPERM|EACCES/u);
    },
  },
];

const locks: AttackCase[] = [
  {
    group: "access",
    name: "a lab is not kept waiting by another user who holds the socket that was its lock",
    sample: true,
    async run() {
      const name = `lab:${labIdentity("/srv/attacked").id}`;
      await using holder = await holdAsStranger(
        `require("node:net").createServer().listen({ path: "\\0holdfast/" + process.argv[1] }, () => console.log("held"))`,
        name,
      );
      assert.ok(holder);
      assert.equal(await withExclusiveLock(name, () => Promise.resolve("done")), "done");
    },
    limitSeconds: 60,
  },
  {
    group: "access",
    name: "another user cannot take a lock, nor see which there are",
    async run() {
      await withExclusiveLock("attacked", async () => {
        const open = await openAt("/run/holdfast-locks");
        assert.deepEqual(open, { writable: [], readable: [] });
        const take = `try { require("node:fs").openSync("/run/holdfast-locks/mine", "w"); console.log("taken") } catch ({ code }) { console.log(code) }`;
        assert.equal(await asStranger(take), "EACCES");
      });
    },
  },
  {
    group: "access",
    name: "whoever waits for a lock is told so, and with which file",
    async run() {
      const told = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<undefined>();
      const first = withExclusiveLock("attacked: waits", () => {
        begun.resolve(undefined);
        return told.promise;
      });
      await begun.promise;
      await withExclusiveLock("attacked: waits", () => Promise.resolve(), told.resolve);
      assert.match(await first, /^\/run\/holdfast-locks\/[0-9a-f]{32}$/u);
    },
  },
];

/** Files, folders, sockets and locks: what others may do to them. */
export const closedFiles: readonly AttackCase[] = [
  ...["000", "002", "022", "027", "077"].map(umaskCase),
  passphraseCase(0o755, 0o644, false),
  passphraseCase(0o775, 0o640, false),
  passphraseCase(0o700, 0o600, false),
  passphraseCase(0o777, 0o600, true),
  passphraseCase(0o1777, 0o600, true),
  passphraseCase(0o700, 0o666, true),
  passphraseCase(0o755, 0o646, true),
  ...strangersFolders,
  ...sockets,
  ...locks,
];

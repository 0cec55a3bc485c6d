import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { assembleBackupImage, pushBackupImage } from "../../../lab/images/backup.ts";
import { packagesIn } from "../../../lab/images/backup-program.ts";
import { fillToolbox } from "../../../lab/host/toolbox.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";

const configSchema = z.object({
  config: z.object({
    Entrypoint: z.array(z.string()),
    Cmd: z.array(z.string()),
    User: z.string(),
    Env: z.array(z.string()),
  }),
});

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ dev: z.boolean().optional(), optional: z.boolean().optional() })),
});

/** The digest of each file of a folder. */
async function digests(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found = await Promise.all(
    paths.map(async (path): Promise<[string, string]> => {
      const digest = createHash("sha256").update(await readFile(path));
      return [relative(folder, path), digest.digest("hex")];
    }),
  );
  return new Map(found.sort(([one], [other]) => (one < other ? -1 : 1)));
}

describe("the image of backups", function () {
  this.timeout(180_000);
  let root = "";
  let config = "";

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "holdfast-backup-image-"));
    await fillToolbox(testCacheDirectory, () => undefined);
    const { blobs } = await assembleBackupImage(testCacheDirectory);
    config = new TextDecoder().decode(blobs.at(-1));
    for (const layer of blobs.slice(0, -1)) {
      await writeFile(join(root, "layer"), layer);
      await execa("tar", ["--extract", "--gzip", "--file", join(root, "layer"), "--directory", root]);
    }
  });
  after(() => rm(root, { recursive: true, force: true }));

  // The devices are there in a mount namespace that ends with the program.
  const inRoot = 'mount --rbind /dev "$0/dev" && exec chroot --userspec=999:999 "$0" "$@"';

  /** Runs a program in the image's files, with nothing of the machine's but its devices. */
  const run = (...command: string[]) =>
    execa("unshare", ["--mount", "sh", "-c", inRoot, root, ...command], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/tmp" },
      extendEnv: false,
      reject: false,
    });

  it("has a restic that says enough by its exit codes, and the server's own programs", async () => {
    const { stdout: version } = await run("/usr/bin/restic", "version");
    assert.match(version, /^restic 0\.(?:1[7-9]|[2-9]\d)\./);
    assert.equal((await run("/usr/bin/restic", "-r", "/repository", "--no-cache", "cat", "config")).exitCode, 10);
    for (const program of ["redis-server", "redis-cli"])
      assert.match((await run(`/usr/bin/${program}`, "--version")).stdout, /\d\.\d+/);
    for (const program of ["redis-check-aof", "redis-check-rdb"]) {
      const { stdout, stderr } = await run(`/usr/bin/${program}`);
      assert.match(stdout + stderr, /Usage: /);
    }
  });

  it("runs the program with all that it imports", async () => {
    for (const command of ["health", "list"]) {
      const { stdout, stderr } = await run("/usr/bin/node", "/opt/holdfast/backup/main.ts", command);
      assert.equal(stderr, "");
      assert.match(
        stdout,
        /^\{"type":"error","message":"HOLDFAST_BACKUP: expected the configuration as JSON, got nothing\./,
      );
    }
  });

  it("is what backup/Dockerfile makes: the same program, user, folders and command", async () => {
    const project = join(import.meta.dirname, "../../..");
    const lines = (await readFile(join(project, "backup/Dockerfile"), "utf8")).replaceAll("\\\n", "").split("\n");
    const last = (word: string) => lines.findLast((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? "";
    const declared = configSchema.parse(JSON.parse(config)).config;
    assert.deepEqual(JSON.parse(last("ENTRYPOINT")), declared.Entrypoint);
    assert.deepEqual(JSON.parse(last("CMD")), declared.Cmd);
    assert.equal(last("USER"), declared.User);
    assert.deepEqual(
      last("ENV").split(" "),
      declared.Env.filter((each) => !each.startsWith("PATH=")),
    );
    const [, uid, gid, mode = "", folders = ""] =
      /install -d -o (\d+) -g (\d+) -m (\d+) (.+)$/mu.exec(lines.join("\n")) ?? [];
    for (const folder of folders.split(" ")) {
      const found = await stat(join(root, folder));
      assert.deepEqual([found.uid, found.gid, found.mode & 0o7777], [Number(uid), Number(gid), parseInt(mode, 8)]);
    }

    // The stage that lays the program out has no more of the project than it copies.
    const context = join(root, "tmp/context");
    const copied = lines.flatMap((line) => /^COPY (?!--)(\w+) \1$/u.exec(line)?.[1] ?? []);
    for (const folder of copied) await cp(join(project, folder), join(context, folder), { recursive: true });
    await copyFile(join(project, "package.json"), join(context, "package.json"));
    await symlink(join(project, "node_modules"), join(context, "node_modules"));
    const [, script = "", target = ""] = /^RUN node (\S+) (\S+)$/mu.exec(lines.join("\n")) ?? [];
    await execa(process.execPath, [script, join(root, "tmp/made")], { cwd: context });
    const [made, assembled] = [await digests(join(root, "tmp/made")), await digests(join(root, target))];
    assembled.delete("versions.json");
    assert.deepEqual(made, assembled);

    // `npm ci` leaves out what only development needs.
    const lock = lockSchema.parse(JSON.parse(await readFile(join(project, "package-lock.json"), "utf8")));
    const packages = [...made.keys()].flatMap((path) => /^(.*)\/package\.json$/u.exec(path)?.[1] ?? []);
    assert.ok(packages.length > 0);
    for (const path of packages.filter((each) => each in lock.packages))
      assert.deepEqual(lock.packages[path], {}, `${path} is not installed`);
  });

  it("is put into a registry by its digest", async () => {
    const lab = { directory: join(root, "tmp/lab"), registryAddress: "127.0.0.1:5000" };
    const reference = /^127\.0\.0\.1:5000\/holdfast-backup:[\d.]+@sha256:[0-9a-f]{64}$/;
    assert.match(await pushBackupImage(lab, testCacheDirectory), reference);
  });

  it("takes along what is imported by name, and nothing of Node's own", () => {
    const source = [
      'import { join } from "node:path";',
      'import { z } from "zod";',
      'import type { A } from "@scope/one/part.js";',
      'export { b } from "./b.ts";',
      'const c = await import("execa");',
      'import { fs } from "fs";',
    ].join("\n");
    assert.deepEqual(packagesIn(source), ["zod", "@scope/one", "execa"]);
  });
});

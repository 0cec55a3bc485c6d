import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { assembleBackupImage, pushBackupImage } from "../../../lab/images/backup.ts";
import { packagesIn } from "../../../lab/images/backup-program.ts";
import { fillToolbox } from "../../../lab/host/toolbox.ts";
import { testCacheDirectory } from "../../support/sandbox.ts";

describe("the image of backups", function () {
  this.timeout(180_000);
  let root = "";

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "holdfast-backup-image-"));
    await fillToolbox(testCacheDirectory, () => undefined);
    const { blobs } = await assembleBackupImage(testCacheDirectory);
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

import assert from "node:assert/strict";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { StateProject } from "../engine/state/state-project.ts";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));
const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** "nobody", as whom nothing else runs. */
const uid = 65_534;

/** Whether another user reaches this checkout at all. */
function isReachable(): boolean {
  try {
    process.seteuid?.(uid);
    for (const path of [process.execPath, entry, packages]) accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  } finally {
    process.seteuid?.(0);
  }
}

describe("a lock that another user has closed", function () {
  this.timeout(120_000);

  before(function () {
    if (process.getuid?.() !== 0 || !isReachable()) this.skip();
  });

  it("is told in one line by up, preview and cancel, and released by who may remove it", async () => {
    using project = new StateProject("empty");
    chmodSync(project.directory, 0o755);
    writeFileSync(project.file("index.ts"), "");
    writeFileSync(project.file("package.json"), '{"type":"module"}');
    symlinkSync(packages, project.file("node_modules"));
    const folders = [".pulumi", "locks", "organization", "shop", "dev"];
    const locks = folders.map((_, index) => project.file(folders.slice(0, index + 1).join("/")));
    for (const folder of locks) mkdirSync(folder);
    for (const path of [project.directory, ...locks]) chownSync(path, uid, uid);
    const folder = project.file(folders.join("/"));
    const lock = `${folder}/holdfast.json`;
    writeFileSync(lock, JSON.stringify({ pid: 1 }), { mode: 0o600 });

    const holdfast = async (...words: string[]) => {
      const { exitCode, stderr, stdout } = await execa(process.execPath, [entry, ...words], {
        cwd: project.directory,
        env: { HOME: project.directory, PULUMI_CONFIG_PASSPHRASE: "x", DOCKER_HOST: "unix:///nowhere.sock" },
        uid,
        gid: uid,
        reject: false,
        stdin: "ignore",
      });
      return { exitCode, stderr, stdout };
    };
    const closed =
      "a lock that cannot be read, .pulumi/locks/organization/shop/dev/holdfast.json, which is another user's (user id 0)";

    const up = await holdfast("up");
    const path = lock.slice(project.directory.length + 1);
    assert.ok(
      up.stderr.startsWith(`error: The stack dev is locked by ${path}: there is ${closed}. Wait until`),
      up.stderr,
    );
    assert.deepEqual([up.exitCode, up.stderr.split("\n").length], [2, 1]);

    // It takes no lock.
    const preview = await holdfast("preview");
    assert.deepEqual([preview.exitCode, preview.stderr], [0, ""]);

    const cancel = await holdfast("cancel");
    assert.ok(cancel.stderr.startsWith("error: The process that holds the lock may still be running: there is a lock"));
    assert.deepEqual([cancel.exitCode, cancel.stderr.split("\n").length], [3, 1]);

    chownSync(folder, 0, 0);
    const refused = await holdfast("cancel", "--yes");
    assert.match(
      refused.stderr,
      /^error: The lock \S+holdfast\.json cannot be removed: it is another user's \(user id 0\)\. Check/u,
    );
    assert.deepEqual([refused.exitCode, refused.stderr.split("\n").length], [2, 1]);

    chownSync(folder, uid, uid);
    const released = await holdfast("cancel", "--yes");
    assert.deepEqual([released.exitCode, released.stdout, released.stderr], [0, `Released ${closed}.`, ""]);
    assert.ok(!existsSync(lock));
  });
});

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

describe("config set", function () {
  this.timeout(30_000);

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-config-"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: own\nruntime: nodejs\n");
  });
  after(() => rm(folder, { recursive: true }));

  it("keeps in clear text neither a password nor what was encrypted", async () => {
    assert.equal((await holdfast(["set", "--secret", "token"], "a long and secret text")).exitCode, 0);
    const before = await readFile(join(folder, "Pulumi.dev.yaml"), "utf8");
    for (const key of ["token", "own:token", "password", "operationsPassword"]) {
      const { exitCode, stderr } = await holdfast(["set", key, "hunter2"]);
      assert.equal(exitCode, 2, key);
      assert.match(stderr, new RegExp(`^error: config set ${key}: expected --secret, .*--secret ${key} < file`, "u"));
      assert.ok(!stderr.includes("hunter2"));
    }
    assert.equal(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8"), before);
    assert.equal((await holdfast(["set", "colour", "red"])).exitCode, 0);
  });

  function holdfast(words: readonly string[], input = "") {
    const env = { PULUMI_CONFIG_PASSPHRASE: "test" };
    return execa(process.execPath, [entry, "config", ...words], { cwd: folder, input, env, reject: false });
  }
});

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

describe("config set", function () {
  this.timeout(120_000);

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-config-"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: own\nruntime: nodejs\n");
  });
  after(() => rm(folder, { recursive: true }));

  it("keeps in clear text neither a password nor what was encrypted", async () => {
    assert.equal((await holdfast(["set", "--secret", "token"], "a long and secret text")).exitCode, 0);
    const before = await readFile(join(folder, "Pulumi.dev.yaml"), "utf8");
    for (const key of ["token", "own:token", "password", "operationsPassword", "apiKey", "other:clientSecret"]) {
      const { exitCode, stderr } = await holdfast(["set", key, "hunter2"]);
      assert.equal(exitCode, 2, key);
      assert.match(stderr, new RegExp(`^error: config set ${key}: expected --secret, .*--secret ${key} < file`, "u"));
      assert.ok(!stderr.includes("hunter2"));
    }
    assert.equal(await readFile(join(folder, "Pulumi.dev.yaml"), "utf8"), before);
    assert.equal((await holdfast(["set", "colour", "red"])).exitCode, 0);
    assert.equal((await holdfast(["set", "holdfast:colour", "red"])).exitCode, 0);
  });

  it("takes of the project's own settings only those that its program reads", async () => {
    const own = await mkdtemp(join(tmpdir(), "holdfast-config-"));
    try {
      await writeFile(join(own, "Pulumi.yaml"), "name: holdfast\nruntime: nodejs\n");
      for (const words of [
        ["set", "memorylimit", "1G"],
        ["set", "holdfast:memorylimit", "1G"],
        ["get", "memorylimit"],
        ["rm", "memorylimit"],
      ]) {
        const { exitCode, stderr } = await holdfast(words, "", own);
        assert.equal(exitCode, 2);
        assert.match(
          stderr,
          /^error: holdfast:memorylimit: expected a setting of this program, got another\. Did you mean memoryLimit\?$/u,
        );
      }
      const impossible: [name: string, value: string, error: string][] = [
        ["memoryLimit", "banana", 'expected a size such as 100M, 100MiB or 1.5GiB, got "banana".'],
        ["memoryLimit", "900", "expected at least 32MiB, got 900B. Did you mean 900M?"],
        ["port", "abc", 'expected a whole number from 1 to 65535, got "abc".'],
        ["holdfast:persistence", "durabel", 'expected one of durable, balanced, snapshot, got "durabel".'],
        ["nodes", "tcp://one", 'expected an address with {hostname} or {address} in it, got "tcp://one".'],
      ];
      for (const [name, value, error] of impossible) {
        const { exitCode, stderr } = await holdfast(["set", name, value], "", own);
        assert.equal(exitCode, 2, stderr);
        assert.ok(stderr.startsWith(`error: holdfast:${name.replace("holdfast:", "")}: ${error}`), stderr);
      }
      const short = await holdfast(["set", "--secret", "operationsPassword"], "hunter2", own);
      assert.match(short.stderr, /^error: holdfast:operationsPassword: expected at least 16 characters, got 7\./u);
      assert.equal((await holdfast(["list"], "", own)).stdout, "");
      assert.equal((await holdfast(["set", "memoryLimit", "1G"], "", own)).exitCode, 0);
      assert.equal((await holdfast(["set", "docker:host", "unix:///run/x.sock"], "", own)).exitCode, 0);
    } finally {
      await rm(own, { recursive: true });
    }
  });

  function holdfast(words: readonly string[], input = "", cwd = folder) {
    const env = { PULUMI_CONFIG_PASSPHRASE: "test" };
    return execa(process.execPath, [entry, "config", ...words], { cwd, input, env, reject: false });
  }
});

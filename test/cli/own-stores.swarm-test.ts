import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findEngine } from "../../swarm/engine/connection.ts";
import { makeAuthorities } from "../components/changes/certificates.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { ProjectCopy } from "./project-copy.ts";

const port = 20_000 + randomInt(9000);
const tlsPort = port + 1;
const password = "correct horse battery staple";

/** Three stores, of which one speaks TLS alone and one cannot be reached from outside. */
const program = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { LocalVolume, Redis } from "../components/index.ts";
const config = new pulumi.Config();
const pin = { hostname: config.require("node") };
const password = config.requireSecret("password");
const until = config.get("until") ?? "2000-01-01T00:00:00Z";
const common = { image: config.require("image"), memoryLimit: config.get("limit") ?? "64M", password };
const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const tls = { certificate: read("server.crt"), key: pulumi.secret(read("server.key")), authority: read("ca.crt") };
const volume = (name) => new LocalVolume(name, { volumeName: \`own-\${name}\`, pin });
new Redis("own-sessions", { ...common, volume: volume("sessions"), publishedPort: ${port}, firstStartUntil: until });
new Redis("own-orders", { ...common, volume: volume("orders"), publishedPort: ${tlsPort}, firstStartUntil: until, tls });
new Redis("own-pages", { ...common, persistence: "cache" });
`;

describe("a program of one's own in a folder of the project, with two stores and a cache", function () {
  this.timeout(240_000);

  let sandbox: SharedSandbox;
  let project: ProjectCopy;
  let folder: string;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    project = await ProjectCopy.make({ DOCKER_HOST: "" });
    await mkdir(join(project.directory, ".holdfast"));
    await symlink(sandbox.directory, join(project.directory, ".holdfast", "sandbox"));
    folder = join(project.directory, "shop");
    await mkdir(folder);
    await writeFile(join(folder, "index.ts"), program);
    await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
    const runtime = "runtime:\n  name: nodejs\n  options:\n    typescript: false\n";
    await writeFile(join(folder, "Pulumi.yaml"), `name: shop\nmain: index.ts\n${runtime}`);
    const [authority] = await makeAuthorities("203.0.113.1");
    const [issued] = authority?.issued ?? [];
    assert.ok(authority && issued);
    const files = { "ca.crt": authority.certificate, "server.crt": issued.certificate, "server.key": issued.key };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const until = new Date(Date.now() + 600_000).toISOString().replace(/\.\d+Z$/u, "Z");
    const settings = { node: sandbox.nodeHostname, image: sandbox.redisImage, until };
    for (const [key, value] of Object.entries(settings)) await succeeds(["config", "set", key, value]);
    assert.equal((await run(["config", "set", "--secret", "password"], password)).code, 0);
  });

  after(async () => {
    await run(["down", "--yes"]);
    const { docker } = findEngine({ host: sandbox.dockerHost });
    for (const name of ["own-sessions", "own-orders"])
      await docker
        .getVolume(name)
        .remove({ force: true })
        .catch(() => undefined);
    await project[Symbol.asyncDispose]();
  });

  it("comes up in the project's sandbox, and ends with where each of them is", async () => {
    const { stdout } = await succeeds(["up", "--yes"]);
    assert.match(stdout, /^Swarm: the sandbox in \.\.\/\.holdfast\/sandbox \(made by an earlier run\)$/m);
    const report = stdout.slice(stdout.indexOf("Stack dev is up:"));
    const block = (name: string, endpoint: string, volume: string | undefined, ping: string) =>
      `  service   ${name}\n  endpoint  ${endpoint}\n  node      ${sandbox.nodeHostname}\n${volume === undefined ? "" : `  volume    ${volume}\n`}  limit     64 MiB\n${ping}`;
    assert.equal(
      report,
      `Stack dev is up:\n${[
        block("own-orders", `${sandbox.nodeAddress}:${tlsPort}`, "own-orders", "  PING      PONG\n"),
        block("own-pages", "own-pages, on its networks only", undefined, ""),
        block("own-sessions", `${sandbox.nodeAddress}:${port}`, "own-sessions", "  PING      PONG\n"),
      ].join("\n")}
Next: npx holdfast redis --service own-orders set foo bar
      npx holdfast redis --service own-orders get foo
      npx holdfast preview, after changing the program or its settings
`,
    );
  });

  it("plans nothing the second time", async () => {
    assert.match((await succeeds(["up"])).stdout, /^Nothing changed/m);
  });

  it("is asked by name, with TLS and the password of the state, and answers as redis-cli shows it", async () => {
    for (const service of ["own-orders", "own-sessions"]) {
      const ask = (...words: string[]) => succeeds(["redis", "--service", service, ...words], ["-C", folder]);
      assert.equal((await ask("hset", "hash", "field", service, "other", "2")).stdout, "2\n");
      assert.equal((await ask("hgetall", "hash")).stdout, `field\n${service}\nother\n2\n`);
    }
    const unnamed = await run(["redis", "get", "foo"], "", ["-C", folder]);
    assert.equal(unnamed.code, 2);
    assert.match(
      unnamed.stderr,
      /^error: --service: expected one of own-orders, own-pages, own-sessions, got nothing\./,
    );
    const unpublished = await run(["redis", "--service", "own-pages", "ping"], "", ["-C", folder]);
    assert.match(unpublished.stderr, /^error: The service own-pages has no published port\. Give it a publishedPort/);
  });

  it("is verified with the login of the state, and seen by audit and doctor without a word about the engine", async () => {
    const { stdout } = await succeeds(["verify", "own-orders"]);
    assert.match(stdout, /own-orders: passed/);
    assert.match((await succeeds(["audit"])).stdout, /own-sessions/);
    assert.doesNotMatch((await run(["doctor"])).stderr, /error/);
    assert.equal((await run(["rescue"])).code, 0);
  });

  it("shows its password nowhere, and keeps it encrypted in the state", async () => {
    const state = await readFile(join(folder, ".pulumi", "stacks", "shop", "dev.json"), "utf8");
    assert.ok(!state.includes(password) && !project.printed.join().includes(password));
  });

  function run(words: string[], input = "", where = ["--cwd", folder]) {
    const [command = "", ...rest] = words;
    return command === "config"
      ? project.run([...words, ...where], input)
      : project.run([command, ...where, ...rest], input);
  }

  async function succeeds(words: string[], where?: string[]) {
    const ended = await run(words, "", where);
    assert.equal(ended.code, 0, `${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }
});

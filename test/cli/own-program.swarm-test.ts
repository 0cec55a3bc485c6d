import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { Redis } from "ioredis";
import { inspectService, listTasks } from "../../swarm/api/reads.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { ProjectCopy } from "./project-copy.ts";

const service = "cli-forgetful";
const port = 20_000 + randomInt(9000);

/** The tutorial's first service: Redis without a volume and without a pin. */
const program = `
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
export const id = new docker.Service("redis", {
  name: "${service}",
  taskSpec: {
    containerSpec: { image: config.require("image"), stopGracePeriod: "10s" },
    resources: { limits: { memoryBytes: config.requireNumber("limit") * 1024 * 1024 } },
    placement: { constraints: JSON.parse(config.get("constraints") ?? "[]") },
    restartPolicy: { condition: "any", delay: "2s", maxAttempts: 0, window: "0s" },
  },
  mode: { replicated: { replicas: 1 } },
  endpointSpec: { ports: [{ targetPort: 6379, publishedPort: ${port}, publishMode: "host", protocol: "tcp" }] },
}).id;
`;

describe("a program of one's own, without a volume", function () {
  this.timeout(120_000);

  let sandbox: SharedSandbox;
  let docker: Docker;
  let project: ProjectCopy;
  let folder: string;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    ({ docker } = findEngine({ host: sandbox.dockerHost }));
    project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    folder = join(project.directory, "forgetful");
    await mkdir(folder);
    await writeProgram(program);
    await set("image", sandbox.redisImage);
    await set("limit", "100");
  });

  after(async () => {
    await writeProgram(program);
    // The data in its anonymous volume dies with the service, and is named by it.
    await holdfast(["down", "--yes", "--delete-data", service]);
    await holdfast(["down", "--yes"]);
    await project[Symbol.asyncDispose]();
  });

  it("keeps the key from a change of the memory limit until its data is given up by name", async () => {
    assert.equal((await holdfast(["up"])).code, 0);
    await redis((client) => client.set("foo", "bar"));
    const container = await containerId();
    await set("limit", "200");
    const { code, stdout, stderr } = await holdfast(["up", "--yes"]);
    assert.equal(code, 3);
    assert.match(stdout, /✗ left behind {2}cli-forgetful {2}task replaced/);
    assert.match(
      stderr,
      /^error: This plan does not keep all data: cli-forgetful: left behind\. .*--accept-data-loss cli-forgetful@[0-9a-f]{12}-\d{8}T\d{4}Z\.$/m,
    );
    const bare = await holdfast(["up", "--yes", "--accept-data-loss", service]);
    assert.equal(bare.code, 3);
    assert.match(bare.stderr, /not keep all data: cli-forgetful: left behind \(cli-forgetful names no plan\)\. /);
    assert.equal(await containerId(), container);
    assert.equal(await redis((client) => client.get("foo")), "bar");
  });

  it("loses the key to a change of the memory limit, and leaves the old data in an anonymous volume", async () => {
    const [container, volumes] = [await containerId(), await anonymousVolumes()];
    const { stderr } = await holdfast(["up", "--yes"]);
    const [word = ""] = /(?<=--accept-data-loss )\S+(?=\.$)/m.exec(stderr) ?? [];
    // Accepted for this plan, not for one that changes more.
    await set("constraints", JSON.stringify(["node.role==worker"]));
    const other = await holdfast(["up", "--yes", "--accept-data-loss", word]);
    assert.notEqual(other.code, 0, other.stdout);
    await set("constraints", "[]");
    assert.equal((await holdfast(["up", "--yes", "--accept-data-loss", word])).code, 0);
    const [last] = await stackHistory();
    assert.match(last ?? "", /"message": ?"data loss accepted: cli-forgetful \(left behind\)"/);
    assert.notEqual(await containerId(), container);
    assert.equal(await redis((client) => client.get("foo")), null);
    assert.equal((await anonymousVolumes()).length, volumes.length + 1);
  });

  it("keeps container and key when a constraint is added that holds already", async () => {
    await redis((client) => client.set("foo", "bar"));
    const container = await containerId();
    await set("constraints", JSON.stringify([`node.hostname==${sandbox.nodeHostname}`]));
    const { code, stdout } = await holdfast(["up", "--yes"]);
    assert.equal(code, 0);
    assert.match(stdout, / ~ {2}docker:index:Service redis updated/);
    assert.equal(await containerId(), container);
    assert.equal(await redis((client) => client.get("foo")), "bar");
  });

  it("is refused a resource that the embedded engine does not know, by its type", async () => {
    await writeProgram(`
      import * as pulumi from "@pulumi/pulumi";
      new pulumi.CustomResource("random:index/randomPet:RandomPet", "pet", {});
    `);
    const { code, stdout, stderr } = await holdfast(["up", "--yes"]);
    assert.equal(code, 1);
    assert.match(stdout, /random:index\/randomPet:RandomPet.*Pulumi CLI/);
    assert.doesNotMatch(stdout + stderr, /^ {4}at /m);
  });

  function holdfast(words: readonly string[]) {
    return project.run([...words, "--cwd", folder]);
  }

  async function set(key: string, value: string): Promise<void> {
    assert.equal((await holdfast(["config", "set", key, value])).code, 0);
  }

  async function writeProgram(text: string): Promise<void> {
    await writeFile(join(folder, "index.ts"), text);
    await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
    const runtime = "runtime:\n  name: nodejs\n  options:\n    typescript: false\n";
    await writeFile(join(folder, "Pulumi.yaml"), `name: forgetful\nmain: index.ts\n${runtime}`);
  }

  async function containerId(): Promise<string> {
    const found = await inspectService(docker, service);
    assert.ok(found);
    const running = (await listTasks(docker, found.ID)).filter(({ Status }) => Status.State === "running");
    assert.equal(running.length, 1);
    return running[0]?.Status.ContainerStatus?.ContainerID ?? "";
  }

  /** The entries of the stack's history, the newest first. */
  async function stackHistory(): Promise<string[]> {
    const directory = join(folder, ".pulumi", "history", "forgetful", "dev");
    const names = (await readdir(directory))
      .filter((name) => name.endsWith(".history.json"))
      .toSorted()
      .toReversed();
    return Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
  }

  async function anonymousVolumes(): Promise<string[]> {
    const { Volumes } = await docker.listVolumes();
    return Volumes.map(({ Name }) => Name).filter((name) => /^[0-9a-f]{64}$/.test(name));
  }

  async function redis<T>(ask: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis({ host: sandbox.nodeAddress, port });
    try {
      return await ask(client);
    } finally {
      client.disconnect();
    }
  }
});

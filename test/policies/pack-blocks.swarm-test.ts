import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findingsSchema } from "../../policies/finding-schema.ts";
import { inspectService } from "../../swarm/api/reads.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { ProjectCopy } from "../cli/project-copy.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";

const service = "policy-blocked";

const program = (constraints: string) => `
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
export const id = new docker.Service("redis", {
  name: "${service}",
  taskSpec: {
    containerSpec: {
      image: new pulumi.Config().require("image"),
      mounts: [{ type: "volume", source: "${service}", target: "/data" }],
      stopGracePeriod: "10s",
    },
    placement: { constraints: ${constraints} },
  },
}).id;
`;

describe("the pack under the embedded engine", function () {
  this.timeout(120_000);
  let sandbox: SharedSandbox;
  let project: ProjectCopy;
  let folder: string;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    folder = join(project.directory, "unpinned");
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    await writeFile(
      join(folder, "Pulumi.yaml"),
      "name: unpinned\nmain: index.ts\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
    );
    await writeFile(join(folder, "index.ts"), program("[]"));
    assert.equal((await holdfast("config", "set", "image", sandbox.redisImage)).code, 0);
  });
  after(async () => {
    await project[Symbol.asyncDispose]();
  });

  const holdfast = (...args: string[]) => project.run([...args, "--cwd", folder]);
  const pack = ["--policy-pack", "policies"];

  it("blocks an up that would lose data, before anything is changed", async () => {
    const { code, stdout, stderr } = await holdfast("up", "--yes", ...pack);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /ss201-local-volume-unpinned/);
    assert.match(stdout + stderr, /there are no constraints/);
    const { docker } = findEngine({ host: sandbox.dockerHost });
    assert.equal(await inspectService(docker, service), undefined);
  });

  it("fails a preview with the same words", async () => {
    const { code, stdout, stderr } = await holdfast("preview", ...pack);
    assert.equal(code, 1);
    assert.match(stdout + stderr, /ss201-local-volume-unpinned/);
  });
});

describe("holdfast policy --swarm", function () {
  this.timeout(120_000);
  const unmounted = "policy-unmounted";
  let sandbox: SharedSandbox;
  let project: ProjectCopy;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    const { docker } = findEngine({ host: sandbox.dockerHost });
    await docker.createService({
      Name: unmounted,
      TaskTemplate: {
        ContainerSpec: { Image: sandbox.redisImage, Labels: { "holdfast.ignore": "SS501 until 2999-01-01: a test" } },
        Placement: { Constraints: [`node.hostname==${sandbox.nodeHostname}`] },
      },
      Mode: { Replicated: { Replicas: 0 } },
    });
  });
  after(async () => {
    const { docker } = findEngine({ host: sandbox.dockerHost });
    await docker.getService(unmounted).remove();
    await project[Symbol.asyncDispose]();
  });

  /** Which rules fail for a service. */
  const failing = (stdout: string, name: string): string[] => {
    const { findings } = findingsSchema.parse(JSON.parse(stdout));
    return findings.filter(({ service: each, result }) => each === name && result === "fail").map(({ rule }) => rule);
  };

  it("judges the services that run", async () => {
    const { code, stdout } = await project.run(["policy", "--swarm", "--json"]);
    assert.equal(code, 1);
    const rules = failing(stdout, unmounted);
    assert.ok(rules.includes("SS101"), stdout);
    assert.ok(!rules.includes("SS501"), stdout);
  });

  it("judges a stack file against the nodes that there are", async () => {
    const stackFile = (hostname: string) =>
      `services: { db: { image: "postgres:17", volumes: ["pg:/var/lib/postgresql/data"], deploy: { placement: { constraints: ["node.hostname==${hostname}"] } } } }`;
    const absent = await project.run(["policy", "--swarm", "--json", "-"], stackFile("elsewhere"));
    assert.ok(failing(absent.stdout, "db").includes("SS202"), absent.stdout);
    const present = await project.run(["policy", "--swarm", "--json", "-"], stackFile(sandbox.nodeHostname));
    assert.equal(present.code, 0, present.stdout);
    const { findings } = findingsSchema.parse(JSON.parse(present.stdout));
    assert.ok(!findings.some(({ rule }) => rule.startsWith("SS20")), present.stdout);
  });
});

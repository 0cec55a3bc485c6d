import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import type Docker from "dockerode";
import { inspectService, inspectVolume, listServices, listTasks } from "../../swarm/api/reads.ts";
import { findEngine, listNodes } from "../../swarm/engine/connection.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { ProjectCopy, type Ended } from "./project-copy.ts";

/** A name and a port that no other test uses. */
const service = "cli-stateful";
const volume = "cli-foobarstore";
const port = 10_000 + randomInt(1000, 9000);

/** Bold, dim and the colours that operations have. */
const colours = [1, 2, 31, 32, 33, 35, 36].map((code) => `\u001B[${code}m`);

describe("one Redis, from the first up to the last down", function () {
  this.timeout(180_000);

  let sandbox: SharedSandbox;
  let docker: Docker;
  let project: ProjectCopy;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    ({ docker } = findEngine({ host: sandbox.dockerHost }));
    project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    await project.configure("dev", { service, volume, port, memoryLimit: "100M", image: sandbox.redisImage });
  });

  after(async () => {
    await project.run(["down", "--yes", "--delete-data", volume]);
    await removeLeftovers();
    await project[Symbol.asyncDispose]();
  });

  it("refuses a pin to a node that does not exist before anything is changed", async () => {
    await succeeds(["config", "set", "node", "nowhere"]);
    const { code, stderr } = await project.run(["up"]);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      `error: holdfast:node: expected the hostname of a node of this swarm (${sandbox.nodeHostname}), got "nowhere". ` +
        "Set one of them with `npx holdfast config set node <hostname>`; existing data stays on its old node.\n",
    );
    assert.equal(await inspectService(docker, service), undefined);
    assert.equal(await inspectVolume(docker, volume), undefined);
    await succeeds(["config", "rm", "node"]);
  });

  it("goes on after a first up that was killed in the middle, with nothing created twice", async () => {
    const first = project.start(["up"]);
    await first.printed("Service redis-service creating");
    first.kill("SIGKILL");
    await first.ended;

    const locked = await project.run(["up"]);
    assert.equal(locked.code, 2);
    assert.match(locked.stderr, /a process that is no longer running.*holdfast cancel/);
    assert.match((await succeeds(["cancel"])).stdout, /^Released the lock of .* held since /);

    const { stdout } = await succeeds(["up"]);
    assert.match(stdout, /PING {6}PONG/);
    assert.equal((await stackServices()).length, 1);
    const { Spec } = required(await inspectService(docker, service));
    const used = (Spec.TaskTemplate.ContainerSpec?.Secrets ?? []).map(({ SecretName }) => SecretName);
    const named = (await docker.listSecrets()).map((secret) => secret.Spec?.Name ?? "");
    const ours = named.filter((name) => used.some((one) => prefixOf(one) === prefixOf(name)));
    assert.deepEqual(ours.sort(), used.sort());
  });

  it("ends with service, endpoint, node, volume and limit, as Docker has them", async () => {
    const { stdout } = await succeeds(["up"]);
    const report = stdout.slice(stdout.indexOf("Stack dev is up:")).split("\n").slice(1, 8);
    assert.deepEqual(report, [
      `  service   ${service}`,
      `  endpoint  ${sandbox.nodeAddress}:${port}`,
      `  node      ${sandbox.nodeHostname}`,
      `  volume    ${volume}`,
      "  limit     100 MiB",
      "  PING      PONG",
      `  open on   every address of ${sandbox.nodeHostname}`,
    ]);
    const [task] = await runningTasks();
    const { hostname } = required(task);
    assert.equal(hostname, sandbox.nodeHostname);
    assert.ok(await inspectVolume(docker, volume));
    const { Spec } = required(await inspectService(docker, service));
    assert.equal(Spec.TaskTemplate.Resources?.Limits?.MemoryBytes, 100 * 1024 * 1024);
    assert.deepEqual(Spec.TaskTemplate.ContainerSpec?.Mounts?.find(({ Type }) => Type === "volume")?.Source, volume);
  });

  it("changes nothing the second time: the same container, the same state", async () => {
    const [before, state] = [await containerId(), await readState()];
    const { stdout } = await succeeds(["up"]);
    assert.match(stdout, /^Nothing changed/m);
    assert.equal(await containerId(), before);
    assert.equal(await readState(), state);
    assert.doesNotMatch(stdout, /creat|updat(ed|ing)|delet|replac/);
  });

  it("does the tutorial: the key survives each change of the memory limit, in a new container each time", async () => {
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "(nil)\n");
    assert.equal((await succeeds(["redis", "--", "set", "foo", "bar"])).stdout, "OK\n");
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
    for (const mebibytes of [200, 300]) {
      const before = await containerId();
      await succeeds(["config", "set", "memoryLimit", `${mebibytes}M`]);
      const { stdout } = await succeeds(["up", "--yes"]);
      assert.match(stdout, new RegExp(`limit {5}${mebibytes} MiB`));
      assert.notEqual(await containerId(), before);
      assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
    }
  });

  it("tells replies from errors by the exit code", async () => {
    const { code, stdout } = await project.run(["redis", "incr", "foo"]);
    assert.equal(code, 1);
    assert.equal(stdout, "(error) ERR value is not an integer or out of range\n");
    assert.equal((await project.run(["redis", "monitor"])).code, 2);
  });

  it("does not change what exists without a yes, and shows the plan", async () => {
    const before = await containerId();
    await succeeds(["config", "set", "memoryLimit", "200M"]);
    const asked = await project.run(["up"]);
    assert.equal(asked.code, 3);
    assert.match(asked.stdout, / ~ {2}docker:index:Service redis-service update \[diff: ~taskSpec\]/);
    assert.match(
      asked.stderr,
      /^error: This plan changes or deletes existing resources .* there is no terminal\. .* --yes\.\n$/,
    );
    const { code, stdout } = await project.run(["up", "--json"]);
    assert.equal(code, 3);
    const { error } = JSON.parse(stdout) as { error: { plan: { changeSummary: Record<string, number> } } };
    assert.equal(error.plan.changeSummary["update"], 1);
    assert.equal(await containerId(), before);
    await succeeds(["config", "set", "memoryLimit", "300M"]);
  });

  it("asks on a terminal, under a tree of what would change, and takes no for an answer", async () => {
    const before = await containerId();
    await succeeds(["config", "set", "memoryLimit", "200M"]);
    const { code, stdout } = await project.runOnTerminal(["up"], "no\n");
    assert.equal(code, 3);
    const drawn = stripVTControlCharacters(stdout);
    assert.match(drawn, / \+- +├─ docker:index:ServiceConfig +redis-configuration +replace +\[diff: ~data\]/);
    assert.match(drawn, / ~ +└─ docker:index:Service +redis-service +update +\[diff: ~taskSpec\]/);
    assert.match(drawn, /Do you want to apply this plan to the stack dev\? \[yes\/no\] /);
    assert.match(drawn, /Nothing has been changed\.\r\n$/);
    assert.ok(colours.some((code) => stdout.includes(code)));
    const colourless = await project.runOnTerminal(["preview"], "", { NO_COLOR: "1" });
    assert.equal(colourless.code, 0);
    assert.ok(!colours.some((code) => colourless.stdout.includes(code)));
    assert.equal(await containerId(), before);
    await succeeds(["config", "set", "memoryLimit", "300M"]);
  });

  it("previews in the shape of `pulumi preview --json`, and as a stream where Pulumi would", async () => {
    const { stdout } = await succeeds(["preview", "--json"]);
    const digest = JSON.parse(stdout) as { steps: { op: string; detailedDiff: unknown }[]; changeSummary: object };
    assert.deepEqual(
      digest.steps.map(({ op, detailedDiff }) => ({ op, detailedDiff })),
      [{ op: "same", detailedDiff: null }],
    );
    const stream = await project.run(["preview", "--json"], "", { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "1" });
    const events = stream.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      events.map(({ sequence }) => sequence),
      events.map((_event, index) => index),
    );
    assert.ok(events.at(-1)?.["summaryEvent"]);
  });

  it("says who holds the lock, since when, and how to release it, when two work at once", async () => {
    await succeeds(["config", "set", "memoryLimit", "400M"]);
    const first = project.start(["up", "--yes"]);
    await first.printed("Service redis-service updating");
    // All at once: the first one does not work for long.
    const others = [["up"], ["up", "--json"], ["refresh"], ["down", "--yes"]];
    const refused = await Promise.all(others.map((other) => project.run(other)));
    for (const { code, stdout, stderr } of refused) {
      // Before it says or does anything else.
      assert.deepEqual({ code, stdout: stdout.startsWith("{") ? "" : stdout }, { code: 2, stdout: "" });
      assert.match(
        stderr,
        new RegExp(
          `^error: The stack dev is locked by \\S+: there is a lock of \\S+ \\(process ${first.pid}\\) since \\S+Z\\. .*holdfast cancel`,
        ),
      );
    }
    assert.equal((await first.ended).code, 0);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
  });

  it("finishes what runs and saves it when it is interrupted, and the next up goes on", async () => {
    await succeeds(["config", "set", "memoryLimit", "300M"]);
    const interrupted = project.start(["up", "--yes"]);
    await interrupted.printed("Service redis-service updating");
    interrupted.kill("SIGINT");
    const { code, stderr } = await interrupted.ended;
    assert.equal(code, 130);
    assert.match(stderr, /^Stopping after the running operations have finished and been saved/);
    const { stdout } = await succeeds(["up", "--yes"]);
    assert.match(stdout, /limit {5}300 MiB/);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
  });

  for (const [damage, damaged] of [
    ["truncated", (state: string) => state.slice(0, state.length / 2)],
    ["edited to nonsense", (state: string) => state.replaceAll(/"custom": ?true/g, '"custom": "nonsense"')],
  ] as const) {
    it(`refuses a state that is ${damage}, and the backup that it names is good`, async () => {
      const [state, before] = [await readState(), await containerId()];
      assert.notEqual(damaged(state), state);
      await writeFile(statePath(), damaged(state));
      const { code, stderr } = await project.run(["up", "--yes"]);
      const untouched = await readState();
      await writeFile(statePath(), state);
      assert.equal(code, 2);
      assert.equal(untouched, damaged(state));
      const restore = /^error: \.pulumi\/stacks\/holdfast\/dev\.json.*`cp (\S+) (\S+)`\.\n$/.exec(stderr);
      const [, backup = "", target = ""] = restore ?? assert.fail(stderr);
      assert.equal(await containerId(), before);
      await writeFile(join(project.directory, target), await readFile(join(project.directory, backup)));
      assert.match((await succeeds(["up", "--yes"])).stdout, /PING {6}PONG/);
    });
  }

  it("refuses an engine that does not answer, at once", async () => {
    const startedMs = Date.now();
    const { code, stderr } = await project.run(["up"], "", { DOCKER_HOST: "unix:///nonexistent/docker.sock" });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^error: DOCKER_HOST \(unix:\/\/\/nonexistent\/docker\.sock\): expected a Docker engine that answers, got .*\n$/,
    );
    assert.ok(Date.now() - startedMs < 8000);
  });

  it("refuses a wrong passphrase, a port in use and an image that does not exist, each with one error", async () => {
    const wrong = await project.run(["up"], "", { PULUMI_CONFIG_PASSPHRASE: "wrong" });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^error: PULUMI_CONFIG_PASSPHRASE: expected the passphrase .*\n$/);

    const taken = port + 1;
    const other = await docker.createService({
      Name: "cli-other",
      TaskTemplate: { ContainerSpec: { Image: sandbox.redisImage } },
      EndpointSpec: { Ports: [{ TargetPort: 6379, PublishedPort: taken, PublishMode: "host" }] },
    });
    try {
      await succeeds(["config", "set", "port", String(taken)]);
      const inUse = await project.run(["up"]);
      assert.equal(inUse.code, 2);
      assert.match(
        inUse.stderr,
        /^error: service "[\w-]+": endpointSpec\.ports: expected what a suitable node can give, got port \d+, while service "cli-other" has it on [\w-]+ \(DF703\)\. Choose another published port, or end what uses it\.\n$/,
      );
    } finally {
      await other.remove();
      await succeeds(["config", "set", "port", String(port)]);
    }

    const absent = `${sandbox.registryAddress}/absent@sha256:${"0".repeat(64)}`;
    await succeeds(["config", "set", "image", absent]);
    const notFound = await project.run(["up"]);
    await succeeds(["config", "set", "image", sandbox.redisImage]);
    assert.equal(notFound.code, 2);
    assert.match(notFound.stderr, /^error: holdfast:image: expected an image that the swarm can pull, got .*\n$/);
  });

  it("keeps the volume on down, finds the key after up, and deletes the data that is named", async () => {
    const down = await succeeds(["down", "--yes"]);
    assert.match(down.stdout, new RegExp(`^Kept: the volume ${volume} with its data`, "m"));
    assert.equal((await stackServices()).length, 0);
    assert.deepEqual(await leftovers(), []);
    assert.ok(await inspectVolume(docker, volume));

    await succeeds(["up"]);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");

    const refused = await project.run(["down", "--yes", "--delete-data", "somebody-elses"]);
    assert.equal(refused.code, 2);
    assert.equal((await stackServices()).length, 1);
    await succeeds(["down", "--yes", "--delete-data", volume]);
    assert.equal(await inspectVolume(docker, volume), undefined);
  });

  it("never prints the password, nor keeps it in clear text", async () => {
    const { stdout } = await succeeds(["config", "get", "--show-secrets", "password"]);
    const password = stdout.trim();
    assert.equal(password.length, 43);
    project.printed.pop();
    const printed = project.printed.filter((text) => text.includes(password));
    // The one that was asked for, just now.
    assert.deepEqual(printed, [stdout]);
    assert.ok(!(await readFile(join(project.directory, "Pulumi.dev.yaml"), "utf8")).includes(password));
    assert.ok(!(await readState()).includes(password));
  });

  async function succeeds(words: readonly string[]): Promise<Ended> {
    const ended = await project.run(words);
    assert.equal(ended.code, 0, `holdfast ${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  function statePath(): string {
    return join(project.directory, ".pulumi", "stacks", "holdfast", "dev.json");
  }

  function readState(): Promise<string> {
    return readFile(statePath(), "utf8");
  }

  async function stackServices() {
    return (await listServices(docker)).filter(({ Spec }) => Spec.Name === service);
  }

  async function runningTasks(): Promise<{ containerId: string; hostname: string }[]> {
    const nodes = await listNodes(findEngine({ host: sandbox.dockerHost }));
    const found = await inspectService(docker, service);
    const tasks = found === undefined ? [] : await listTasks(docker, found.ID);
    return tasks
      .filter(({ Status }) => Status.State === "running")
      .map(({ Status, NodeID }) => ({
        containerId: Status.ContainerStatus?.ContainerID ?? "",
        hostname: nodes.find(({ id }) => id === NodeID)?.hostname ?? "",
      }));
  }

  async function containerId(): Promise<string> {
    const [task, ...others] = await runningTasks();
    assert.equal(others.length, 0);
    return required(task).containerId;
  }

  /** Secrets, configs and networks that the stack has made; its names begin with those of its component or its service. */
  async function leftovers(): Promise<string[]> {
    const names = [
      ...(await docker.listSecrets()).map(({ Spec }) => Spec?.Name),
      ...(await docker.listConfigs()).map(({ Spec }) => Spec?.Name),
      ...(await docker.listNetworks()).map(({ Name }) => Name),
    ];
    return names.filter((name) => name !== undefined && /^(redis|cli-stateful)-/.test(name)).map(String);
  }

  /** What a failed test has left to the others. */
  async function removeLeftovers(): Promise<void> {
    await docker.getService(service).remove().catch(ignore);
    for (let attempt = 0; attempt < 20 && (await inspectVolume(docker, volume)) !== undefined; attempt++) {
      await docker.getVolume(volume).remove().catch(ignore);
      await sleep(500);
    }
  }
});

function required<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

/** An auto-named resource's own part of its name. */
function prefixOf(name: string | null | undefined): string {
  return (name ?? "").replace(/-[0-9a-f]{7}$/, "");
}

function ignore(): void {
  // It is gone already, or cannot be removed yet.
}

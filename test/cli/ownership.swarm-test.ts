import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type Docker from "dockerode";
import { Redis } from "ioredis";
import { findDoomed } from "../../cli/commands/stack/stack-data.ts";
import { confirmEnd } from "../../cli/context/throwaway-data.ts";
import { openOutput } from "../../cli/terminal/output.ts";
import { updateStack } from "../../engine/operations.ts";
import { makeOwnVolumes, requireOwnNames } from "../../live/ownership/name-check.ts";
import { labelsOfOwner } from "../../model/service/ownership.ts";
import { dockerStatus } from "../../swarm/api/errors.ts";
import { inspectService, inspectVolume, listTasks } from "../../swarm/api/reads.ts";
import { findEngine } from "../../swarm/engine/connection.ts";
import { oneOffSpec, pullLabel } from "../../swarm/service/one-off-task.ts";
import { until } from "../support/lab-service.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { ProjectCopy, type Ended } from "./project-copy.ts";

/** The names that both stacks have by default. */
const service = "own-stateful";
const volume = "own-store";
const port = 20_000 + randomInt(9000);

describe("what belongs to another stack", function () {
  this.timeout(180_000);

  let sandbox: SharedSandbox;
  let docker: Docker;
  let project: ProjectCopy;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    ({ docker } = findEngine({ host: sandbox.dockerHost }));
    project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    for (const [stack, ownPort] of [
      ["dev", port],
      ["prod", port + 1],
      ["third", port + 2],
    ] as const)
      await project.configure(stack, { service, volume, port: ownPort, image: sandbox.redisImage });
    await succeeds(["up"]);
    await succeeds(["redis", "set", "foo", "bar"]);
  });

  after(async () => {
    for (const stack of ["prod", "third", "dev"]) await project.run(["down", "--yes", "-s", stack]);
    for (const name of ["own-stateful", "own-other", "own-twin"]) await docker.getService(name).remove().catch(ignore);
    for (const name of [volume, "own-by-hand", "own-by-task", "own-raced", "own-stranger", "own-plain", "own-emptied"])
      await removeVolume(name);
    await project[Symbol.asyncDispose]();
  });

  it("says whose it is, on everything that a component makes", async () => {
    const own = { "holdfast.project": "holdfast", "holdfast.stack": "dev" };
    const found = required(await inspectService(docker, service));
    assert.partialDeepStrictEqual(found.Spec.Labels, own);
    assert.deepEqual((await inspectVolume(docker, volume))?.Labels, own);
    const container = found.Spec.TaskTemplate.ContainerSpec;
    for (const { SecretID } of container?.Secrets ?? [])
      assert.deepEqual(labelsOf(await docker.getSecret(SecretID).inspect()), own);
    for (const { ConfigID } of container?.Configs ?? [])
      assert.partialDeepStrictEqual(labelsOf(await docker.getConfig(ConfigID).inspect()), own);
    for (const { Target } of found.Spec.TaskTemplate.Networks ?? []) {
      // @types/dockerode says any.
      const { Labels } = (await docker.getNetwork(Target).inspect()) as { Labels: Record<string, string> };
      assert.deepEqual(Labels, own);
    }
  });

  it("is not taken by a second stack with the same names: preview and up refuse it, with its owner and the ways on", async () => {
    const before = await containerOf(service);
    for (const command of ["up", "preview"]) {
      const { code, stderr } = await project.run([command, "-s", "prod"]);
      assert.equal(code, 2, stderr);
      assert.match(
        stderr,
        new RegExp(
          `error: volume "${volume}" on ${sandbox.nodeHostname}: expected .* got one that exists already: the stack dev of the project holdfast\\. Give yours another name\\.$`,
          "m",
        ),
      );
      assert.match(stderr, new RegExp(`error: service "${service}": .*: the stack dev of the project holdfast\\. `));
      assert.doesNotMatch(stderr, /\brm\b|remove/);
    }
    assert.equal(await containerOf(service), before);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
  });

  it("is named where its state does not know it, as after the import of an older state", async () => {
    const Labels = { "holdfast.project": "holdfast", "holdfast.stack": "dev" };
    const words = /^Not in the state, .*:\n {2}config own-newer\nAnother state .* left as it is\.$/m;
    assert.doesNotMatch((await succeeds(["preview"])).stdout, /Not in the state/);
    // @types/dockerode says any.
    const { id } = (await docker.createConfig({ Name: "own-newer", Labels, Data: "eA==" })) as { id: string };
    try {
      assert.match((await succeeds(["preview"])).stdout, words);
      const state = (await succeeds(["export"])).stdout;
      const imported = await project.run(["import"], state);
      assert.match(imported.stdout, words, imported.stderr);
    } finally {
      await docker.getConfig(id).remove();
    }
  });

  it("leaves no settings behind of a stack that was refused at its first up", async () => {
    const file = join(project.directory, "Pulumi.yaml");
    const before = await readFile(file, "utf8");
    const defaults = { service, volume, image: sandbox.redisImage };
    const lines = Object.entries(defaults).map(([key, value]) => `  holdfast:${key}: ${value}\n`);
    await writeFile(file, `${before}config:\n${lines.join("")}`);
    try {
      const { code, stdout, stderr } = await project.run(["up", "-s", "fourth", "--yes"]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`error: service "${service}": .*: the stack dev of the project holdfast\\. `));
      assert.match(stdout, /^Configured holdfast:node = [^]*Pulumi\.fourth\.yaml, .* removed again\.$/m);
      assert.ok(!existsSync(join(project.directory, "Pulumi.fourth.yaml")));
    } finally {
      await writeFile(file, before);
    }
  });

  it("is not taken by a program without Holdfast's commands either: a hook of its components refuses it", async () => {
    assert.match(
      await failedUpdate(project, "prod"),
      /hook .* failed: volume "own-store" on .*the stack dev of the project holdfast/,
    );
    assert.deepEqual((await inspectVolume(docker, volume))?.Labels?.["holdfast.stack"], "dev");
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
  });

  it("is not written or deleted from another checkout of the same stack either, under another service's name", async () => {
    await using checkout = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost });
    await checkout.configure("dev", {
      service: "own-checkout",
      volume,
      port: port + 3,
      image: sandbox.redisImage,
    });
    const refusal = /volume "own-store" on .*: the service own-stateful, which mounts it .* managed from elsewhere/;
    const { code, stderr } = await checkout.run(["up", "--yes"]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, refusal);
    assert.match(await failedUpdate(checkout, "dev"), refusal);
    const deletion = await checkout.run(["down", "--yes", "--delete-data", volume]);
    assert.equal(deletion.code, 2, deletion.stderr);
    assert.match(deletion.stderr, /--delete-data: .*the service own-stateful, which mounts it/);
    await checkout.run(["down", "--yes"]);
    assert.equal(await inspectService(docker, "own-checkout"), undefined);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
  });

  it("is not written by a second server that got past every check either: the volume's lock keeps it out, and no write is lost", async () => {
    const found = required(await inspectService(docker, service));
    const twinPort = port + 4;
    const twin: Docker.CreateServiceOptions = structuredClone(found.Spec) as Docker.CreateServiceOptions;
    const { id } = await docker.createService({
      ...twin,
      Name: "own-twin",
      EndpointSpec: {
        Mode: "dnsrr",
        Ports: [{ Protocol: "tcp", TargetPort: 6379, PublishedPort: twinPort, PublishMode: "host" }],
      },
    });
    const password = (await succeeds(["config", "get", "--show-secrets", "password"])).stdout.trim();
    const client = new Redis({
      host: sandbox.nodeAddress,
      port,
      username: "application",
      password,
      maxRetriesPerRequest: null,
      retryStrategy: () => 100,
    }).on("error", () => undefined);
    try {
      let acknowledged = 0;
      const isRefused = async () => {
        for (const end = acknowledged + 500; acknowledged < end; acknowledged++)
          await client.set(`twin:${acknowledged}`, "value");
        const tasks = await listTasks(docker, id);
        assert.ok(!tasks.some(({ Status }) => Status.State === "running" && Status.Err === "healthy"));
        return tasks.filter(({ Status }) => Status.State === "failed").length > 1;
      };
      await until(isRefused, "two tasks of the second server have ended", 60_000);
      const [last] = (await listTasks(docker, id)).filter(({ Status }) => Status.State === "failed");
      assert.equal(required(last).Status.ContainerStatus?.ExitCode, 78);
      // Nor does it step in while the first one's task is replaced, though no server runs then.
      await docker.getContainer(await containerOf(service)).kill();
      for (const end = acknowledged + 500; acknowledged < end; acknowledged++)
        await client.set(`twin:${acknowledged}`, "value");
      const ended = (await listTasks(docker, id)).flatMap(({ Status }) => Status.ContainerStatus?.ExitCode ?? []);
      assert.ok(ended.every((code) => code === 78 || code === 0));
      const keys = Array.from({ length: acknowledged }, (_, key) => `twin:${key}`);
      assert.equal(await client.exists(...keys), acknowledged);
      await client.del(...keys);
    } finally {
      client.disconnect();
      await docker.getService(id).remove();
    }
  });

  it("is not taken or deleted by a service without a start guard; what is made for its tasks is its own by labels", async () => {
    const own = { project: "holdfast", stack: "third" };
    const manager = findEngine({ host: sandbox.dockerHost });
    const constraints = [`node.hostname==${sandbox.nodeHostname}`];
    const question = { manager, own, nodePattern: undefined, known: { services: new Set(["own-plain"]) } };
    const taking = (name: string) => ({
      name: "own-plain",
      constraints,
      volumes: [name],
      ownVolumes: [name],
      isLabelled: true,
      isShared: false,
      store: undefined,
      firstStart: undefined,
    });
    const doomed = (name: string, stack = "third") =>
      findDoomed(
        name,
        { name, resource: undefined, services: ["own-plain"], store: undefined, isOwn: true, constraints },
        { manager, own: { ...own, stack }, nodePattern: undefined, services: new Set(["own-plain"]) },
      );
    await docker.createVolume({ Name: "own-stranger" });
    await shell("own-stranger", "echo data > file");
    const create = { kind: "service", name: "own-plain", isNewName: true } as const;
    await assert.rejects(requireOwnNames({ ...create, service: taking("own-stranger") }, question), {
      message: /volume "own-stranger" on .*: its owner is unknown\. .*ExistingVolume/,
    });
    await assert.rejects(doomed("own-stranger"), /nothing shows that this stack created it/);

    await requireOwnNames({ ...create, service: taking("own-plain") }, question);
    await makeOwnVolumes(taking("own-plain"), question);
    await shell("own-plain", "echo data > file");
    // What a killed run has left of the task that makes a service ready is nobody's second writer.
    const left = await docker.createService({
      Name: "own-left",
      Labels: { [pullLabel]: "own-plain" },
      TaskTemplate: {
        ContainerSpec: {
          Image: sandbox.redisImage,
          Mounts: [{ Type: "volume", Source: "own-plain", Target: "/data" }],
        },
      },
      Mode: { Replicated: { Replicas: 0 } },
    });
    await requireOwnNames({ ...create, service: taking("own-plain") }, question);

    // Where nothing is known of what a step replaces, only what that cannot be is refused.
    const replace = (name: string, mounts: string, stack = "third") =>
      requireOwnNames(
        { ...create, name, service: { ...taking(mounts), name } },
        { ...question, own: { ...own, stack }, mayReplace: true },
      );
    for (const [name, mounts, stack] of [
      ["own-free", volume],
      [service, volume, "dev"],
      ["own-left", "own-plain"],
    ] as const)
      await replace(name, mounts, stack);
    await assert.rejects(replace(service, volume), /service "own-stateful": .*the stack dev of the project holdfast/);
    await assert.rejects(replace("own-left", "own-stranger"), /service "own-left": expected a name that is free/);
    await docker.getService(left.id).remove();
    await assert.rejects(doomed("own-plain", "prod"), /the stack third of the project holdfast/);
    assert.deepEqual(
      (await doomed("own-plain")).map(({ name, isEmpty }) => [name, isEmpty]),
      [["own-plain", false]],
    );
  });

  it("is not deleted by another stack, whatever that one is told", async () => {
    const { code, stderr } = await project.run(["down", "-s", "prod", "--yes", "--delete-data", volume]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--delete-data: expected a volume of this stack, got "own-store.*: the (?:stack dev|service)/);
    assert.equal((await succeeds(["redis", "get", "foo"])).stdout, "bar\n");
  });

  it("does not die with a throwaway swarm unless somebody says so: its end names the volumes that hold something", async () => {
    const output = openOutput(true, { stdout: new PassThrough(), stderr: new PassThrough() });
    const nodes = [{ name: sandbox.nodeHostname, dockerHost: sandbox.dockerHost }];
    const end = (yes: boolean, others: typeof nodes = []) =>
      confirmEnd(output, { command: "sandbox stop", nodes: [...nodes, ...others], yes });
    await assert.rejects(end(false), {
      name: "SituationError",
      message: new RegExp(
        `^sandbox stop deletes .*volume ${volume} on ${sandbox.nodeHostname}, \\d.*needs confirmation`,
      ),
    });
    await assert.rejects(end(false, [{ name: "gone", dockerHost: "unix:///nonexistent.sock" }]), /everything on gone/);
    await end(true);
  });

  it("may be data of a volume that was made by hand: it is taken when that is said, and never deleted", async () => {
    await docker.createVolume({ Name: "own-by-hand" });
    await shell("own-by-hand", "echo REDIS > notes; chown -R 999:999 .");
    for (const [key, value] of [
      ["volume", "own-by-hand"],
      ["service", "own-other"],
    ] as const)
      await succeeds(["config", "set", key, value, "-s", "prod"]);
    const refused = await project.run(["up", "-s", "prod", "--yes"]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /volume "own-by-hand" on .*: its owner is unknown\. .*volumeCreatedBy nobody/);

    await succeeds(["config", "set", "volumeCreatedBy", "nobody", "-s", "prod"]);
    assert.match((await succeeds(["up", "-s", "prod", "--yes"])).stdout, /PING {6}PONG/);
    const denied = await project.run(["down", "-s", "prod", "--yes", "--delete-data", "own-by-hand"]);
    assert.equal(denied.code, 2);
    assert.match(denied.stderr, /"own-by-hand": the program mounts it and did not make it/);
    const { stdout } = await succeeds(["down", "-s", "prod", "--yes"]);
    assert.match(stdout, /^Kept: the volume own-by-hand with its data, on .*\. This stack did not create it\.$/m);
    assert.ok(await inspectVolume(docker, "own-by-hand"));
  });

  it("is told from the stack's own volumes that a task has made: kept by down, found again, deleted by their name", async () => {
    await succeeds(["config", "set", "volume", "own-by-task", "-s", "prod"]);
    await succeeds(["config", "set", "volumeCreatedBy", "task", "-s", "prod"]);
    await succeeds(["up", "-s", "prod", "--yes"]);
    await succeeds(["redis", "-s", "prod", "set", "task", "made"]);
    const kept =
      /^Kept: the volume own-by-task with its data, on .*\. Delete it with `npx holdfast down -s prod --delete-data own-by-task`\.$/m;
    assert.match((await succeeds(["down", "-s", "prod", "--yes"])).stdout, kept);
    await succeeds(["up", "-s", "prod", "--yes"]);
    assert.equal((await succeeds(["redis", "-s", "prod", "get", "task"])).stdout, "made\n");

    // A yes is not enough for data, and a wrong name is a no.
    const typed = await project.runOnTerminal(["down", "-s", "prod", "--delete-data", "own-by-task"], "yes\n");
    assert.equal(typed.code, 3);
    assert.match(
      stripVTControlCharacters(typed.stdout),
      /To be deleted: the volume own-by-task on [\s\S]*Type own-by-task to delete/,
    );
    const unasked = await project.run(["down", "-s", "prod", "--delete-data", "own-by-task"]);
    assert.equal(unasked.code, 3);
    assert.match(unasked.stderr, /--yes --delete-data own-by-task/);
    assert.ok(await inspectService(docker, "own-other"));

    // After the services are gone, the mark tells whose the data is.
    const down = await succeeds(["down", "-s", "prod", "--yes"]);
    assert.match(down.stdout, /own-other {2}task stopped/);
    const { stdout } = await succeeds(["down", "-s", "prod", "--yes", "--delete-data", "own-by-task"]);
    assert.match(stdout, /^Deleted: the volume own-by-task on /m);
    assert.doesNotMatch(stdout, /Safer way:/);
    assert.equal(await inspectVolume(docker, "own-by-task"), undefined);
  });

  it("does not begin anew by itself: a volume that is emptied right after the first start is refused, and asked for again it is taken", async () => {
    await succeeds(["config", "set", "volume", "own-emptied", "-s", "prod"]);
    await succeeds(["up", "-s", "prod", "--yes"]);
    const { ID } = required(await inspectService(docker, "own-other"));
    await shell("own-emptied", "rm -rf .[!.]* *");
    await docker.getContainer(await containerOf("own-other")).kill();
    const isRefused = async () =>
      (await listTasks(docker, ID)).some(({ Status }) => Status.ContainerStatus?.ExitCode === 78);
    await until(isRefused, "a task has refused", 60_000);
    // Asked for again, by another time.
    const later = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/u, "Z");
    await succeeds(["config", "set", "firstStartUntil", later, "-s", "prod"]);
    assert.match((await succeeds(["up", "-s", "prod", "--yes"])).stdout, /PING {6}PONG/);
    await succeeds(["down", "-s", "prod", "--yes", "--delete-data", "own-emptied"]);
    assert.equal(await inspectVolume(docker, "own-emptied"), undefined);
  });

  it("is nobody's after a kill in the middle of its creation but that stack's, which goes on with it", async () => {
    await succeeds(["config", "set", "volumeCreatedBy", "provider", "-s", "prod"]);
    await succeeds(["config", "set", "volume", "own-raced", "-s", "prod"]);
    await succeeds(["config", "set", "service", "own-other", "-s", "prod"]);
    const first = project.start(["up", "-s", "prod", "--yes"]);
    const isThere = async () => (await inspectVolume(docker, "own-raced")) !== undefined;
    const endedEarly = first.ended.then(({ stdout, stderr }) => {
      throw new Error(`ended before it was killed: ${stdout}${stderr}`);
    });
    await Promise.race([until(isThere, "the volume is there", 120_000), endedEarly]);
    endedEarly.catch(ignore);
    first.kill("SIGKILL");
    await first.ended;
    await succeeds(["cancel", "-s", "prod"]);

    // What it would have left some moments later, of a service that is called otherwise by now; and the same of another stack.
    const leave = (stack: string, mounted: readonly string[]) => {
      const labels = labelsOfOwner({ project: "holdfast", stack });
      const Mounts = mounted.map((Source) => ({ Type: "volume" as const, Source, Target: "/data", ReadOnly: false }));
      const task = { ContainerSpec: { Image: sandbox.redisImage, Command: ["true"], Mounts } };
      const spec = oneOffSpec({ purpose: "first", service: { Name: "own-former", Labels: labels }, task });
      return docker.createService(spec as Docker.CreateServiceOptions); // The same form; its types are looser.
    };
    const left = await leave("prod", ["own-raced"]);
    const others = await leave("third", []);
    const told =
      /service holdfast-first-own-former-[0-9a-f]{8}(?:,| is) left behind by a killed run that was preparing own-former/;
    assert.match((await succeeds(["preview", "-s", "prod"])).stdout, told);
    const { stdout } = await succeeds(["up", "-s", "prod", "--yes"]);
    assert.match(stdout, /PING {6}PONG/);
    assert.match(stdout, told);
    assert.equal(await inspectService(docker, left.id), undefined);
    await leave("prod", ["own-raced"]);
    assert.match((await succeeds(["down", "-s", "prod", "--yes", "--delete-data", "own-raced"])).stdout, told);
    assert.ok(await inspectService(docker, others.id));
    await docker.getService(others.id).remove();
    assert.equal(await inspectVolume(docker, "own-raced"), undefined);
  });

  it("is one stack's alone when two take the name at the same moment", async () => {
    await succeeds(["config", "set", "volume", "own-raced", "-s", "third"]);
    await succeeds(["config", "set", "service", "own-third", "-s", "third"]);
    const ended = await Promise.all(["prod", "third"].map((stack) => project.run(["up", "-s", stack, "--yes"])));
    const words = ended.map(({ stdout, stderr }) => stdout + stderr).join("");
    assert.deepEqual(ended.map(({ code }) => code === 0).sort(), [false, true], words);
    const [winner, loser] = ended[0]?.code === 0 ? ["prod", "third"] : ["third", "prod"];
    assert.equal((await inspectVolume(docker, "own-raced"))?.Labels?.["holdfast.stack"], winner);
    assert.match(words, new RegExp(`the stack ${winner} of the project holdfast`));
    await succeeds(["down", "-s", loser, "--yes"]);
    assert.ok(await inspectVolume(docker, "own-raced"));
    await succeeds(["down", "-s", winner, "--yes", "--delete-data", "own-raced"]);
  });

  async function succeeds(words: readonly string[]): Promise<Ended> {
    const ended = await project.run(words);
    assert.equal(ended.code, 0, `holdfast ${words.join(" ")}: ${ended.stdout}${ended.stderr}`);
    return ended;
  }

  /** What is said of an update, carried out without Holdfast's commands, that must fail. */
  async function failedUpdate({ directory }: ProjectCopy, stackName: string): Promise<string> {
    const messages: string[] = [];
    const { succeeded } = await updateStack(
      { projectDirectory: directory, stackName },
      {
        dockerHost: sandbox.dockerHost,
        onEvent: ({ diagnosticEvent }) => messages.push(diagnosticEvent?.message ?? ""),
      },
    );
    assert.equal(succeeded, false);
    return messages.join("\n");
  }

  async function containerOf(name: string): Promise<string> {
    const filters = JSON.stringify({ label: [`com.docker.swarm.service.name=${name}`] });
    const [container] = await docker.listContainers({ filters });
    return required(container).Id;
  }

  /** Runs a script in a volume. */
  async function shell(name: string, script: string): Promise<void> {
    const [, container] = (await docker.run(sandbox.redisImage, ["-c", script], new PassThrough(), {
      Entrypoint: ["/bin/sh"],
      User: "0",
      WorkingDir: "/volume",
      HostConfig: { Binds: [`${name}:/volume`] },
    })) as [{ StatusCode: number }, Docker.Container];
    await container.remove({ v: true });
  }

  async function removeVolume(name: string): Promise<void> {
    await until(
      () =>
        docker
          .getVolume(name)
          .remove()
          .then(
            () => true,
            (error: unknown) => dockerStatus(error) === 404,
          ),
      `${name} is gone`,
    );
  }
});

function labelsOf(object: { Spec?: { Labels?: Record<string, string> | undefined } | undefined }) {
  return object.Spec?.Labels;
}

function required<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

function ignore(): void {
  // It is gone already.
}

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { Redis } from "ioredis";
import { judgePlan } from "../../impact/judge-plan.ts";
import { remedies } from "../../impact/verdict/remedies.ts";
import { readFacts } from "../../inputs/swarm/facts.ts";
import { factsFrom } from "../../live/swarm-facts.ts";
import type { Plan } from "../../model/plan/plan.ts";
import { dataKeeper } from "../../model/storage/data-location.ts";
import { connectEngine } from "../../swarm/engine/connection.ts";
import { openProgram, type ProgramStack } from "../support/program-stack.ts";
import { sandboxStartMs, sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";

const password = "correct horse battery";
const operationsPassword = "another horse battery";
const port = 21_950;

describe("verdicts on the persistence of a Redis of the components, and what happens", function () {
  this.timeout(240_000);
  let sandbox: SharedSandbox;
  let stack: ProgramStack;

  before(async function () {
    this.timeout(sandboxStartMs);
    sandbox = await sharedSandbox();
    stack = await openProgram(join(import.meta.dirname, "../components/changes/program"), sandbox.dockerHost);
  });
  after(async () => {
    await stack.down();
    await stack.remove();
    for (let attempt = 0; attempt < 40; attempt++) {
      const isGone = await connection()
        .docker.getVolume("persistence-data")
        .remove()
        .then(
          () => true,
          () => false,
        );
      if (isGone) break;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });

  const firstStartUntil = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/u, "Z");
  const connection = () => connectEngine({ host: sandbox.dockerHost, source: "argument", setting: "test" });
  const choose = (persistence: string): Promise<void> =>
    stack.set({
      arguments: JSON.stringify({
        component: "store",
        identity: "test/persistence",
        volumeName: "persistence-data",
        node: sandbox.nodeHostname,
        networks: ["persistence-net"],
        firstStartUntil,
        redis: {
          serviceName: "persistence",
          image: sandbox.redisImage,
          persistence,
          memoryLimit: "64M",
          password,
          operationsPassword,
          publishedPort: port,
        },
      }),
    });
  const connect = (): Redis =>
    new Redis({ host: sandbox.nodeAddress, port, username: "application", password, maxRetriesPerRequest: null });

  /** The longest time without an answer while something is done. */
  async function outageOf(task: () => Promise<unknown>): Promise<number> {
    const client = new Redis({
      host: sandbox.nodeAddress,
      port,
      username: "application",
      password,
      retryStrategy: () => 50,
      maxRetriesPerRequest: null,
    }).on("error", () => undefined);
    const ending = new AbortController();
    let last = performance.now();
    let longest = 0;
    const asking = (async () => {
      while (!ending.signal.aborted) {
        await client.ping();
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    await task();
    ending.abort();
    await asking;
    client.disconnect();
    return longest / 1000;
  }

  it("every key survives every way from one profile to another, as it is said", async () => {
    await choose("durable");
    await stack.up();
    let keys = 0;
    for (const persistence of ["snapshot", "balanced", "snapshot", "durable"]) {
      const client = connect();
      for (let count = 0; count < 500; count++) await client.set(`key${keys++}`, "value");
      client.disconnect();
      await choose(persistence);
      const { live } = readFacts(await factsFrom(connection()), "the swarm");
      const plan = await stack.plan();
      const [verdict] = judgePlan(plan, live).verdicts;
      assert.ok(verdict);
      assert.deepEqual([verdict.fate, verdict.taskEffect], ["interrupted", "replaced"], persistence);
      const seconds = await outageOf(() => stack.up());
      const { leastSeconds, mostSeconds } = verdict.outage;
      assert.ok(
        seconds >= leastSeconds - 1.5 && seconds <= (mostSeconds ?? 0) + 1.5,
        `to ${persistence}: ${seconds} s, expected ${leastSeconds} to ${mostSeconds ?? Infinity} s`,
      );
      const after = connect();
      assert.equal(await after.dbsize(), keys, persistence);
      after.disconnect();
    }
  });

  it("gives commands that a Redis with users takes", async () => {
    const plan = await stack.plan();
    const { lines = [] } = remedies.switchAppendOnlyOn(keeperIn(plan), "persistence");
    const [question, ...commands] = lines;
    assert.match(question ?? "", /^read -rs REDISCLI_AUTH && export REDISCLI_AUTH /u);
    const { dockerProgram = "docker", dockerHost } = sandbox;
    const PATH = `${dirname(dockerProgram)}:${process.env["PATH"] ?? ""}`;
    for (const command of commands) {
      const env = { REDISCLI_AUTH: operationsPassword, DOCKER_HOST: dockerHost, PATH };
      const { stdout } = await execa("sh", ["-c", command], { env });
      assert.match(stdout, /^(?:OK|# Persistence)/u, command);
    }
  });

  function keeperIn({ steps }: Plan) {
    const service = steps.map(({ before }) => before).find((each) => each?.kind === "service");
    assert.ok(service);
    return dataKeeper(service.definition, { images: new Map(), volumes: [] });
  }
});

import assert from "node:assert/strict";
import { readLiveSwarm } from "../../inputs/swarm/definitions.ts";
import { readDefinitions } from "../../policies/definitions.ts";
import { judgeDefinitions, judge } from "../../policies/judge.ts";
import { asLiveSwarm, asStackFile, type Draft } from "./drafts.ts";
import { today } from "./judge-case.ts";
import { store } from "./sample-services.ts";

const told = (...args: string[]): Draft => store({ args: ["redis-server", ...args], configs: [] });

/** The mistakes that were tried against existing checkers of stack files, of which those find seven. */
const mistakes: readonly (readonly [mistake: string, rule: string, drafts: readonly Draft[]])[] = [
  ["no mount on a stateful image", "SS101", [store({ mounts: [] })]],
  ["an anonymous data volume", "SS102", [store({ mounts: [{ target: "/data" }] })]],
  ["a mount at the wrong path", "SS103", [store({ mounts: [{ source: "data", target: "/var/lib/redis" }] })]],
  ["a tmpfs for data", "SS104", [store({ mounts: [{ type: "tmpfs", target: "/data" }] })]],
  [
    "a folder of some node for data",
    "SS105",
    [store({ mounts: [{ type: "bind", source: "/srv", target: "/data" }], constraints: [] })],
  ],
  ["a local volume without a pin", "SS201", [store({ constraints: [] })]],
  ["a pin to a node that does not exist", "SS202", [store({ constraints: ["node.hostname==elsewhere"] })]],
  ["several replicas on one volume", "SS301", [store({ replicas: 3 })]],
  ["global mode with state", "SS302", [store({ mode: "global" })]],
  ["two services on one volume", "SS303", [store({ name: "first" }), store({ name: "second" })]],
  ["start-first on a volume", "SS304", [store({ updateOrder: "start-first" })]],
  ['save "" without an append-only file', "SS402", [told("--save", "")]],
  ["an append-only directory outside the mount", "SS403", [told("--appendonly", "yes", "--dir", "/aof")]],
  ["maxmemory at the limit", "SS405", [told("--maxmemory", "100mb")]],
  ["an evicting store", "SS406", [told("--maxmemory-policy", "allkeys-lru")]],
  ["a grace period too short", "SS407", [store({ grace: "1s" })]],
  ["no health check", "SS408", [Object.assign(store(), { health: undefined })]],
  ["a restart policy that ends", "SS409", [store({ restart: { condition: "on-failure", attempts: 3 } })]],
  ["no memory limit", "SS410", [Object.assign(store(), { memory: undefined })]],
  ["no password", "SS501", [told()]],
  ["a password in the environment", "SS502", [store({ environment: { REDIS_PASSWORD: "hunter2hunter2" } })]],
  ["a floating tag", "SS504", [store({ image: "redis:latest" })]],
];

describe("the mistakes that others miss", () => {
  it("are twenty-two", () => {
    assert.equal(mistakes.length, 22);
  });

  for (const [mistake, rule, drafts] of mistakes) {
    it(`finds ${mistake} in a stack file and in a live swarm`, () => {
      const nodes = [{ hostname: "one" }, { hostname: "two" }];
      const live = readLiveSwarm(asLiveSwarm(drafts, [], nodes));
      const { estate } = readDefinitions(asStackFile(drafts), { file: "stack.yml" });
      for (const found of [
        judgeDefinitions({ estate: { ...estate, nodes: live.nodes } }, { today }),
        judge(live, { today }),
      ]) {
        assert.ok(
          found.some((finding) => finding.rule === rule && finding.result === "fail"),
          JSON.stringify(found.map((finding) => finding.rule)),
        );
      }
    });
  }

  it("are not found in a store that makes none of them", () => {
    const live = readLiveSwarm(asLiveSwarm([store()], [], [{ hostname: "one" }]));
    assert.deepEqual(judge(live, { today }), []);
  });
});

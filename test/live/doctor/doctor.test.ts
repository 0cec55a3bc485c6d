import assert from "node:assert/strict";
import { diagnose } from "../../../live/doctor/doctor.ts";
import type { HostFacts } from "../../../live/host-facts.ts";
import { noneOf, type Inventory } from "../../../live/inventory.ts";
import type { SwarmNode } from "../../../model/service/definition.ts";
import { findEngine } from "../../../swarm/engine/connection.ts";
import type { EngineReport } from "../../../swarm/engine/report.ts";

describe("the doctor", () => {
  const host = "unix:///run/docker.sock";
  const report: EngineReport = {
    host,
    isLocal: true,
    hostname: "one",
    engineVersion: "20.10.24+dfsg1",
    apiVersion: "1.41",
    dataRoot: "/var/lib/docker",
    clockAheadSeconds: 0.1,
    swarmState: "active",
    isManager: true,
    nodeId: "id-one",
  };
  const node: SwarmNode = {
    id: "id-one",
    hostname: "one",
    role: "manager",
    availability: "active",
    state: "ready",
    address: "10.0.0.1",
    os: "linux",
    architecture: "x86_64",
    labels: {},
    engineLabels: {},
  };
  const healthy: HostFacts = {
    overcommitMemory: 1,
    hugePages: "madvise",
    hasIpvs: true,
    hasVxlan: true,
    disk: { freeBytes: 50e9, totalBytes: 100e9 },
  };
  const inventory = (changes: { report?: Partial<EngineReport>; nodes?: SwarmNode[]; unseen?: string[] } = {}) =>
    ({
      takenAt: "2026-11-23T00:00:00.000Z",
      engines: [{ host, connection: findEngine({ host }), report: { ...report, ...changes.report } }],
      swarm: { nodes: changes.nodes ?? [node], services: [], tasks: [], raw: { nodes: [], configs: [] } },
      volumes: [],
      unseenNodes: changes.unseen ?? [],
    }) satisfies Inventory;
  const ill = (looked: Inventory, facts: HostFacts = healthy) =>
    diagnose(looked, new Map([[host, facts]]))
      .filter(({ result }) => result !== "good")
      .map(({ where, check, result, fix }) => {
        assert.ok(fix, `${check} has no fix`);
        return [where, check, result];
      });

  it("finds nothing in a healthy swarm", () => {
    assert.deepEqual(ill(inventory()), []);
  });

  const worker = (name: string): SwarmNode => ({ ...node, id: `id-${name}`, hostname: name, role: "worker" });
  const cases: [string, Inventory, HostFacts, string[]][] = [
    ["an old engine", inventory({ report: { engineVersion: "19.03.15" } }), healthy, ["one", "engine", "problem"]],
    ["an engine in no swarm", inventory({ report: { swarmState: "inactive" } }), healthy, ["one", "swarm", "problem"]],
    ["a locked swarm", inventory({ report: { swarmState: "locked" } }), healthy, ["one", "swarm", "problem"]],
    ["a clock ahead", inventory({ report: { clockAheadSeconds: 2.5 } }), healthy, ["one", "clock", "warning"]],
    ["a clock behind", inventory({ report: { clockAheadSeconds: -9 } }), healthy, ["one", "clock", "warning"]],
    ["overcommit off", inventory(), { ...healthy, overcommitMemory: 0 }, ["one", "memory overcommit", "warning"]],
    ["huge pages", inventory(), { ...healthy, hugePages: "always" }, ["one", "huge pages", "warning"]],
    ["no IPVS", inventory(), { ...healthy, hasIpvs: false }, ["one", "routing mesh", "warning"]],
    ["no VXLAN", inventory(), { ...healthy, hasVxlan: false }, ["one", "overlay networks", "problem"]],
    [
      "a kernel that does not say whether it has VXLAN",
      inventory(),
      { ...healthy, hasVxlan: undefined },
      ["one", "overlay networks", "not checked"],
    ],
    ["no manager that answers", { ...inventory(), swarm: undefined }, healthy, ["swarm", "managers", "problem"]],
    [
      "a full disk",
      inventory(),
      { ...healthy, disk: { freeBytes: 9e9, totalBytes: 100e9 } },
      ["one", "disk", "warning"],
    ],
    [
      "an even number of managers",
      inventory({ nodes: [node, { ...worker("two"), role: "manager" }] }),
      healthy,
      ["swarm", "managers", "warning"],
    ],
    [
      "a lost node",
      inventory({ nodes: [node, { ...worker("two"), state: "down" }] }),
      healthy,
      ["swarm", "nodes", "warning"],
    ],
    [
      "a hostname twice",
      inventory({ nodes: [node, { ...worker("one"), id: "other" }] }),
      healthy,
      ["swarm", "hostnames", "problem"],
    ],
    ["a node not asked", inventory({ unseen: ["two"] }), healthy, ["swarm", "reach", "not checked"]],
  ];
  for (const [what, looked, facts, expected] of cases) {
    it(`finds ${what}, and nothing else`, () => {
      assert.deepEqual(ill(looked, facts), [expected]);
    });
  }

  it("says what it could not see of a host on another machine", () => {
    const [diagnosis] = diagnose(inventory(), new Map()).filter(({ result }) => result === "not checked");
    assert.equal(diagnosis?.check, "host");
  });

  it("finds an engine that does not answer", () => {
    const silent = { ...inventory(), engines: [{ host: "tcp://10.9.9.9:2375", problem: "no answer within 3 s" }] };
    assert.deepEqual(ill({ ...silent, swarm: undefined }), [["tcp://10.9.9.9:2375", "engine", "problem"]]);
  });

  it("says of an engine that cannot be asked what is to be done about that", () => {
    const fix = "Add the user to the group of the socket";
    const closed = { ...inventory(), engines: [{ host, problem: "permission denied", fix }], swarm: undefined };
    const [diagnosis] = diagnose(closed, new Map());
    assert.deepEqual([diagnosis?.found, diagnosis?.fix], ["permission denied", fix]);
    const refused = noneOf(closed, "an engine that answers");
    assert.equal(refused.got, `${host} (permission denied)`);
    assert.equal(refused.fix, fix);
  });
});

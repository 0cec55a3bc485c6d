import assert from "node:assert/strict";
import fc from "fast-check";
import {
  compareTasks,
  differences,
  type ComparisonFacts,
  type TaskTemplate,
} from "../../../model/plan/task-template.ts";
import { notKnown, secretMark } from "../../../model/service/definition.ts";

const paths = { placement: "placement", rest: "task", endpoint: "endpoint" };

function template(parts: Partial<TaskTemplate>): TaskTemplate {
  return { placement: {}, rest: {}, endpoint: {}, hiddenChanges: [], isExact: false, paths, ...parts };
}

const facts: ComparisonFacts = { nodeSatisfies: true, hasOtherPlacement: false, enforcesEndpoint: false };
const pinned = { placement: { constraints: ["node.hostname==a"] } };
const moved = { placement: { constraints: ["node.hostname==b"] } };
const onPort = (port: number) => ({ endpoint: { ports: [{ targetPort: 1, publishedPort: port }] } });

/** swarmkit's `IsTaskDirty`, all combinations of what differs and what is known. */
const rule: readonly [
  string,
  Partial<TaskTemplate>,
  Partial<TaskTemplate>,
  Partial<ComparisonFacts>,
  boolean | typeof notKnown,
  boolean,
][] = [
  ["nothing", {}, {}, {}, false, false],
  ["nothing, but the platforms", {}, {}, { hasOtherPlacement: true }, false, false],
  ["the task", { rest: { a: 1 } }, { rest: { a: 2 } }, {}, true, false],
  ["the task and the placement", { rest: { a: 1 }, ...pinned }, { rest: { a: 2 }, ...moved }, {}, true, false],
  ["the placement, which the node satisfies", pinned, moved, {}, false, false],
  ["the placement, which the node does not satisfy", pinned, moved, { nodeSatisfies: false }, true, false],
  ["the placement, and the node is not known", pinned, moved, { nodeSatisfies: notKnown }, notKnown, false],
  ["the endpoint", onPort(1), onPort(2), {}, true, false],
  ["the endpoint and the platforms", onPort(1), onPort(2), { hasOtherPlacement: true }, false, true],
  [
    "the endpoint, and whether the platforms do is not known",
    onPort(1),
    onPort(2),
    { hasOtherPlacement: notKnown },
    notKnown,
    false,
  ],
  [
    "the endpoint and the platforms, by an executor that sees to it",
    onPort(1),
    onPort(2),
    { hasOtherPlacement: true, enforcesEndpoint: true },
    true,
    false,
  ],
  ["the endpoint and a placement that holds", { ...onPort(1), ...pinned }, { ...onPort(2), ...moved }, {}, false, true],
];

describe("when Swarm replaces a task", () => {
  for (const [what, before, after, more, isReplaced, endpointStays] of rule) {
    it(`differs: ${what}`, () => {
      const answer = compareTasks(template(before), template(after), { ...facts, ...more });
      assert.deepEqual([answer.isReplaced, answer.stale.length > 0], [isReplaced, endpointStays]);
    });
  }

  it("counts a secret that the planner says changes", () => {
    const hidden = template({ rest: { env: { A: secretMark } }, hiddenChanges: ["task.env.A"] });
    assert.equal(compareTasks(template({ rest: { env: { A: secretMark } } }), hidden, facts).isReplaced, true);
  });
});

describe("differences between two trees", () => {
  const paths = (before: unknown, after: unknown): string[] => differences(before, after, "t").map(({ path }) => path);

  it("take Go's zero values for left out", () => {
    assert.deepEqual(paths({ a: 0, b: "", c: null, d: [], e: false, f: { g: 0 } }, {}), []);
  });

  it("compare durations by their length, where they are durations", () => {
    assert.deepEqual(paths({ interval: "60s", note: "60s" }, { interval: "1m", note: "1m" }), ["t.note"]);
  });

  it("match mounts by their target, ports by what they lead to, labels by name", () => {
    const before = {
      mounts: [
        { target: "/a", source: "x" },
        { target: "/b", source: "y" },
      ],
    };
    const after = {
      mounts: [
        { target: "/b", source: "z" },
        { target: "/a", source: "x" },
      ],
    };
    assert.deepEqual(differences(before, after, ""), [{ path: "mounts[0].source", before: "y", after: "z" }]);
    assert.deepEqual(paths({ mounts: [{ target: "/a" }] }, {}), ["t.mounts[0]"]);
    assert.deepEqual(
      paths(
        { labels: [{ label: "a", value: "1" }, { label: "b" }] },
        { labels: [{ label: "b" }, { label: "a", value: "2" }] },
      ),
      ["t.labels[1].value"],
    );
  });

  it("do not care for the order of constraints, but for that of arguments", () => {
    assert.deepEqual(
      paths({ constraints: ["a", "b"], args: ["a", "b"] }, { constraints: ["b", "a"], args: ["b", "a"] }),
      ["t.args[0]", "t.args[1]"],
    );
  });

  it("are found under names that every object inherits", () => {
    assert.deepEqual(paths({}, { env: { constructor: "a" } }), ["t.env.constructor"]);
    assert.deepEqual(paths({ valueOf: ["a"] }, { valueOf: ["b"] }), ["t.valueOf[0]"]);
  });

  it("are none between a tree and itself, and the same in number both ways", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        assert.deepEqual(differences(one, one, ""), []);
        assert.deepEqual(differences(one, structuredClone(one), ""), []);
        assert.equal(differences(one, other, "").length > 0, differences(other, one, "").length > 0);
      }),
    );
  });
});

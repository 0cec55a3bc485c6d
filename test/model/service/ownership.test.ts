import assert from "node:assert/strict";
import {
  foreignUse,
  hasPassedToAnother,
  labelsOfOwner,
  ownerInLabels,
  ownershipOf,
  type OwnershipTraces,
  type VolumeUse,
} from "../../../model/service/ownership.ts";

const own = { project: "shop", stack: "prod" };
const dev = labelsOfOwner({ project: "shop", stack: "dev" });
const mine = labelsOfOwner(own);
const user = (name: string, labels: VolumeUse["labels"] = null): VolumeUse => ({ kind: "service", name, labels });

/** What is found on a volume, and whose it is. */
const cases: readonly [what: string, traces: OwnershipTraces, answer: string][] = [
  ["labels of the stack", { labels: mine }, "ours"],
  ["labels of another stack", { labels: dev }, "the stack dev of the project shop"],
  ["labels of the stack, and data of another store", { labels: mine, store: "shop/dev/redis" }, "ours"],
  [
    "labels of another stack, and the mark of this one",
    { labels: dev, store: "shop/prod/redis" },
    "the stack dev of the project shop",
  ],
  ["one of the two labels alone", { labels: { "holdfast.project": "shop" } }, "unknown"],
  ["a stack of docker", { labels: { "com.docker.stack.namespace": "web" } }, "the stack web of docker stack deploy"],
  ["the mark of the stack", { labels: {}, store: "shop/prod/redis" }, "ours"],
  [
    "the mark of another stack",
    { labels: null, store: "shop/dev/redis" },
    "the store shop/dev/redis, as its mark says",
  ],
  [
    "the mark of a stack whose name begins the same",
    { labels: null, store: "shop/production/redis" },
    "the store shop/production/redis, as its mark says",
  ],
  ["a service of the stack", { labels: null, users: [user("known", mine)] }, "ours"],
  [
    "a service with the labels of the stack that its state does not know",
    { labels: null, users: [user("known", mine), user("a", mine)] },
    "the service a, which mounts it and is this stack's by its labels, but is managed from elsewhere: another checkout with the same project and stack name, or a lost state",
  ],
  ["a service that the state knows", { labels: null, users: [user("known")] }, "ours"],
  [
    "a service of another stack",
    { labels: null, users: [user("known"), user("b", dev)] },
    "the service b of the stack dev of the project shop, which mounts it",
  ],
  ["a service of nobody", { labels: null, users: [user("c")] }, "the service c, which mounts it"],
  [
    "a container",
    { labels: null, users: [{ kind: "container", name: "known", labels: {} }] },
    "the container known, which mounts it",
  ],
  ["the mark that a service of the stack sets", { labels: null, store: "custom" }, "ours"],
  ["nothing", { labels: {} }, "unknown"],
];

describe("whose a volume is", () => {
  for (const [what, traces, answer] of cases)
    it(`is told by ${what}: ${answer}`, () => {
      const ownership = ownershipOf(traces, own, { services: new Set(["known"]), store: "custom" });
      assert.equal(ownership.kind === "another's" ? ownership.owner : ownership.kind, answer);
    });

  it("does not hinder that somebody else mounts it", () => {
    const traces = { labels: mine, users: [user("known", mine), user("known"), user("other", dev)] };
    assert.equal(
      foreignUse(traces, own, { services: new Set(["known"]) }),
      "the service other of the stack dev of the project shop, which mounts it",
    );
    assert.equal(foreignUse({ labels: dev, users: [user("a", mine)] }, own), undefined);
    assert.match(
      foreignUse({ labels: mine, users: [user("a", mine)] }, own, { services: new Set(["b"]) }) ?? "",
      /^the service a, which mounts it .* managed from elsewhere/,
    );
  });

  it("is not told by a container that does not run, which only keeps it from being deleted", () => {
    const traces: OwnershipTraces = {
      labels: {},
      users: [{ kind: "container", name: "left", labels: {}, isStopped: true }],
    };
    assert.equal(ownershipOf(traces, own).kind, "unknown");
    assert.equal(foreignUse(traces, own), undefined);
    assert.equal(foreignUse(traces, own, {}, true), "the container left, which mounts it");
  });

  it("has passed to another stack where labels say so, and none where the state knew it without labels, but for a successor", () => {
    const passed = (found: VolumeUse["labels"], known: VolumeUse["labels"]) =>
      [false, true].map((isSuccessor) => hasPassedToAnother(found, known, isSuccessor));
    assert.deepEqual(passed(dev, mine), [true, true]);
    assert.deepEqual(passed(mine, mine), [false, false]);
    assert.deepEqual(passed(mine, null), [false, true]);
    assert.deepEqual(passed({}, mine), [false, false]);
  });

  it("is read as it was written", () => {
    assert.deepEqual(ownerInLabels(labelsOfOwner(own)), own);
  });
});

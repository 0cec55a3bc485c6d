import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, stateless, one, two } from "../sample-services.ts";

/** What SS203 must say. */
export const cases: readonly RuleCase[] = [
  {
    drafts: [store({ constraints: ["node.labels.disk==ssd"] })],
    nodes: [one, { hostname: "two", labels: { disk: "ssd" }, state: "down" }],
    expected: { fail: '2 nodes satisfy the constraints: "one" ("id-one"), "two" ("id-two").' },
  },
  { drafts: [store({ constraints: ["node.labels.disk==ssd"] })], nodes: [one, two], expected: "pass" },
  {
    drafts: [store({ constraints: ["node.labels.disk==ssd"] })],
    nodes: [one, { hostname: "two", labels: { disk: "SSD" } }],
    expected: { fail: '2 nodes satisfy the constraints: "one" ("id-one"), "two" ("id-two").' },
  },
  {
    drafts: [store({ constraints: ["node.hostname==ONE"] })],
    nodes: [one, { hostname: "one", id: "other" }],
    expected: { fail: '2 nodes satisfy the constraints: "one" ("id-one"), "one" ("other").' },
  },
  { drafts: [store()], nodes: [one, { hostname: "one", id: "gone", state: "down" }], expected: "pass" },
  {
    drafts: [store()],
    expected: {
      unverifiable: "Whether exactly one node satisfies the constraints is not known without the live nodes.",
    },
  },
  {
    drafts: [store({ constraints: [unknown, "node.labels.disk==ssd"] })],
    nodes: [one],
    inputs: ["stack file"],
    expected: { unverifiable: "Whether exactly one node satisfies the constraints is not known yet." },
  },
  { drafts: [store({ constraints: ["node.id==abc"] })], expected: "pass" },
  { drafts: [store({ constraints: ["node.role==manager"] })], nodes: [one, two], expected: "not applicable" },
  { drafts: [store({ mode: "global" })], nodes: [one, two], expected: "not applicable" },
  { drafts: [stateless()], nodes: [one, two], expected: "not applicable" },
  {
    drafts: [store({ constraints: ["node.labels.disk==ssd"], labels: { "holdfast.shared": "Ceph" } })],
    nodes: [one, { hostname: "two", labels: { disk: "ssd" } }],
    expected: "not applicable",
  },
];

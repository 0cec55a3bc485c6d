import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, stateless, one, two } from "../sample-services.ts";

/** What SS204 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], expected: "pass" },
  {
    drafts: [store({ constraints: ["node.id==abc"] })],
    expected: { fail: "The pin is a node's id, which the node loses when it leaves the swarm and joins again." },
  },
  { drafts: [store()], nodes: [one, two], expected: "pass" },
  {
    drafts: [store()],
    nodes: [one, { hostname: "One", id: "gone", state: "down" }],
    expected: { fail: '2 nodes carry the hostname "one".' },
  },
  { drafts: [store({ constraints: ["node.labels.disk==ssd"] })], expected: "not applicable" },
  { drafts: [stateless({ constraints: ["node.id==abc"] })], expected: "not applicable" },
  { drafts: [store({ constraints: [unknown] })], expected: "not applicable" },
];

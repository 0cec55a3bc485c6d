import { unknown } from "../drafts.ts";
import type { RuleCase } from "../rule-case.ts";
import { store, mounted, stateless, one, two } from "../sample-services.ts";

/** What SS202 must say. */
export const cases: readonly RuleCase[] = [
  { drafts: [store()], nodes: [one, two], expected: "pass" },
  {
    drafts: [store({ constraints: ["node.hostname==elsewhere"] })],
    nodes: [one, two],
    expected: { fail: 'None of the 2 nodes satisfies "node.hostname==elsewhere"; there are "one", "two".' },
  },
  {
    drafts: [store({ constraints: ["node.hostname==one", "node.hostname==two"] })],
    expected: { fail: 'No node can satisfy both "node.hostname==one" and "node.hostname==two".' },
  },
  {
    drafts: [store()],
    expected: { unverifiable: "Whether a node satisfies the constraints is not known without the live nodes." },
  },
  {
    drafts: [store({ constraints: [unknown] })],
    nodes: [one],
    inputs: ["stack file"],
    expected: { unverifiable: "Whether a node satisfies the constraints is not known yet." },
  },
  { drafts: [store({ constraints: [] })], nodes: [one], expected: "not applicable" },
  { drafts: [store({ constraints: ["node.role==manager"] })], expected: "not applicable" },
  { drafts: [stateless({ constraints: ["node.hostname==elsewhere"] })], nodes: [one], expected: "not applicable" },
  {
    drafts: [
      mounted(
        { source: "data", target: "/data", options: { type: "nfs" } },
        { constraints: ["node.hostname==elsewhere"] },
      ),
    ],
    nodes: [one],
    expected: "not applicable",
  },
];

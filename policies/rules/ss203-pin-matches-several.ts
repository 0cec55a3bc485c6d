import { matchingNodes } from "../../model/placement/constraints.ts";
import { isKnown, type SwarmNode } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const pinMatchesSeveral: Rule = {
  id: "SS203",
  name: "pin-matches-several",
  level: "error",
  reason: "The task may start on any of them, and each has its own volume of that name.",
  fix: "Leave the label on one node, or add a constraint that only one of them satisfies.",
  check({ service, dataVolumes, index, pin, isShared }) {
    const { constraints, paths } = service;
    if (pin.kind === "none" || service.mode === "global" || isShared) return notApplicable;
    if (!dataVolumes.some(({ isBind, storage }) => isBind || storage === "local" || !isKnown(storage)))
      return notApplicable;
    if (pin.kind === "names a node" && pin.by === "node id") return pass;
    if (index.nodes === undefined) {
      return unverifiable(
        paths.constraints,
        "Whether exactly one node satisfies the constraints is not known without the live nodes.",
        "Judge it with --swarm.",
      );
    }
    const matching = matchingNodes(constraints, index.nodes);
    if (!isKnown(matching))
      return unverifiable(paths.constraints, "Whether exactly one node satisfies the constraints is not known yet.");
    const candidates = withoutTraces(matching);
    if (candidates.length < 2) return pass;
    const names = candidates.map(({ hostname, id }) => `${quoted(hostname)} (${quoted(id.slice(0, 12))})`).slice(0, 10);
    return fail(paths.constraints, `${candidates.length} nodes satisfy the constraints: ${names.join(", ")}.`);
  },
};

/** A node that left and rejoined under the same name leaves an old entry that stays down (moby#24106): SS204. */
function withoutTraces(nodes: readonly SwarmNode[]): readonly SwarmNode[] {
  return nodes.filter(
    (node) =>
      node.state !== "down" || !nodes.some((other) => other.state !== "down" && other.hostname === node.hostname),
  );
}

import { contradictionIn, matchingNodes } from "../../model/placement/constraints.ts";
import { isKnown, type Constraint, type SwarmNode } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, unverifiable, type Rule } from "../rule.ts";

export const pinMatchesNoNode: Rule = {
  id: "SS202",
  name: "pin-matches-no-node",
  level: "error",
  reason: "If no node satisfies the constraints, Swarm leaves the task pending indefinitely, without an error.",
  fix: "Name a node as `docker node ls` shows it, or put the label on a node.",
  check({ service, dataVolumes, index, pin }) {
    const { constraints, paths } = service;
    if (!dataVolumes.some(({ isBind, storage }) => isBind || storage !== "network")) return notApplicable;
    if (isKnown(constraints) && constraints.length === 0) return notApplicable;
    const contradiction = contradictionIn(constraints);
    if (contradiction !== undefined) {
      const texts = contradiction.map((each) => (isKnown(each.text) ? quoted(each.text) : "a constraint"));
      return fail(paths.constraints, `No node can satisfy both ${texts.join(" and ")}.`, { fix: "Keep one of them." });
    }
    if (index.nodes === undefined) {
      if (pin.kind === "none") return notApplicable;
      return unverifiable(
        paths.constraints,
        "Whether a node satisfies the constraints is not known without the live nodes.",
        "Judge it with --swarm.",
      );
    }
    const matching = matchingNodes(constraints, index.nodes);
    if (!isKnown(matching))
      return unverifiable(paths.constraints, "Whether a node satisfies the constraints is not known yet.");
    if (matching.length > 0) return pass;
    return fail(paths.constraints, noneSatisfies(isKnown(constraints) ? constraints : [], index.nodes));
  },
};

/** What was asked for, and what nodes there are instead. */
function noneSatisfies(constraints: readonly Constraint[], nodes: readonly SwarmNode[]): string {
  const texts = constraints.map(({ text }) => (isKnown(text) ? quoted(text) : "a constraint that is not known"));
  const wanted = texts.join(" and ");
  const [only, ...others] = nodes.map(({ hostname }) => quoted(hostname)).slice(0, 10);
  if (only === undefined) return `There is no node that could satisfy ${wanted}.`;
  if (others.length === 0) return `The only node, ${only}, does not satisfy ${wanted}.`;
  return `None of the ${nodes.length} nodes satisfies ${wanted}; there are ${[only, ...others].join(", ")}.`;
}

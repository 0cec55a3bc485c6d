import { isKnown } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { fail, notApplicable, pass, type Rule } from "../rule.ts";

export const fragilePin: Rule = {
  id: "SS204",
  name: "fragile-pin",
  level: "warning",
  reason: "A node that leaves the swarm and rejoins gets a new id, and its old entry keeps the hostname.",
  fix: "Pin by a label that exactly one node carries (docker node update --label-add).",
  yieldsTo: ["SS203"],
  check({ service, dataVolumes, index, pin }) {
    if (pin.kind !== "names a node" || dataVolumes.length === 0 || !isKnown(service.constraints)) return notApplicable;
    const path = `${service.paths.constraints}[${pin.index}]`;
    if (pin.by === "node id")
      return fail(path, "The pin is a node's id, which the node loses when it leaves the swarm and joins again.");
    if (pin.by !== "hostname" || index.nodes === undefined) return pass;
    // A value that is not known equals no node's name.
    const hostname = String(service.constraints[pin.index]?.value);
    const carriers = index.nodes.filter((node) => node.hostname.toLowerCase() === hostname.toLowerCase());
    return carriers.length < 2 ? pass : fail(path, `${carriers.length} nodes carry the hostname ${quoted(hostname)}.`);
  },
};

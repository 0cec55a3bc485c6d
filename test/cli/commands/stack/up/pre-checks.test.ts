import assert from "node:assert/strict";
import { onlyNode, requireNode } from "../../../../../cli/commands/stack/up/pre-checks.ts";
import type { ListedNode } from "../../../../../swarm/engine/connection.ts";

describe("checks before an update", () => {
  const nodes = ["alpha", "beta"].map(node);

  it("refuse a pin to a node that does not exist, with those that do and the setting", () => {
    assert.throws(
      () => {
        requireNode("gamma", nodes);
      },
      {
        name: "InputError",
        message:
          'holdfast:node: expected the hostname of a node of this swarm (alpha, beta), got "gamma". Set one of them with `npx holdfast config set node <hostname>`; existing data stays on its old node.',
      },
    );
  });

  it("accept a node in any case, as Swarm compares hostnames", () => {
    requireNode("ALPHA", nodes);
  });

  it("choose the node of a swarm that has one, and leave the choice where there are several", () => {
    assert.equal(onlyNode([node("alpha")]), "alpha");
    assert.throws(() => onlyNode(nodes), /^InputError: holdfast:node: expected .* one of alpha, beta, got nothing\. /);
  });
});

function node(hostname: string): ListedNode {
  const rest = { role: "manager", availability: "active", state: "ready", address: "10.0.0.1", labels: {} } as const;
  return { id: hostname, hostname, ...rest };
}

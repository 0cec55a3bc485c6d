import assert from "node:assert/strict";
import type { Inventory } from "../../../live/inventory.ts";
import { planRescue } from "../../../live/rescue/plan.ts";

const inventory: Inventory = { takenAt: "", engines: [], swarm: undefined, volumes: [], unseenNodes: [] };

describe("a rescue", () => {
  it("says of a volume that does not exist just that, whatever else is missing", () =>
    assert.rejects(planRescue(inventory, { volume: "nope" }, new AbortController().signal), {
      message:
        'volume: expected a volume on a node whose engine was queried, got "nope", which does not exist. List the volumes with `npx holdfast rescue`.',
    }));
});

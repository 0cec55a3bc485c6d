import assert from "node:assert/strict";
import type { ServiceSpec } from "../../../swarm/api/objects.ts";
import { countForState, withLiveCount } from "../../../swarm/service/replacement-count.ts";

describe("the count of a task's replacements", () => {
  const spec = (count: number, port = 6379): ServiceSpec => ({
    Name: "store",
    TaskTemplate: { ForceUpdate: count },
    Mode: {},
    EndpointSpec: { Ports: [{ TargetPort: 6379, PublishedPort: port }] },
  });
  const sent = (update: Parameters<typeof withLiveCount>[0]) => withLiveCount(update).TaskTemplate.ForceUpdate;

  it("stays as somebody has counted it on, and is not told to the state", () => {
    const update = { declared: spec(7), live: spec(9), known: 7 };
    assert.equal(sent(update), 9);
    assert.equal(countForState(spec(9), update), 7);
  });

  it("is the program's where the program has changed it, and where the endpoint changes", () => {
    assert.equal(sent({ declared: spec(8), live: spec(9), known: 7 }), 8);
    const moved = { declared: spec(7, 6380), live: spec(9), known: 7 };
    assert.equal(sent(moved), 7);
    assert.equal(countForState(spec(7), moved), 7);
    assert.equal(sent({ declared: spec(7), live: undefined, known: 7 }), 7);
  });

  it("is the former one in the state after Swarm has taken the update back", () => {
    const update = { declared: spec(8, 6380), live: spec(9), known: 7 };
    assert.equal(countForState(spec(8, 6380), update), 8);
    assert.equal(countForState(spec(9), update), 7);
    assert.equal(countForState(spec(12), update), 12);
  });
});

import assert from "node:assert/strict";
import { userWords } from "../../../engine/provider/resources/volume.ts";
import { helperLabel } from "../../../model/service/object-labels.ts";

describe("a container that keeps a volume from being deleted", () => {
  const container = { Names: ["/holder"], State: "created", Labels: {} };

  it("is described by its name, its state and its service", () => {
    assert.equal(userWords(container), "holder (created)");
    const Labels = { "com.docker.swarm.service.name": "cart" };
    assert.equal(userWords({ ...container, State: "running", Labels }), 'holder (running, of the service "cart")');
  });

  it("is described with the command that removes it where a killed run of Holdfast may have left it", () => {
    assert.equal(
      userWords({ ...container, Labels: { [helperLabel]: "store" } }),
      "holder (a helper container of Holdfast; if no Holdfast command is running, a killed one left it behind: run `docker rm -f holder` on its node)",
    );
  });
});

import assert from "node:assert/strict";
import { showProperty } from "../../model/shown-values.ts";

describe("values of a plan", () => {
  it("are shown where they say something about data", () => {
    assert.equal(showProperty("taskSpec.containerSpec.image", "redis:7"), "redis:7");
    assert.equal(showProperty("services.db.volumes[0].source", "data"), "data");
    assert.equal(
      showProperty("services.db.volumes[0]", { type: "volume", source: "data", target: "/d" }),
      "volume data at /d",
    );
  });

  it("are hidden where people choose the names, whatever these are", () => {
    for (const holder of [
      "taskSpec.containerSpec.env",
      "services.db.environment",
      "services.db.labels",
      "logging.options",
    ])
      assert.equal(showProperty(`${holder}.name`, "hunter2"), undefined);
    assert.equal(showProperty("services.db.environment[0]", "PASSWORD=hunter2"), undefined);
  });
});

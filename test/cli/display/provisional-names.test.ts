import assert from "node:assert/strict";
import { withoutProvisionalNames } from "../../../cli/display/provisional-names.ts";
import type { StepMetadata, StepOperation } from "../../../engine/model/events.ts";
import { unknownSentinel } from "../../../engine/model/wire-value.ts";
import { begins, numbered, step, urns } from "./events.ts";

describe("automatic names in a plan", () => {
  const named = (name: string, more: object = {}) => ({
    inputs: { __defaults: ["name"], name, ...more },
    outputs: { name },
  });
  const shown = (op: StepOperation, old: object | undefined, next: object) => {
    const state = (part: object) => ({ urn: urns.conf, type: "docker:index/serviceConfig:ServiceConfig", ...part });
    const made: Partial<StepMetadata> = { ...(old && { old: state(old) }), new: state(next) };
    const user = step("update", urns.redis, {
      new: { urn: urns.redis, type: "s", inputs: { configs: [{ configName: "conf-2" }] } },
    });
    const hide = withoutProvisionalNames();
    return numbered([begins(step(op, urns.conf, made), true), begins(user, true)]).map(
      (event) => hide(event).resourcePreEvent?.metadata.new,
    );
  };

  it("are not known where something is made, and wherever they are named", () => {
    const [config, service] = shown("create-replacement", named("conf-1"), named("conf-2"));
    assert.deepEqual(config?.["outputs"], { name: unknownSentinel });
    assert.deepEqual(service?.["inputs"], { configs: [{ configName: unknownSentinel }] });
  });

  it("stay where they are kept, and where the program gives them", () => {
    const [kept] = shown("update", named("conf-2"), named("conf-2"));
    assert.deepEqual(kept?.["outputs"], { name: "conf-2" });
    const [given] = shown("create", undefined, { inputs: { __defaults: [], name: "conf-2" } });
    assert.deepEqual(given?.["inputs"], { __defaults: [], name: "conf-2" });
  });
});

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import analyzerProto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { EnforcementLevel } from "@pulumi/pulumi/proto/analyzer_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";

import { configureRequest, enforcementLevels } from "../../../engine/policy/configuration.ts";

describe("the configuration of a policy pack", () => {
  let file: string;

  before(() => {
    file = join(mkdtempSync(join(tmpdir(), "holdfast-pack-")), "configuration.json");
  });
  after(() => {
    rmSync(join(file, ".."), { recursive: true });
  });

  /** What a pack with one policy is sent, whose `limit` is asked for and whose `unit` has a default. */
  function configured(given?: unknown, initial: Record<string, { level?: EnforcementLevel; settings?: object }> = {}) {
    const schema = new analyzerProto.PolicyConfigSchema()
      .setProperties(
        structProto.Struct.fromJavaScript({ limit: { type: "number" }, unit: { type: "string", default: "MiB" } }),
      )
      .setRequiredList(["limit"]);
    const policy = new analyzerProto.PolicyInfo()
      .setName("size")
      .setEnforcementlevel(analyzerProto.EnforcementLevel.ADVISORY)
      .setConfigschema(schema);
    const info = new analyzerProto.AnalyzerInfo().setName("pack").setPoliciesList([policy]);
    for (const [name, { level = analyzerProto.EnforcementLevel.ADVISORY, settings = {} }] of Object.entries(initial))
      info.getInitialconfigMap().set(
        name,
        new analyzerProto.PolicyConfig()
          .setEnforcementlevel(level)
          // What a test writes down is JSON.
          .setProperties(structProto.Struct.fromJavaScript(settings as Record<string, structProto.JavaScriptValue>)),
      );
    if (given !== undefined) writeFileSync(file, JSON.stringify(given));
    const config = configureRequest(info, given === undefined ? undefined : file)
      .getPolicyconfigMap()
      .get("size");
    return {
      level: config && enforcementLevels[config.getEnforcementlevel()],
      settings: config?.getProperties()?.toJavaScript(),
    };
  }

  it("is the schema's defaults, then what the pack sets, then what the file sets", () => {
    const initial = { size: { level: analyzerProto.EnforcementLevel.DISABLED, settings: { limit: 3 } } };
    assert.deepEqual(configured(undefined, initial), { level: "disabled", settings: { limit: 3, unit: "MiB" } });
    assert.deepEqual(configured({ size: { enforcementLevel: "mandatory", limit: 5, unit: "GiB" } }, initial), {
      level: "mandatory",
      settings: { limit: 5, unit: "GiB" },
    });
  });

  it("sets the level of all policies at once, but not that of one which is named", () => {
    const limit = { limit: 5 };
    assert.equal(configured({ all: "mandatory", size: limit }).level, "mandatory");
    assert.equal(
      configured({ all: "mandatory", size: { enforcementLevel: "remediate", ...limit } }).level,
      "remediate",
    );
    const all = { all: { level: analyzerProto.EnforcementLevel.MANDATORY } };
    assert.equal(configured({ size: limit }, all).level, "mandatory");
    assert.deepEqual(configured({ all: { unit: "GiB" }, size: limit }).settings, { limit: 5, unit: "MiB" });
  });

  it("is refused where a setting is missing or of another type than the schema asks for", () => {
    assert.throws(() => configured({}), /policy size of pack: limit: expected a setting .*received undefined/);
    assert.throws(() => configured({ size: { limit: "five" } }), /limit: expected a setting .*received string/);
  });

  it("is refused where the file holds something else, by its path", () => {
    assert.throws(() => configured({ size: "loud" }), new RegExp(`${file}: expected a JSON object of policy names`));
  });
});

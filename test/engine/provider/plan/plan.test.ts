import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isPropertyMap,
  Secret,
  Unknown,
  type PropertyMap,
  type PropertyValue,
} from "../../../../engine/model/property-value.ts";
import { diffResource } from "../../../../engine/provider/plan/diff.ts";
import { planOutputs } from "../../../../engine/provider/plan/plan.ts";
import { stateOutputs } from "../../../../engine/provider/plan/state.ts";
import { resourceTypes } from "../../../../engine/provider/schema/index.ts";
import { InputError } from "../../../../text/input-error.ts";
import { arbitraryProgram, checked, recordedResource, withProperty } from "../../../support/provider-inputs.ts";

const serviceType = "docker:index/service:Service";

/** A made-up Docker that takes what it is told, and gives nothing or an empty map for what the plan leaves open. */
function applied(type: string, planned: PropertyMap): PropertyMap {
  const options = planned["options"] instanceof Unknown ? { options: {} } : {};
  return stateOutputs(type, { ...(settle(planned) as PropertyMap), ...options, id: "abc" }, planned); // a map stays one
}

function settle(value: PropertyValue): PropertyValue {
  if (value instanceof Unknown) return null;
  if (Array.isArray(value)) return value.map(settle);
  return isPropertyMap(value)
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, settle(item)]))
    : value;
}

/** The outputs after a create with these inputs. */
function created(type: string, news: PropertyMap): PropertyMap {
  return applied(type, planOutputs(type, { news, ignoreChanges: [] }));
}

describe("planning a Docker resource", () => {
  const { program, inputs, outputs, id } = recordedResource("Service");
  const update = (news: PropertyMap, old: PropertyMap = outputs, ignoreChanges: string[] = []) =>
    planOutputs(serviceType, { news, old: { id, inputs, outputs: old }, ignoreChanges });
  const containerSpecOf = (planned: PropertyMap) =>
    (planned["taskSpec"] as PropertyMap)["containerSpec"] as PropertyMap;

  it("leaves open on creation what only Docker can tell (schema: Computed)", () => {
    const bare = { name: "web", taskSpec: { containerSpec: { image: "redis" } } };
    const planned = planOutputs(serviceType, { news: checked(serviceType, bare), ignoreChanges: [] });
    for (const name of ["id", "labels", "mode", "endpointSpec"]) assert.ok(planned[name] instanceof Unknown, name);
    const taskSpec = planned["taskSpec"] as PropertyMap;
    for (const name of ["placement", "resources", "restartPolicy", "forceUpdate", "runtime"])
      assert.ok(taskSpec[name] instanceof Unknown, name);
    for (const name of ["healthcheck", "dnsConfig", "stopGracePeriod", "init"])
      assert.ok(containerSpecOf(planned)[name] instanceof Unknown, name);
    assert.equal(planned["updateConfig"], null);
    assert.equal(containerSpecOf(planned)["commands"], null);
    assert.deepEqual(containerSpecOf(planned)["mounts"], []);
  });

  it("keeps what Docker gave where the program says nothing (schema: Optional and Computed)", () => {
    const planned = update(checked(serviceType, withProperty(program, "taskSpec.placement", undefined), inputs));
    assert.deepEqual(planned["taskSpec"], outputs["taskSpec"]);
  });

  it("plans an element of a changed set anew, with empty strings and no flags (helper/schema: diffSet, all)", () => {
    const path = "taskSpec.containerSpec.mounts.0";
    const planned = update(checked(serviceType, withProperty(program, path, { target: "/data", type: "tmpfs" })));
    assert.deepEqual(containerSpecOf(planned)["mounts"], [
      {
        bindOptions: null,
        readOnly: null,
        source: "",
        target: "/data",
        tmpfsOptions: null,
        type: "tmpfs",
        volumeOptions: null,
      },
    ]);
  });

  it("takes a map with one unknown value for unknown as a whole (helper/schema: diffMap, nComputed)", () => {
    const news = checked(serviceType, withProperty(program, "taskSpec.containerSpec.env", { A: Unknown.value }));
    assert.ok(containerSpecOf(update(news))["env"] instanceof Unknown);
  });

  it("makes an unknown block out of one that is not known yet", () => {
    assert.ok(update({ ...inputs, taskSpec: Unknown.value })["taskSpec"] instanceof Unknown);
  });

  it("changes nothing at and below an ignored path", () => {
    const news = checked(serviceType, withProperty(program, "taskSpec.resources.limits.memoryBytes", 1));
    assert.deepEqual(update(news, outputs, ["taskSpec.resources"])["taskSpec"], outputs["taskSpec"]);
    assert.notDeepEqual(update(news)["taskSpec"], outputs["taskSpec"]);
  });

  it("marks what is sensitive", () => {
    const news = checked("docker:index/secret:Secret", { data: "eA==" });
    assert.ok(planOutputs("docker:index/secret:Secret", { news, ignoreChanges: [] })["data"] instanceof Secret);
  });

  it("refuses a type it does not know", () => {
    assert.throws(() => planOutputs("docker:index/image:Image", { news: {}, ignoreChanges: [] }), InputError);
  });

  for (const type of resourceTypes)
    it(`plans nothing for any ${type} that was just created`, () => {
      fc.assert(
        fc.property(arbitraryProgram(type), (given) => {
          const news = checked(type, given);
          const old = created(type, news);
          const diff = diffResource(type, { id: "abc", oldInputs: news, oldOutputs: old, news, ignoreChanges: [] });
          assert.deepEqual(diff.detailedDiff, {});
          assert.equal(diff.changes, false);
        }),
        { numRuns: 40 },
      );
    });

  for (const type of resourceTypes)
    it(`plans nothing for any ${type} that was just updated from any other`, () => {
      fc.assert(
        fc.property(arbitraryProgram(type), arbitraryProgram(type), (before, after) => {
          const [olds, news] = [checked(type, before), checked(type, after)];
          const old = { id: "abc", inputs: olds, outputs: created(type, olds) };
          const planned = planOutputs(type, { news, old, ignoreChanges: [] });
          const request = { id: "abc", oldInputs: news, oldOutputs: applied(type, planned), news, ignoreChanges: [] };
          const diff = diffResource(type, request);
          assert.deepEqual(diff.detailedDiff, {});
        }),
        { numRuns: 40 },
      );
    });
});

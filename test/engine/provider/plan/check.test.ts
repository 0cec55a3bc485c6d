import assert from "node:assert/strict";
import fc from "fast-check";
import {
  equalValues,
  Secret,
  Unknown,
  type PropertyMap,
  type PropertyValue,
} from "../../../../engine/model/property-value.ts";
import { checkInputs } from "../../../../engine/provider/plan/check.ts";
import { resourceTypes } from "../../../../engine/provider/schema/index.ts";
import { InputError } from "../../../../text/input-error.ts";
import { arbitraryProgram, checked, recordedResource, withProperty } from "../../../support/provider-inputs.ts";

const serviceType = "docker:index/service:Service";
const secretType = "docker:index/secret:Secret";
const configType = "docker:index/serviceConfig:ServiceConfig";

function check(type: string, news: PropertyMap, rest: Partial<Parameters<typeof checkInputs>[1]> = {}) {
  return checkInputs(type, { name: "redis", olds: {}, news, randomSeed: Buffer.alloc(32), environment: {}, ...rest });
}

const reasons = (type: string, news: PropertyMap) => check(type, news).failures.map(({ reason }) => reason);

describe("checking the inputs of a Docker resource", () => {
  const { program } = recordedResource("Service");

  describe("completes them", () => {
    it("with the defaults of nested blocks, each listed where it stands", () => {
      const { inputs } = check(serviceType, withProperty(program, "rollbackConfig", { order: "start-first" }));
      assert.deepEqual(inputs["rollbackConfig"], {
        __defaults: ["delay", "failureAction", "maxFailureRatio", "monitor", "parallelism"],
        delay: "0s",
        failureAction: "pause",
        maxFailureRatio: "0.0",
        monitor: "5s",
        order: "start-first",
        parallelism: 1,
      });
    });

    it("with what an older version defaulted to, but not with what the program gave then", () => {
      const olds = { updateConfig: { __defaults: ["delay"], delay: "9s", monitor: "9s" } };
      const { inputs } = check(serviceType, withProperty(program, "updateConfig", {}), { olds });
      const updateConfig = inputs["updateConfig"] as PropertyMap;
      assert.equal(updateConfig["delay"], "9s");
      assert.equal(updateConfig["monitor"], "5s");
    });

    it("without a default that conflicts with what the program gives", () => {
      const { inputs } = check(serviceType, withProperty(program, "mode", { replicated: { replicas: 2 } }));
      assert.deepEqual(inputs["mode"], { __defaults: [], replicated: { __defaults: [], replicas: 2 } });
    });

    it("with registry credentials from the provider's environment, as it does", () => {
      const { inputs } = check(serviceType, withProperty(program, "auth", { serverAddress: "r:5000" }), {
        environment: { DOCKER_REGISTRY_USER: "u" },
      });
      const auth = inputs["auth"] as PropertyMap;
      assert.deepEqual(auth["__defaults"], ["password", "username"]);
      assert.equal(auth["username"], "u");
    });

    it("taking nulls for nothing", () => {
      const nulls = withProperty(withProperty(program, "auth", null), "taskSpec.containerSpec.user", null);
      assert.deepEqual(check(serviceType, nulls), check(serviceType, program));
    });

    it("turning strings into the type of the schema where that is exact", () => {
      const { inputs, failures } = check(serviceType, withProperty(program, "endpointSpec.ports.0.targetPort", "6379"));
      assert.deepEqual(failures, []);
      assert.ok(equalValues(inputs, check(serviceType, program).inputs));
    });

    it("idempotently", () => {
      for (const type of resourceTypes)
        fc.assert(
          fc.property(arbitraryProgram(type), (news) => {
            const once = checked(type, news);
            assert.ok(equalValues(checked(type, news, once), once));
          }),
          { numRuns: 30 },
        );
    });
  });

  describe("names what the program does not name", () => {
    it("after the resource, with seven digits that the seed decides", () => {
      const first = check(secretType, { data: "eA==" }).inputs["name"];
      assert.ok(typeof first === "string");
      assert.match(first, /^redis-[0-9a-f]{7}$/);
      assert.equal(check(secretType, { data: "eA==" }).inputs["name"], first);
      assert.notEqual(check(secretType, { data: "eA==" }, { randomSeed: Buffer.alloc(32, 1) }).inputs["name"], first);
    });

    it("as before, also when the program gave the name before (pkg/tfbridge/info/autonaming.go, PriorValue)", () => {
      const olds = { __defaults: [], data: "eA==", name: "given" };
      const { inputs } = check(secretType, { data: "eA==" }, { olds });
      assert.equal(inputs["name"], "given");
      assert.deepEqual(inputs["__defaults"], ["name"]);
    });
  });

  describe("refuses", () => {
    it("a type it does not know", () => {
      assert.throws(() => check("docker:index/image:Image", {}), InputError);
    });

    it("a property that does not exist, at its path", () => {
      assert.deepEqual(reasons(serviceType, withProperty(program, "taskSpec.containerSpec.ulimits", [])), [
        "Invalid or unknown key. Examine values at 'redis.taskSpec.containerSpec.ulimits'.",
      ]);
    });

    it("a property that only Docker gives", () => {
      assert.match(reasons("docker:index/volume:Volume", { mountpoint: "/x" })[0] ?? "", /^Value for unconfigurable/);
    });

    it("a missing property", () => {
      assert.deepEqual(reasons(serviceType, withProperty(program, "taskSpec.containerSpec.image", undefined)), [
        'Missing required argument. The argument "task_spec.0.container_spec.0.image" is required, but no definition was found.. ' +
          "Examine values at 'redis.taskSpec.containerSpec.image'.",
      ]);
    });

    it("what conflicts, on both sides", () => {
      assert.deepEqual(reasons(serviceType, withProperty(program, "mode", { global: true })), [
        "Conflicting configuration arguments. \"mode.0.global\": conflicts with converge_config. Examine values at 'redis.mode.global'.",
        "Conflicting configuration arguments. \"converge_config\": conflicts with mode.0.global. Examine values at 'redis.convergeConfig'.",
      ]);
    });

    it("a config with no data, or with both kinds of it", () => {
      assert.match(reasons(configType, {})[0] ?? "", /one of `data,data_raw` must be specified/);
      assert.match(reasons(configType, { data: "eA==", dataRaw: "x" })[0] ?? "", /only one of `data,data_raw`/);
    });

    it("a value outside its list, in a set told at the set", () => {
      assert.deepEqual(reasons(serviceType, withProperty(program, "taskSpec.containerSpec.mounts.0.type", "disk")), [
        "'disk' doesn't match the pattern '^(bind|volume|tmpfs)$'. 'disk' doesn't match the pattern '^(bind|volume|tmpfs)$'. " +
          "Examine values at 'redis.taskSpec.containerSpec.mounts'.",
      ]);
    });

    const wrong: [string, PropertyValue, string][] = [
      ["updateConfig.delay", "soon", "'soon' is not a valid duration"],
      ["updateConfig.delay", "-1s", "'-1s' duration must not be negative"],
      ["updateConfig.parallelism", -1, "'-1' cannot be lower than 0"],
      ["updateConfig.maxFailureRatio", "2", "'2' has to be between 0.0 and 1.0"],
      ["taskSpec.resources.limits.memoryBytes", 1.5, "Attribute must be a whole number, got 1.5"],
      ["taskSpec.containerSpec.args", "redis-server", "Attribute must be a list"],
      ["taskSpec.containerSpec.image", ["redis"], "Attribute must be a single value, not a list"],
      ["taskSpec.placement", "node.hostname==vm", "Expected object, got string"],
      ["taskSpec.containerSpec.env", ["A=1"], "Attribute must be a map"],
    ];
    for (const [path, value, reason] of wrong)
      it(`${path} = ${JSON.stringify(value)}`, () => {
        assert.match(reasons(serviceType, withProperty(program, path, value)).join(), new RegExp(reason));
      });
  });

  it("accepts what is not known yet", () => {
    const unknown = withProperty(program, "taskSpec.networksAdvanceds.0.id", Unknown.value);
    assert.deepEqual(check(serviceType, unknown).failures, []);
    assert.deepEqual(check(serviceType, withProperty(program, "taskSpec", Unknown.value)).failures, []);
  });

  it("marks what is sensitive, and tells it in no message", () => {
    const { inputs } = check(secretType, { data: "aHVudGVyMg==" });
    assert.ok(inputs["data"] instanceof Secret);
    for (const data of ["hunter2!", ["hunter2"], { hunter2: "hunter2" }])
      assert.doesNotMatch(reasons(secretType, { data }).join(), /hunter2/);
    assert.equal(reasons(secretType, { data: "hunter2!" }).length, 1);
  });
});

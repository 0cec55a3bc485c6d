import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Secret,
  Unknown,
  isPropertyMap,
  type PropertyMap,
  type PropertyValue,
} from "../../engine/model/property-value.ts";
import type { Violation } from "../../engine/policy/messages.ts";
import { startPolicyPack, type PolicyPack } from "../../engine/policy/pack.ts";
import { resource } from "../support/resource.ts";
import { asResources, unknown, type Draft, type DraftVolume } from "./drafts.ts";
import { store } from "./sample-services.ts";

const directory = new URL("../../policies", import.meta.url).pathname;
const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A draft's inputs as the engine has them, with its own mark for what is not known. */
function engineInputs(value: PropertyValue): PropertyValue {
  if (value === unknownString) return Unknown.value;
  if (Array.isArray(value)) return value.map(engineInputs);
  if (!isPropertyMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, engineInputs(each)]));
}

describe("the pack, in a process of its own", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-pack-"));
  const running: PolicyPack[] = [];

  const start = async (configuration?: object): Promise<PolicyPack> => {
    const configurationFile = join(folder, `configuration-${running.length}.json`);
    if (configuration !== undefined) writeFileSync(configurationFile, JSON.stringify(configuration));
    const pack = await startPolicyPack({
      directory,
      ...(configuration !== undefined && { configurationFile }),
      project: "test",
      stack: "dev",
      dryRun: true,
      environment: process.env,
      onOutput: () => undefined,
    });
    running.push(pack);
    return pack;
  };
  after(() => {
    for (const pack of running) pack.stop();
    rmSync(folder, { recursive: true });
  });

  /** What the pack says of a draft: `level policy`, and the messages. */
  const judge = async (pack: PolicyPack, draft: Draft, volumes: DraftVolume[] = [], more: PropertyMap = {}) => {
    const violations: Violation[] = [];
    for (const each of asResources([draft], volumes)) {
      // Drafts hold what a wire can carry.
      const inputs = {
        ...(engineInputs(each.inputs as PropertyMap) as PropertyMap),
        ...(each.type.includes("service:Service") ? more : {}),
      };
      const judged = resource(each.urn.split("::").at(-1) ?? "", {
        type: each.type,
        inputs,
        protect: each.protect ?? false,
      });
      violations.push(
        ...(await pack.analyze({ resource: judged, provider: undefined, deleteBeforeReplace: undefined })),
      );
    }
    return violations;
  };
  const names = (violations: Violation[]): string[] =>
    violations.map(({ enforcementLevel, policyName }) => `${enforcementLevel} ${policyName}`);

  let pack: PolicyPack;
  before(async () => {
    pack = await start();
  });

  it("has nothing mandatory against a store with nothing wrong", async () => {
    const found = await judge(pack, store({ name: "good" }), [{ name: "data", protect: true }]);
    assert.deepEqual(new Set(names(found)), new Set(["advisory warnings"]));
    for (const { message } of found) assert.match(message, /\nSS20[23] at taskSpec\.placement\.constraints: Whether /);
  });

  it("blocks what would lose data, and says where, why and what to do", async () => {
    const found = (
      await judge(pack, store({ name: "bad", constraints: [], mounts: [{ source: "alone", target: "/data" }] }))
    ).filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
    assert.deepEqual(
      found.map(({ policyName, message }) => [policyName, message]),
      [
        [
          "ss201-local-volume-unpinned",
          "A local volume exists on one node; a task that starts on another gets a new, empty volume of the same name there.\n" +
            'SS201 at taskSpec.placement.constraints: The volume "alone" is local, and there are no constraints. ' +
            "Pin the service to the node that has the volume: node.hostname==NODE, or a label that exactly one node carries. See docs/rules/SS201.md.",
        ],
      ],
    );
  });

  it("warns of values that are not known yet, and never takes them for right", async () => {
    const found = await judge(
      pack,
      store({ name: "unsure", replicas: unknown, mounts: [{ source: unknown, target: "/data" }] }),
    );
    assert.deepEqual(new Set(names(found)), new Set(["advisory warnings"]));
    assert.ok(
      found.some(({ message }) =>
        message.includes("SS301 at mode.replicated.replicas: How many replicas there are is not known yet"),
      ),
    );
  });

  it("does not repeat a secret", async () => {
    const env = { REDIS_PASSWORD: new Secret("hunter2hunter2") };
    const draft = store({ name: "secretive" });
    const [, service] = asResources([draft]);
    const taskSpec = (service?.inputs as { taskSpec: { containerSpec: PropertyMap } }).taskSpec;
    const found = await judge(pack, draft, [], {
      taskSpec: { ...taskSpec, containerSpec: { ...taskSpec.containerSpec, env } },
    });
    assert.ok(names(found).includes("mandatory ss502-secret-in-clear"));
    assert.ok(!JSON.stringify(found).includes("hunter2"));
  });

  it("finds the second service on one volume", async () => {
    await judge(pack, store({ name: "first", mounts: [{ source: "both", target: "/data" }] }));
    const found = await judge(pack, store({ name: "second", mounts: [{ source: "both", target: "/data" }] }));
    assert.ok(names(found).includes("mandatory ss303-volume-shared-by-services"));
  });

  it("follows Pulumi's configuration of its policies", async () => {
    const other = await start({
      "ss201-local-volume-unpinned": "advisory",
      "ss203-pin-matches-several": "disabled",
      "ss504-floating-tag": "mandatory",
    });
    const found = await judge(other, store({ name: "bad", constraints: [], image: "redis:7" }));
    assert.deepEqual(names(found), ["advisory ss201-local-volume-unpinned", "mandatory ss504-floating-tag"]);
    const unsure = await judge(other, store({ name: "good", mounts: [{ source: "other", target: "/data" }] }));
    // What a rule cannot verify is left out with the rule.
    assert.deepEqual(
      unsure.map(({ message }) => /SS\d+/.exec(message)?.[0]),
      ["SS202"],
    );
  });
});

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { EventBody } from "../../../engine/model/events.ts";
import { Secret, Unknown, type PropertyMap } from "../../../engine/model/property-value.ts";
import { startPolicyPack, type PolicyPack, type PolicyPackStart } from "../../../engine/policy/pack.ts";
import { PolicyReview } from "../../../engine/policy/review.ts";
import { resource } from "../../support/resource.ts";

const pack = `
  import { PolicyPack } from "@pulumi/policy";
  new PolicyPack("pack", { policies: [
    { name: "named", description: "Has a name.", enforcementLevel: "mandatory",
      validateResource: ({ props }, report) => { if (props.name === "bad") report("it is called bad"); } },
    { name: "size", description: "Is small.", enforcementLevel: "advisory",
      configSchema: { properties: { limit: { type: "number", default: 10 } } },
      validateResource: (args, report) => { if (args.props.size > args.getConfig().limit) report("above " + args.getConfig().limit); } },
    { name: "labelled", description: "Has a label.", enforcementLevel: "remediate",
      remediateResource: ({ props }) => props.label === undefined ? { ...props, label: "added" } : undefined },
    { name: "few", description: "Few resources.", enforcementLevel: "mandatory",
      validateStack: ({ resources }, report) => { if (resources.length > 1) report(resources.length + " resources"); } },
    { name: "crashes", description: "Has a fault.", enforcementLevel: "advisory",
      validateResource: ({ props }) => { if (props.name === "crash") throw new Error("a fault in the rule"); } },
    { name: "unhealed", description: "Is healed.", enforcementLevel: "remediate",
      validateResource: ({ props }, report) => { if (props.name === "sick") report("it is sick"); } },
    { name: "ordered", description: "Goes first.", enforcementLevel: "advisory",
      validateResource: ({ opts }, report) => { if (opts.deleteBeforeReplace === true) report("it goes first"); } },
  ]});
`;

describe("a policy pack", function () {
  this.timeout(60_000);
  let directory: string;
  let running: PolicyPack;

  const start = (source: string, configuration?: object, limits: Partial<PolicyPackStart> = {}) => {
    writeFileSync(join(directory, "index.js"), source);
    const configurationFile = join(directory, "configuration.json");
    if (configuration) writeFileSync(configurationFile, JSON.stringify(configuration));
    return startPolicyPack({
      directory,
      ...(configuration && { configurationFile }),
      project: "shop",
      stack: "dev",
      dryRun: true,
      environment: process.env,
      onOutput: () => undefined,
      ...limits,
    });
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "holdfast-pack-"));
    symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(directory, "node_modules"));
    writeFileSync(
      join(directory, "package.json"),
      JSON.stringify({ type: "module", main: "index.js", version: "0.1.0" }),
    );
    running = await start(pack, { size: { enforcementLevel: "mandatory", limit: 5 } });
  });
  after(() => {
    running.stop();
    rmSync(directory, { recursive: true });
  });

  const judge = async (preview: boolean, inputs: PropertyMap, labels: PropertyMap = { label: "x" }) => {
    const events: EventBody[] = [];
    const review = new PolicyReview([running], preview, (event) => events.push(event));
    const inputsAfter = await review.resource(resource("a", { inputs: { ...labels, ...inputs } }));
    return { review, inputsAfter, messages: events.flatMap(({ policyEvent }) => (policyEvent ? [policyEvent] : [])) };
  };

  it("passes what it has nothing against", async () => {
    const { review, messages } = await judge(true, { name: "good", size: 1 });
    assert.deepEqual(messages, []);
    assert.ok(!review.violated);
  });

  it("tells a mandatory violation in a preview, and refuses in an update", async () => {
    const { review, messages } = await judge(true, { name: "bad" });
    assert.deepEqual(messages, [
      {
        resourceUrn: resource("a").urn,
        policyName: "named",
        policyPackName: "pack",
        policyPackVersion: "0.1.0",
        enforcementLevel: "mandatory",
        message: "Has a name.\nit is called bad",
      },
    ]);
    assert.ok(review.violated);
    await assert.rejects(judge(false, { name: "bad" }), /policy named of pack is violated/);
  });

  it("is configured from the file, where a level may be raised and a setting changed", async () => {
    const { messages } = await judge(true, { size: 6 });
    assert.deepEqual(
      messages.map(({ policyName, enforcementLevel, message }) => ({ policyName, enforcementLevel, message })),
      [{ policyName: "size", enforcementLevel: "mandatory", message: "Is small.\nabove 5" }],
    );
  });

  it("remediates inputs, whose secrets stay secret", async () => {
    const { inputsAfter } = await judge(true, { data: new Secret("hunter2") }, {});
    assert.equal(inputsAfter["label"], "added");
    assert.ok(inputsAfter["data"] instanceof Secret);
  });

  it("fails what its remediation has not healed", async () => {
    const { review, messages } = await judge(true, { name: "sick" });
    assert.equal(messages[0]?.enforcementLevel, "mandatory");
    assert.ok(review.violated);
  });

  it("sees the order of a replacement that the program asks for", async () => {
    const events: EventBody[] = [];
    const review = new PolicyReview([running], true, (event) => events.push(event));
    await review.resource(resource("a", { inputs: { label: "x" } }), true);
    await review.resource(resource("b", { inputs: { label: "x" } }));
    assert.deepEqual(
      events.map(({ policyEvent }) => policyEvent?.message),
      ["Goes first.\nit goes first"],
    );
  });

  it("is asked about values that are not known yet", async () => {
    const { review } = await judge(true, { name: Unknown.value });
    assert.ok(!review.violated);
  });

  it("judges the stack as a whole", async () => {
    const events: EventBody[] = [];
    const review = new PolicyReview([running], true, (event) => events.push(event));
    await review.stack([resource("a"), resource("b")]);
    assert.equal(events[0]?.policyEvent?.message, "Few resources.\n2 resources");
    assert.ok(review.violated);
  });

  it("that crashes over a resource fails the operation, and names itself", async () => {
    await assert.rejects(judge(true, { name: "crash" }), /a fault in the rule/);
  });

  it("that hangs over a resource, or before it serves, is given up", async () => {
    const hangs = `
      import { PolicyPack } from "@pulumi/policy";
      new PolicyPack("hangs", { policies: [{ name: "slow", description: "Waits.", enforcementLevel: "advisory",
        validateResource: () => new Promise(() => {}) }] });`;
    const hanging = await start(hangs, undefined, { callTimeoutMs: 2000 });
    const judged = { resource: resource("a"), provider: undefined, deleteBeforeReplace: undefined };
    await assert.rejects(hanging.analyze(judged), /policy pack .*: analyze failed: Deadline exceeded/);
    hanging.stop();
    await assert.rejects(
      start("setInterval(() => {}, 1000);", undefined, { startTimeoutMs: 500 }),
      /no port within 0.5 s/,
    );
  });

  it("that ends before it serves is refused with its folder and exit code", async () => {
    await assert.rejects(start("process.exit(7);"), (error: Error) =>
      error.message.startsWith(`The policy pack ${directory} did not start and print its port: exit code 7`),
    );
  });
});

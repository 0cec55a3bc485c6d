import assert from "node:assert/strict";
import { estateOf } from "../../model/service/definition.ts";
import { readBaseline, withoutBaseline, writeBaseline } from "../../policies/baseline.ts";
import { exitCodeOf, judge } from "../../policies/judge.ts";
import { ProgramReview } from "../../policies/program-review.ts";
import { rules } from "../../policies/rule-list.ts";
import type { Rule } from "../../policies/rule.ts";
import { requireLinear } from "../attack/growth.ts";
import { asResources, type Draft } from "./drafts.ts";
import { estateIn, today } from "./judge-case.ts";
import { store } from "./sample-services.ts";

function found(...drafts: Draft[]): readonly string[] {
  return judge(estateIn("stack file", { drafts, expected: "pass" }), { today })
    .filter(({ result }) => result === "fail")
    .map(({ rule, service }) => `${rule} ${service}`);
}

const unpinned = (ignore?: string): Draft =>
  store({
    constraints: [],
    labels: { "holdfast.backup": "none: a test", ...(ignore !== undefined && { "holdfast.ignore": ignore }) },
  });

describe("the judge", () => {
  it("says each mistake once", () => {
    assert.deepEqual(found(unpinned()), ["SS201 store"]);
    assert.deepEqual(found(store({ directory: "/srv" })), ["SS103 store"]);
    assert.deepEqual(found(store({ args: ["redis-server", "/etc/redis.conf", "--dir", "/srv"] })), ["SS403 store"]);
    assert.deepEqual(found(store({ mounts: [] })), ["SS101 store"]);
    assert.deepEqual(found(store({ mode: "global", constraints: [] })), ["SS302 store"]);
  });

  it("lets a certain finding stand beside a more specific one that is not", () => {
    const label = "node.labels.disk==ssd";
    const spread: Draft = { name: "agents", image: "nginx", constraints: [label], replicas: 3, maxReplicas: 1 };
    assert.ok(found(spread, store({ constraints: [label] })).includes("SS201 store"));
  });

  it("leaves out what a label suppresses, to the end of its last day", () => {
    assert.deepEqual(found(unpinned("SS201 until 2026-11-23: one node")), []);
    assert.deepEqual(found(unpinned("SS105, SS201 until 2026-11-24: one node")), []);
    assert.deepEqual(found(unpinned("SS202 until 2026-11-24: one node")), ["SS201 store"]);
    assert.deepEqual(found(unpinned("SS201 until 2026-11-22: one node")), ["SS201 store", "SS902 store"]);
    assert.deepEqual(found(unpinned("SS201 until 2026-11-24")), ["SS201 store", "SS901 store"]);
  });

  it("does not let a suppression suppress the rules about suppressions", () => {
    const label = "SS902 until 2026-12-31: hush; SS201 until 2026-11-22: one node";
    assert.deepEqual(found(unpinned(label)), ["SS201 store", "SS902 store"]);
  });

  it("makes a finding of a rule that fails, and asks the others", () => {
    const broken: Rule = {
      id: "SS999",
      name: "broken",
      level: "error",
      reason: "",
      fix: "",
      check: () => {
        throw new TypeError("no \u001b[31mluck");
      },
    };
    const { services } = estateIn("stack file", { drafts: [unpinned()], expected: "pass" });
    const findings = judge(estateOf(services), { today, rules: [broken, ...rules] });
    const [first] = findings.filter(({ rule }) => rule === "SS999");
    assert.equal(first?.result, "unverifiable");
    assert.equal(first.level, "warning");
    assert.equal(
      first.message,
      "The check itself failed (TypeError: no \\u001b[31mluck), so nothing is known in this respect.",
    );
    assert.ok(findings.some(({ rule }) => rule === "SS201"));
  });

  it("ends with 1 when a finding reaches the threshold", () => {
    const { services } = estateIn("stack file", { drafts: [{ ...unpinned(), image: "redis:7" }], expected: "pass" });
    const all = judge(estateOf(services), { today });
    const warnings = all.filter(({ level }) => level === "warning");
    assert.deepEqual(
      [
        exitCodeOf(all, "error"),
        exitCodeOf(warnings, "error"),
        exitCodeOf(warnings, "warning"),
        exitCodeOf([], "warning"),
        exitCodeOf(all, "never"),
      ],
      [1, 0, 1, 0, 0],
    );
  });

  it("knows an image by another name from the configuration", () => {
    const { services } = estateIn("stack file", {
      drafts: [store({ image: "corp/kv", mounts: [] })],
      expected: "pass",
    });
    assert.ok(
      judge(estateOf(services), { today, images: { "corp/kv": "redis" } }).some(({ rule }) => rule === "SS101"),
    );
    assert.ok(!judge(estateOf(services), { today }).some(({ rule }) => rule === "SS101"));
  });

  it("takes time in proportion to the number of services", function () {
    this.timeout(60_000);
    const estateOfSize = (count: number) =>
      estateIn("program", {
        drafts: Array.from({ length: count }, (_, index) =>
          store({ name: `s${index}`, mounts: [{ source: "shared", target: "/data" }] }),
        ),
        expected: "pass",
      });
    requireLinear(800, estateOfSize, (estate) => judge(estate, { today }));
  });
});

describe("a baseline", () => {
  const { services } = estateIn("stack file", {
    drafts: [unpinned(), store({ name: "second", mounts: [] })],
    expected: "pass",
  });
  const findings = judge(estateOf(services), { today });

  it("leaves out what it holds, and nothing else", () => {
    const text = writeBaseline(findings.filter(({ service }) => service === "store"));
    const rest = withoutBaseline(findings, readBaseline(text, "baseline.json"));
    assert.deepEqual(
      rest,
      findings.filter(({ service }) => service === "second"),
    );
    assert.deepEqual(withoutBaseline(findings, readBaseline(writeBaseline(findings), "baseline.json")), []);
  });

  it("that is none is refused", () => {
    for (const text of ["", "[]", "{", '{"findings":[{}]}']) {
      assert.throws(() => readBaseline(text, "baseline.json"), {
        message:
          "baseline.json: expected a baseline of findings, got something else. Write it again with --write-baseline.",
      });
    }
  });
});

describe("the review of a program", () => {
  const review = (
    drafts: Draft[],
    volumes: Parameters<typeof asResources>[1],
    order: (types: string[]) => string[],
  ) => {
    const resources = asResources(drafts, volumes);
    const program = new ProgramReview({ today });
    return order(resources.map(({ urn }) => urn)).flatMap((urn) => {
      const resource = resources.find((each) => each.urn === urn);
      return resource === undefined ? [] : program.add({ ...resource, retainOnDelete: undefined });
    });
  };
  const rulesIn = (findings: readonly { rule: string; result: string }[]) =>
    findings.filter(({ result }) => result === "fail").map(({ rule }) => rule);

  it("finds an unprotected volume, whichever of volume and service comes first", () => {
    assert.deepEqual(rulesIn(review([store()], [{ name: "data" }], (urns) => urns)), ["SS401"]);
    assert.deepEqual(
      rulesIn(review([store()], [{ name: "data" }], (urns) => urns.toReversed())).filter((rule) => rule === "SS401"),
      ["SS401"],
    );
    assert.deepEqual(rulesIn(review([store()], [{ name: "data", protect: true }], (urns) => urns)), []);
  });

  it("finds the second service on a volume when it comes", () => {
    assert.deepEqual(rulesIn(review([store({ name: "a" }), store({ name: "b" })], [], (urns) => urns)), ["SS303"]);
  });

  it("judges a resource anew that comes again", () => {
    const [, first] = asResources([store()]);
    const [, second] = asResources([store({ constraints: [] })]);
    assert.ok(first !== undefined && second !== undefined);
    const program = new ProgramReview({ today });
    assert.ok(!rulesIn(program.add(first)).includes("SS201"));
    assert.ok(rulesIn(program.add(second)).includes("SS201"));
    assert.ok(!rulesIn(program.add(first)).includes("SS303"));
  });

  it("has nothing to say of other resources", () => {
    const program = new ProgramReview({ today });
    const other = {
      urn: "urn:pulumi:dev::p::aws:s3/bucket:Bucket::b",
      type: "aws:s3/bucket:Bucket",
      inputs: {},
      protect: false,
      retainOnDelete: false,
    };
    assert.deepEqual(program.add(other), []);
  });

  it("never throws, whatever a service's inputs are", () => {
    for (const inputs of [
      undefined,
      null,
      7,
      "x",
      [],
      { taskSpec: 3 },
      { taskSpec: { containerSpec: { mounts: [null, 3, { target: [] }] } } },
    ]) {
      const program = new ProgramReview({ today });
      program.add({
        urn: "urn:pulumi:dev::p::docker:index/service:Service::s",
        type: "docker:index/service:Service",
        inputs,
        protect: false,
        retainOnDelete: false,
      });
    }
  });
});

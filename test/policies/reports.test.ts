import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { Ajv } from "ajv";
import Ajv4 from "ajv-draft-04";
import addFormats from "ajv-formats";
import { z } from "zod";
import { readDefinitions } from "../../policies/definitions.ts";
import { judgeDefinitions } from "../../policies/judge.ts";
import { findingsSchema } from "../../policies/finding-schema.ts";
import type { Finding } from "../../policies/finding.ts";
import { markdownReport } from "../../policies/render/markdown.ts";
import { sarifReport } from "../../policies/render/sarif.ts";
import { textReport } from "../../policies/render/text.ts";
import { printable } from "../../text/escape.ts";
import { asStackFile, unknown } from "./drafts.ts";
import { today } from "./judge-case.ts";
import { store } from "./sample-services.ts";

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));

function findingsOf(text: string): readonly Finding[] {
  return judgeDefinitions(readDefinitions(text, { file: "deploy/my stack.yml" }), { today });
}

const plain = (_: string, text: string): string => text;

const stack = `services:
  redis:
    image: redis:7
    volumes:
      - data:/data
    deploy:
      replicas: 2
      placement:
        constraints:
          - node.role==manager
`;

/** Names and labels that try to be more than text. */
const hostile = [
  "a\u001b[31mred\u001b]8;;http://evil\u0007link",
  "<script>alert(1)</script>",
  "[click](javascript:alert(1)) ![x](http://evil/x.png)",
  "| cell | \n\n# heading\r\n- item",
  "`code` **bold** @everyone #1 :tada: ~~x~~",
  "\u202egnp.exe \u200b\u2066\u{e0041}",
  '"; rm -rf / #',
  "{{.Task.Slot}} ${HOME} %s %n",
  "\u0000\u009b31m\u2028\u2029",
  "\ud800 lone",
];

describe("the reports of findings", () => {
  const findings = findingsOf(stack);

  it("as JSON follow the published schema", () => {
    const validate = new Ajv().compile(read("../../docs/schemas/findings.schema.json") as object);
    assert.ok(validate({ findings }), JSON.stringify(validate.errors));
    assert.ok(!validate({ findings: [{ rule: "X" }] }));
  });

  it("have the published schema that the code has", () => {
    assert.deepEqual(
      read("../../docs/schemas/findings.schema.json"),
      JSON.parse(JSON.stringify(z.toJSONSchema(findingsSchema, { target: "draft-7" }))),
    );
  });

  it("say where in a file of people each property is written", () => {
    const places = findings
      .filter(({ rule }) => ["SS201", "SS301", "SS504", "SS407"].includes(rule))
      .map(({ rule, location }) => [rule, location?.line, location?.column]);
    assert.deepEqual(places, [
      ["SS201", 9, 9],
      ["SS301", 7, 7],
      ["SS407", 2, 3],
      ["SS504", 3, 5],
    ]);
  });

  it("as SARIF follow its schema, with positions", () => {
    const ajv = new Ajv4.default({ strict: false, unicodeRegExp: false });
    addFormats.default(ajv);
    const validate = ajv.compile(read("../data/sarif/sarif-2.1.0.schema.json") as object);
    const log = sarifReport(findings, "0.1.0");
    assert.ok(validate(JSON.parse(JSON.stringify(log))), JSON.stringify(validate.errors));
    const unpinned = log.runs[0]?.results?.find(({ ruleId }) => ruleId === "SS201");
    assert.deepEqual(unpinned?.locations?.[0]?.physicalLocation, {
      artifactLocation: { uri: "deploy/my%20stack.yml" },
      region: { startLine: 9, startColumn: 9 },
    });
  });

  it("for people are a table a service: what, where, why and the way out", () => {
    const lines = textReport(findings, 1, { style: plain, columns: 80, all: false });
    assert.equal(lines[0], "redis  deploy/my stack.yml");
    const start = lines.findIndex((line) => line.includes("SS201"));
    assert.deepEqual(lines.slice(start, start + 9), [
      "  error   SS201 local-volume-unpinned",
      '          what   The volume "data" is local, and "node.role==manager" may match',
      "                 several nodes.",
      "          where  services.redis.deploy.placement.constraints, line 9",
      "          why    A local volume exists on one node; a task that starts on",
      "                 another gets a new, empty volume of the same name there.",
      "          fix    Pin the service to the node that has the volume:",
      "                 node.hostname==NODE, or a label that exactly one node carries.",
      "  error   SS301 replicas-share-volume",
    ]);
    assert.equal(lines.at(-1), "1 service: 2 errors, 8 warnings, 0 not verifiable");
  });

  it("for people fold what could not be verified, unless all is wanted", () => {
    const unsure = findingsOf(asStackFile([store({ replicas: unknown })]));
    const folded = textReport(unsure, 1, { style: plain, columns: 80, all: false });
    assert.ok(
      folded.some((line) =>
        line.includes("3 checks could not be verified here: SS202, SS203, SS301 (--all shows them)"),
      ),
    );
    assert.ok(!folded.some((line) => line.includes("replicas-share-volume")));
    const all = textReport(unsure, 1, { style: plain, columns: 80, all: true });
    assert.ok(all.some((line) => line.startsWith("  unknown SS301 replicas-share-volume")));
  });

  it("for people stay within the terminal's width, whatever is called how", () => {
    const long = findingsOf(
      asStackFile([store({ name: "x".repeat(200), image: `redis:${"7".repeat(100)}`, replicas: 2 })]),
    );
    for (const line of textReport(long, 1, { style: plain, columns: 80, all: true }).slice(1))
      assert.ok(line.length <= 80, line);
  });

  it("for people without findings say so in one line", () => {
    assert.deepEqual(textReport([], 3, { style: plain, columns: 80, all: false }), [
      "3 services: 0 errors, 0 warnings, 0 not verifiable",
    ]);
  });

  for (const text of hostile) {
    it(`are no way in for ${JSON.stringify(text)}`, () => {
      const drafts = [
        store({
          name: text,
          image: "redis:7",
          mounts: [{ source: text, target: "/data" }],
          constraints: [`node.labels.${text}==${text}`],
          args: ["redis-server", "--dir", `/${text}`, "--maxmemory-policy", text],
          configs: [],
          environment: { [`${text}_PASSWORD`]: "hunter2hunter2" },
          labels: { [`holdfast.ignore.${text}`]: text, [text]: text },
        }),
      ];
      const found = findingsOf(asStackFile(drafts));
      assert.ok(found.length > 3);
      const forPeople = textReport(found, 1, { style: plain, columns: 80, all: true }).join("\n");
      assert.equal(stripVTControlCharacters(forPeople), forPeople);
      assert.deepEqual(
        forPeople.split("\n").filter((line) => printable(line) !== line),
        [],
      );
      const markdown = markdownReport(found);
      assert.equal(markdown.trimEnd().split("\n").length, found.length + 2);
      assert.doesNotMatch(markdown, /<script|(?<!\\)\]\(|(?<!\\)`|@everyone|(?<!\\)\*\*/);
      for (const row of markdown.trimEnd().split("\n")) assert.equal(row.split(/(?<!\\)\|/).length, 7, row);
      const sarif = sarifReport(found, "0.1.0");
      for (const { message } of sarif.runs[0]?.results ?? [])
        assert.doesNotMatch(message.text ?? "", /(?<!\\)\[[^\]]*(?<!\\)\]\(/);
      for (const secret of ["hunter2"])
        for (const report of [forPeople, markdown, JSON.stringify(sarif)]) assert.ok(!report.includes(secret));
    });
  }
});

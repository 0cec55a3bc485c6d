import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { failures, readFailOn } from "../../cli/commands/impact/fail-on.ts";
import { diagnosticTitles } from "../../impact/rule-list.ts";
import { impactDocument } from "../../impact/render/json.ts";
import { renderMarkdown } from "../../impact/render/markdown.ts";
import { renderSarif } from "../../impact/render/sarif.ts";
import { renderText } from "../../impact/render/text.ts";
import { analyse, type ImpactReport } from "../../impact/report.ts";
import { readDigest } from "../../inputs/pulumi/preview.ts";
import { dataMount, previewOf, type Change } from "./changes.ts";
import { diagnosticCases } from "./diagnostic-cases.ts";
import { vm } from "./recorded.ts";

function reportOn(change: Change): ImpactReport {
  return analyse(readDigest(JSON.parse(previewOf(change)), "plan", "pulumi"), { nodes: [vm] });
}

const otherVolume: Change = { service: (inputs) => void (dataMount(inputs)["source"] = "otherstore") };

const rulesFolder = join(import.meta.dirname, "../../impact/rules");

describe("rules", () => {
  it("are all in the list, in a file named after their first code, and none uses another one", () => {
    const list = readFileSync(join(rulesFolder, "../rule-list.ts"), "utf8");
    for (const file of readdirSync(rulesFolder)) {
      const text = readFileSync(join(rulesFolder, file), "utf8");
      assert.match(list, new RegExp(`from "\\./rules/${file.replace(".", "\\.")}"`, "u"));
      assert.equal(/\bDF\d{3}(?=:)/u.exec(text)?.[0].toLowerCase(), file.slice(0, 5), file);
      assert.doesNotMatch(text, /from "(?:\.\/|[^"]*rule(?:s\/|-list))/u, file);
    }
  });
});

describe("diagnostics", () => {
  it("have each a section in docs/diagnostics.md, under their title, and no section is about another", () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/diagnostics.md"), "utf8");
    const sections = [...page.matchAll(/^### (?<code>\S+)\n\n\*\*(?<title>[^*]+)\.\*\* \S/gmu)];
    assert.deepEqual(
      sections.map(({ groups }) => [groups?.["code"], groups?.["title"]]),
      diagnosticTitles,
    );
    assert.equal(sections.length, page.match(/^### /gmu)?.length);
  });

  it("have each a case that finds it, and stand among the codes of its verdict, the gravest first", () => {
    assert.deepEqual(
      Object.keys(diagnosticCases),
      diagnosticTitles.map(([code]) => code),
    );
    for (const [code, make] of Object.entries(diagnosticCases)) {
      const { plan, live } = make();
      const { verdicts, errors } = analyse(plan, live);
      const found = [...verdicts.flatMap(({ codes }) => codes), ...errors.map((error) => error.code)];
      assert.ok(
        found.some((each) => each === code),
        `${code}: ${found.join("; ")}`,
      );
      for (const { codes, causes } of verdicts) assert.equal(codes[0], causes[0]?.code);
    }
  });

  it("stand with their codes in every report, also those that decide nothing", () => {
    const report = reportOn(otherVolume);
    const [verdict] = report.verdicts;
    assert.deepEqual(verdict?.codes, ["DF101", "DF001"]);
    assert.match(renderText(report), /starts without the data, which stays in volume "foobarstore"\. \(DF101\)$/mu);
    assert.match(renderMarkdown(report), /which stays in volume [^|]*\(DF101\) \|$/mu);
    assert.partialDeepStrictEqual(impactDocument(report), {
      services: [{ codes: ["DF101", "DF001"], causes: [{ code: "DF101" }] }],
    });
    const { runs } = JSON.parse(renderSarif(report, "index.ts")) as { runs: Record<string, unknown>[] };
    assert.partialDeepStrictEqual(runs[0], {
      results: [{ taxa: [{ id: "DF101" }, { id: "DF001" }] }],
      taxonomies: [{ name: "holdfast diagnostics" }],
    });
  });

  it("can be named in --fail-on, beside fates of which the mildest counts", () => {
    const report = reportOn(otherVolume);
    const fails = (what: string): number => failures(report, readFailOn(what), []).length;
    const expected = { never: 0, "left-behind": 1, destroyed: 0, "destroyed,at-risk": 1, DF001: 1, DF406: 0 };
    for (const [what, count] of Object.entries({ ...expected, "destroyed, DF101": 1, "never,DF102": 0 }))
      assert.equal(fails(what), count, what);
    const [line = ""] = failures(report, readFailOn("DF001"), []);
    assert.match(line, /^stateful: left behind, DF001\. To accept just this plan/u);
    const word = line.split(" ").at(-1) ?? "";
    assert.deepEqual(failures(report, readFailOn("DF001"), [word]), []);
    assert.throws(() => readFailOn("DF999"), /^InputError: --fail-on: expected interrupted, .*got "DF999"/u);
    assert.throws(() => readFailOn("left behind"), /got "left behind"/u);
  });
});

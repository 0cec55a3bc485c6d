import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { LiveSwarm } from "../../inputs/swarm/definitions.ts";
import { readDefinitions, withLiveFacts } from "../../policies/definitions.ts";
import { judgeDefinitions } from "../../policies/judge.ts";
import { rulePage, type Finding } from "../../policies/finding.ts";
import { rules } from "../../policies/rule-list.ts";
import { today } from "./judge-case.ts";

const project = new URL("../../", import.meta.url);

interface Page {
  readonly fails: string;
  readonly passes: string;
  readonly nodes: LiveSwarm | undefined;
  readonly text: string;
}

function readPage(path: string): Page {
  const text = readFileSync(new URL(path, project), "utf8").replaceAll("\r", "");
  const [, fails = "", passes = ""] = text.split(/^## /m);
  const blocks = (section: string): string[] =>
    Array.from(section.matchAll(/```(?:yaml|json)\n([\s\S]*?)```/g), (match) => match[1] ?? "");
  const [failing = "", nodes] = blocks(fails);
  // The second block of a failing example is what a live swarm answers.
  return {
    fails: failing,
    passes: blocks(passes)[0] ?? "",
    nodes: nodes === undefined ? undefined : (JSON.parse(nodes) as LiveSwarm),
    text,
  };
}

function findingsIn(example: string, nodes: LiveSwarm | undefined): readonly Finding[] {
  const definitions = readDefinitions(example, { file: "example" });
  return judgeDefinitions(nodes === undefined ? definitions : withLiveFacts(definitions, nodes), { today });
}

describe("the pages of the rules", () => {
  for (const { id, name, reason, fix } of rules) {
    describe(id, () => {
      const page = readPage(rulePage(id));

      it("says what the rule says", () => {
        assert.ok(page.text.startsWith(`# ${id} ${name}\n`));
        for (const words of [reason, fix]) assert.ok(page.text.includes(words), words);
      });

      it("has a failing example, with the message that it gets", () => {
        const found = findingsIn(page.fails, page.nodes).filter(({ rule, result }) => rule === id && result === "fail");
        assert.equal(found.length, 1);
        assert.ok(page.text.includes(`\n> ${found[0]?.message ?? ""}\n`), found[0]?.message);
      });

      it("has a passing example", () => {
        const found = findingsIn(page.passes, page.nodes).filter(({ rule }) => rule === id);
        assert.deepEqual(found, []);
      });
    });
  }

  it("are there for each rule, and for nothing else", () => {
    const pages = readdirSync(new URL("docs/rules/", project)).filter((file) => file.startsWith("SS"));
    assert.deepEqual(pages.sort(), rules.map(({ id }) => `${id}.md`).sort());
    const index = readFileSync(new URL("docs/rules/README.md", project), "utf8").replaceAll(/ +/g, " ");
    for (const { id, name, level, reason } of rules)
      assert.ok(index.includes(`| [${id} ${name}](${id}.md) | ${level} | ${reason} |`), id);
  });
});

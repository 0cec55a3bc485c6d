/**
 * Writes the examples and the table of impact.md from the table that the tests judge: `node docs/impact-tables.ts`. A test
 * fails when they are not current.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderText } from "../impact/render/text.ts";
import { analyse } from "../impact/report.ts";
import { dataFates } from "../impact/verdict/verdict.ts";
import { readDigest } from "../inputs/pulumi/preview.ts";
import { previewOf } from "../test/impact/changes.ts";
import { vm } from "../test/impact/recorded.ts";
import { verdictTable, type TableRow } from "../test/impact/verdict-table.ts";

/** The page with the examples. */
export const impactPagePath = fileURLToPath(new URL("impact.md", import.meta.url));

/** Renews what stands between `<!-- example: <fate> -->` or `<!-- changes -->` and `<!-- end -->`. */
export function renewImpactPage(page: string): string {
  return page
    .replace(
      /(?<head><!-- example: (?<fate>[a-z ]+) -->\n)[^]*?(?=<!-- end -->)/gu,
      (_, head: string, fate: string) => `${head}\n${example(fate)}\n`,
    )
    .replace(/(?<head><!-- changes -->\n)[^]*?(?=<!-- end -->)/u, (_, head: string) => `${head}\n${changes()}\n`);
}

function example(fate: string): string {
  const row = verdictTable.find((each) => each.isExample && each.fate === fate);
  if (row === undefined) throw new Error(`no row of the table is an example of "${fate}"`);
  const lines = renderText(analyse(readDigest(JSON.parse(previewOf(row.of)), "preview", "pulumi"), facts(row)));
  const verdict = lines.split("\n").slice(2).join("\n").split("\n\nThe preview does not show")[0] ?? "";
  return `Changed: ${row.change}.\n\n\`\`\`text\n${verdict.trimEnd()}\n\`\`\`\n`;
}

function facts({ withoutNodes }: TableRow) {
  return withoutNodes ? {} : { nodes: [vm] };
}

function changes(): string {
  const rows = verdictTable
    .toSorted((one, other) => dataFates.indexOf(one.fate) - dataFates.indexOf(other.fate))
    .map(({ change, fate, taskEffect }) => `| ${change} | ${taskEffect} | ${fate} |`);
  return ["| change | task | data |", "|---|---|---|", ...rows, ""].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(impactPagePath, renewImpactPage(readFileSync(impactPagePath, "utf8")));
}

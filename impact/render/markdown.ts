/** Verdicts as a comment on a pull request: GitHub and GitLab both show it, and a bot can find and replace it. */
import { markdownHtmlText, markdownText, printable } from "../../text/escape.ts";
import {
  effectWords,
  fateWords,
  groupCauses,
  headline,
  isDoubtful,
  isLoss,
  outageParts,
  outageWords,
  shownFate,
  valueWords,
  type CauseGroup,
  type ImpactReport,
} from "../report.ts";
import type { DataFate, Verdict } from "../verdict/verdict.ts";
import { fingerprint } from "./fingerprint.ts";
import { pictureLanes, type PictureRow } from "./picture.ts";

/** GitHub refuses comments of more than 65,536 characters, and actions that post them cut at about 64,000. */
const markdownBudget = 60_000;

/** The marker by which a bot finds its comment. */
export const commentMarker = "<!-- holdfast-impact -->";

const findingsMark = "<!-- holdfast-findings:";

/** The most findings that a comment records, each by the first digits of its fingerprint: half of the budget. */
const mostFindings = 3000;
const findingDigits = 8;
const notListed = "too many";

const icons: Readonly<Record<DataFate, string>> = {
  untouched: "🟢",
  interrupted: "🟡",
  "at risk": "🟠",
  unknown: "🟠",
  "left behind": "🔴",
  destroyed: "⛔",
};

/** Options for a comment. */
export interface MarkdownOptions {
  /** The last run's comment, unchanged; new findings are marked by comparison with it. */
  readonly previous?: string;
}

/** Renders a report as Markdown of at most {@link markdownBudget} characters. */
export function renderMarkdown(report: ImpactReport, { previous }: MarkdownOptions = {}): string {
  const known = previous === undefined ? undefined : findingsOf(previous);
  const { verdicts } = report;
  const isQuiet = (verdict: Verdict): boolean => shownFate(verdict) === "untouched";
  const changed = verdicts.filter((verdict) => !isQuiet(verdict));
  const isNew = (verdict: Verdict): boolean => known?.has(finding(verdict)) === false;
  const fresh = known === undefined ? changed : changed.filter(isNew);
  const old = changed.filter((verdict) => !fresh.includes(verdict));
  const quiet = verdicts.filter(isQuiet);
  const listed = changed.length > mostFindings ? notListed : changed.map(finding).join(" ");
  const findings = `${findingsMark} ${listed} -->`;
  const head = [
    commentMarker,
    title(report),
    ...banner(report),
    ...(report.errors.length > 0 ? [failure(report)] : []),
    ...(known !== undefined && fresh.length > 0 ? ["### New in this run"] : []),
    ...table(fresh),
    ...(old.length > 0 ? ["### Known from the last run", ...table(old)] : []),
    ...quietLines(quiet),
  ];
  const details = [...fresh, ...old].map(verdictDetails);
  const rest = [...policies(report), ...picture(verdicts), ...quietDetails(quiet), ...notes(report)];
  return withinBudget(head, [...details, ...rest], findings);
}

function finding(verdict: Verdict): string {
  return fingerprint(verdict).slice(0, findingDigits);
}

/** The findings in a comment, so the next run can recognise new ones; `undefined` when that is not possible. */
function findingsOf(comment: string): ReadonlySet<string> | undefined {
  const start = comment.lastIndexOf(findingsMark);
  const end = comment.indexOf("-->", start);
  if (start < 0 || end < 0) return new Set();
  const listed = comment.slice(start + findingsMark.length, end).trim();
  return listed === notListed ? undefined : new Set(listed.split(" ").map((each) => each.slice(0, findingDigits)));
}

function title(report: ImpactReport): string {
  const { fate, words, about } = headline(report);
  if (fate === "untouched") return `## ${icons.untouched} Data: untouched`;
  const named = about.slice(0, 3).map(({ name }) => markdownText(short(name)));
  const names = about.length > 3 ? `${named.join(", ")} and ${about.length - 3} more` : named.join(", ");
  return `## ${icons[fate]} Data: ${words} (${names})`;
}

function banner({ worst, verdicts }: ImpactReport): readonly string[] {
  if (!isLoss(worst)) return [];
  const what = worst === "destroyed" ? "destroys data" : "lets a service start without its data";
  const lost = verdicts.filter(({ fate }) => isLoss(fate));
  const then = lost.every(({ restorePoint }) => restorePoint?.covers === true)
    ? "`up` goes on all the same: a proved backup covers it."
    : "`up` stops here until just this is accepted.";
  return [`> [!CAUTION]\n> This change ${what}. ${then}`];
}

function failure({ errors }: ImpactReport): string {
  const lines = errors.slice(0, 5).map(({ code, text }) => `> ${markdownText(short(text, 300))} (${code})`);
  return ["> [!WARNING]", "> The preview failed. The steps that it shows are judged anyway.", ...lines].join("\n");
}

function table(verdicts: readonly Verdict[]): readonly string[] {
  if (verdicts.length === 0) return [];
  const rows = verdicts.slice(0, 60).map((verdict) => {
    const [cause] = groupCauses(verdict.causes);
    const cells = [
      markdownText(short(verdict.name)),
      `${iconOf(verdict)} **${fateWords(verdict)}**`,
      effectWords(verdict),
      outageWords(verdict),
      cause === undefined ? "" : causeText(cause),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const left = verdicts.length - rows.length;
  return [
    ["| Service | Data | Task | Outage | Why |", "|---|---|---|---|---|", ...rows].join("\n"),
    ...(left > 0 ? [`… and ${left} more.`] : []),
  ];
}

function causeText({ code, text, about }: CauseGroup): string {
  const paths = about.slice(0, 20).map((cause) => {
    const values = valueWords(cause, "→");
    const shown = values === undefined ? "" : markdownText(short(`: ${values}`, 300));
    return `<code>${markdownText(short(cause.path ?? "", 120))}</code>${shown}<br>`;
  });
  return `${paths.join("")}${sentences(text)} (${code})`;
}

function iconOf(verdict: Verdict): string {
  return icons[shownFate(verdict)];
}

function quietLines(quiet: readonly Verdict[]): readonly string[] {
  if (quiet.length === 0) return [];
  const names = quiet.slice(0, 10).map(({ name }) => markdownText(short(name)));
  return [
    `${icons.untouched} Untouched: ${names.join(", ")}${quiet.length > 10 ? ` and ${quiet.length - 10} more` : ""}`,
  ];
}

function verdictDetails(verdict: Verdict): string {
  const { name, causes, leftBehind, remedies, restorePoint } = verdict;
  const parts = outageParts(verdict).map(
    ({ name: part, leastSeconds, mostSeconds }) =>
      `- ${markdownText(part)}${mostSeconds === undefined ? "" : `: ${leastSeconds} to ${mostSeconds} s`}`,
  );
  return [
    `<details${isDoubtful(verdict) ? " open" : ""}><summary>${iconOf(verdict)} ${markdownHtmlText(short(name))}: ${fateWords(verdict)}</summary>`,
    ...groupCauses(causes).map(causeText),
    ...leftBehind.flatMap(({ place, node, command, until }) => [
      `**Where the data is:** ${sentences(place)}${node === undefined ? "" : ` on ${markdownText(short(node))}`}${until === undefined ? "" : `, until ${markdownText(until)}`}`,
      fenced([command]),
    ]),
    ...(restorePoint === undefined
      ? []
      : [
          `**Restore point:** ${sentences(restorePoint.words)}`,
          ...(restorePoint.command === undefined ? [] : [fenced([restorePoint.command])]),
        ]),
    ...remedies.flatMap(({ text, lines }) => [
      `**Without the loss:** ${sentences(text)}`,
      ...(lines === undefined ? [] : [fenced(lines)]),
    ]),
    ...asides(verdict),
    ...(parts.length > 0 ? ["**Outage**", parts.join("\n")] : []),
    "</details>",
  ].join("\n\n");
}

function asides({ warnings, assumptions, otherwise }: Verdict): readonly string[] {
  return [
    ...warnings.map(({ code, text }) => `**Note:** ${sentences(text)} (${code})`),
    ...assumptions.map((text) => `**Taken for granted:** ${sentences(text)}.`),
    ...(otherwise === undefined ? [] : [`**Otherwise ${otherwise.fate}:** when ${sentences(otherwise.when)}.`]),
  ];
}

/** Even an untouched service needs details if something was assumed or is not in effect. */
function quietDetails(quiet: readonly Verdict[]): readonly string[] {
  return quiet
    .filter((verdict) => asides(verdict).length > 0)
    .map((verdict) =>
      [
        `<details><summary>${icons.untouched} ${markdownHtmlText(short(verdict.name))}: untouched</summary>`,
        ...groupCauses(verdict.causes).map(causeText),
        ...asides(verdict),
        "</details>",
      ].join("\n\n"),
    );
}

/** A code block; its lines begin with our own words and contain no line breaks, so none can end it. */
function fenced(lines: readonly string[]): string {
  return ["```sh", ...lines.map(printable), "```"].join("\n");
}

function policies({ policyFindings }: ImpactReport): readonly string[] {
  if (policyFindings.length === 0) return [];
  const rows = policyFindings
    .slice(0, 60)
    .map(
      ({ policy, level, message }) =>
        `| ${markdownText(short(policy))} | ${markdownText(short(level))} | ${markdownText(short(message.trim(), 600))} |`,
    );
  return [["### Policies", "", "| Policy | Level | Finding |", "|---|---|---|", ...rows].join("\n")];
}

function notes({ withoutData, unseen }: ImpactReport): readonly string[] {
  const names = withoutData.slice(0, 30).map((name) => markdownText(short(name)));
  return [
    ...(names.length > 0 ? [`<sub>Without data: ${names.join(", ")}</sub>`] : []),
    ...(unseen > 0 ? [`<sub>${unseen} unchanged resources are not in this preview.</sub>`] : []),
  ];
}

function picture(verdicts: readonly Verdict[]): readonly string[] {
  const lanes = pictureLanes(verdicts, 6);
  if (lanes.length === 0) return [];
  const lines = ["flowchart LR"];
  for (const side of ["before", "after"] as const) {
    lines.push(`  subgraph ${side}["${side}"]`);
    for (const [lane, { node, [side]: rows }] of lanes.entries()) {
      if (rows.length === 0) continue;
      lines.push(
        `    subgraph ${side}${lane}["${mermaidText(node)}"]`,
        ...rows.flatMap((row, index) => mermaidRow(row, `${side}${lane}r${index}`)),
        "    end",
      );
    }
    lines.push("  end");
  }
  lines.push("  before --> after", "  classDef lost stroke:#d1242f,stroke-width:2px,stroke-dasharray:4");
  return [
    ["<details><summary>Picture</summary>", "```mermaid\n" + lines.join("\n") + "\n```", "</details>"].join("\n\n"),
  ];
}

function mermaidRow({ service, task, places }: PictureRow, id: string): readonly string[] {
  const label = task === "running" ? service : `${service}: ${task}`;
  return places.flatMap(({ text, dataPath, isLost }, index) => {
    const place = `${id}p${index}[("${mermaidText(text)}")]`;
    if (isLost) return [`      ${id}p${index}[("${mermaidText(`${text}: ${task}`)}")]:::lost`];
    return [`      ${id}(["${mermaidText(label)}"]) -- "${mermaidText(dataPath)}" --> ${place}`];
  });
}

/** Text in a Mermaid label: all but plain characters as entity codes. */
function mermaidText(text: string): string {
  return printable(short(text, 60)).replaceAll(
    /[^A-Za-z0-9 .,/_=-]/gu,
    (character) => `#${character.codePointAt(0) ?? 63};`,
  );
}

function short(text: string, length = 80): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** Our sentences, which may contain a name longer than the sentence. */
function sentences(text: string): string {
  return markdownText(short(text, 1000));
}

function withinBudget(head: readonly string[], rest: readonly string[], findings: string): string {
  const end = (left: number): string =>
    left > 0
      ? `\n\n… ${left} more parts did not fit; the JSON output has them all.\n\n${findings}\n`
      : `\n\n${findings}\n`;
  let text = cutAtLine(head.join("\n\n"), markdownBudget - end(9999).length);
  let left = 0;
  for (const part of rest) {
    if (text.length + part.length + 2 + end(9999).length > markdownBudget) left++;
    else text += `\n\n${part}`;
  }
  return text + end(left);
}

function cutAtLine(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, text.lastIndexOf("\n", length));
}

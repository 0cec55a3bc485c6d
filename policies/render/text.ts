import { printable } from "../../text/escape.ts";
import type { Style } from "../../text/style.ts";
import type { Finding } from "../finding.ts";
import { rules } from "../rule-list.ts";

/** How findings are shown to people. */
export interface TextOptions {
  readonly style: Style;
  /** Width of the terminal in columns. */
  readonly columns: number;
  /** Whether what could not be verified is shown one by one. */
  readonly all: boolean;
}

/** Findings as text: a table for each service, most severe first, each with what, where, why and how to fix it. */
export function textReport(findings: readonly Finding[], services: number, options: TextOptions): readonly string[] {
  const byService = Map.groupBy(findings, ({ service, location }) => JSON.stringify([service, location?.file]));
  const tables = [...byService.values()].flatMap((each) => serviceTable(each, options));
  return [...tables, summary(findings, services, options.style)];
}

function serviceTable(findings: readonly Finding[], options: TextOptions): readonly string[] {
  const [first] = findings;
  const shown = findings
    .filter(({ result }) => result === "fail" || options.all)
    .toSorted((one, other) => one.level.localeCompare(other.level) || one.rule.localeCompare(other.rule));
  const hidden = findings.length - shown.length;
  const file = first?.location === undefined ? "" : `  ${options.style("dim", printable(first.location.file))}`;
  return [
    `${options.style("bold", printable(first?.service ?? ""))}${file}`,
    ...shown.flatMap((finding) => findingRows(finding, options)),
    ...(hidden === 0
      ? []
      : [
          `  ${options.style("dim", `${count(hidden, "check")} could not be verified here: ${rulesOf(findings)} (--all shows them)`)}`,
        ]),
    "",
  ];
}

function rulesOf(findings: readonly Finding[]): string {
  return [...new Set(findings.filter(({ result }) => result === "unverifiable").map(({ rule }) => rule))].join(", ");
}

function findingRows(finding: Finding, { style, columns }: TextOptions): readonly string[] {
  const { rule, name, level, result, path, message, fix, location } = finding;
  const label = result === "unverifiable" ? "unknown" : level;
  const reason = result === "fail" ? (rules.find(({ id }) => id === rule)?.reason ?? "") : "";
  const row = (title: string, text: string, format?: Parameters<Style>[0]): readonly string[] => {
    const indent = " ".repeat(10);
    return wrap(printable(text), columns - indent.length - 7).map((line, index) => {
      const shown = format === undefined ? line : style(format, line);
      return `${indent}${(index === 0 ? title : "").padEnd(7)}${shown}`;
    });
  };
  return [
    `  ${style(level === "error" ? "red" : "yellow", label.padEnd(7))} ${style("bold", rule)} ${name}`,
    ...row("what", message),
    ...row("where", location === undefined ? path : `${path}, line ${location.line}`, "cyan"),
    ...row("why", reason, "dim"),
    ...row("fix", fix),
  ];
}

/** Breaks a text at spaces, and a word that is longer than a line wherever the line ends. */
function wrap(text: string, width: number): readonly string[] {
  const most = Math.max(width, 20);
  const pieces = text.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${most}}`, "gsu")) ?? []);
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= most) lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(piece);
  }
  return lines;
}

function summary(findings: readonly Finding[], services: number, style: Style): string {
  const fails = findings.filter(({ result }) => result === "fail");
  const errors = fails.filter(({ level }) => level === "error").length;
  const unknown = findings.length - fails.length;
  const parts = [count(errors, "error"), count(fails.length - errors, "warning"), `${unknown} not verifiable`];
  return `${count(services, "service")}: ${style(errors > 0 ? "red" : "bold", parts.join(", "))}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

import { markdownText } from "../../text/escape.ts";
import type { Finding } from "../finding.ts";

/** Findings as a Markdown table, for a comment on a pull request. */
export function markdownReport(findings: readonly Finding[]): string {
  if (findings.length === 0) return "No findings.\n";
  const rows = findings.map(
    ({ rule, name, level, result, service, path, message, fix, location }) =>
      `| ${result === "unverifiable" ? "unknown" : level} | ${rule} ${name} | ${markdownText(service)} | ${markdownText(path)}${location === undefined ? "" : ` (line ${location.line})`} | ${markdownText(message)} ${markdownText(fix)} |`,
  );
  return ["| level | rule | service | where | what and how to fix it |", "|---|---|---|---|---|", ...rows, ""].join(
    "\n",
  );
}

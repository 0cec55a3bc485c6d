/** An audit as one page. */
import { htmlText as html } from "../../text/escape.ts";
import { htmlPage } from "../../text/html-page.ts";
import { auditSections, type AuditReport, type AuditRow, type AuditSection } from "./report.ts";

/** Renders what an audit found as a self-contained page. */
export function auditPage(report: AuditReport): string {
  const { inventory, findings } = report;
  const hosts = inventory.swarm?.nodes.length ?? 0;
  const unseen = inventory.unseenNodes;
  const body = [
    `<p class="aside">Taken at ${html(inventory.takenAt)} from ${hosts} ${hosts === 1 ? "node" : "nodes"}${unseen.length === 0 ? "" : `; not seen: ${unseen.map(html).join(", ")}`}.</p>`,
    ...auditSections(report).map(table),
    findings.length === 0 ? "" : findingsTable(findings),
  ];
  return htmlPage({ title: "Where this swarm's data is", body: body.join("\n"), style });
}

function table({ title, columns, rows, isBad }: AuditSection): string {
  return `<section${isBad ? ' class="bad"' : ""}><h2>${html(title)}</h2>
<table><tr>${columns.map((column) => `<th>${html(column)}</th>`).join("")}</tr>
${rows.map((row) => tableRow(row)).join("\n")}
</table></section>`;
}

function tableRow({ cells, notes }: AuditRow): string {
  const last = cells.length - 1;
  const list = notes.length === 0 ? "" : `<ul>${notes.map((note) => `<li>${html(note)}</li>`).join("")}</ul>`;
  return `<tr>${cells.map((cell, index) => `<td>${html(cell)}${index === last ? list : ""}</td>`).join("")}</tr>`;
}

function findingsTable(findings: AuditReport["findings"]): string {
  const failed = findings.filter(({ result }) => result === "fail");
  const unknown = findings.length - failed.length;
  const rows = failed.map(
    ({ service, level, rule, name, path, message, fix }) =>
      `<tr class="${html(level)}"><td>${html(service)}</td><td class="level">${html(level)}</td><td>${html(rule)}<br>${html(name)}</td><td><code>${html(path)}</code><br>${html(message)}<p class="aside">${html(fix)}</p></td></tr>`,
  );
  return `<section><h2>Findings of the policies</h2>
${rows.length === 0 ? "" : `<table><tr><th>Service</th><th>Level</th><th>Rule</th><th>Finding</th></tr>${rows.join("\n")}</table>`}
${unknown === 0 ? "" : `<p class="aside">${unknown} ${unknown === 1 ? "check" : "checks"} could not be verified from here.</p>`}</section>`;
}

const style = `
section { margin: 22px 0; overflow-x: auto; } .bad h2, .bad td:last-child, .error .level { color: var(--bad); } .warning .level { color: var(--warn); }
table { width: 100%; } th { background: var(--box); white-space: nowrap; } td { overflow-wrap: anywhere; } ul { margin: 4px 0 0; padding-left: 18px; color: var(--dim); } p { margin: 4px 0; }
`;

/** Verdicts as one page. */
import { htmlText as html } from "../../text/escape.ts";
import { htmlPage } from "../../text/html-page.ts";
import {
  effectWords,
  fateWords,
  groupCauses,
  headline,
  outageParts,
  outageWords,
  shownFate,
  type CauseGroup,
  type ImpactReport,
} from "../report.ts";
import type { DataFate, Verdict } from "../verdict/verdict.ts";
import { isWithoutTask, pictureLanes, type PictureLane, type PictureRow } from "./picture.ts";

/** Renders a report as a self-contained page. */
export function renderHtml(report: ImpactReport, title = "What this change does to data"): string {
  const { verdicts, errors, policyFindings, withoutData, unseen } = report;
  const { fate, words } = headline(report);
  const body = `<p class="worst ${fateClass(fate)}">${verdicts.length === 0 ? "No service with data is changed." : `Data: ${words}`}</p>
${errors.length > 0 ? `<section class="errors"><h2>The preview failed</h2><p>The steps that it shows are judged anyway.</p><ul>${errors.map(({ code, text }) => `<li>${html(text)} (${code})</li>`).join("")}</ul></section>` : ""}
${drawing(pictureLanes(verdicts, 40))}
${verdicts.map(section).join("\n")}
${policyFindings.length > 0 ? `<h2>Policies</h2><table><tr><th>Policy</th><th>Level</th><th>Finding</th></tr>${policyFindings.map(({ policy, level, message }) => `<tr><td>${html(policy)}</td><td>${html(level)}</td><td>${html(message.trim())}</td></tr>`).join("")}</table>` : ""}
${withoutData.length > 0 ? `<p class="aside">Without data: ${withoutData.map(html).join(", ")}</p>` : ""}
${unseen > 0 ? `<p class="aside">${unseen} unchanged resources are not in this preview.</p>` : ""}`;
  return htmlPage({ title, body, style });
}

function section(verdict: Verdict): string {
  const { name, causes, leftBehind, remedies, restorePoint, warnings, assumptions, otherwise } = verdict;
  const parts = outageParts(verdict);
  return `<section class="verdict ${fateClass(shownFate(verdict))}">
<h2><span class="fate">${fateWords(verdict)}</span> ${html(name)}</h2>
<p class="effect">${effectWords(verdict)}, ${outageWords(verdict)}</p>
${groupCauses(causes).map(causeHtml).join("\n")}
${leftBehind.map(({ place, node, command, until }) => `<h3>Where the data is</h3><p>${html(place)}${node === undefined ? "" : ` on ${html(node)}`}${until === undefined ? "" : `, until ${html(until)}`}</p><pre>${html(command)}</pre>`).join("\n")}
${restorePoint === undefined ? "" : `<h3>Restore point</h3><p>${html(restorePoint.words)}</p>${restorePoint.command === undefined ? "" : `<pre>${html(restorePoint.command)}</pre>`}`}
${remedies.map(({ text, lines }) => `<h3>Without the loss</h3><p>${html(text)}</p>${lines === undefined ? "" : `<pre>${lines.map(html).join("\n")}</pre>`}`).join("\n")}
${warnings.map(({ code, text }) => `<p class="note">${html(text)} (${code})</p>`).join("\n")}
${assumptions.length > 0 ? `<p class="aside">Taken for granted: ${assumptions.map(html).join("; ")}.</p>` : ""}
${otherwise === undefined ? "" : `<p class="note"><strong>Otherwise ${otherwise.fate}:</strong> when ${html(otherwise.when)}.</p>`}
${parts.length > 0 ? `<details><summary>Outage</summary><ul>${parts.map(({ name: part, leastSeconds, mostSeconds }) => `<li>${html(part)}${mostSeconds === undefined ? "" : `: ${leastSeconds} to ${mostSeconds} s`}</li>`).join("")}</ul></details>` : ""}
</section>`;
}

function causeHtml({ code, text, about }: CauseGroup): string {
  const paths = about.map(({ path, before, after }) => {
    const values =
      before === undefined && after === undefined
        ? ""
        : ` <span class="values"><del>${html(before ?? "…")}</del> → <ins>${html(after ?? "…")}</ins></span>`;
    return `<code>${html(path ?? "")}</code>${values}<br>`;
  });
  return `<p>${paths.join("")}${html(text)} (${code})</p>`;
}

const row = { height: 64, gap: 12 };
const columns = { before: 130, after: 560, taskWidth: 150, placeWidth: 190, width: 980 };

/** A lane for each node: before on the left, after on the right. */
function drawing(lanes: readonly PictureLane[]): string {
  if (lanes.length === 0) return "";
  let top = 40;
  const parts: string[] = [];
  for (const lane of lanes) {
    const count = Math.max(1, rowCount(lane.before), rowCount(lane.after));
    const height = count * row.height + row.gap;
    parts.push(
      `<rect class="lane" x="4" y="${top}" width="${columns.width - 8}" height="${height}" rx="8"/>`,
      `<text class="node" x="16" y="${top + 28}">${svgText(lane.node, 12)}</text>`,
      ...drawRows(lane.before, columns.before, top),
      ...drawRows(lane.after, columns.after, top),
    );
    top += height + row.gap;
  }
  return `<figure><svg viewBox="0 0 ${columns.width} ${top}" role="img" aria-label="Nodes, tasks and volumes before and after">
<defs>${["tip", "lost-tip"].map((id) => `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker>`).join("")}</defs>
<text class="side" x="${columns.before}" y="24">Before</text><text class="side" x="${columns.after}" y="24">After</text>
${parts.join("\n")}
</svg></figure>`;
}

function rowCount(rows: readonly PictureRow[]): number {
  return rows.reduce((count, { places }) => count + Math.max(1, places.length), 0);
}

function drawRows(rows: readonly PictureRow[], left: number, top: number): readonly string[] {
  let y = top + row.gap;
  return rows.flatMap((each) => {
    const { service, task, places } = each;
    const taskTop = y;
    const middle = (at: number): number => at + 22;
    const parts: string[] = [];
    if (!isWithoutTask(each)) {
      const label = task === "running" ? "task runs" : task;
      parts.push(
        `<g class="task ${task.replace(" ", "-")}"><rect x="${left}" y="${taskTop}" width="${columns.taskWidth}" height="46" rx="10"/><text x="${left + 10}" y="${taskTop + 20}">${svgText(service, 18)}</text><text class="small" x="${left + 10}" y="${taskTop + 37}">${label}</text></g>`,
      );
    }
    for (const place of places) {
      const x = left + columns.taskWidth + 50;
      const arrow = isWithoutTask(each)
        ? `<path class="lost-arrow" d="M${left + 20} ${middle(y)}H${x - 4}" marker-end="url(#lost-tip)"/><text class="small lost-word" x="${left + 20}" y="${middle(y) - 8}">${svgText(`${service}: ${task}`, 24)}</text>`
        : `<path class="mounts" d="M${left + columns.taskWidth} ${middle(taskTop)}L${x - 4} ${middle(y)}" marker-end="url(#tip)"/>`;
      parts.push(
        `${arrow}<g class="place${place.isLost ? " lost" : ""}"><rect x="${x}" y="${y}" width="${columns.placeWidth}" height="46" rx="4"/><text x="${x + 10}" y="${y + 20}">${svgText(place.text, 24)}</text><text class="small" x="${x + 10}" y="${y + 37}">${svgText(place.dataPath, 30)}</text></g>`,
      );
      y += row.height;
    }
    if (places.length === 0) y += row.height;
    return parts;
  });
}

/** A shortened label, with the full text as a tooltip. */
function svgText(text: string, length: number): string {
  const shown = text.length > length ? `${text.slice(0, length - 1)}…` : text;
  return shown === text ? html(text) : `${html(shown)}<title>${html(text)}</title>`;
}

function fateClass(fate: DataFate): string {
  return `fate-${fate.replace(" ", "-")}`;
}

const style = `
.fate-untouched { --fate: var(--good); } .fate-interrupted { --fate: var(--warn); } .fate-at-risk, .fate-unknown { --fate: var(--risk); } .fate-left-behind, .fate-destroyed { --fate: var(--bad); }
.worst { font-size: 1.2em; font-weight: 600; color: var(--fate); }
.verdict, .errors { border: 1px solid var(--line); border-left: 5px solid var(--fate, var(--bad)); border-radius: 6px; padding: 14px 18px; margin: 18px 0; overflow-wrap: anywhere; }
.fate { color: var(--fate); } .effect, .aside, .values { color: var(--dim); } p { margin: 4px 0 8px; }
.note { border-left: 3px solid var(--line); padding-left: 10px; }
del { text-decoration: none; color: var(--bad); } ins { text-decoration: none; color: var(--good); }
figure { margin: 18px 0; overflow-x: auto; } svg { min-width: 720px; width: 100%; height: auto; font: 14px system-ui, sans-serif; fill: var(--text); }
.lane { fill: var(--box); stroke: var(--line); } .node { font-weight: 600; } .side { font-weight: 600; fill: var(--dim); } .small { font-size: 11.5px; fill: var(--dim); }
.task rect { fill: var(--page); stroke: var(--good); stroke-width: 1.5; } .task.stopped rect { stroke: var(--warn); } .task.cannot-start rect { stroke: var(--bad); stroke-dasharray: 4; }
.place rect { fill: var(--page); stroke: var(--dim); } .place.lost rect { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 3; }
.mounts { stroke: var(--dim); fill: none; stroke-width: 1.5; } .lost-arrow { stroke: var(--bad); fill: none; stroke-width: 2; stroke-dasharray: 6 4; } .lost-word { fill: var(--bad); } marker path { fill: var(--dim); } #lost-tip path { fill: var(--bad); }
`;

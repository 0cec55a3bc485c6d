import { auditSections, lookOf, type AuditReport } from "../../../live/audit/report.ts";
import { companionServices } from "../../../live/backup/companion.ts";
import { readBackups } from "../../../live/backup/overview.ts";
import { viewData } from "../../../live/data-overview.ts";
import { liveEstate, noneOf, takeInventory } from "../../../live/inventory.ts";
import { findLostVolumes } from "../../../live/rescue/search.ts";
import type { SwarmRecord } from "../../../live/read-swarm.ts";
import { exitCodeOf, judge, type Threshold } from "../../../policies/judge.ts";
import { textReport } from "../../../policies/render/text.ts";
import { printable } from "../../../text/escape.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { writeText } from "../../terminal/files.ts";
import { abortOnInterrupt, listenForInterrupts } from "../../terminal/interrupts.ts";
import { openOutput, type Output } from "../../terminal/output.ts";
import { managerToAsk } from "../backup/opening.ts";
import type { SwarmQuestionOptions } from "./doctor.ts";
import { enginesToAsk } from "./engines-to-ask.ts";

/** Options of `holdfast audit`. */
export interface AuditOptions extends SwarmQuestionOptions {
  failOn: Threshold;
  all?: true | undefined;
  html?: string | undefined;
}

/** `holdfast audit`: where a running swarm keeps its data, what puts it at risk, and which volumes are unused. */
export async function audit(options: AuditOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  const inventory = await takeInventory(await enginesToAsk(options));
  if (!inventory.swarm) throw noneOf(inventory, "a manager that answers for the swarm");
  using interrupts = listenForInterrupts(() => undefined);
  const estate = await liveEstate(inventory);
  const findings = judge(estate, { today: inventory.takenAt.slice(0, 10) });
  const report: AuditReport = {
    inventory,
    view: viewData(estate, inventory),
    lost: await findLostVolumes(inventory, interrupts.stopSoon),
    findings,
    backups: await auditBackups(inventory.swarm, options),
  };
  if (interrupts.interrupted) throw new Exit(exitCode.interrupted);
  if (options.html !== undefined) {
    const { auditPage } = await import("../../../live/audit/page.ts");
    writeText("--html", options.html, auditPage(report));
  }
  if (output.json) output.document(auditDocument(report));
  output.print(...lines(report, output));
  if (!output.json) {
    const columns = output.terminal?.columns ?? 80;
    output.print(
      ...textReport(findings, estate.services.length, { style: output.style, columns, all: options.all ?? false }),
    );
  }
  const isBackupBad = report.backups.some(({ errors }) => errors.length > 0);
  if (isBackupBad || exitCodeOf(findings, options.failOn) !== 0) throw new Exit(exitCode.failed);
}

/** A swarm without backups is asked nothing more. */
async function auditBackups(swarm: SwarmRecord, options: AuditOptions): Promise<AuditReport["backups"]> {
  if (companionServices(swarm).length === 0) return [];
  using interrupts = abortOnInterrupt();
  return await readBackups(await managerToAsk(options), swarm, interrupts.signal);
}

/** The one document of `--json`. */
function auditDocument(report: AuditReport) {
  const { inventory, view, findings } = report;
  return {
    takenAt: inventory.takenAt,
    nodes: inventory.swarm?.nodes,
    unseenNodes: inventory.unseenNodes,
    unreachableEngines: inventory.engines.flatMap((engine) => ("problem" in engine ? [engine] : [])),
    ...view,
    idleVolumes: view.idleVolumes.map((volume) => ({ ...lookOf(volume, report), ...volume })),
    findings: { findings },
    backups: report.backups,
  };
}

function lines(report: AuditReport, { style }: Output): string[] {
  return auditSections(report).flatMap(({ title, rows, isBad }) => [
    style("bold", title),
    ...rows.flatMap(({ cells, notes }) => {
      const shown = cells.filter((cell) => cell !== "").map(printable);
      const last = shown.pop() ?? "";
      return [
        `  ${[...shown, isBad ? style("red", last) : last].join("  ")}`,
        ...notes.map((note) => `    ${printable(note)}`),
      ];
    }),
    "",
  ]);
}

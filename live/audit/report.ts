/** What an audit found, as tables: shown at the terminal and on a page alike. */
import type { Finding } from "../../policies/finding.ts";
import { byteWords } from "../../text/byte-size.ts";
import type { DataView, IdleVolume, ServiceWithData } from "../data-overview.ts";
import type { Inventory } from "../inventory.ts";
import type { BackupState } from "../backup/overview.ts";
import type { LostVolume } from "../rescue/search.ts";
import { contentWords, timeWords } from "../volume-content-text.ts";

/** What an audit found. */
export interface AuditReport {
  readonly inventory: Inventory;
  readonly view: DataView;
  /** The idle volumes of the view again, with what is in them. */
  readonly lost: readonly LostVolume[];
  readonly findings: readonly Finding[];
  /** The declared backups, and what is wrong with each. */
  readonly backups: readonly BackupState[];
}

/** A table about one matter. */
export interface AuditSection {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly AuditRow[];
  /** Whether its rows are about data that is being lost or will be. */
  readonly isBad?: true;
}

/** A row of a table; names in it come from outside and are not fit to be shown yet. */
export interface AuditRow {
  readonly cells: readonly string[];
  /** Further remarks on it. */
  readonly notes: readonly string[];
}

/** The tables of an audit but for the findings of policies; a table without rows is left out. */
export function auditSections(report: AuditReport): AuditSection[] {
  const { inventory, view } = report;
  const { swarm, engines, unseenNodes } = inventory;
  const row = (...cells: string[]): AuditRow => ({ cells, notes: [] });
  const sections: AuditSection[] = [
    {
      title: "Engines that did not answer",
      columns: ["Engine", "Answer"],
      rows: engines.flatMap((engine) => ("problem" in engine ? [row(engine.host, engine.problem)] : [])),
    },
    {
      title: "Nodes",
      columns: ["Node", "State"],
      rows: (swarm?.nodes ?? []).map(({ hostname, role, state, availability }) => {
        const unseen = unseenNodes.includes(hostname) ? ", its volumes not seen (name its engine with --engine)" : "";
        return row(hostname, `${role}, ${state}, ${availability}${unseen}`);
      }),
    },
    {
      title: "Services with data",
      columns: ["Service", "Tasks"],
      rows: view.services.map(serviceRow),
    },
    {
      title: "Services without data",
      columns: ["Services"],
      rows: view.withoutData.length === 0 ? [] : [row(view.withoutData.join(", "))],
    },
    {
      title: "Several writers at once: their data is being damaged. Stop all but one of them",
      columns: ["Service", "Data"],
      rows: view.manyWriters.map(({ service, volume, nodes }) =>
        row(service, `volume "${volume}" on ${nodes.join(" and ")}`),
      ),
      isBad: true,
    },
    {
      title: "What a lost node takes along",
      columns: ["Node", "Data", "Fate"],
      rows: view.nodeLosses.flatMap(({ node, losses }) =>
        losses.map(({ service, what, fate }) => row(node, `${service}: ${what}`, fate)),
      ),
      isBad: true,
    },
    {
      title: "Backups with errors: do not count on them",
      columns: ["Service", "Errors"],
      rows: report.backups.flatMap(({ service, errors }) =>
        errors.length === 0 ? [] : [row(service, errors.join("; "))],
      ),
      isBad: true,
    },
    {
      title: "Backups",
      columns: ["Service", "What can be restored"],
      rows: report.backups.map(({ service, words }) => row(service, words)),
    },
    {
      title: "Volumes that no running container uses",
      columns: ["Node", "Volume", "Size", "Why"],
      rows: view.idleVolumes.map((volume) => idleRow(volume, lookOf(volume, report))),
    },
    {
      title: "Disk use of volumes",
      columns: ["Node", "Volumes", "Size"],
      rows: view.diskUse.map(({ node, volumeCount, sizeBytes, idleBytes, unmeasuredCount }) => {
        const unknown = unmeasuredCount === 0 ? "" : `, ${unmeasuredCount} of unknown size`;
        const idle = idleBytes === 0 ? "" : `, ${byteWords(idleBytes)} of it unused`;
        return row(
          node,
          `${volumeCount} ${volumeCount === 1 ? "volume" : "volumes"}${unknown}`,
          byteWords(sizeBytes) + idle,
        );
      }),
    },
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

/** What is in an idle volume, where it was read. */
export function lookOf({ node, name }: IdleVolume, { lost }: AuditReport): LostVolume | undefined {
  return lost.find((each) => each.node === node && each.name === name);
}

function serviceRow({ name, runsOn, isWaiting, places }: ServiceWithData): AuditRow {
  const where = runsOn.length === 0 ? "runs nowhere" : `on ${runsOn.join(", ")}`;
  return {
    cells: [name, `${where}${isWaiting ? ", a task waits" : ""}`],
    notes: places.map(({ path, words, inUse }) => {
      const copies = inUse.map(({ node, volume, sizeBytes }) => {
        const short = isLongName(volume) ? `${volume.slice(0, 12)} ` : "";
        return `${short}${sizeBytes === undefined ? "" : `${byteWords(sizeBytes)} `}on ${node}`;
      });
      return `${path} in ${words}${copies.length === 0 ? "" : `: ${copies.join(", ")}`}`;
    }),
  };
}

function isLongName(volume: string): boolean {
  return /^[0-9a-f]{64}$/.test(volume);
}

const reasons: Readonly<Record<IdleVolume["why"], (service: string) => string>> = {
  "left behind": (service) => `left behind: ${service} mounts a volume of this name, and runs on another node`,
  waiting: (service) => `${service} mounts it and does not run`,
  "of an earlier task": (service) => `of an earlier task of ${service}: goes with the task history`,
  orphan: () => "orphan: nothing mounts it",
};

function idleRow({ node, name, sizeBytes, why, service }: IdleVolume, look: LostVolume | undefined): AuditRow {
  return {
    cells: [node, name, sizeBytes === undefined ? "" : byteWords(sizeBytes), reasons[why](service ?? "")],
    notes: look === undefined ? [] : lookNotes(look),
  };
}

function lookNotes({ content, problem, program, traces, why }: LostVolume): string[] {
  const newest = content?.newestWrite;
  const whose = why === "orphan" ? traces : [];
  return [
    ...(content ? [`holds ${contentWords(content, program)}`] : []),
    ...(problem === undefined ? [] : [`content not known: ${problem}`]),
    ...(newest === undefined ? [] : [`newest write ${timeWords(newest)}`]),
    ...whose.map(({ words }) => words),
  ];
}

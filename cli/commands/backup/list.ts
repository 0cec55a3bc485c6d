import { entriesWords } from "../../../backup/protocol.ts";
import { companionOf, findCompanions } from "../../../live/backup/companion.ts";
import { backupErrors, isUnproved, readCondition, type BackupCondition } from "../../../live/backup/condition.ts";
import { backupMetrics } from "../../../live/backup/metrics.ts";
import type { BackupList } from "../../../live/backup/restore-plan.ts";
import { readSwarm } from "../../../live/read-swarm.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { formatDuration } from "../../../text/duration.ts";
import { printable } from "../../../text/escape.ts";
import { momentWords } from "../../../text/moment.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput, requireOneDocument, type Output } from "../../terminal/output.ts";
import { managerToAsk, type BackupCommandOptions } from "./opening.ts";

/** Options of `holdfast backup list`. */
export interface BackupListOptions extends BackupCommandOptions {
  format: "text" | "prometheus";
}

/** `holdfast backup list [SERVICE]`: ends with 1 where something is wrong with a backup. */
export async function showBackups(name: string | undefined, options: BackupListOptions): Promise<void> {
  const isMetrics = options.format === "prometheus";
  requireOneDocument({ "--json": options.json, "--format prometheus": isMetrics ? true : undefined });
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const connection = await managerToAsk(options);
  const swarm = await readSwarm(connection);
  const all = findCompanions(swarm);
  const companions = name === undefined ? all : [companionOf(all, name)];
  // One after the other: each is a task on a node that has other work.
  const backups: BackupCondition[] = [];
  for (const companion of companions)
    backups.push(await readCondition(connection, companion, swarm, interrupts.signal));
  const nowSeconds = Date.now() / 1000;
  const errorsOf = (backup: BackupCondition) => backupErrors(backup, nowSeconds);
  if (output.json) {
    output.document({
      backups: backups.map((backup) => ({ ...backup, unproved: isUnproved(backup.list), errors: errorsOf(backup) })),
    });
  }
  if (isMetrics) output.printAsIs(backupMetrics(backups, nowSeconds).trimEnd());
  else
    output.print(
      ...backups.flatMap((backup) => [...backupLines(backup, nowSeconds, output), ""]),
      companions.length === 0
        ? "No service of this swarm declares a backup. Give one `backup: { to, image }` (docs/backup.md)."
        : `${companions.length} ${companions.length === 1 ? "backup" : "backups"}. Bring one back with \`npx holdfast restore SERVICE\`.`,
    );
  if (backups.some((backup) => errorsOf(backup).length > 0)) throw new Exit(exitCode.failed);
}

/** The lines about a backup. */
export function backupLines(backup: BackupCondition, nowSeconds: number, { style }: Pick<Output, "style">): string[] {
  const { service, store, kind, repository, list: found, drill } = backup;
  const rows: (readonly [label: string, words: string])[] = [
    ...backupErrors(backup, nowSeconds).map((words) => [style("red", "error"), words] as const),
    ...(found ? foundRows(found, kind, nowSeconds, style) : []),
    ...(drill ? [["drill", `every ${formatDuration(1000 * drill.everySeconds)} by ${drill.service}`] as const] : []),
  ];
  return [
    `${style("bold", printable(service))}  ${printable(store)} in ${printable(repository)}`,
    ...rows.map(([label, words]) => `  ${label}${" ".repeat(Math.max(1, 15 - plainLength(label)))}${printable(words)}`),
  ];
}

function foundRows(
  found: BackupList,
  kind: BackupCondition["kind"],
  nowSeconds: number,
  style: Output["style"],
): (readonly [string, string])[] {
  const { ranges, window, newestSeconds, deliveredSeconds, pieces, bases, bytes, proofs } = found;
  const shown = ranges.slice(-shownRanges);
  const earlier = ranges.length - shown.length;
  return [
    ...(ranges.length === 0 ? [["restore points", "none: no base has been delivered yet"] as const] : []),
    ...(earlier > 0
      ? [["restore points", `${earlier} earlier, from ${momentWords(ranges[0]?.firstSeconds ?? 0)}`] as const]
      : []),
    ...shown.map(({ kind: form, firstSeconds, lastSeconds, toTheSecond }, index) => {
      const label = index === 0 && earlier === 0 ? "restore points" : "";
      if (form === "snapshot") return [label, `${momentWords(firstSeconds)}, one snapshot`] as const;
      const grain = toTheSecond ? "every second" : "every delivery";
      return [label, `${momentWords(firstSeconds)} to ${momentWords(lastSeconds)}, ${grain}`] as const;
    }),
    ...(newestSeconds === undefined
      ? []
      : [["newest write", `${momentWords(newestSeconds)}, ${ageWords(nowSeconds - newestSeconds)}`] as const]),
    ...(deliveredSeconds === undefined
      ? []
      : [["delivered", `${momentWords(deliveredSeconds)}, ${ageWords(nowSeconds - deliveredSeconds)}`] as const]),
    ...(window === undefined
      ? []
      : [
          [
            "loss window",
            `${secondsWords(window.last)} s from a write to its delivery on ${momentWords(window.canary / 1000)}, ${secondsWords(window.worst)} s at most`,
          ] as const,
        ]),
    [
      "size",
      kind === "file"
        ? `${byteWords(bytes)} in ${bases} ${bases === 1 ? "file" : "files"}`
        : `${byteWords(bytes)} in ${pieces} ${pieces === 1 ? "piece" : "pieces"} of the log and ${bases} ${bases === 1 ? "base" : "bases"}`,
    ],
    ...(isUnproved(found) ? [[style("yellow", "unproved"), unprovedWords(kind)] as const] : []),
    ...proofs
      .slice(0, shownProofs)
      .map(({ level, result, seconds, point, entries, canary, node, tookSeconds }, index) => {
        const loaded = entries === undefined ? "" : `, ${entriesWords(kind, entries)}`;
        const newest = canary === undefined ? "" : `, canary of ${momentWords(canary / 1000)}`;
        const took = tookSeconds === undefined ? "" : `, in ${tookSeconds} s`;
        const place = node === undefined ? "" : ` on ${node}`;
        const words = `${result === "ok" ? "ok" : style("red", "failed")} at level ${level}${place} on ${momentWords(seconds)}: the state of ${momentWords(point)}${loaded}${newest}${took}`;
        return [index === 0 ? "proofs" : "", words] as const;
      }),
  ];
}

function unprovedWords(kind: BackupCondition["kind"]): string {
  return kind === "file"
    ? "no state of it was ever loaded: `npx holdfast backup verify` loads an SQLite database; load any other file where you can"
    : "no server has ever loaded it: run `npx holdfast backup verify`";
}

const shownRanges = 5;
const shownProofs = 3;

function secondsWords(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}

function ageWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s ago`;
  if (whole < 7200) return `${Math.round(whole / 60)} min ago`;
  return whole < 172_800 ? `${Math.round(whole / 3600)} h ago` : `${Math.round(whole / 86_400)} days ago`;
}

/** How wide a label is without its colours. */
function plainLength(text: string): number {
  // eslint-disable-next-line no-control-regex -- The colours of a terminal begin with its escape character.
  return text.replaceAll(/\u001b\[[\d;]*m/gu, "").length;
}

/** What the backups of a swarm can bring back, for those who judge a plan that would lose data. */
import { isLoaded } from "../../backup/protocol.ts";
import { riskyVerdicts, withRestorePoints, type ImpactReport } from "../../impact/report.ts";
import type { BackupEvidence } from "../../impact/verdict/restore-point.ts";
import type { Plan } from "../../model/plan/plan.ts";
import type { SwarmNode } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { durationIn } from "../../text/duration.ts";
import { errorWords } from "../../text/error-text.ts";
import { readSwarm } from "../read-swarm.ts";
import { findCompanions, isOfOneNode, whyLate, type BackupService } from "./companion.ts";
import { failureWords, missingWords, standingFailure } from "./condition.ts";
import { listBackup } from "./list.ts";
import type { BackupList } from "./restore-plan.ts";

/** How the repositories are asked. */
export interface EvidenceOptions {
  readonly signal: AbortSignal;
  /** Services whose backup was taken and proved just now. @default none */
  readonly takenNow?: ReadonlySet<string>;
}

/**
 * A report that says beside each loss what the backup brings back. A repository is asked by a task of a few seconds, and only where
 * its data may be lost.
 */
export async function addRestorePoints(
  report: ImpactReport,
  plan: Plan,
  connection: EngineConnection,
  options: EvidenceOptions,
): Promise<ImpactReport> {
  const risky = riskyVerdicts(report);
  if (risky.length === 0) return report;
  const swarm = await readSwarm(connection);
  const backups: BackupEvidence[] = [];
  for (const companion of findCompanions(swarm)) {
    const names: (string | undefined)[] = [companion.of, companion.dataMount?.Source ?? undefined];
    const isAbout = risky.some(({ name }) => names.includes(name));
    backups.push(isAbout ? await ask(connection, companion, swarm.nodes, options) : evidenceOf(companion, {}));
  }
  return withRestorePoints(report, plan, backups, Date.now() / 1000);
}

async function ask(
  connection: EngineConnection,
  companion: BackupService,
  nodes: readonly SwarmNode[],
  { signal, takenNow }: EvidenceOptions,
): Promise<BackupEvidence> {
  const late = whyLate(companion, nodes);
  const isTakenNow = takenNow?.has(companion.of) ?? false;
  try {
    const list = await listBackup(connection, companion, { nodes, signal, onProgress: () => undefined });
    return evidenceOf(companion, { list, late, isTakenNow });
  } catch (error) {
    signal.throwIfAborted();
    return evidenceOf(companion, { late: `Its repository could not be asked: ${errorWords(error)}` });
  }
}

/** What is known of a companion's backup. */
export function evidenceOf(
  { of, data, service, configuration, dataMount, repositoryMount }: BackupService,
  { list, late, isTakenNow = false }: { list?: BackupList; late?: string | undefined; isTakenNow?: boolean },
): BackupEvidence {
  const proof = list?.proofs.find(isLoaded);
  return {
    service: of,
    companion: service.Spec.Name,
    volume: dataMount?.Source ?? undefined,
    repository: {
      address: repositoryMount?.Source ?? configuration.repository,
      source: repositoryMount?.Source ?? undefined,
      isOfOneNode: repositoryMount !== undefined && isOfOneNode(repositoryMount),
    },
    isFollowed: configuration.kind === "log" || configuration.kind === "postgresql",
    newestSeconds: list?.newestSeconds,
    presentSinceSeconds: list && presentSince(list.ranges),
    proof: proof?.result === "ok" ? proof : undefined,
    problem: late ?? (list && whyUnsound(list)),
    verifiedWithinSeconds: verifiedWithinSeconds((data ?? service).Spec.Labels),
    isTakenNow,
  };
}

/** When the newest generation of a log begins. Of snapshots each stands alone, and nothing tells of whose data they are. */
function presentSince(ranges: BackupList["ranges"]): number | undefined {
  const logs = ranges.filter(({ kind }) => kind === "log");
  const newest = logs.toSorted((one, other) => one.lastSeconds - other.lastSeconds).at(-1);
  return newest?.firstSeconds;
}

/** What is wrong with a backup according to its repository; undefined where nothing is known to be. */
function whyUnsound({ proofs, mistakes }: Pick<BackupList, "proofs" | "mistakes">): string | undefined {
  const failed = standingFailure(proofs);
  if (failed !== undefined) return failureWords(failed);
  const [mistake] = mistakes;
  return mistake && missingWords(mistake);
}

/** How old a proved state may be, as the labels of a service say; undefined where they do not, or say nothing that is one. */
function verifiedWithinSeconds(labels: Readonly<Record<string, string>> | null | undefined): number | undefined {
  const milliseconds = durationIn(labels?.[serviceLabels.verifiedWithin] ?? "");
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}

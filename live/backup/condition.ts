/** In what condition backups are: what a repository holds, how well that is proved, and what is wrong. */
import { isLoaded, type BackupConfiguration, type BackupProof, type ProofLevel } from "../../backup/protocol.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import { formatDuration } from "../../text/duration.ts";
import { errorWords } from "../../text/error-text.ts";
import { momentWords } from "../../text/moment.ts";
import type { SwarmRecord } from "../read-swarm.ts";
import { findDrill, whyLate, type BackupService, type DeclaredDrill } from "./companion.ts";
import { listBackup } from "./list.ts";
import type { BackupList } from "./restore-plan.ts";

/** What is known of a backup. */
export interface BackupCondition {
  readonly service: string;
  readonly companion: string;
  readonly store: string;
  readonly kind: BackupConfiguration["kind"];
  readonly repository: string;
  /** Why it is late; undefined while it is in time. */
  readonly late: string | undefined;
  /** What the repository holds; undefined where it could not be asked, for the reason of `problem`. */
  readonly list: BackupList | undefined;
  readonly problem: string | undefined;
  /** The drill that is declared. */
  readonly drill: DeclaredDrill | undefined;
}

/** Asks the repository of a backup, by a task of a few seconds; one that does not answer is in a bad condition. */
export async function readCondition(
  connection: EngineConnection,
  companion: BackupService,
  swarm: Pick<SwarmRecord, "nodes" | "services">,
  signal: AbortSignal,
): Promise<BackupCondition> {
  const { of, service, configuration } = companion;
  const { nodes } = swarm;
  const known = {
    service: of,
    companion: service.Spec.Name,
    store: configuration.store,
    kind: configuration.kind,
    repository: configuration.repository,
    late: whyLate(companion, nodes),
    drill: findDrill(of, swarm.services),
  };
  try {
    const list = await listBackup(connection, companion, { nodes, signal, onProgress: () => undefined });
    return { ...known, list, problem: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { ...known, list: undefined, problem: errorWords(error) };
  }
}

/** What is wrong with a backup, each a sentence; nothing when all is well. */
export function backupErrors(condition: BackupCondition, nowSeconds: number): readonly string[] {
  const { late, list, problem, drill } = condition;
  const failed = list && standingFailure(list.proofs);
  const overdue = list && drill && whyOverdue(list.proofs, drill, nowSeconds);
  return [
    ...(late === undefined ? [] : [`Late: ${late}`]),
    ...(problem === undefined ? [] : [`Its repository cannot be read: ${problem}`]),
    ...(list !== undefined && list.newestSeconds === undefined ? ["It holds no state that can be restored"] : []),
    ...(failed === undefined ? [] : [failureWords(failed)]),
    ...(list?.mistakes ?? []).map(missingWords),
    ...(overdue === undefined ? [] : [overdue]),
  ];
}

/** Whether no state of it was ever loaded by a server. */
export function isUnproved(list: BackupList | undefined): boolean {
  return loadedProof(list) === undefined;
}

/** The newest proof of a state that a server has loaded. */
function loadedProof(list: BackupList | undefined): BackupProof | undefined {
  return list?.proofs.find((proof) => isLoaded(proof) && proof.result === "ok");
}

/** What can be restored, and how well that is proved, in one line. */
export function conditionWords({ list, repository }: BackupCondition): string {
  if (list?.newestSeconds === undefined) return `nothing known to be restorable, in ${repository}`;
  const proof = loadedProof(list);
  const proved =
    proof === undefined
      ? "unproved: no state of it was ever loaded"
      : `the state of ${momentWords(proof.point)} was loaded on ${momentWords(proof.seconds)} (${proof.level}${proof.node === undefined ? "" : ` on ${proof.node}`})`;
  return `everything up to ${momentWords(list.newestSeconds)}, in ${repository}; ${proved}`;
}

/** How much a level shows. A drill is a load on another node. */
const ranks: Readonly<Record<ProofLevel, number>> = { digest: 0, check: 1, load: 2, drill: 2 };

/** The newest failed proof that no later one has shown to be settled, which shows at least as much. */
export function standingFailure(proofs: readonly BackupProof[]): BackupProof | undefined {
  return proofs.find(
    (failed, index) =>
      failed.result === "failed" &&
      !proofs.slice(0, index).some(({ result, level }) => result === "ok" && ranks[level] >= ranks[failed.level]),
  );
}

/** A part that is missing or torn, in words. */
export function missingWords({ part, problem }: BackupList["mistakes"][number]): string {
  return `Part of it is missing: ${part} ${problem}`;
}

/** A failed proof in words. */
export function failureWords({ seconds, level, node }: BackupProof): string {
  const place = node === undefined ? "" : ` on ${node}`;
  return `Its last proof failed, on ${momentWords(seconds)} at level ${level}${place}`;
}

/** Why a drill is overdue: half as long again as from one to the next, and an hour, for what one takes. */
function whyOverdue(
  proofs: readonly BackupProof[],
  { service, level, everySeconds, sinceSeconds }: DeclaredDrill,
  nowSeconds: number,
): string | undefined {
  const last = proofs.find((proof) => proof.level === level);
  const ageSeconds = nowSeconds - Math.max(last?.seconds ?? 0, sinceSeconds);
  if (ageSeconds <= 1.5 * everySeconds + 3600) return undefined;
  const every = formatDuration(1000 * everySeconds);
  const since = momentWords(Math.max(last?.seconds ?? 0, sinceSeconds));
  return `${service} is to drill it every ${every}, and has finished no drill since ${since}`;
}

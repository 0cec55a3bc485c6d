/** What a backup can bring back of data that a plan loses, and whether that is enough for the plan to pass. */
import { nameOf, type Plan, type PlannedService } from "../../model/plan/plan.ts";
import { isKnown, secretMark, type Known, type Mount, type ServiceDefinition } from "../../model/service/definition.ts";
import { advised } from "../../text/advised-command.ts";
import { formatDuration } from "../../text/duration.ts";
import { momentWords } from "../../text/moment.ts";
import type { Verdict } from "./verdict.ts";

/** What is known of the backup of a service. Times are seconds since 1970. */
export interface BackupEvidence {
  /** The service that is backed up. */
  readonly service: string;
  /** The service that backs it up. */
  readonly companion: string;
  /** The volume with the data. */
  readonly volume: string | undefined;
  readonly repository: {
    readonly address: string;
    /** The volume or folder that it is in; undefined where it is at an address. */
    readonly source: string | undefined;
    readonly isOfOneNode: boolean;
  };
  /** Whether what is written is in it within seconds; else it has states of now and then. */
  readonly isFollowed: boolean;
  /** Of the newest state that can be restored. */
  readonly newestSeconds: number | undefined;
  /** Since when the store's log has no break: what was proved of an earlier one says nothing of the present data. @default no log */
  readonly presentSinceSeconds?: number | undefined;
  /** The newest proof by a server that has loaded the state. */
  readonly proof: { readonly level: string; readonly seconds: number; readonly point: number } | undefined;
  /** Why it cannot be relied on: it is late, could not be asked, or its last proof failed. */
  readonly problem: string | undefined;
  /** How old a proved state may be so that a plan may lose the data; undefined where the program does not say. */
  readonly verifiedWithinSeconds: number | undefined;
  /** Whether it was taken and proved just now, for this plan. */
  readonly isTakenNow: boolean;
}

/** What is said of the backup beside a loss. */
export interface BackupVerdict {
  /** One or two sentences. */
  readonly words: string;
  /** Whether the loss needs no other acceptance. */
  readonly covers: boolean;
  /** Whether a backup that is taken now would cover it. */
  readonly canBeTaken: boolean;
  /** What brings the data back. */
  readonly command?: string;
}

const nothingDeclared: BackupVerdict = {
  words: "none. No backup of it is declared that Holdfast could restore.",
  covers: false,
  canBeTaken: false,
};

/** What the backups say of a verdict about lost data. */
export function restorePointOf(
  { subject, name }: Pick<Verdict, "subject" | "name">,
  plan: Plan,
  backups: readonly BackupEvidence[],
  nowSeconds: number,
): BackupVerdict {
  const itself = backups.find(({ companion, repository }) => name === companion || name === repository.source);
  if (itself !== undefined) {
    const words = `none. This is the backup of ${itself.service}: all its restore points are lost with it.`;
    return { ...nothingDeclared, words };
  }
  const own = backups.find(({ service, volume }) => name === (subject === "service" ? service : volume));
  return own === undefined ? nothingDeclared : pointOf(own, whyBackupGoes(plan, own), nowSeconds);
}

function pointOf(backup: BackupEvidence, goes: string | undefined, nowSeconds: number): BackupVerdict {
  const { service, newestSeconds, proof, problem } = backup;
  const whyNot = goes ?? problem ?? whyNotProved(backup, nowSeconds);
  if (newestSeconds === undefined)
    return { words: `none. ${sentence(whyNot ?? "The backup holds no state yet")}`, covers: false, canBeTaken: false };
  const proved =
    proof === undefined
      ? "never loaded by a server"
      : `the state of ${momentWords(proof.point)} was proved on ${momentWords(proof.seconds)} (${proof.level})`;
  const rest = whyNot ?? "What is written after the restore point is lost";
  return {
    words: `${momentWords(newestSeconds)}, in ${backup.repository.address}; ${proved}. ${sentence(rest)}`,
    covers: whyNot === undefined,
    canBeTaken: goes === undefined && problem === undefined && backup.isFollowed,
    ...(goes === undefined && { command: advised("restore", service) }),
  };
}

/** Clocks that differ by more leave open how old a proof is. */
const clockSkewSeconds = 60;

function whyNotProved(
  { isFollowed, newestSeconds = 0, presentSinceSeconds = 0, proof, verifiedWithinSeconds, isTakenNow }: BackupEvidence,
  nowSeconds: number,
): string | undefined {
  if (proof === undefined) return "Nobody knows whether it can be restored";
  if (proof.point < Math.floor(presentSinceSeconds))
    return `The proved state is of an earlier log: the present one begins on ${momentWords(presentSinceSeconds)}`;
  if (Math.max(proof.seconds, proof.point) > nowSeconds + clockSkewSeconds)
    return "The proof is of a time that has not come yet: compare the clocks of the nodes and of this machine";
  if (isTakenNow) return undefined;
  if (verifiedWithinSeconds === undefined)
    return "The program does not say `verifiedWithin`, so the loss needs an acceptance all the same";
  // With nothing written since, the proved state is the present one.
  const stateSeconds = isFollowed && proof.point >= newestSeconds ? proof.seconds : proof.point;
  const ageSeconds = nowSeconds - stateSeconds;
  if (ageSeconds <= verifiedWithinSeconds) return undefined;
  const wanted = formatDuration(1000 * verifiedWithinSeconds);
  return `The proved state is ${formatDuration(1000 * Math.round(ageSeconds))} old, and the program wants one of the last ${wanted}`;
}

/** How a plan takes the backup away along with the data, or may do so; undefined where it does not. */
export function whyBackupGoes({ steps }: Plan, backup: BackupEvidence): string | undefined {
  const { companion, repository, volume } = backup;
  const { source } = repository;
  if (source !== undefined && volume !== undefined && (isWithin(source, volume) || isWithin(volume, source)))
    return "The repository is in the same volume as the data";
  for (const { operation, before, after } of steps) {
    if (before === undefined || operation === "same") continue;
    if (before.kind === "volume" && before.name === source && operation !== "update")
      return `This plan ${doneWords[operation]} the volume ${source}, in which the repository is`;
    if (before.kind !== "service" || nameOf(before) !== companion) continue;
    if (operation !== "update" || after?.kind !== "service")
      return `This plan ${doneWords[operation]} ${companion}, without which nothing is restored`;
    if (!isSameRepository(before, after, backup))
      return `This plan changes ${companion}: whether it then still reaches the repository is not known`;
  }
  return undefined;
}

const doneWords = { create: "creates", update: "changes", replace: "replaces", delete: "deletes" } as const;

/** Whether a companion finds the repository after an update: what it is told, its secrets, and all mounts but that of the data. */
function isSameRepository(
  { definition: before }: PlannedService,
  { definition: after }: PlannedService,
  { volume, repository }: BackupEvidence,
): boolean {
  const parts: ((of: ServiceDefinition) => Known<unknown>)[] = [
    ({ environment }) => environment,
    ({ secrets }) => isKnown(secrets) && secrets.map(({ name, target }) => [name, target]),
    ({ mounts }) =>
      isKnown(mounts) &&
      mounts
        .filter(({ readOnly }) => readOnly !== true)
        .map(({ type, source, target }: Mount) => [type, source, target]),
    ...(repository.isOfOneNode
      ? [({ constraints }: ServiceDefinition) => isKnown(constraints) && constraints.map(({ text }) => text)]
      : []),
  ];
  return volume !== undefined && parts.every((part) => isSame(part(before), part(after)));
}

function isSame(one: Known<unknown>, other: Known<unknown>): boolean {
  const [left, right] = [written(one), written(other)];
  return left !== undefined && left === right;
}

/** A value as text; undefined where any of it is hidden or not known. */
function written(value: Known<unknown>): string | undefined {
  if (!isKnown(value) || value === false) return undefined;
  const hidden: unknown[] = [];
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "symbol" || part === secretMark) hidden.push(part);
    return part;
  });
  return hidden.length === 0 ? text : undefined;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function sentence(words: string): string {
  return /[.!?]$/u.test(words) ? words : `${words}.`;
}

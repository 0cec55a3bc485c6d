import { mkdtemp, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { z } from "zod";
import { errorWords } from "../../text/error-text.ts";
import { productOf } from "../product.ts";
import {
  isLoaded,
  proofLevels,
  type BackupConfiguration,
  type backupVerifySchema,
  type BackupProof,
  type ProofLevel,
} from "../protocol.ts";
import { catalogueMistakes, planRestore, windowOf, type PartMistake } from "../repository/catalogue.ts";
import { openCatalogue } from "../repository/open.ts";
import type { Restic } from "../repository/restic.ts";
import { fileName, tagsOf } from "../repository/tags.ts";
import { readUndisturbed } from "../repository/undisturbed.ts";
import { PartReader, type TellProgress, type WholePlan } from "../restore/assemble.ts";
import { NotJudgedError } from "./not-judged.ts";

/** What is to be proved. */
export interface ProofRequest {
  /** The time of the state; undefined for the newest. */
  readonly seconds: number | undefined;
  readonly level: ProofLevel;
  /** A folder with room for the data; the level `digest` needs none. */
  readonly scratch: string;
}

/** A state that was read, and what came of it. */
export interface ProvenState {
  readonly proof: BackupProof;
  readonly generation: string;
  readonly parts: number;
  readonly bytes: number;
}

/** Proves that the state of a time can be restored, and keeps the proof in the repository. */
export async function verifyBackup(
  restic: Restic,
  configuration: BackupConfiguration,
  request: ProofRequest,
  progress: TellProgress,
): Promise<z.infer<typeof backupVerifySchema>> {
  const { proof, ...others } = await proveRestore(restic, configuration, request, progress);
  await keepProof(restic, proof);
  return { type: "result", command: "verify", ...proof, ...others };
}

/** Proves that the state of a time can be restored; nothing is kept of that. */
export async function proveRestore(
  restic: Restic,
  configuration: BackupConfiguration,
  { seconds, level, scratch }: ProofRequest,
  progress: TellProgress,
): Promise<ProvenState> {
  const { plan, outcome, mistakes, window } = await readUndisturbed(restic, async () => {
    const catalogue = await openCatalogue(restic, configuration.store);
    const plan = planRestore(catalogue, seconds);
    const outcome =
      plan.kind === "none"
        ? { ...nothing, mistakes: [plan.mistake] }
        : await provePlan(restic, plan, configuration, { level, scratch, progress });
    const isNew = ({ part }: PartMistake): boolean => !outcome.mistakes.some((mistake) => mistake.part === part);
    const mistakes = [...outcome.mistakes, ...catalogueMistakes(catalogue).filter(isNew)];
    return { plan, outcome, mistakes, window: outcome.canary && windowOf(catalogue, outcome.canary) };
  });
  const { canary } = outcome;
  const proof: BackupProof = {
    ...{
      level: outcome.level ?? level,
      result: mistakes.length === 0 ? "ok" : "failed",
      seconds: Math.floor(Date.now() / 1000),
    },
    ...{ point: outcome.point, mistakes },
    ...(outcome.entries === undefined ? {} : { entries: outcome.entries }),
    ...(canary === undefined ? {} : { canary }),
    ...(window === undefined ? {} : { window }),
  };
  const { parts, bytes } = outcome;
  return { proof, generation: generationOf(plan), parts, bytes };
}

interface Outcome {
  /** How far it was proved, where no more could be. @default as far as was asked */
  readonly level?: ProofLevel;
  readonly point: number;
  readonly parts: number;
  readonly bytes: number;
  readonly entries?: number;
  readonly canary?: number | undefined;
  readonly mistakes: readonly PartMistake[];
}

const nothing: Outcome = { point: 0, parts: 0, bytes: 0, mistakes: [] };

async function provePlan(
  restic: Restic,
  plan: WholePlan,
  configuration: BackupConfiguration,
  { level, scratch, progress }: { level: ProofLevel; scratch: string; progress: TellProgress },
): Promise<Outcome> {
  const product = await productOf(configuration);
  const reader = new PartReader(restic, plan, progress);
  if (level === "digest") return product.assemble(reader, plan, configuration, undefined);
  const folder = await mkdtemp(join(scratch, "holdfast-verify-"));
  try {
    const assembled = await product.assemble(reader, plan, configuration, folder);
    if (assembled.mistakes.length > 0) return assembled;
    const state = { plan, folder, files: assembled.files };
    const [file = ""] = state.files;
    const reached = lesser(level, (await product.provable?.(state)) ?? level);
    const outcome = { ...assembled, level: reached };
    const problem = await product.check(state);
    if (problem !== undefined) return { ...outcome, mistakes: [{ part: file, problem }] };
    if (!isLoaded({ level: reached })) return outcome;
    try {
      return { ...outcome, ...(await product.load(state, scratch, progress)) };
    } catch (error) {
      if (error instanceof NotJudgedError) throw error;
      return { ...assembled, mistakes: [{ part: file, problem: errorWords(error) }] };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function lesser(one: ProofLevel, other: ProofLevel): ProofLevel {
  return proofLevels.indexOf(one) < proofLevels.indexOf(other) ? one : other;
}

/** Stores a proof beside what it is about. */
export async function keepProof(restic: Restic, proof: BackupProof): Promise<void> {
  const { level, result, point, entries, canary, window, node, tookSeconds, bytes } = proof;
  const part = {
    ...{ kind: "proof" as const, level, result, point, entries, canary, window, node },
    ...{ took: tookSeconds, bytes, by: `${hostname()}.${Date.now()}` },
  };
  const content = Readable.from([Buffer.from(`${JSON.stringify(proof)}\n`)], { objectMode: false });
  await restic.store(fileName(part, proof.seconds), tagsOf(part), content);
}

function generationOf(plan: ReturnType<typeof planRestore>): string {
  if (plan.kind === "none") return "";
  return plan.kind === "log" ? plan.generation : plan.snapshot.file;
}

import { mkdtemp, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { z } from "zod";
import { errorWords } from "../../text/error-text.ts";
import type { BackupConfiguration, backupVerifySchema, BackupProof, ProofLevel } from "../protocol.ts";
import { catalogueMistakes, planRestore, type PartMistake } from "../repository/catalogue.ts";
import { openCatalogue } from "../repository/open.ts";
import type { Restic } from "../repository/restic.ts";
import { fileName, tagsOf } from "../repository/tags.ts";
import { assemble, type TellProgress, type WholePlan } from "../restore/assemble.ts";
import { checkFiles, loadFiles } from "./server.ts";

/**
 * Proves that the state of a time can be restored, and keeps the proof in the repository.
 *
 * @param seconds - the time; undefined for the newest state
 * @param scratch - a folder with room for the data; the level `digest` needs none
 */
export async function verifyBackup(
  restic: Restic,
  { store }: Pick<BackupConfiguration, "store">,
  { seconds, level, scratch }: { seconds: number | undefined; level: ProofLevel; scratch: string },
  progress: TellProgress,
): Promise<z.infer<typeof backupVerifySchema>> {
  const catalogue = await openCatalogue(restic, store);
  const plan = planRestore(catalogue, seconds);
  const outcome =
    plan.kind === "none"
      ? { ...nothing, mistakes: [plan.mistake] }
      : await provePlan(restic, plan, level, scratch, progress);
  const known = catalogueMistakes(catalogue);
  const isNew = ({ part }: PartMistake): boolean => !outcome.mistakes.some((mistake) => mistake.part === part);
  const mistakes = [...outcome.mistakes, ...known.filter(isNew)];
  const proof: BackupProof = {
    ...{ level, result: mistakes.length === 0 ? "ok" : "failed", seconds: Math.floor(Date.now() / 1000) },
    ...{ point: outcome.point, mistakes },
    ...(outcome.keys === undefined ? {} : { keys: outcome.keys }),
  };
  await keepProof(restic, proof);
  const { parts, bytes } = outcome;
  return { type: "result", command: "verify", ...proof, generation: generationOf(plan), parts, bytes };
}

interface Outcome {
  readonly point: number;
  readonly parts: number;
  readonly bytes: number;
  readonly keys?: number;
  readonly mistakes: readonly PartMistake[];
}

const nothing: Outcome = { point: 0, parts: 0, bytes: 0, mistakes: [] };

async function provePlan(
  restic: Restic,
  plan: WholePlan,
  level: ProofLevel,
  scratch: string,
  progress: TellProgress,
): Promise<Outcome> {
  if (level === "digest") return assemble(restic, plan, undefined, progress);
  const folder = await mkdtemp(join(scratch, "holdfast-verify-"));
  try {
    const assembled = await assemble(restic, plan, folder, progress);
    if (assembled.mistakes.length > 0) return assembled;
    const [file = ""] = assembled.files;
    const problem = await checkFiles(plan.kind, join(folder, file));
    if (problem !== undefined) return { ...assembled, mistakes: [{ part: file, problem }] };
    if (level === "check") return assembled;
    try {
      return { ...assembled, keys: await loadFiles(plan.kind, join(folder, file), scratch) };
    } catch (error) {
      return { ...assembled, mistakes: [{ part: file, problem: errorWords(error) }] };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keepProof(restic: Restic, proof: BackupProof): Promise<void> {
  const { level, result, point, keys } = proof;
  const part = { kind: "proof" as const, level, result, point, keys, by: `${hostname()}.${Date.now()}` };
  const content = Readable.from([Buffer.from(`${JSON.stringify(proof)}\n`)], { objectMode: false });
  await restic.store(fileName(part, proof.seconds), tagsOf(part), content);
}

function generationOf(plan: ReturnType<typeof planRestore>): string {
  if (plan.kind === "none") return "";
  return plan.kind === "log" ? plan.generation : plan.snapshot.file;
}

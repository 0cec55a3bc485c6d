import { chmod, lstat, mkdir, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { byteWords } from "../../text/byte-size.ts";
import { SituationError } from "../../text/situation-error.ts";
import { productOf } from "../product.ts";
import type { backupRestoreSchema, BackupConfiguration } from "../protocol.ts";
import { mistakesWords, planRestore, type PartMistake } from "../repository/catalogue.ts";
import { openCatalogue } from "../repository/open.ts";
import type { Restic } from "../repository/restic.ts";
import { readUndisturbed } from "../repository/undisturbed.ts";
import { bytesOf, PartReader, type TellProgress } from "./assemble.ts";

/** A folder with this file holds a restore that was not ended. */
const unfinishedMark = ".holdfast-restore";

/** A folder with this file holds a whole restored state, which no server has written to where nothing in it is newer than the file. */
const restoredMark = ".holdfast-restored";

/** What a new file system has of itself. */
const ofFileSystem = ["lost+found"];

/**
 * Writes the state of a time into an empty folder, and proves it there: each part against its digest, all of it by the server's own
 * check, and by a server that loads it. A restore that was killed is begun again; so is one that was whole, and that nobody has used.
 *
 * @param seconds - the last second whose writes are wanted; undefined for all
 * @throws SituationError when a part is missing or damaged, naming it; or when the folder holds something else
 */
export async function restoreInto(
  restic: Restic,
  configuration: BackupConfiguration,
  { folder, seconds }: { folder: string; seconds: number | undefined },
  progress: TellProgress,
): Promise<z.infer<typeof backupRestoreSchema>> {
  const product = await productOf(configuration);
  const assembled = await readUndisturbed(restic, async () => {
    const plan = planRestore(await openCatalogue(restic, configuration.store), seconds);
    if (plan.kind === "none") return { plan, mistakes: [plan.mistake] };
    await makeEmpty(folder, product.written(configuration));
    await requireRoom(folder, bytesOf(plan));
    const reader = new PartReader(restic, plan, progress);
    return { plan, ...(await product.assemble(reader, plan, configuration, folder)) };
  });
  if (!("files" in assembled) || assembled.mistakes.length > 0) throw notWhole(assembled.mistakes);
  const { plan, files, bytes, point } = assembled;
  const state = { plan, folder, files };
  progress("the server's own check", bytes, bytes);
  const problem = await product.check(state);
  if (problem !== undefined) throw notWhole([{ part: files[0] ?? "", problem }]);
  progress("loading", bytes, bytes);
  const { entries } = await product.load(state, tmpdir(), progress);
  await rename(join(folder, unfinishedMark), join(folder, restoredMark));
  const generation = plan.kind === "log" ? plan.generation : plan.snapshot.file;
  const said = { pointSeconds: point, ...(entries !== undefined && { entries }), bytes, files: [...files] };
  return { type: "result", command: "restore", kind: plan.kind, generation, ...said };
}

async function makeEmpty(folder: string, written: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  // A new volume is open to any user of its service; the owner of it can close it.
  if ((await stat(folder)).uid === process.getuid?.()) await chmod(folder, 0o755);
  if (await isUnused(folder)) await rename(join(folder, restoredMark), join(folder, unfinishedMark));
  const names = (await readdir(folder)).filter((name) => !ofFileSystem.includes(name));
  if (names.length > 0 && !names.includes(unfinishedMark))
    throw new SituationError({
      what: `The folder ${folder} is not empty: it has ${names.slice(0, 3).join(", ")}`,
      fix: "Restore into a new volume",
    });
  await writeFile(join(folder, unfinishedMark), "", { flush: true });
  for (const name of written) await rm(join(folder, name), { recursive: true, force: true });
}

/** What a server that starts on the files writes besides them. */
const spareBytes = 8 * 1024 ** 2;

/**
 * Refuses a state for which there is no room, before anything is written of it.
 *
 * @throws SituationError
 */
async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes + spareBytes) return;
  throw new SituationError({
    what: `The state needs ${byteWords(bytes)} and ${byteWords(spareBytes)} to spare, but the volume's disk has only ${byteWords(bavail * bsize)} free`,
    fix: "Free some space there, or restore on another node; nothing was changed",
  });
}

/** Whether the folder holds a restored state as it was restored. */
async function isUnused(folder: string): Promise<boolean> {
  const mark = await lstat(join(folder, restoredMark)).catch(() => undefined);
  if (mark === undefined) return false;
  const names = (await readdir(folder, { recursive: true })).filter((name) => !ofFileSystem.includes(name));
  const times = await Promise.all(names.map(async (name) => (await lstat(join(folder, name))).ctimeMs));
  return times.every((ms) => ms <= mark.ctimeMs);
}

function notWhole(mistakes: readonly PartMistake[]): SituationError {
  return new SituationError({
    what: `There is no complete backup of that time: ${mistakesWords(mistakes) ?? "unknown"}`,
    fix: "Choose another time: `holdfast backup list` shows which can be restored",
  });
}

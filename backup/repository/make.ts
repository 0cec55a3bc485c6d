import { existsSync } from "node:fs";
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SituationError } from "../../text/situation-error.ts";
import type { Restic } from "./restic.ts";

/** Whoever makes a repository in a folder holds this one in it. */
const makingFolder = ".holdfast-making";

/** A making that takes longer was killed; restic needs a second. */
const longestMakingMs = 20_000;

/** Companions that begin together wait for different times, so that the first one makes the repository for all. */
const longestWaitMs = 15_000;

/**
 * Makes a repository where there is none. Restic writes the key first and then the configuration that it opens: two that do so at once, or
 * one that is killed in between, would leave a repository that nobody can open.
 *
 * @returns false when another one has made it meanwhile
 */
export async function makeRepository(restic: Restic, repository: string): Promise<boolean> {
  if (repository.startsWith("/")) return makeInFolder(restic, repository);
  await sleep(Math.random() * longestWaitMs);
  if (await restic.exists()) return false;
  await restic.initialize();
  return true;
}

async function makeInFolder(restic: Restic, folder: string): Promise<boolean> {
  const making = join(folder, makingFolder);
  await mkdir(folder, { recursive: true });
  if (!(await take(making)))
    throw new SituationError({
      what: `Another companion is creating the repository ${folder}`,
      fix: "Wait: this one continues by itself",
    });
  try {
    if (existsSync(join(folder, "config"))) return false;
    await removeUselessKeys(folder);
    await restic.initialize();
    return true;
  } finally {
    await rmdir(making);
  }
}

async function take(making: string): Promise<boolean> {
  const age =
    Date.now() -
    (await stat(making).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    ));
  if (Number.isFinite(age) && age > longestMakingMs) await rmdir(making).catch(() => undefined);
  return mkdir(making).then(
    () => true,
    () => false,
  );
}

/** Keys without a configuration open nothing, unless somebody has lost the configuration of a repository that holds something. */
async function removeUselessKeys(folder: string): Promise<void> {
  const names = await Promise.all(
    ["data", "snapshots", "index"].map((name) => readdir(join(folder, name), { recursive: true }).catch(() => [])),
  );
  if (names.flat().some((name) => /[0-9a-f]{64}$/u.test(name)))
    throw new SituationError({
      what: `The repository ${folder} has data but no configuration: its file \`config\` is missing`,
      fix: "Put that file back from a copy of the repository, or give another folder",
    });
  await rm(join(folder, "keys"), { recursive: true, force: true });
}

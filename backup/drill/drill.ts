/** Drills: on a schedule the newest state is restored where nothing of the store is, loaded by a server, and the proof is kept. */
import { mkdir, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, setPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SituationError } from "../../text/situation-error.ts";
import { keepProof, proveRestore, type ProvenState } from "../check/verify.ts";
import { writeStatus } from "../companion/status.ts";
import type { BackupConfiguration, DrillConfiguration } from "../protocol.ts";
import { mistakesWords, restoreRanges, type Catalogue } from "../repository/catalogue.ts";
import { fetchCatalogue } from "../repository/open.ts";
import { NoRepositoryError, RepositoryLockedError, type Restic } from "../repository/restic.ts";
import type { TellProgress } from "../restore/assemble.ts";

/** How often it is looked whether there is a state yet. */
const lookEverySeconds = 30;

/** A drill that failed is done again so soon at the latest: somebody may have mended it. */
const againAfterSeconds = 3600;

/** A sleep that is longer is done in parts. */
const longestSleepSeconds = 3600;

/** A folder that was not touched for so long is of a drill that was killed. */
const deadAfterMs = 10 * 60_000;
const touchEveryMs = 60_000;

/** Somebody prunes for minutes at most. */
const lockedTries = 20;
const lockedWaitMs = 30_000;

/** The store goes first, also where the drill is on its node. */
const priority = 15;

const beatEveryMs = 5000;

const folderPrefix = "holdfast-drill-";

/**
 * When the next drill is due, in seconds from now.
 *
 * @returns zero or less for one that is overdue; undefined where there is no state yet
 */
export function secondsUntilDrill(
  catalogue: Catalogue,
  { everySeconds, level }: DrillConfiguration,
  nowSeconds: number,
): number | undefined {
  if (restoreRanges(catalogue).length === 0) return undefined;
  const last = catalogue.proofs.find((proof) => proof.level === level);
  if (last === undefined) return 0;
  const pause = last.result === "ok" ? everySeconds : Math.min(everySeconds, againAfterSeconds);
  return last.deliveredSeconds + pause - nowSeconds;
}

/** Where and how drills are done. */
export interface DrillOptions {
  readonly drill: DrillConfiguration;
  /** A folder with room for the data. */
  readonly scratch: string;
  /** The node's name, which stands in the proof. */
  readonly node: string | undefined;
  readonly say: (words: string) => void;
  readonly progress: TellProgress;
  readonly signal: AbortSignal;
}

/**
 * Sleeps until a drill is due and does it, again and again, until the signal.
 *
 * @throws SituationError when one has failed: its task then counts as failed, and the next one tries again later
 */
export async function drillOnSchedule(
  restic: Restic,
  configuration: BackupConfiguration,
  options: DrillOptions,
): Promise<void> {
  const { drill, scratch, say, signal } = options;
  setPriority(priority);
  await restic.requireVersion();
  await removeLeftFolders(scratch);
  let told = "";
  using alive = new Heartbeat(configuration.status);
  while (!signal.aborted) {
    const wait = await untilDrill(restic, drill);
    await alive.begin();
    if (wait !== undefined && wait <= 0) {
      await drillOnce(restic, configuration, options);
      continue;
    }
    const words =
      wait === undefined ? "There is no state to restore yet." : `The next drill is in ${Math.ceil(wait)} s.`;
    if (told === "" || (wait === undefined) !== told.startsWith("There")) say(words);
    told = words;
    const seconds = Math.min(wait ?? lookEverySeconds, longestSleepSeconds);
    await sleep(1000 * seconds, undefined, { signal }).catch(() => undefined);
  }
}

/** Shows the health check that the drill's process lives, once it has reached the repository. */
class Heartbeat implements Disposable {
  readonly #status: string;
  #beating: NodeJS.Timeout | undefined;

  constructor(status: string) {
    this.#status = status;
  }

  async begin(): Promise<void> {
    if (this.#beating !== undefined) return;
    const beat = (): Promise<void> => writeStatus(this.#status, { deliveredSeconds: Date.now() / 1000 });
    await beat();
    this.#beating = setInterval(() => void beat().catch(() => undefined), beatEveryMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#beating);
  }
}

async function untilDrill(restic: Restic, drill: DrillConfiguration): Promise<number | undefined> {
  try {
    return secondsUntilDrill(await fetchCatalogue(restic), drill, Date.now() / 1000);
  } catch (error) {
    // The companion makes it.
    if (error instanceof NoRepositoryError) return undefined;
    throw error;
  }
}

async function drillOnce(restic: Restic, configuration: BackupConfiguration, options: DrillOptions): Promise<void> {
  const { scratch, signal, say, drill, node, progress } = options;
  const folder = join(scratch, `${folderPrefix}${hostname()}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await writeFile(join(folder, "alive"), "");
  const touching = setInterval(() => {
    void utimes(join(folder, "alive"), new Date(), new Date()).catch(() => undefined);
  }, touchEveryMs);
  const stopped = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => {
      resolve(undefined);
    });
  });
  const beganMs = performance.now();
  try {
    say("A drill begins: the newest state is restored and loaded.");
    const prove = (): Promise<ProvenState> =>
      proveRestore(restic, configuration, { seconds: undefined, level: drill.level, scratch: folder }, progress);
    const state = await Promise.race([proveTwice(prove, say), stopped]);
    if (state === undefined) return;
    const tookSeconds = Math.round((performance.now() - beganMs) / 100) / 10;
    const proof = { ...state.proof, bytes: state.bytes, tookSeconds, ...(node !== undefined && { node }) };
    await whenUnlocked(() => keepProof(restic, proof));
    if (proof.result === "failed") throw failed(proof.mistakes);
    say(`The drill went well: the state was restored and loaded in ${tookSeconds} s.`);
  } finally {
    clearInterval(touching);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A failed drill is an error everywhere, so it counts when it is seen twice: the repository may be away for a moment. */
async function proveTwice(prove: () => Promise<ProvenState>, say: (words: string) => void): Promise<ProvenState> {
  const first = await prove();
  if (first.proof.result === "ok") return first;
  const [mistake] = first.proof.mistakes;
  say(`The drill found a mistake, and looks again: ${mistake ? `${mistake.part} ${mistake.problem}` : "unknown"}`);
  return prove();
}

async function whenUnlocked(store: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await store();
      return;
    } catch (error) {
      if (!(error instanceof RepositoryLockedError) || tries === lockedTries) throw error;
      await sleep(lockedWaitMs);
    }
  }
}

/** Gives the room of drills back that were killed; another one on this node may be at work. */
async function removeLeftFolders(scratch: string): Promise<void> {
  const names = (await readdir(scratch)).filter((name) => name.startsWith(folderPrefix));
  for (const name of names) {
    const folder = join(scratch, name);
    const aliveMs = await stat(join(folder, "alive")).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (Date.now() - aliveMs > deadAfterMs) await rm(folder, { recursive: true, force: true });
  }
}

function failed(mistakes: ProvenState["proof"]["mistakes"]): SituationError {
  return new SituationError({
    what: `The drill failed: ${mistakesWords(mistakes) ?? "the state could not be loaded"}`,
    fix: "The newest state cannot be restored as it is: see which part is damaged, and which earlier state can be restored",
  });
}

// `npm run backup-proof [-- scenarios | damage | loss [KILLS]]`: what a backup must survive, each kind of damage, and what is lost when a node dies under load.
import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killsUnderLoad } from "./loss-window.ts";
import {
  allowsOneCompanion,
  beginsAnewOnAnotherLog,
  Damage,
  deliversBeforeItEnds,
  flipByte,
  foldsPieces,
  followsSnapshots,
  followsThroughKills,
  found,
  goesOnAfterTornCommand,
  outlivesFullDisk,
  outlivesRepository,
  makesRepository,
  restoresAgain,
  restoresWithResticAlone,
  tellsTornTransaction,
  undoesFlush,
  type Scenario,
} from "./scenarios.ts";

const scenarios: readonly Scenario[] = [
  {
    title: "followed under writers through 12 kills of the companion and rewrites",
    run: () => followsThroughKills(12),
  },
  { title: "FLUSHALL undone to the second before it", run: undoesFlush },
  { title: "the server killed within a command", run: goesOnAfterTornCommand },
  { title: "the server killed within a transaction", run: tellsTornTransaction },
  { title: "another volume under the same store", run: beginsAnewOnAnotherLog },
  { title: "the repository away for a while", run: outlivesRepository },
  { title: "the repository's disk full", run: outlivesFullDisk },
  { title: "a repository half made, and four stores that make it at once", run: makesRepository },
  { title: "stopped at five moments of a delivery", run: deliversBeforeItEnds },
  { title: "two companions on one store", run: allowsOneCompanion },
  { title: "snapshots without a log", run: followsSnapshots },
  { title: "a restore killed and run again", run: restoresAgain },
  { title: "restic alone, as the documentation says", run: restoresWithResticAlone },
  { title: "two hundred pieces folded and forgotten", run: foldsPieces },
];

/** So much may be lost at most, in 95 of 100 cases. */
const aimSeconds = 5;

let right = 0;
let tried = 0;
const tell = (isRight: boolean, words: string): void => {
  tried += 1;
  right += isRight ? 1 : 0;
  console.log(`${isRight ? "ok      " : "WRONG   "} ${words}`);
};

async function proveScenarios(): Promise<void> {
  for (const { title, run } of scenarios)
    await run().then(
      () => {
        tell(true, title);
      },
      (error: unknown) => {
        tell(false, `${title}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
}

async function proveDamage(): Promise<void> {
  const damage = await Damage.create(6);
  try {
    for (let copy = 0; copy < 5; copy++) {
      const to = join(damage.rig.folder, `restored-${copy}`);
      const commands = [["verify"], ["restore", "--to", to]];
      tell(
        found(await damage.done(() => Promise.resolve(), { commands })) === "",
        `whole backup ${copy + 1}: nothing is found`,
      );
    }
    const detected = (
      words: string,
      told: string,
      naming = /^(?:\S+\.aof|\S+\.base\.\d+|log \d+ of|snapshot [0-9a-f]{8}) /u,
    ): void => {
      tell(naming.test(told), `${words}: ${told}`);
    };
    const repository = /^The repository /u;
    for (const pack of await damage.packs())
      detected(
        `flipped byte in pack ${pack.slice(3, 11)}`,
        found(await damage.done((to) => flipByte(join(to, "data", pack)))),
      );
    for (const pack of (await damage.packs()).slice(0, 5))
      detected(`pack ${pack.slice(3, 11)} gone`, found(await damage.done((to) => unlink(join(to, "data", pack)))));
    const pieces = await damage.pieces();
    for (const { id, file } of pieces.slice(0, -1))
      detected(`${file} forgotten`, found(await damage.done((_, restic) => restic("forget", id))));
    for (const { id, file } of pieces)
      detected(`${file} torn`, found(await damage.done((_, restic) => damage.tear(restic, id, file))));
    for (const file of await damage.others())
      detected(
        `flipped byte in ${file.slice(0, 18)}`,
        found(await damage.done((to) => flipByte(join(to, file)))),
        /^(?:snapshot|The repository|log \d+ of|\S+\.(?:aof|base\.\d+)) /u,
      );
    detected(
      "another store",
      found(await damage.done(() => Promise.resolve(), { store: "another/store" })),
      repository,
    );
    const password = join(damage.rig.folder, "secrets", "repository-password");
    await unlink(password);
    await writeFile(password, "another one");
    detected("wrong password", found(await damage.done(() => Promise.resolve())), /^The secret repository-password /u);
  } finally {
    await damage.rig[Symbol.asyncDispose]();
  }
}

async function proveLoss(kills: number): Promise<void> {
  const lossSeconds: number[] = [];
  await killsUnderLoad(kills, (kill, outcome) => {
    if ("wrong" in outcome) {
      tell(false, `kill ${kill}: ${outcome.wrong}`);
      return;
    }
    lossSeconds.push(outcome.lossSeconds);
    console.log(`         kill ${kill}: ${outcome.lossSeconds.toFixed(2)} s lost`);
  });
  lossSeconds.sort((one, other) => one - other);
  const at = (share: number): string =>
    (lossSeconds[Math.max(0, Math.ceil(lossSeconds.length * share) - 1)] ?? Number.NaN).toFixed(2);
  const within = lossSeconds.filter((seconds) => seconds <= aimSeconds).length;
  tell(
    within >= kills * 0.95,
    `${within} of ${kills} within ${aimSeconds} s: ${at(0.5)} s lost in the median, ${at(0.95)} s at the 95th percentile, ${at(1)} s at most`,
  );
}

const [wanted, count] = process.argv.slice(2);
const parts = { scenarios: proveScenarios, damage: proveDamage, loss: () => proveLoss(Number(count ?? 20)) };
for (const [name, prove] of Object.entries(parts)) if (wanted === undefined || wanted === name) await prove();
console.log(`${right} of ${tried} as they must be`);
process.exitCode = right === tried ? 0 : 1;

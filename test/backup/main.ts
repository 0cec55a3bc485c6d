// `npm run backup-proof [-- scenarios | postgresql | damage | faults [--only WORDS] | remotes | loss [KILLS] | node-loss [ROUNDS]] [--seed S]`: what a backup must survive, each kind of damage, and what is lost when a node dies.
import { parseArgs } from "node:util";
import { proveDamage, type Summary } from "./damage-proof.ts";
import { proveFaults } from "./faults/proof.ts";
import { nodeLosses } from "./lab/node-loss.ts";
import { tryOnLab } from "./lab/on-lab.ts";
import { restoreFaults } from "./lab/restore-faults.ts";
import { killsUnderLoad } from "./loss-window.ts";
import { followsCopies, followsQuickWriter, tellsUnwrittenFile } from "./file/scenarios.ts";
import { prunesBesideDeliveries } from "./pruning.ts";
import { draws } from "./random.ts";
import { noticesRemovedParts } from "./removed-parts.ts";
import { reaches, remotes } from "./remote.ts";
import {
  beginsAnewWhereLogIsLost,
  provesNewest,
  refusesTablespace,
  tellsWrongPassword,
  undoesDropAfterKills,
} from "./postgresql/scenarios.ts";
import {
  allowsOneCompanion,
  beginsAnewOnAnotherLog,
  deliversBeforeItEnds,
  foldsPieces,
  followsSnapshots,
  followsThroughKills,
  goesOnAfterTornCommand,
  outlivesFullDisk,
  outlivesRepository,
  readsAgainWhatWentAway,
  makesRepository,
  restoresAgain,
  restoresWithResticAlone,
  tellsLogThatIsNotWritten,
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
  { title: "the server ceases to write its log, and to run", run: tellsLogThatIsNotWritten },
  { title: "another volume under the same store", run: beginsAnewOnAnotherLog },
  { title: "the repository away for a while", run: outlivesRepository },
  { title: "the repository's disk full", run: outlivesFullDisk },
  { title: "a repository half made, and four stores that make it at once", run: makesRepository },
  { title: "stopped at five moments of a delivery", run: deliversBeforeItEnds },
  { title: "two companions on one store", run: allowsOneCompanion },
  { title: "parts removed with restic itself", run: noticesRemovedParts },
  { title: "snapshots without a log", run: followsSnapshots },
  { title: "a restore killed and run again", run: restoresAgain },
  { title: "parts that go away while they are read", run: readsAgainWhatWentAway },
  { title: "restic alone, as the documentation says", run: restoresWithResticAlone },
  { title: "pruned beside the companion's deliveries, with four kills", run: prunesBesideDeliveries },
  { title: "two hundred pieces folded and forgotten", run: foldsPieces },
  { title: "copies of an SQLite database, through a kill", run: followsCopies },
  { title: "a database that is copied faster than it is looked at", run: followsQuickWriter },
  { title: "a file that is written in its place, and no longer", run: tellsUnwrittenFile },
];

/** So much may be lost at most, in 95 of 100 cases. */
const aimSeconds = 5;

const postgresqlScenarios: readonly Scenario[] = [
  { title: "PostgreSQL: a table dropped after 6 kills, and brought back", run: () => undoesDropAfterKills(6) },
  { title: "PostgreSQL: the newest state, proved at each level", run: provesNewest },
  { title: "PostgreSQL: the log lost, and a restored server", run: beginsAnewWhereLogIsLost },
  { title: "PostgreSQL: a wrong password", run: tellsWrongPassword },
  { title: "PostgreSQL: a tablespace of its own, and another time zone", run: refusesTablespace },
];

let right = 0;
let tried = 0;
const tell = (isRight: boolean, words: string): void => {
  tried += 1;
  right += isRight ? 1 : 0;
  console.log(`${isRight ? "ok      " : "WRONG   "} ${words}`);
};

async function proveScenarios(wantedOnes: readonly Scenario[]): Promise<void> {
  for (const { title, run } of wantedOnes)
    await run().then(
      () => {
        tell(true, title);
      },
      (error: unknown) => {
        tell(false, `${title}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
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

async function proveRemotes(): Promise<void> {
  for (const [name, kind] of Object.entries(remotes))
    await reaches(kind).then(
      () => {
        tell(true, `${name}: delivered, restarted, without its server, with one that hangs, restored`);
      },
      (error: unknown) => {
        tell(false, `${name}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
}

const { values, positionals } = parseArgs({
  options: { seed: { type: "string", default: "1" }, only: { type: "string", default: "" } },
  allowPositionals: true,
});
const [wanted, count] = positionals;
const summaries: Summary[] = [];
const parts: Readonly<Record<string, () => Promise<void>>> = {
  scenarios: () => proveScenarios(scenarios),
  postgresql: () => proveScenarios(postgresqlScenarios),
  loss: () => proveLoss(Number(count ?? 20)),
  damage: async () => {
    summaries.push(await proveDamage(Number(values.seed)));
  },
  remotes: proveRemotes,
  "node-loss": async () => {
    const trials = nodeLosses(Number(count ?? 3), draws(Number(values.seed)));
    const parts = {
      "nodes lost with their disks, after a FLUSHALL that was undone: every promised key is there": trials,
      "faults of a restore on three nodes survived: the same command again goes on, one service with all data":
        restoreFaults.filter(({ title }) => title.includes(values.only)),
    };
    summaries.push(...(await tryOnLab(parts)));
  },
  faults: async () => {
    summaries.push(await proveFaults(Number(values.seed), values.only));
  },
};
for (const [name, prove] of Object.entries(parts)) if (wanted === undefined || wanted === name) await prove();
if (tried > 0) console.log(`${right} of ${tried} as they must be`);
for (const { words } of summaries) console.log(words);
process.exitCode = right === tried && summaries.every(({ isRight }) => isRight) ? 0 : 1;

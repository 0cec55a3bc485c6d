// `npm run backup-proof [-- scenarios | postgresql | damage | faults [--only WORDS] | remotes | loss [KILLS] | node-loss [ROUNDS]] [--seed S]`: what a backup must survive, each kind of damage, and what is lost when a node dies.
import { parseArgs } from "node:util";
import { proveDamage, type Summary } from "./damage-proof.ts";
import { proveFaults } from "./faults/proof.ts";
import { nodeLosses } from "./lab/node-loss.ts";
import { tryOnLab } from "./lab/on-lab.ts";
import { restoreFaults } from "./lab/restore-faults.ts";
import { killsUnderLoad, type Kill } from "./loss-window.ts";
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

async function proveLoss(kills: number): Promise<Summary> {
  const seen: Exclude<Kill, { wrong: string }>[] = [];
  await killsUnderLoad(kills, (kill, outcome) => {
    if ("wrong" in outcome) {
      console.log(`WRONG    kill ${kill}: ${outcome.wrong}`);
      return;
    }
    seen.push(outcome);
    const { lossSeconds, measuredSeconds, writesPerSecond } = outcome;
    const words = `${lossSeconds.toFixed(2)} s lost, ${Math.round(writesPerSecond)} writes a second, canaries took ${measuredSeconds.toFixed(2)} s at most`;
    console.log(`         kill ${kill}: ${words}`);
  });
  const spread = (values: readonly number[]): string => {
    const sorted = values.toSorted((one, other) => one - other);
    return [0.5, 0.95, 1].map((share) => atShare(sorted, share).toFixed(2)).join(", ");
  };
  const loss = seen.map(({ lossSeconds }) => lossSeconds);
  const measured = spread(seen.map(({ measuredSeconds }) => measuredSeconds));
  const isRight =
    seen.length === kills &&
    atShare(
      loss.toSorted((one, other) => one - other),
      0.95,
    ) <= aimSeconds;
  const words = `lost with the node: ${spread(loss)} s in the median, at the 95th percentile and at most (aim: ${aimSeconds} s at the 95th); canaries: ${measured} s; restored: ${seen.length} of ${kills}`;
  return { words, isRight };
}

function atShare(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
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
  loss: async () => {
    summaries.push(await proveLoss(Number(count ?? 20)));
  },
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

/**
 * The program of the backups, one for the companion service and for the tasks of the command line:
 *
 * `follow | health | list [--at TIME] | verify [--at TIME] [--level LEVEL] [--scratch FOLDER] | restore --to FOLDER [--at TIME] | now |
 * drill [--scratch FOLDER] | prune [--at TIME] [--dry-run yes]`
 *
 * and the two sides of a move, with what is asked before it (backup/transfer/): `send | receive | measure`.
 *
 * Its configuration is in the environment, and it says one JSON object a line (backup/protocol.ts).
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { errorWords } from "../text/error-text.ts";
import { InputError, showValue } from "../text/input-error.ts";
import { oneOf } from "../text/one-of.ts";
import { readBackupConfiguration, readCredentials } from "./configuration.ts";
import { nodeVariable, type BackupConfiguration, type BackupLine } from "./protocol.ts";
import { Restic } from "./repository/restic.ts";
import { isSftp, prepareSftp } from "./repository/sftp.ts";

type Result = Extract<BackupLine, { type: "result" }>;

interface Options {
  readonly at?: string | undefined;
  readonly "dry-run"?: string | undefined;
  readonly level?: string | undefined;
  readonly scratch?: string | undefined;
  readonly to?: string | undefined;
}

interface Command {
  readonly options: readonly (keyof Options)[];
  run(configuration: BackupConfiguration, options: Options): Promise<Result | undefined>;
}

const commands: Readonly<Record<string, Command>> = {
  follow: {
    options: [],
    run: async (configuration) => {
      const signal = stopSignal();
      const { follow } = await import("./companion/follow.ts");
      await follow(await repository(configuration, true), configuration, sayWords, signal);
      return undefined;
    },
  },
  health: {
    options: [],
    run: async (configuration) => {
      const { checkHealth } = await import("./companion/status.ts");
      return { type: "result", command: "health", words: await checkHealth(configuration, Date.now() / 1000) };
    },
  },
  list: {
    options: ["at"],
    run: async (configuration, { at }) => {
      const { listBackups } = await import("./check/list.ts");
      return listBackups(await openRepository(configuration), configuration, parseTime(at));
    },
  },
  verify: {
    options: ["at", "level", "scratch"],
    run: async (configuration, { at, level = "load", scratch = tmpdir() }) => {
      const [{ verifyBackup }, seconds] = [await import("./check/verify.ts"), parseTime(at)];
      const wanted = { seconds, level: oneOf(askedLevels)(level, "--level"), scratch };
      return verifyBackup(await openRepository(configuration), configuration, wanted, sayProgress);
    },
  },
  restore: {
    options: ["at", "to"],
    run: async (configuration, { at, to }) => {
      const [{ restoreInto }, seconds] = [await import("./restore/restore.ts"), parseTime(at)];
      if (to === undefined)
        throw new InputError({
          path: "--to",
          expected: "the folder to restore into",
          got: "nothing",
          fix: "Give an empty folder",
        });
      return restoreInto(await openRepository(configuration), configuration, { folder: to, seconds }, sayProgress);
    },
  },
  now: {
    options: [],
    run: async (configuration) => {
      const { awaitDelivered } = await import("./check/delivered.ts");
      return awaitDelivered(await openRepository(configuration), configuration, say);
    },
  },
  drill: {
    options: ["scratch"],
    run: async (configuration, { scratch = tmpdir() }) => {
      const { drill } = configuration;
      if (drill === undefined) throw noDrill();
      const signal = stopSignal();
      const { drillOnSchedule } = await import("./drill/drill.ts");
      await drillOnSchedule(await repository(configuration, false), configuration, {
        ...{ drill, scratch, node: process.env[nodeVariable] },
        ...{ say: sayWords, progress: sayProgress, signal },
      });
      return undefined;
    },
  },
  prune: {
    options: ["at", "dry-run"],
    run: async (configuration, { at, "dry-run": dryRun }) => {
      const { pruneBackups } = await import("./companion/prune.ts");
      const wanted = { seconds: parseTime(at), isDry: dryRun !== undefined };
      return pruneBackups(await openRepository(configuration), configuration, wanted, sayWords);
    },
  },
};

/** Aborted when the program is told to end; it then ends by itself. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    // With no listener left, the signal would end the process before what is left is delivered.
    process.on(signal, () => {
      stop.abort();
    });
  return stop.signal;
}

function noDrill(): InputError {
  return new InputError({
    path: "drill",
    expected: "how often, in the configuration",
    got: "nothing",
    fix: "Let Holdfast's component start this program",
  });
}

/** The levels of a proof that is asked for. */
const askedLevels = { digest: "digest", check: "check", load: "load" } as const;

/** The commands of a move, which have an order of their own and know of no repository. */
const transfers: Readonly<Record<string, () => Promise<Result>>> = {
  send: async () => (await import("./transfer/run.ts")).runSender(process.env, say),
  receive: async () => (await import("./transfer/run.ts")).runReceiver(process.env, say),
  measure: async () => (await import("./transfer/run.ts")).runMeasure(),
};

/** Reads `latest`, a time in ISO 8601, or seconds since 1970; undefined for the newest state. */
function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || text === "latest") return undefined;
  const isSeconds = /^\d{1,11}$/u.test(text);
  const seconds = isSeconds ? Number(text) : Math.floor(Date.parse(text) / 1000);
  if (isSeconds || (/(?:Z|[+-]\d\d:\d\d)$/u.test(text) && Number.isFinite(seconds))) return seconds;
  throw new InputError({
    path: "--at",
    expected: "a time with its zone such as 2026-11-30T12:00:00Z, seconds since 1970, or latest",
    got: showValue(text),
    fix: "Use one of these forms",
  });
}

async function repository(configuration: BackupConfiguration, isCached: boolean): Promise<Restic> {
  const [credentials, temporaryFolder] = [await readCredentials(configuration), tmpdir()];
  const sftp = isSftp(configuration.repository) ? { sftp: await prepareSftp(credentials, temporaryFolder) } : {};
  return new Restic(configuration, credentials, { temporaryFolder, isCached, ...sftp });
}

async function openRepository(configuration: BackupConfiguration): Promise<Restic> {
  const restic = await repository(configuration, false);
  await restic.requireVersion();
  return restic;
}

function say(line: BackupLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sayWords(words: string): void {
  say({ type: "progress", words });
}

function sayProgress(words: string, doneBytes: number, allBytes: number): void {
  say({ type: "progress", words, doneBytes, allBytes });
}

function readCommandLine(words: readonly string[]): { command: Command; options: Options } {
  const [name = "", ...rest] = words;
  const mistake = (expected: string, got: string): InputError =>
    new InputError({
      path: "the command line",
      expected,
      got,
      fix: "Holdfast's component or command line starts this program",
    });
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw mistake(`one of ${Object.keys(commands).join(", ")}`, showValue(words[0]));
  try {
    const options = Object.fromEntries(command.options.map((option) => [option, { type: "string" as const }]));
    return { command, options: parseArgs({ args: rest, options }).values };
  } catch (error) {
    throw mistake(`the options of ${name}`, errorWords(error));
  }
}

async function runCommand(words: readonly string[]): Promise<Result | undefined> {
  const transfer = transfers[words[0] ?? ""];
  if (transfer && words.length === 1) return transfer();
  const { command, options } = readCommandLine(words);
  return command.run(readBackupConfiguration(process.env), options);
}

try {
  const result = await runCommand(process.argv.slice(2));
  if (result) say(result);
  if (result?.command === "verify" && result.result === "failed") process.exitCode = 1;
} catch (error) {
  say({ type: "error", message: errorWords(error) });
  process.exitCode = error instanceof InputError ? 2 : 1;
}
// A base that is still being sent would keep it running; the next companion begins it again.
process.exit();

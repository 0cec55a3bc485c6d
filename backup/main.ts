/**
 * The program of the backups, one for the companion service and for the tasks of the command line:
 *
 * `follow | health | list | verify [--at TIME] [--level LEVEL] | restore --to FOLDER [--at TIME] | prune`
 *
 * Its configuration is in the environment, and it says one JSON object a line (backup/protocol.ts).
 */
import { tmpdir } from "node:os";
import { errorWords } from "../text/error-text.ts";
import { InputError, showValue } from "../text/input-error.ts";
import { readBackupConfiguration, readCredentials } from "./configuration.ts";
import type { BackupConfiguration, BackupLine } from "./protocol.ts";
import { Restic } from "./repository/restic.ts";

type Result = Extract<BackupLine, { type: "result" }>;

const commands: Readonly<Record<string, (configuration: BackupConfiguration) => Promise<Result>>> = {
  health: async (configuration) => {
    const { checkHealth } = await import("./companion/status.ts");
    return { type: "result", command: "health", words: await checkHealth(configuration, Date.now() / 1000) };
  },
  list: async (configuration) => {
    const { listBackups } = await import("./check/list.ts");
    return listBackups(await openRepository(configuration), configuration);
  },
};

async function openRepository(configuration: BackupConfiguration): Promise<Restic> {
  const restic = new Restic(configuration, await readCredentials(configuration), tmpdir());
  await restic.requireVersion();
  return restic;
}

function say(line: BackupLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function run(words: readonly string[]): Promise<void> {
  const [name = ""] = words;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command)
    throw new InputError({
      path: "the command",
      expected: `one of ${Object.keys(commands).join(", ")}`,
      got: showValue(words[0]),
      fix: "Give one of them",
    });
  say(await command(readBackupConfiguration(process.env)));
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  say({ type: "error", message: errorWords(error) });
  process.exitCode = error instanceof InputError ? 2 : 1;
}

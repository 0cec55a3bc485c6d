import { text as readAll } from "node:stream/consumers";
import type { LockHolder } from "../../../engine/state/lock.ts";
import { readRegularFile } from "../../../swarm/engine/regular-file.ts";
import { advised } from "../../../text/advised-command.ts";
import { errorWords } from "../../../text/error-text.ts";
import { printable } from "../../../text/escape.ts";
import { InputError } from "../../../text/input-error.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { findEngineToRead } from "../../context/find-swarm.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import { writeText } from "../../terminal/files.ts";
import type { Output } from "../../terminal/output.ts";
import { requireYes, whyNotAsked } from "../../terminal/prompt.ts";
import { unknownObjectLines, unknownObjects } from "./unknown-objects.ts";

/** `holdfast export`: the state as `pulumi stack export` writes it, secrets encrypted. */
export async function exportState(options: StackOptions & { file?: string }): Promise<void> {
  const { output, stack } = openContext({ ...options, json: undefined });
  const { exportStack } = await import("../../../engine/state/stack-export.ts");
  const state = await exportStack(await stack());
  if (options.file === undefined) {
    process.stdout.write(state.endsWith("\n") ? state : `${state}\n`);
    return;
  }
  writeText("--file", options.file, state);
  output.print(`Wrote the state to ${options.file}.`);
}

/** `holdfast import`: takes an exported state for the stack's own; the one before is kept as a backup. */
export async function importState(options: StackOptions & { file?: string }): Promise<void> {
  const context = openContext(options);
  const { output, stack, location } = context;
  const { importStack } = await import("../../../engine/state/stack-export.ts");
  const state = options.file === undefined ? await readAll(process.stdin) : readState(options.file);
  await importStack(await stack(), state, options.file ?? "standard input");
  // The import has succeeded, whether the swarm can be queried or not.
  const unknown = await findEngineToRead(context)
    .then((connection) => unknownObjects(context, connection))
    .catch(() => []);
  if (output.json) output.document({ imported: true, ...(unknown.length > 0 && { notInState: unknown }) });
  output.print(`Imported the state of the stack ${location.stackName}.`, ...unknownObjectLines(unknown));
}

/** `holdfast cancel`: releases the locks of a stack; of one whose holder may still be at work only with a yes. */
export async function cancel(options: StackOptions & { yes?: true }): Promise<void> {
  const { output, stack, location } = openContext(options);
  const opened = await stack();
  const holders = await opened.lockHolders();
  if (holders.length === 0) {
    const { requireKnownStack } = await import("../../../engine/state/known-stacks.ts");
    await requireKnownStack(opened.project, opened.name);
  }
  await confirmRelease(output, holders, options.yes ?? false);
  const released = await opened.releaseLocks(holders);
  const { lockWords } = await import("../../../engine/state/lock.ts");
  if (output.json)
    output.document({
      released: released.map(({ path, pid, username, hostname, since, gone }) => {
        return { path, pid, username, hostname, since, gone };
      }),
    });
  if (holders.length === 0) output.print(`The stack ${location.stackName} is not locked.`);
  if (released.length < holders.length) output.print("Another process has released a lock in the meantime.");
  output.print(
    ...released.map((holder) => {
      const { username, hostname, pid, since, unreadable } = holder;
      return unreadable === undefined
        ? `Released the lock of ${username}@${hostname} (process ${pid}), held since ${since}.`
        : `Released ${lockWords(holder)}.`;
    }),
  );
}

async function confirmRelease(output: Output, holders: readonly LockHolder[], yes: boolean): Promise<void> {
  const doubtful = holders.filter(({ gone }) => !gone);
  if (yes || doubtful.length === 0) return;
  const { lockWords } = await import("../../../engine/state/lock.ts");
  const words = printable(doubtful.map(lockWords).join(" and "));
  if (whyNotAsked(output) !== undefined)
    throw new NotConfirmed(
      {},
      {
        what: `The process that holds the lock may still be running: there is ${words}`,
        fix: "End that process first; if you are sure that nothing is working on the stack, re-run with --yes",
      },
    );
  output.warn(`There is ${words}, and its process may still be running.`);
  await requireYes("Do you want to release the lock anyway?", output);
}

function readState(path: string): string {
  try {
    return readRegularFile(path);
  } catch (error) {
    throw new InputError({
      path: "--file",
      expected: "a file that can be read",
      got: `${path} (${errorWords(error)})`,
      fix: `Name the file that \`${advised("export")}\` wrote`,
    });
  }
}

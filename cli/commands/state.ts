import { readFile, writeFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { advised } from "../../model/advised-command.ts";
import { InputError } from "../../model/input-error.ts";
import { openContext, type StackOptions } from "../context.ts";

/** `holdfast export`: the state as `pulumi stack export` writes it, secrets encrypted. */
export async function exportState(options: StackOptions & { file?: string }): Promise<void> {
  const { output, stack } = openContext({ ...options, json: undefined });
  const { exportStack } = await import("../../engine/state/stack-export.ts");
  const state = await exportStack(await stack());
  if (options.file === undefined) {
    process.stdout.write(state.endsWith("\n") ? state : `${state}\n`);
    return;
  }
  await writeFile(options.file, state);
  output.print(`Wrote the state to ${options.file}.`);
}

/** `holdfast import`: takes an exported state for the stack's own; the one before is kept as a backup. */
export async function importState(options: StackOptions & { file?: string }): Promise<void> {
  const { output, stack, location } = openContext(options);
  const { importStack } = await import("../../engine/state/stack-export.ts");
  const state = options.file === undefined ? await readAll(process.stdin) : await readState(options.file);
  await importStack(await stack(), state, options.file ?? "standard input");
  if (output.json) output.document({ imported: true });
  output.print(`The stack ${location.stackName} has the imported state.`);
}

/** `holdfast cancel`: releases the locks of a stack, whoever holds them. */
export async function cancel(options: StackOptions): Promise<void> {
  const { output, stack, location } = openContext(options);
  const holders = await (await stack()).releaseLocks();
  if (output.json) output.document({ released: holders });
  if (holders.length === 0) output.print(`The stack ${location.stackName} is not locked.`);
  output.print(
    ...holders.map(
      ({ username, hostname, pid, since }) =>
        `Released the lock of ${username}@${hostname} (process ${pid}), held since ${since}.`,
    ),
  );
}

async function readState(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new InputError({
      path: "--file",
      expected: "a file that can be read",
      got: `${path} (${error instanceof Error ? error.message : String(error)})`,
      fix: `Name the file that \`${advised("export")}\` wrote`,
    });
  }
}

import { shownPath } from "../../../engine/state/durable-file.ts";
import { requireKnownStack } from "../../../engine/state/known-stacks.ts";
import {
  findOldUpdates,
  readHistory,
  removeUpdates,
  type KeptUpdate,
  type UnreadableUpdate,
} from "../../../engine/state/state-copies.ts";
import { parseWhole } from "../../../text/whole-number.ts";
import { openContext, type CommandContext, type StackOptions } from "../../context/context.ts";
import { operationWords } from "../../display/operation-words.ts";
import { NotConfirmed } from "../../terminal/failure.ts";
import type { Output } from "../../terminal/output.ts";
import { requireYes, whyNotAsked } from "../../terminal/prompt.ts";

/** `holdfast history`: the updates that are kept, the newest first; with `--keep` only so many from then on. */
export async function history(options: StackOptions & { keep?: string; yes?: true }): Promise<void> {
  const context = openContext(options);
  const { output, stack, location } = context;
  const opened = await stack();
  await requireKnownStack(opened.project, opened.name);
  if (options.keep !== undefined) {
    await prune(context, parseWhole(options.keep, 1, 1_000_000, "--keep"), options.yes ?? false);
    return;
  }
  const updates = await readHistory(opened.files);
  if (output.json) output.document(updates.map(updateDocument));
  if (updates.length === 0) output.print(`The stack ${location.stackName} has no history: it has never been updated.`);
  output.print(...updates.flatMap((update) => updateLines(update)));
}

/** Removes what is kept of older updates, while holding the stack's lock. */
async function prune({ output, stack, location }: CommandContext, keep: number, yes: boolean): Promise<void> {
  const opened = await stack();
  using held = new DisposableStack();
  held.use(await opened.hold());
  const old = await findOldUpdates(opened.files, keep);
  const { count: removed } = old;
  if (removed > 0) await confirmRemoval(removed, yes, output);
  await removeUpdates(old);
  if (output.json) output.document({ removed });
  output.print(
    removed > 0
      ? `Removed ${updatesWords(removed)} from the history of the stack ${location.stackName}.`
      : "There is nothing to remove.",
  );
}

async function confirmRemoval(count: number, yes: boolean, output: Output): Promise<void> {
  if (yes) return;
  const what = `the records, states and backups of ${updatesWords(count)}`;
  const unasked = whyNotAsked(output);
  if (unasked !== undefined)
    throw new NotConfirmed(
      {},
      {
        what: `Removing ${what} needs confirmation, but ${unasked}`,
        fix: "Re-run with --yes",
      },
    );
  await requireYes(`Do you want to remove ${what}?`, output);
}

function updatesWords(count: number): string {
  return count === 1 ? "1 update" : `${count} updates`;
}

/** One update in the shape of `pulumi stack history --json`. */
function updateDocument(update: KeptUpdate | UnreadableUpdate) {
  if ("problem" in update) return { version: update.version, error: unreadableWords(update) };
  const { version, kind, startTime, endTime, message, result, resourceChanges } = update;
  return {
    version,
    kind,
    startTime: timeText(startTime),
    message,
    result,
    endTime: timeText(endTime),
    resourceChanges,
  };
}

function unreadableWords({ path, problem }: UnreadableUpdate): string {
  return `its record cannot be read: ${shownPath(path)} (${problem})`;
}

function updateLines(update: KeptUpdate | UnreadableUpdate): string[] {
  if ("problem" in update) return [`${update.version}  ${unreadableWords(update)}`];
  const { version, kind, result, startTime, endTime, message } = update;
  const seconds = Math.max(0, endTime - startTime);
  return [
    `${version}  ${kind} ${result}  ${timeText(startTime)}, took ${seconds} s  ${changeWords(update)}`.trimEnd(),
    ...(message === "" ? [] : message.split("\n").map((line) => `    ${line}`)),
  ];
}

/** `1 created, 2 updated`; of what stayed as it was only where that is all. */
function changeWords({ resourceChanges }: KeptUpdate): string {
  const counted = Object.entries(resourceChanges).filter(([, count]) => count > 0);
  const changed = counted.filter(([operation]) => operation !== "same");
  return (changed.length > 0 ? changed : counted)
    .map(([operation, count]) => `${count} ${operationWords(operation).doneTo}`)
    .join(", ");
}

/** RFC 3339, in UTC. */
function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

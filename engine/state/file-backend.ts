/**
 * The folder that `pulumi login file://…` keeps its stacks in (Pulumi: pkg/backend/diy/state.go, store.go; the `.attrs`
 * files next to the others: gocloud.dev/blob/fileblob).
 */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, showValue } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { StoredCheckpoint } from "./checkpoint.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { attributesOf, attributesPath, digestOf, recordedDigest } from "./content-digest.ts";
import { DamagedStateError } from "./damaged-state.ts";
import { keepAs, readTextFile, removeTemporaries, shownPath, tryToWrite, writeDurably } from "./durable-file.ts";
import type { StackFiles } from "./stack-files.ts";
import { isKeptVersion, newestGoodCopy } from "./state-copies.ts";
import type { DurableKind } from "./write-points.ts";
import { readYaml, yamlValue } from "./yaml-file.ts";

/**
 * Reads a stack's checkpoint and checks all of it but the ciphertexts; undefined for a stack that has none yet.
 *
 * @throws DamagedStateError when it is damaged; see {@link namingBackup}
 * @throws SituationError when the Pulumi CLI is needed first
 */
export async function readState(files: StackFiles): Promise<StoredCheckpoint | undefined> {
  await checkLayout(files);
  const text = await readTextFile(files.state);
  if (text !== undefined) return parseCheckpoint(await asWritten(files, text), shownPath(files.state), "checkpoint");
  await refuseLostState(files);
  return undefined;
}

/**
 * The state's text, checked against the digest next to it.
 *
 * A kill between the two writes leaves the digest of a newer version, and copying a backup over the state leaves that of another
 * one: a text that a second file also has was not damaged.
 *
 * @throws DamagedStateError when it differs from what was written
 */
async function asWritten(files: StackFiles, text: string): Promise<string> {
  const recorded = await recordedDigest(files.state);
  if (recorded === undefined || recorded === digestOf(text) || (await isKeptVersion(files, text))) return text;
  // The holder of the lock may be writing at this moment.
  const again = await readTextFile(files.state);
  if (again !== undefined && again !== text) return await asWritten(files, again);
  throw new DamagedStateError({
    path: shownPath(files.state),
    expected: `the content that was written, by its digest in ${basename(attributesPath(files.state))}`,
    got: "another",
    unlessDamaged: `If it was changed on purpose, delete ${shownPath(attributesPath(files.state))}`,
  });
}

/** Does something with a state; when that is damaged, the error says where the newest good backup is. */
export async function namingBackup<T>(files: StackFiles, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DamagedStateError)) throw error;
    const good = await newestGoodCopy(files);
    const { path, expected, got, unlessDamaged } = error;
    const fix =
      good === undefined
        ? "It has no good backup: restore it from your own backups, or import an export"
        : `Restore its newest good backup, of ${good.time}, with \`cp ${shownPath(good.path)} ${shownPath(files.state)}\``;
    throw new DamagedStateError({ path, expected, got, fix, ...(unlessDamaged !== undefined && { unlessDamaged }) });
  }
}

async function listFiles(folder: string, extension: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(extension))
    .sort()
    .map((name) => join(folder, name));
}

async function checkLayout(files: StackFiles): Promise<void> {
  const meta = await readYaml(files.meta);
  const version = meta && yamlValue(meta, meta.document.get("version", true));
  if (meta !== undefined && version !== 1)
    throw new InputError({
      path: shownPath(files.meta),
      expected: "version: 1",
      got: `version: ${showValue(version)}`,
      fix: "Run `pulumi state upgrade`, or use the version of the Pulumi CLI that made the folder",
    });
  for (const extension of [".gz", ".zst"])
    if (await isNewer(`${files.state}${extension}`, files.state))
      throw new SituationError({
        what: `The state is compressed, which the embedded engine cannot read: ${shownPath(`${files.state}${extension}`)}`,
        fix: "Use the Pulumi CLI, or have it write the state again without compression",
      });
  if ((await listFiles(files.journal, ".journal.json")).length > 0)
    throw new SituationError({
      what: `An update by Pulumi was interrupted, and its journal in ${shownPath(files.journal)} is not part of the state yet`,
      fix: "Run `pulumi refresh` once",
    });
}

async function isNewer(path: string, than: string): Promise<boolean> {
  const [time, other] = await Promise.all([path, than].map((each) => stat(each).catch(() => undefined)));
  return time !== undefined && (other === undefined || time.mtimeMs >= other.mtimeMs);
}

/** `pulumi stack rm` leaves only the backup; but a stack that still has resources is not removed without being forced. */
async function refuseLostState(files: StackFiles): Promise<void> {
  const text = await readTextFile(files.previous);
  if (text === undefined) return;
  const count = parseCheckpoint(text, shownPath(files.previous), "checkpoint").deployment?.resources?.length ?? 0;
  if (count === 0) return;
  throw new SituationError({
    what: `The stack's state ${shownPath(files.state)} is missing, but its previous version lists ${count} resources`,
    fix:
      `Restore it with \`cp ${shownPath(files.previous)} ${shownPath(files.state)}\`, ` +
      `or delete ${shownPath(files.previous)} to start the stack from scratch`,
  });
}

/** Replaces a stack's checkpoint; what it was becomes `.bak`, with its attributes. */
export async function writeState(files: StackFiles, text: string): Promise<void> {
  if ((await readTextFile(files.meta)) === undefined) await writeDurably(files.meta, "version: 1\n", { kind: "meta" });
  await writeBlob(files.state, text, "state", () => keepAs(files.state, files.previous, "state"));
}

/** What a state may grow by in one operation. */
const growthBytes = 256 * 1024;

/**
 * Checks, before an operation begins, that the state and its copies can be written, and removes what killed runs have left. Only while
 * holding the stack's lock.
 *
 * @throws InputError when it cannot
 */
export async function requireWritable(files: StackFiles): Promise<void> {
  await removeLeftOvers(files);
  const bytes = (await stat(files.state).catch(() => undefined))?.size ?? 0;
  const name = basename(files.state);
  const paths = [files.state, join(files.backups, name), join(files.history, name)];
  await tryToWrite(paths, bytes + growthBytes);
}

/** Removes the temporary files that killed processes left; only while holding the stack's lock. */
async function removeLeftOvers(files: StackFiles): Promise<void> {
  const stack = basename(files.state, ".json");
  await removeTemporaries(dirname(files.meta), "meta.yaml.");
  await removeTemporaries(dirname(files.state), `${stack}.json.`);
  for (const folder of [files.backups, files.history]) await removeTemporaries(folder, stack);
  // A process that is about to take the lock has such a file for some milliseconds.
  await removeTemporaries(dirname(files.locks), `${stack}.lock.`, 60_000);
}

/**
 * Writes a file and, before it appears, its attributes, as fileblob does.
 *
 * Attributes must never be cut short: Pulumi cannot read a file whose attributes it cannot parse.
 */
export async function writeBlob(
  path: string,
  text: string,
  kind: DurableKind,
  beforeRename?: () => Promise<void>,
): Promise<void> {
  await writeDurably(path, text, {
    kind,
    beforeRename: async () => {
      await beforeRename?.();
      if (kind === "state") await keepAs(attributesPath(path), attributesPath(`${path}.bak`), "attributes");
      await writeDurably(attributesPath(path), attributesOf(text), { kind: "attributes" });
    },
  });
}

/** Whole states in and out, in the form of `pulumi stack export` and `pulumi stack import`. */
import { advised } from "../../text/advised-command.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import type { CiphertextCache } from "./checkpoint-value.ts";
import type { StoredCheckpoint } from "./checkpoint.ts";
import { decodeCheckpoint, encodeDeployment, encodeExport, parseCheckpoint } from "./checkpoint.ts";
import { DamagedStateError } from "./damaged-state.ts";
import { namingBackup, readState } from "./file-backend.ts";
import { StackState } from "./stack-state.ts";
import type { Stack } from "./stack.ts";

/**
 * The stack's state as `pulumi stack export` prints it: `{version, deployment}`, secrets encrypted, operations that
 * are pending included.
 *
 * @throws InputError when the state is damaged
 */
export async function exportStack(stack: Stack): Promise<string> {
  const checkpoint = await namingBackup(stack.files, () => readState(stack.files));
  // What was read has been checked key by key, and is in the order in which it was written.
  const deployment =
    checkpoint?.deployment === undefined
      ? encodeDeployment(emptySnapshot, emptyFrame(stack), noSecrets)
      : JSON.stringify(checkpoint.deployment);
  return `${JSON.stringify(JSON.parse(encodeExport(checkpoint?.features ?? [], deployment)), null, 4)}\n`;
}

const emptySnapshot = { resources: [], pendingOperations: [] };
const noSecrets = { secrets: undefined, ciphertexts: new Map() };

function emptyFrame(stack: Stack): Parameters<typeof encodeDeployment>[1] {
  return { time: new Date().toISOString(), manifest: undefined, salt: stack.salt, metadata: undefined };
}

/**
 * Replaces the stack's state by an exported one; what it was is kept as its previous version.
 *
 * @param path - how messages name the text, such as its file
 * @throws InputError when it is not an export, is of another stack, or its secrets cannot be decrypted; nothing has
 *   been changed then
 */
export async function importStack(stack: Stack, text: string, path: string): Promise<void> {
  const imported = readExport(text, path);
  refuseOthers(imported, stack);
  const ciphertexts: CiphertextCache = new Map();
  const secrets =
    imported.encrypted && imported.salt !== undefined ? await stack.openSecrets(imported.salt, path) : undefined;
  const snapshot = decodeCheckpoint(imported, secrets, ciphertexts);
  await using state = await StackState.open(stack, { lock: true, damaged: "replace" });
  await state.replace(snapshot, ciphertexts);
}

/** What cannot be read is no damaged state of this stack: nothing has to be restored. */
function readExport(text: string, path: string): StoredCheckpoint {
  try {
    return parseCheckpoint(text, path, "export");
  } catch (error) {
    if (!(error instanceof DamagedStateError)) throw error;
    const { expected, got, unlessDamaged } = error;
    const fix = unlessDamaged ?? `Give what \`${advised("export")}\` or \`pulumi stack export\` has written`;
    throw new InputError({ path: error.path, expected, got, fix });
  }
}

function refuseOthers({ deployment, path }: StoredCheckpoint, stack: Stack): void {
  const own = `urn:pulumi:${stack.name}::${stack.project.name}::`;
  const foreign = deployment?.resources?.find(({ urn }) => !urn.startsWith(own));
  if (foreign !== undefined)
    throw new InputError({
      path,
      expected: `resources of the stack ${stack.name} of ${stack.project.name}`,
      got: showValue(foreign.urn),
      fix: "Import the export of this stack",
    });
}

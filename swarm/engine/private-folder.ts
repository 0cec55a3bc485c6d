/** Folders and files that must be this user's alone, whatever the umask: what is in them is run, or opens secrets. */
import { chmodSync, lstatSync, mkdirSync, statSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { InputError } from "../../text/input-error.ts";

/** Permissions of others: a folder or file is private without them. */
const forOthers = 0o077;
const writtenByAll = 0o002;

/**
 * Makes a folder with mode 0700; folders above it that are missing, too. An existing one is closed to others, unless they could write to
 * it.
 *
 * @throws InputError where others could have replaced what is in it
 */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  closeToOthers(path);
}

/**
 * Removes all permissions of others from a file or folder of this user; nothing happens where there is none.
 *
 * @throws InputError where it is another user's, or everybody could write to it: what is in it now may be theirs
 */
export function closeToOthers(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const link = lstatSync(path);
  // It leads to what is to be closed, wherever its owner likes.
  if (link.isSymbolicLink() && !isTrusted(link, path))
    throw refusal(path, `a link that the user ${link.uid} has made`, "Remove it");
  const fix = `Check that its contents are yours, then close it: \`chmod go-rwx ${path}\``;
  if (!isTrusted(found, path))
    throw refusal(path, `one of the user ${found.uid}`, "Remove it, or run this as the user who owns it");
  if ((found.mode & writtenByAll) !== 0) throw refusal(path, `one with the mode ${octal(found.mode)}`, fix);
  if ((found.mode & forOthers) === 0) return;
  try {
    chmodSync(path, found.mode & 0o700);
  } catch {
    // It is root's or the project owner's, and no one else can write to it.
  }
}

function refusal(path: string, got: string, fix: string): InputError {
  return new InputError({ path, expected: "a file or folder to which not everybody can write", got, fix });
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** Whether it belongs to this user, to root, or to the owner of its folder, who could replace it anyway. */
function isTrusted({ uid }: Stats, path: string): boolean {
  return uid === 0 || uid === process.getuid?.() || uid === statSync(dirname(path)).uid;
}

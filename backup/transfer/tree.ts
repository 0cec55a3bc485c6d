/** The files of a volume, as a move sees them. Names are bytes; each byte is a character here. */
import type { BigIntStats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { createHash } from "node:crypto";
import { InputError } from "../../text/input-error.ts";
import { printable } from "../../text/escape.ts";
import { isOwnFile } from "./store-files.ts";
import { blockBytes, type FileAttributes } from "./messages.ts";

/** Something in a volume. */
export interface TreeEntry {
  /** Relative to the volume; empty for the volume itself. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link";
  readonly stats: BigIntStats;
  /** Where a link points to. */
  readonly target?: string;
}

/** The path of an entry in the file system. */
export function pathInVolume(folder: string, path: string): Buffer {
  const root = Buffer.from(folder);
  return path === "" ? root : Buffer.concat([root, Buffer.from("/"), Buffer.from(path, "latin1")]);
}

/**
 * Lists all that is in a volume, folders before what is in them. What disappears meanwhile is left out, and so are sockets and pipes,
 * which hold no data, and Holdfast's own files.
 *
 * @throws InputError for a device
 */
export async function listTree(folder: string): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const visit = async (path: string): Promise<void> => {
    const place = pathInVolume(folder, path);
    const stats = await orGone(lstat(place, { bigint: true }));
    if (stats === undefined) return;
    if (stats.isSymbolicLink()) {
      const target = await orGone(readlink(place, { encoding: "buffer" }));
      if (target !== undefined) entries.push({ path, kind: "link", stats, target: target.toString("latin1") });
    } else if (stats.isFile()) {
      entries.push({ path, kind: "file", stats });
    } else if (stats.isDirectory()) {
      entries.push({ path, kind: "folder", stats });
      const names = (await orGone(readdir(place, { encoding: "buffer" }))) ?? [];
      for (const name of names.map((each) => each.toString("latin1")).sort()) {
        if (path === "" && isOwnFile(name)) continue;
        await visit(path === "" ? name : `${path}/${name}`);
      }
    } else if (!stats.isSocket() && !stats.isFIFO()) {
      throw new InputError({
        path: printable(`${folder}/${path}`),
        expected: "files, folders and links",
        got: "a device",
        fix: "Remove it; it holds no data",
      });
    }
  };
  await visit("");
  return entries;
}

/** What is asked of a file; undefined where that is gone. */
export async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}

/** Owner, mode and time of something. */
export function fileAttributes({ mode, uid, gid, mtimeNs }: BigIntStats): FileAttributes {
  return { mode: Number(mode) & 0o7777, uid: Number(uid), gid: Number(gid), mtimeNs: String(mtimeNs) };
}

/** The digest of a part of a file. */
export function partDigest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const zeros = Buffer.alloc(blockBytes);

/** Whether a part of a file is zeros alone. */
export function isZeros(bytes: Buffer): boolean {
  return bytes.equals(zeros.subarray(0, bytes.length));
}

/** The files that are written durably, each with its own points; see `durable-file.ts`. */
export type DurableKind =
  "state" | "attributes" | "history" | "checkpoint-copy" | "backup" | "meta" | "settings" | "passphrase";

/** Where a durable write can be interrupted. */
export type DurableStep = "begin" | "temp-opened" | "temp-written" | "synced" | "renamed" | "folder-synced";

/** A place between two system calls that matter. */
export type WritePoint =
  | `${DurableKind}.${DurableStep}`
  | `${"state" | "attributes"}.${"linked" | "kept"}`
  | `lock.${"begin" | "written" | "linked" | "checked" | "released"}`
  | `${"creating" | "updating" | "deleting" | "importing" | "reading"}.begun`
  | `${"creating" | "updating" | "deleting"}.done`;

let watch: ((point: string) => void) | undefined;

/** From now on a function is called at each point, and may throw or end the process there. For tests. */
export function watchPoints(watcher: (point: string) => void): void {
  watch = watcher;
}

/** Marks a place where the process may be interrupted. */
export function passPoint(point: WritePoint): void {
  watch?.(point);
}

/**
 * Faults on demand, for tests: `HOLDFAST_FAULT=<point>[:<nth>]` makes the process kill itself (SIGKILL) when it passes
 * the point for the nth time (default 1); `HOLDFAST_FAULT=<point>[:<nth>]:enospc` makes the system call that follows
 * the point fail as on a full disk, that time and from then on. `HOLDFAST_FAULT_LOG=<file>` writes down each point that
 * is passed. Unset, a point costs two comparisons.
 */
import { appendFileSync } from "node:fs";

/** The files that are written durably, each with its own points; see `durable-file.ts`. */
export const durableKinds = [
  "state",
  "attributes",
  "history",
  "checkpoint-copy",
  "backup",
  "meta",
  "settings",
  "passphrase",
] as const;
export type DurableKind = (typeof durableKinds)[number];

/** Where a durable write can be interrupted, in the order in which it passes them. */
export const durableSteps = ["begin", "temp-opened", "temp-written", "synced", "renamed", "folder-synced"] as const;

const ownPoints = [
  "state.linked",
  "state.kept",
  "attributes.linked",
  "attributes.kept",
  "lock.begin",
  "lock.written",
  "lock.linked",
  "lock.checked",
  "lock.released",
] as const;

/** A place between two system calls that matter. */
export type FaultPoint = `${DurableKind}.${(typeof durableSteps)[number]}` | (typeof ownPoints)[number];

/** Every point of the state's writers, for a test to go through. */
export const faultPoints: readonly FaultPoint[] = [
  ...durableKinds.flatMap((kind) => durableSteps.map((step): FaultPoint => `${kind}.${step}`)),
  ...ownPoints,
];

const log = process.env["HOLDFAST_FAULT_LOG"];
const armed = parseFault(process.env["HOLDFAST_FAULT"]);
let passed = 0;

function parseFault(text: string | undefined): { point: string; nth: number; full: boolean } | undefined {
  if (text === undefined || text === "") return undefined;
  const [point = "", ...rest] = text.split(":");
  const nth = rest.find((part) => /^\d+$/.test(part));
  return { point, nth: nth === undefined ? 1 : Number(nth), full: rest.includes("enospc") };
}

/**
 * Marks a place where a test may interrupt the process. Other parts of the engine may pass points of their own by any
 * name.
 *
 * @throws the error of a full disk, where `HOLDFAST_FAULT` asks for it
 */
// The intersection keeps the names of the known points in the editor's completion while any other name is allowed.
export function faultPoint(point: FaultPoint | (string & Record<never, never>)): void {
  if (log !== undefined) appendFileSync(log, `${point}\n`);
  if (armed?.point !== point) return;
  passed += 1;
  if (passed < armed.nth) return;
  if (armed.full)
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28 });
  if (passed === armed.nth) process.kill(process.pid, "SIGKILL");
}

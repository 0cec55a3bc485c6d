/**
 * Faults on demand, for processes that tests start: `HOLDFAST_FAULT=<point>[:<nth>]` makes the process kill itself (SIGKILL)
 * when it passes the point for the nth time (default 1); `HOLDFAST_FAULT=<point>[:<nth>]:enospc` makes the system call that
 * follows the point fail as on a full disk, that time and from then on. `HOLDFAST_FAULT_LOG=<file>` writes down each point that
 * is passed.
 */
import { appendFileSync } from "node:fs";
import { watchPoints, type DurableKind, type DurableStep, type WritePoint } from "../../engine/state/write-points.ts";

const kinds = Object.keys({
  state: true,
  attributes: true,
  history: true,
  "checkpoint-copy": true,
  backup: true,
  meta: true,
  settings: true,
  passphrase: true,
} satisfies Record<DurableKind, true>) as DurableKind[]; // The keys are all of them.

/** Where a durable write can be interrupted, in the order in which it passes them. */
export const durableSteps: readonly DurableStep[] = [
  "begin",
  "temp-opened",
  "temp-written",
  "synced",
  "renamed",
  "folder-synced",
];

/** Every point of the state's writers, for a test to go through. */
export const faultPoints: readonly WritePoint[] = [
  ...kinds.flatMap((kind) => durableSteps.map((step): WritePoint => `${kind}.${step}`)),
  "state.linked",
  "state.kept",
  "attributes.linked",
  "attributes.kept",
  "lock.begin",
  "lock.written",
  "lock.linked",
  "lock.checked",
  "lock.released",
];

/** Arms this process with the fault that its environment asks for. */
export function armFaults(): void {
  const log = process.env["HOLDFAST_FAULT_LOG"];
  const armed = parseFault(process.env["HOLDFAST_FAULT"]);
  let passed = 0;
  watchPoints((point) => {
    if (log !== undefined) appendFileSync(log, `${point}\n`);
    if (armed?.point !== point) return;
    passed += 1;
    if (passed < armed.nth) return;
    if (armed.full)
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28 });
    if (passed === armed.nth) process.kill(process.pid, "SIGKILL");
  });
}

function parseFault(text: string | undefined): { point: string; nth: number; full: boolean } | undefined {
  if (text === undefined || text === "") return undefined;
  const [point = "", ...rest] = text.split(":");
  const nth = rest.find((part) => /^\d+$/.test(part));
  return { point, nth: nth === undefined ? 1 : Number(nth), full: rest.includes("enospc") };
}

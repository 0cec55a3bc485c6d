/** Swarms that the processes of one run of the tests start, and that its end stops. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withExclusiveLock } from "../../lab/host/exclusive-lock.ts";

/** What is started: its folder's name tells, with the run and the process. */
type ThrowawayKind = "sandbox" | "lab";

const prefix = (kind: ThrowawayKind) => `holdfast-test-${kind}-`;

/** Mocha's own process; those that it starts for files inherit it. */
const run = (process.env["HOLDFAST_TEST_RUN"] ??= String(process.pid));

/** Starts a swarm in a folder of this process' own; what runs that were killed have left is removed first. */
export async function startThrowaway<T>(
  kind: ThrowawayKind,
  { start, stop }: { start: (directory: string) => Promise<T>; stop: (directory: string) => Promise<void> },
): Promise<T> {
  const directory = join(tmpdir(), `${prefix(kind)}${run}-${process.pid}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void stop(directory).finally(() => process.exit(1));
    });
  }
  // One after the other, for each looks for addresses that no other has.
  return withExclusiveLock("test-throwaway", async () => {
    for (const [abandoned, itsRun] of await throwaways(kind)) if (!existsSync(`/proc/${itsRun}`)) await stop(abandoned);
    return start(directory);
  });
}

/** Stops what this run has started. */
export function stopThrowaways(): Promise<void> {
  return stopThose(tmpdir(), (itsRun) => itsRun === run);
}

/** Stops all that was started in a folder for temporary files, by whatever run. */
export function stopThrowawaysIn(folder: string): Promise<void> {
  return stopThose(folder, () => true);
}

async function stopThose(folder: string, isMeant: (itsRun: string) => boolean): Promise<void> {
  const [sandboxes, labs] = await Promise.all([throwaways("sandbox", folder), throwaways("lab", folder)]);
  const ours = (all: [string, string][]) => all.flatMap(([directory, itsRun]) => (isMeant(itsRun) ? [directory] : []));
  if (ours([...sandboxes, ...labs]).length === 0) return;
  const [{ stopSandbox }, { stopLab }] = await Promise.all([
    import("../../lab/sandbox.ts"),
    import("../../lab/lab.ts"),
  ]);
  await Promise.all([...ours(sandboxes).map(stopSandbox), ...ours(labs).map(stopLab)]);
}

/** The folders of a kind, each with the run that made it. */
async function throwaways(kind: ThrowawayKind, folder = tmpdir()): Promise<[string, string][]> {
  return (await readdir(folder)).flatMap((name): [string, string][] => {
    const [, itsRun] = new RegExp(`^${prefix(kind)}(\\d+)-\\d+$`).exec(name) ?? [];
    return itsRun === undefined ? [] : [[join(folder, name), itsRun]];
  });
}

/** Copies a volume, proves that the copy is the same, and points the service at it. */
import type Docker from "dockerode";
import { connectEngine, type EngineConnection } from "../../swarm/engine/connection.ts";
import { limitSilence } from "../../swarm/engine/requests.ts";
import { answeredIn, type Inventory } from "../inventory.ts";
import { updateRepointed } from "../repointed-service.ts";
import { withArchives, type VolumeArchive, type VolumeDigest } from "../volume-archive.ts";
import type { RescuePlan } from "./plan.ts";
import { writerOf } from "./source.ts";

/** What came of a rescue. */
export interface RescueResult extends VolumeDigest {
  readonly volume: string;
  readonly fromNode: string;
  readonly to: string;
  readonly toNode: string;
  readonly service: string | undefined;
}

/** A copy that differs from the original; it was removed again. */
class RescueError extends Error {
  override readonly name = "RescueError";
}

interface RescueControl {
  readonly signal: AbortSignal;
  readonly onProgress: (message: string) => void;
}

/** An engine that is silent for so long in the middle of a copy counts as gone. */
const copySilenceMs = 60_000;

/** The label of a volume that a rescue made: where its data comes from. */
const originLabel = "holdfast.rescued-from";

/**
 * Carries a plan out. The original is only read: it is mounted read-only, which also keeps anything from removing it.
 *
 * @throws RescueError when the copy differs from the original, or the original was changed meanwhile; the copy is removed then
 * @throws ConvergenceError when the copy was made, but the service does not run on it
 */
export async function carryOutRescue(
  inventory: Inventory,
  plan: RescuePlan,
  control: RescueControl,
): Promise<RescueResult> {
  const { volume, from, to, toEngine, change } = plan;
  const copied = await copyVolume(plan, control);
  if (change) {
    control.onProgress(`pointing ${change.name} at ${to}`);
    const manager = answeredIn(inventory).find(({ report }) => report.isManager);
    if (!manager) throw new RescueError("no manager answers."); // The plan has asked one.
    await updateRepointed(manager.connection, change, control);
  }
  const [fromNode, toNode] = [from.report.hostname, toEngine.report.hostname];
  return { volume, fromNode, to, toNode, service: change?.name, ...copied };
}

async function copyVolume(
  { volume, from, to, toEngine, targetExists }: RescuePlan,
  { signal, onProgress }: RescueControl,
): Promise<VolumeDigest> {
  const source = patient(from.connection);
  const target = patient(toEngine.connection);
  if (!targetExists)
    await target.createVolume({ Name: to, Labels: { [originLabel]: `${from.report.hostname}/${volume}` } });
  try {
    return await withArchives(source, (openSource) =>
      withArchives(target, (openTarget) =>
        openSource(volume, { readOnly: true }, (original) =>
          openTarget(to, { readOnly: false }, async (copy) => {
            onProgress(`copying to ${to} on ${toEngine.report.hostname}`);
            const sent = await original.copyTo(copy, signal);
            onProgress("reading both again to compare them");
            await requireSame(sent, { original, copy }, signal);
            if (await writerOf(source, volume))
              throw new RescueError(`volume ${volume}: a container was started on it during the copy.`);
            return sent;
          }),
        ),
      ),
    );
  } catch (error) {
    const copy = target.getVolume(to);
    if (!targetExists) await copy.remove().catch(() => undefined);
    throw error;
  }
}

async function requireSame(
  sent: VolumeDigest,
  { original, copy }: { original: VolumeArchive; copy: VolumeArchive },
  signal: AbortSignal,
): Promise<void> {
  const [received, kept] = [await copy.digest(signal), await original.digest(signal)];
  if (kept.digest !== sent.digest)
    throw new RescueError("the original was changed during the copy: nothing may write to it meanwhile.");
  if (received.digest !== sent.digest) {
    throw new RescueError(
      `the copy differs from the original (${received.entryCount} entries, ${received.sizeBytes} bytes, instead of ${sent.entryCount} and ${sent.sizeBytes}).`,
    );
  }
}

/** A separate connection, on which a long silence is no failure: an engine answers a large archive once it has received all of it. */
function patient(connection: EngineConnection): Docker {
  const { docker } = connectEngine(connection);
  limitSilence(docker, copySilenceMs);
  return docker;
}

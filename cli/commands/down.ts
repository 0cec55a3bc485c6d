import { InputError } from "../../model/input-error.ts";
import { confirm } from "../confirm.ts";
import { openContext, type StackOptions } from "../context.ts";
import type { KnownResource } from "../engines/engine.ts";
import { findEngineToRead, providerHost } from "../find-swarm.ts";
import { listenForInterrupts } from "../interrupts.ts";
import { beginOperation, operationDocument, plan, requireSuccess, run } from "../operation.ts";

/** The type of a volume that the stack created. */
const volumeType = "docker:index/volume:Volume";

/** Options of `holdfast down`. */
export interface DownOptions extends StackOptions {
  yes?: true;
  diff?: true;
  deleteData: string[];
}

/** `holdfast down`: deletes the stack's resources but for its data, and of that what is named. */
export async function down(options: DownOptions): Promise<void> {
  const context = openContext(options);
  const { output, location } = context;
  await beginOperation(context, { changes: true });
  const engine = await context.engine();
  const resources = await engine.resources(location);
  const volumes = volumesToDelete(options.deleteData, resources);
  const connection = await findEngineToRead(context);
  using interrupts = listenForInterrupts(output.warn);
  const settings = {
    interrupts,
    dockerHost: providerHost(connection),
    policyPacks: [],
    diff: options.diff ?? false,
    includeProtected: volumes,
  };
  const planned = await plan(context, "destroy", settings);
  await requireSuccess(context, "down", planned, settings);
  await confirm(context, { command: "down", yes: options.yes ?? false, planned });
  const outcome = await run(context, "destroy", settings);
  await requireSuccess(context, "down", outcome, settings);

  const kept = resources.filter(
    (resource) => resource.type === volumeType && resource.protect && !volumes.includes(resource),
  );
  for (const { dockerName } of kept)
    output.print(
      `Kept: the volume ${dockerName ?? "?"} with its data. Delete it with --delete-data ${dockerName ?? "?"}`,
    );
  if (output.json)
    output.document({
      ...(await operationDocument(context, "down", outcome)),
      keptVolumes: kept.map(({ dockerName }) => dockerName),
    });
}

/** The volumes that were named, each of which must be the stack's own. */
export function volumesToDelete(names: readonly string[], resources: readonly KnownResource[]): KnownResource[] {
  const own = resources.filter(({ type }) => type === volumeType);
  return names.map((name) => {
    const volume = own.find(({ dockerName }) => dockerName === name);
    if (volume !== undefined) return volume;
    throw new InputError({
      path: "--delete-data",
      expected: `a volume of this stack (${own.map(({ dockerName }) => dockerName ?? "?").join(", ") || "it has none"})`,
      got: JSON.stringify(name),
      fix: "Name one of them, or leave the option out to keep all data",
    });
  });
}

import { z } from "zod";
import { advised } from "../../../../text/advised-command.ts";
import { SituationError } from "../../../../text/situation-error.ts";
import type { KnownResource } from "../../../engines/engine.ts";
import { dataTypes } from "./first-start.ts";

/** The parts of a volume's or service's state that show where it was. */
const tracesSchema = z.looseObject({
  name: z.string().catch("without a name"),
  mountpoint: z.string().optional().catch(undefined),
  taskSpec: z
    .looseObject({ containerSpec: z.looseObject({ image: z.string().catch("") }) })
    .optional()
    .catch(undefined),
});

/** Images of a sandbox's registry, whose addresses are for tests of networks alone (RFC 2544). */
const sandboxImage = /^198\.19\.\d+\.\d+:\d+\//u;

/**
 * Refuses to let a state forget what it holds because a sandbox is new, unless that was in an earlier sandbox of this project: a state
 * that belongs to another engine, which is not reached just now, is all that knows of a database.
 *
 * @param directory - the folder of the project's sandbox
 * @throws SituationError naming what may be elsewhere
 */
export function requireOfSandbox(
  resources: readonly Pick<KnownResource, "type" | "outputs">[],
  directory: string,
): void {
  const traces = resources
    .filter(({ type }) => dataTypes.includes(type))
    .map(({ outputs }) => tracesSchema.parse(outputs));
  const isProof = ({ mountpoint, taskSpec }: (typeof traces)[number]): boolean =>
    mountpoint?.startsWith(`${directory}/`) === true || sandboxImage.test(taskSpec?.containerSpec.image ?? "");
  if (traces.length === 0 || traces.some(isProof)) return;
  throw new SituationError({
    what: `The sandbox is new, but the stack's state has resources that may be on another engine: ${traces.map(({ name }) => name).join(", ")}`,
    fix: `Name that engine with DOCKER_HOST, or choose another stack with -s; if the engine is gone for good, run \`${advised("refresh")}\``,
  });
}

import type { Stack } from "../../../../engine/state/stack.ts";
import { ownProject } from "../../../../model/own-settings.ts";
import type { CommandContext } from "../../../context/context.ts";
import type { KnownResource } from "../../../engines/engine.ts";

/** How long a first start may take from the moment it is asked for, in milliseconds. */
const firstStartMs = 900_000;

/** The types of resources whose presence says that the stack has been up, and its data exists. */
export const dataTypes = ["docker:index/volume:Volume", "docker:index/service:Service"];

/**
 * Asks for a first start, within a quarter of an hour, where the stack has neither a volume nor a service. Without that Redis
 * refuses to start on a volume that does not carry its mark, so that a volume that got lost never turns into an empty Redis
 * (model/service/start-guard.ts); a hook of the component carries it out, once (components/hooks/first-start.ts).
 */
export async function askForFirstStart(context: CommandContext, stack: Stack): Promise<void> {
  if (!isFirstStart((await context.state()).resources)) return;
  const asked = (await stack.getConfig(`${ownProject}:firstStartUntil`))?.value;
  // What a run that was killed a moment ago has asked for serves the next one too.
  if (asked !== undefined && Date.parse(asked) - Date.now() > firstStartMs / 2) return;
  const until = new Date(Date.now() + firstStartMs).toISOString().replace(/\.\d+Z$/u, "Z");
  await stack.setConfig(`${ownProject}:firstStartUntil`, until);
  context.output.print(
    `Configured ${ownProject}:firstStartUntil = ${until}: until then Redis may start on an empty volume`,
  );
}

/** Whether nothing that a stack holds can have data. */
export function isFirstStart(resources: readonly Pick<KnownResource, "type">[]): boolean {
  return !resources.some(({ type }) => dataTypes.includes(type));
}

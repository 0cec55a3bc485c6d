import type { DataPathFact } from "./catalogue-entry.ts";
import { differsByTask } from "./mount-source.ts";
import { isKnown, notKnown, type Known, type ServiceDefinition } from "./service-definition.ts";

/** A container that is given no hostname is called after its id. */
const hostnameByDefault = "{{.Task.ID}}";

/**
 * By what the folder of the data is called in an image that names it after its host; `undefined` in any other image.
 * {@link differsByTask} tells a name that each task has for itself.
 *
 * @see https://www.rabbitmq.com/docs/clustering#node-names
 */
export function hostFolder(
  { environment, hostname }: ServiceDefinition,
  fact: DataPathFact | undefined,
): Known<string | undefined> {
  const unless = fact?.namedAfterHostUnless;
  if (unless === undefined) return undefined;
  // Variables that cannot be seen hardly ever name the folder where the host has a name.
  if (!isKnown(environment)) return hostname ?? notKnown;
  const decisive = unless.find((name) => Object.hasOwn(environment, name));
  const name = decisive === undefined ? hostname : environment[decisive];
  return name === undefined || name === "" ? hostnameByDefault : name;
}

/** Whether a task finds the folder of the one before it. `queue` stands for `rabbit@queue`, or whatever the image puts before it. */
export function isSameHostFolder(before: Known<string | undefined>, after: Known<string | undefined>): Known<boolean> {
  if (before === undefined || after === undefined) return before === after;
  if (!isKnown(before) || !isKnown(after)) return notKnown;
  if (differsByTask(before) || differsByTask(after)) return false;
  if (before.includes("@") && after.includes("@")) return before === after;
  return hostOf(before) === hostOf(after);
}

function hostOf(name: string): string | undefined {
  return name.split("@").at(-1);
}

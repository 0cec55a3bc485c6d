import type { DataPathFact } from "./catalogue-entry.ts";
import { differsByTask, fillInService } from "./mount-source.ts";
import { isKnown, notKnown, type Known, type ServiceDefinition } from "./service-definition.ts";

/** A container that is given no hostname is called after its id. */
const hostnameByDefault = "{{.Task.ID}}";

/**
 * By what the folder of the data is called in an image that names it after its host, such as `rabbit@queue`; `undefined` in any
 * other image. {@link differsByTask} tells a name that each task has for itself.
 *
 * @see https://www.rabbitmq.com/docs/clustering#node-names and deps/rabbit_common/src/rabbit_env.erl (`nodename`)
 */
export function hostFolder(service: ServiceDefinition, fact: DataPathFact | undefined): Known<string | undefined> {
  const rule = fact?.namedAfterHost;
  if (rule === undefined) return undefined;
  const host = shortHost(service);
  const { environment } = service;
  // Variables that cannot be seen hardly ever name the folder where the host has a name.
  if (!isKnown(environment)) return isKnown(host) && !differsByTask(host) ? `${rule.prefix}@${host}` : notKnown;
  if ((environment[rule.unless] ?? "") !== "") return undefined;
  const name = environment[rule.variable];
  if (name !== undefined && !isKnown(name)) return notKnown;
  if (name?.includes("@") === true) return name;
  return isKnown(host) ? `${name === undefined || name === "" ? rule.prefix : name}@${host}` : notKnown;
}

/** The hostname up to its first dot. */
function shortHost({ hostname, name }: ServiceDefinition): Known<string> {
  if (!isKnown(hostname)) return notKnown;
  const host = fillInService(hostname === undefined || hostname === "" ? hostnameByDefault : hostname, name);
  return host.includes("{{") ? host : host.replace(/\..*$/u, "");
}

/** Whether a task finds the folder of the one before it; what only one of two images does decides nothing. */
export function isSameHostFolder(before: Known<string | undefined>, after: Known<string | undefined>): Known<boolean> {
  if (before === undefined || after === undefined) return true;
  if (!isKnown(before) || !isKnown(after)) return notKnown;
  return before === after && !differsByTask(before);
}

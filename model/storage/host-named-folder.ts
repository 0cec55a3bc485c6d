import type { DataPathFact } from "../image/catalogue-entry.ts";
import { isKnown, notKnown, type Known, type ServiceDefinition } from "../service/definition.ts";
import { differsByTask, fillInService } from "./mount-template.ts";

/** A container without a hostname is named after its id. */
const hostnameByDefault = "{{.Task.ID}}";

/**
 * The name of the data folder in an image that names it after its host, such as `rabbit@queue`; `undefined` in any other image.
 * {@link differsByTask} recognises a name that differs for each task.
 *
 * @see https://www.rabbitmq.com/docs/clustering#node-names and deps/rabbit_common/src/rabbit_env.erl (`nodename`)
 */
export function hostFolder(service: ServiceDefinition, fact: DataPathFact | undefined): Known<string | undefined> {
  const rule = fact?.namedAfterHost;
  if (rule === undefined) return undefined;
  // Hidden variables hardly ever name the folder if the hostname is set.
  const environment = isKnown(service.environment) ? service.environment : {};
  if ((environment[rule.unless] ?? "") !== "") return undefined;
  const given = environment[rule.variable] ?? "";
  if (!isKnown(given)) return notKnown;
  const name = given === "" ? rule.byDefault : given;
  if (name.includes("@")) return name;
  const host = hostOf(service, environment[rule.longNames]);
  const isHidden = !isKnown(service.environment) && isKnown(host) && differsByTask(host);
  return isKnown(host) && !isHidden ? `${name}@${host}` : notKnown;
}

function hostOf({ hostname, name }: ServiceDefinition, longNames: Known<string> | undefined): Known<string> {
  if (!isKnown(hostname)) return notKnown;
  const host = fillInService(hostname === undefined || hostname === "" ? hostnameByDefault : hostname, name);
  if (host.includes("{{") || !host.includes(".") || longNames === "true") return host;
  return longNames === notKnown ? notKnown : (host.split(".", 1)[0] ?? host);
}

/** Whether a task finds the folder of its predecessor; when only one of the two images names a folder, it does not matter. */
export function isSameHostFolder(before: Known<string | undefined>, after: Known<string | undefined>): Known<boolean> {
  if (before === undefined || after === undefined) return true;
  if (!isKnown(before) || !isKnown(after)) return notKnown;
  return before === after && !differsByTask(before);
}

import type { AuthenticationFact } from "../model/image/catalogue-entry.ts";
import { settingIn } from "../model/image/command.ts";
import { asksForPassword } from "../model/redis/settings.ts";
import { isKnown, notKnown, type Known } from "../model/service/definition.ts";
import type { Subject } from "./subject.ts";

/** Whether the server requires a password; `undefined` if the catalogue does not know how to enable it. */
export function authenticates(subject: Subject): Known<boolean> | undefined {
  const { image, redis } = subject;
  if (!isKnown(image) || image === undefined) return undefined;
  const byFact =
    image.authentication === undefined ? undefined : byEnvironmentOrArguments(subject, image.authentication);
  if (redis === undefined || byFact === true) return byFact;
  return asksForPassword(redis);
}

function byEnvironmentOrArguments({ service }: Subject, fact: AuthenticationFact): Known<boolean> {
  const { environment, command, args } = service;
  const words = isKnown(command) && isKnown(args) ? [...(command ?? []), ...(args ?? [])] : undefined;
  if (
    words?.some(
      (word) => isKnown(word) && fact.onByArgument.some((option) => word === option || word.startsWith(`${option}=`)),
    ) === true
  )
    return true;
  const needsArguments = fact.onByArgument.length > 0 && words?.every(isKnown) !== true;
  if (!isKnown(environment)) return notKnown;
  const value = (name: string): Known<string> => (Object.hasOwn(environment, name) ? (environment[name] ?? "") : "");
  const offs = Object.entries(fact.offByEnvironment).map(([name, values]) => {
    const actual = value(name);
    return isKnown(actual) ? values.includes(actual.toLowerCase()) : notKnown;
  });
  if (offs.includes(true)) return false;
  if (fact.byDefault) return offs.includes(notKnown) ? notKnown : true;
  // The variable's presence counts, even if its value is not known: setting it means that a password is wanted.
  const isOn = fact.onByEnvironment.flatMap((name) => [name, `${name}_FILE`]).some((name) => value(name) !== "");
  if (isOn) return true;
  const settings = (fact.onBySetting ?? []).map((name) => settingIn(service, name));
  if (settings.some((setting) => isKnown(setting) && setting !== undefined && setting !== "disabled")) return true;
  return needsArguments || settings.includes(notKnown) ? notKnown : false;
}

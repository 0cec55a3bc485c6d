/** What a service runs, read from its command line and from the configuration that comes with it. */
import { posix } from "node:path";
import type { CatalogueEntry, CommandFact } from "./catalogue-entry.ts";
import { shellWords } from "./shell-words.ts";
import { isKnown, notKnown, type Known, type ServiceDefinition } from "./service-definition.ts";

/**
 * The words of a service's entry point and command, those of a script that a shell is given among them; a word that a shell would
 * put together is not known.
 *
 * @returns `undefined` when the command line cannot be seen
 */
export function commandWords({ command, args }: ServiceDefinition): readonly Known<string>[] | undefined {
  if (!isKnown(command) || !isKnown(args)) return undefined;
  return [...(command ?? []), ...(args ?? [])].flatMap((word): readonly Known<string>[] =>
    isKnown(word) && /\s/.test(word)
      ? shellWords(word).map(({ text, isDynamic }) => (isDynamic ? notKnown : text))
      : [word],
  );
}

/** Whether a word is an option of this name, alone or with its value behind an equals sign. */
export function isOption(word: Known<string>, option: string): boolean {
  return isKnown(word) && (word === option || word.startsWith(`${option}=`));
}

/** Whether a service runs one of its image's tools instead of the server, as a job that calls `pg_dump` does. */
export function runsTool(service: ServiceDefinition, { commands }: CatalogueEntry): boolean {
  const words = commands && commandWords(service);
  return commands !== undefined && words !== undefined && isTool(words, commands);
}

function isTool(words: readonly Known<string>[], { servers, tools, disguises = [] }: CommandFact): boolean {
  const [first] = words;
  const isNamed = (names: readonly string[]): boolean =>
    words.some((word) => isKnown(word) && names.some((name) => isOption(word, name) || posix.basename(word) === name));
  if (isNamed(disguises)) return true;
  // A command line that begins with an option is the server's.
  if (first === undefined || (isKnown(first) && first.startsWith("-"))) return false;
  return isNamed(tools) && !isNamed([...servers, "docker-entrypoint.sh"]);
}

/** Whether a service keeps state of its own, given its image's entry in the catalogue. */
export function keepsState(service: ServiceDefinition, entry: CatalogueEntry): Known<boolean> {
  if (entry.keepsState === "never") return false;
  const isElsewhere = sendsStateElsewhere(service, entry.stateElsewhere);
  if (isElsewhere !== false) return isElsewhere === true ? false : notKnown;
  if (entry.keepsState === "always") return true;
  const { withArgument, withSetting } = entry.keepsState;
  const words = commandWords(service);
  if (words?.some((word) => withArgument.some((option) => isOption(word, option))) === true) return true;
  const setting = withSetting === undefined ? undefined : settingIn(service, withSetting);
  if (isKnown(setting) && setting !== undefined) return true;
  const isCertain = words !== undefined && words.every(isKnown) && isKnown(setting);
  return isCertain ? false : notKnown;
}

function sendsStateElsewhere(service: ServiceDefinition, facts: CatalogueEntry["stateElsewhere"]): Known<boolean> {
  const { variables = {}, configuration } = facts ?? {};
  const texts = visibleConfiguration(service);
  if (configuration !== undefined && texts.some((text) => new RegExp(configuration).test(text))) return true;
  const names = Object.keys(variables);
  const { environment } = service;
  if (!isKnown(environment)) return names.length === 0 ? false : notKnown;
  const values = names
    .filter((name) => Object.hasOwn(environment, name))
    .map((name) => [name, environment[name]] as const);
  if (values.some(([, value]) => value === notKnown)) return notKnown;
  return values.some(([name, value]) => new RegExp(variables[name] ?? "").test(String(value)));
}

/** What can be seen of the configuration that a service is given: Swarm configs, and variables that hold a whole one. */
function visibleConfiguration({ configs, environment }: ServiceDefinition): readonly string[] {
  const files = isKnown(configs) ? configs.map(({ content }) => content) : [];
  const variables = Object.entries(isKnown(environment) ? environment : {})
    .filter(([name]) => name.endsWith("_LOCAL_CONFIG"))
    .map(([, value]) => value);
  const isText = (content: Known<string | undefined>): content is string => isKnown(content) && content !== undefined;
  return [...files, ...variables].filter(isText).map((text) => text.replaceAll(/^[ \t]*(?:#|\/\/).*$/gm, ""));
}

/**
 * A setting of the configuration that a service is given: `name = value`, `name: value` or `name value`, and where blocks are
 * named, the first within `block { … }`.
 *
 * @returns `undefined` when no configuration has it; not known when there is a configuration that cannot be seen
 */
export function settingIn(
  service: ServiceDefinition,
  name: string,
  blocks: readonly string[] = [],
): Known<string | undefined> {
  const block = blocks.length === 0 ? "" : `\\b(?:${blocks.join("|")})["'\\s:=]*\\{[^{}]*?`;
  const pattern = new RegExp(`${block}(?<![\\w.-])${name}(?![\\w.-])["']?[\\s:=]*["']?(?<value>[^\\s"',;{}]+|\\{)`);
  for (const text of visibleConfiguration(service)) {
    const value = pattern.exec(text)?.groups?.["value"];
    if (value !== undefined) return value;
  }
  return hasUnseenConfiguration(service) ? notKnown : undefined;
}

/** A Swarm config, a file or folder of the host, or a file that the command line names, whose content is not known. */
function hasUnseenConfiguration(service: ServiceDefinition): boolean {
  const { configs, mounts } = service;
  if (!isKnown(configs) || !isKnown(mounts) || configs.some(({ content }) => !isKnown(content))) return true;
  const isSeen = (path: string): boolean => configs.some(({ target }) => target === path);
  const isConfiguration = (path: Known<string>): boolean =>
    isKnown(path) && !isSeen(path) && /(?:^|[/.])(?:config|etc)(?:\/|$)|\.(?:conf|hcl|json|ya?ml)$/.test(path);
  return (
    mounts.some(({ type, target }) => type !== "tmpfs" && isConfiguration(target)) ||
    (commandWords(service) ?? []).some((word) => isConfiguration(isKnown(word) ? word.replace(/^-[\w-]*=/, "") : word))
  );
}

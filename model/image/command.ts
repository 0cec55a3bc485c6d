/** What a service runs, read from its command line and from the configuration that comes with it. */
import { posix } from "node:path";
import { shellWords } from "../../text/shell-words.ts";
import { isKnown, notKnown, visible, type Known, type ServiceDefinition } from "../service/definition.ts";
import type { CatalogueEntry, CommandFact } from "./catalogue-entry.ts";

/** A word of a service's command line, and its path in the definition. */
export interface CommandWord {
  readonly text: Known<string>;
  readonly path: string;
}

/** The words of a service's entry point and command; `undefined` when they are hidden. */
export function commandLine({ command, args, paths }: ServiceDefinition): readonly CommandWord[] | undefined {
  if (!isKnown(command) || !isKnown(args)) return undefined;
  return [
    ...(command ?? []).map((text): CommandWord => ({ text: visible(text), path: paths.command })),
    ...(args ?? []).map((text): CommandWord => ({ text: visible(text), path: paths.args })),
  ];
}

/**
 * The words of a service's entry point and command, including those of a script passed to a shell; a word that the shell would
 * expand is not known.
 *
 * @returns `undefined` when the command line is hidden
 */
export function commandWords(service: ServiceDefinition): readonly Known<string>[] | undefined {
  return commandLine(service)?.flatMap(({ text: word }): readonly Known<string>[] =>
    isKnown(word) && /\s/.test(word)
      ? shellWords(word).map(({ text, isDynamic }) => (isDynamic ? notKnown : text))
      : [word],
  );
}

/** A script that a service runs. */
export interface Script {
  readonly text: Known<string>;
  readonly path: string;
  /** The shell that gets the text with `-c`; `undefined` for a file. */
  readonly shell: string | undefined;
  /** The script's arguments. */
  readonly given: readonly CommandWord[];
}

const shells = new Set(["sh", "bash", "ash", "dash"]);

/** The script that is passed to a shell on the command line or mounted as a Swarm config; `undefined` when there is none to see. */
export function scriptOf(service: ServiceDefinition): Script | undefined {
  const words = commandLine(service) ?? [];
  const shell = words.findIndex(({ text }) => isKnown(text) && shells.has(posix.basename(text)));
  const flag = words.findIndex(({ text }, index) => index > shell && isKnown(text) && /^-[a-z]*c$/.test(text));
  const inline = shell < 0 || flag < 0 ? undefined : words[flag + 1];
  if (inline !== undefined)
    return { ...inline, shell: posix.basename(String(words[shell]?.text)), given: words.slice(flag + 3) };
  const configs = isKnown(service.configs) ? service.configs : [];
  for (const [index, { text }] of words.entries()) {
    const file = configs.find(({ target }) => isKnown(text) && target === text);
    if (file !== undefined && isKnown(file.content) && file.content !== undefined)
      return { text: file.content, path: file.path, shell: undefined, given: words.slice(index + 1) };
  }
  return undefined;
}

/** The text of the script file that the service starts with; `undefined` when it is hidden or does not exist. */
export function startFile(service: ServiceDefinition): string | undefined {
  const [shell, file] = commandLine(service) ?? [];
  if (shell === undefined || !isKnown(shell.text) || !shells.has(posix.basename(shell.text))) return undefined;
  const configs = isKnown(service.configs) ? service.configs : [];
  const content = configs.find(({ target }) => file !== undefined && isKnown(target) && target === file.text)?.content;
  return content !== undefined && isKnown(content) ? content : undefined;
}

/**
 * Finds the script whose shell stays in front of the server, so that the stop signal never reaches the server and it is killed at
 * the end of the grace period. `exec` replaces the shell. For the last command of `-c`, bash and BusyBox' ash (Alpine's `sh`) do
 * so on their own; Debian's dash does not (seen with dash 0.5.12, bash 5.2 and BusyBox 1.35).
 *
 * @param servers - every name of the server
 */
export function scriptInFront(service: ServiceDefinition, servers: readonly string[]): Script | undefined {
  const script = scriptOf(service);
  if (script === undefined || !isKnown(script.text)) return undefined;
  const all = shellWords(script.text);
  const words = all.map(({ text }) => text);
  const server = words.findLastIndex((word) => servers.includes(posix.basename(word)));
  // A script with a trap handles the signal itself; a server call before a later exec was only a preparatory step.
  if (server < 0 || words.includes("trap") || words.lastIndexOf("exec") > server) return undefined;
  const start = all.findLastIndex(({ isOperator }, index) => index < server && isOperator) + 1;
  const end = all.findIndex(({ isOperator }, index) => index > server && isOperator);
  const program = words.slice(start, server).find((word) => !/^(?:\w+=.*|then|else|do|\{)$/s.test(word));
  const isApart = /^[|(]$/.test(words[start - 1] ?? "") || /^[|&]$/.test(words[end] ?? "");
  const { shell } = script;
  const isAsh = shell === "ash" || (shell === "sh" && isAlpine(service));
  const isSimple = !all.some(
    ({ text, isOperator }) => (isOperator && /^[|&()]$/.test(text)) || (shell === "bash" && /[<>]/.test(text)),
  );
  const isLast = end < 0 && isSimple && (isAsh || shell === "bash");
  return (program === "exec" && !isApart) || isLast ? undefined : script;
}

function isAlpine({ image: { tag } }: ServiceDefinition): boolean {
  return isKnown(tag) && tag !== undefined && /alpine/.test(tag);
}

/** Whether a word is this option, alone or as `option=value`. */
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

/** Whether a service keeps state, given its image's entry in the catalogue. */
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
    .map((name) => [name, visible(environment[name] ?? "")] as const);
  if (values.some(([, value]) => value === notKnown)) return notKnown;
  return values.some(([name, value]) => new RegExp(variables[name] ?? "").test(String(value)));
}

/** The visible configuration of a service: Swarm configs, and variables that contain a whole configuration. */
function visibleConfiguration({ configs, environment }: ServiceDefinition): readonly string[] {
  const files = isKnown(configs) ? configs.map(({ content }) => content) : [];
  const variables = Object.entries(isKnown(environment) ? environment : {})
    .filter(([name]) => name.endsWith("_LOCAL_CONFIG"))
    .map(([, value]) => value);
  const isText = (content: Known<string | undefined>): content is string => isKnown(content) && content !== undefined;
  return [...files, ...variables].filter(isText).map((text) => text.replaceAll(/^[ \t]*(?:#|\/\/).*$/gm, ""));
}

/**
 * Finds a setting in a service's configuration: `name = value`, `name: value` or `name value`; with blocks, the first one within
 * `block { … }`.
 *
 * @returns `undefined` when no configuration has it; not known when a configuration is hidden
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

/** Whether a Swarm config, a mounted file or folder of the host, or a file named on the command line has unknown content. */
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

import { posix } from "node:path";
import { isKnown, notKnown, type Known, type MountedFile, type ServiceDefinition } from "./service-definition.ts";
import type { RedisImageFact } from "./catalogue-entry.ts";
import { shellWords } from "./shell-words.ts";

/** One setting of Redis, as redis.conf has it. */
export interface RedisSetting {
  readonly name: string;
  readonly values: readonly Known<string>[];
  /** Where the definition says it. */
  readonly path: string;
}

/** What a definition says to Redis, in the order in which Redis reads it: the later of two settings counts. */
export interface RedisSettings {
  readonly settings: readonly RedisSetting[];
  /** False when a file or a script that cannot be seen may say more. */
  readonly isComplete: boolean;
  /** Where to look for what is missing. */
  readonly path: string;
}

interface Word {
  readonly text: Known<string>;
  readonly path: string;
}

const servers = new Set(["redis-server", "valkey-server", "keydb-server"]);
const shells = new Set(["sh", "bash", "ash", "dash"]);

/**
 * Collects what a service says to Redis: on its command line, through a shell, in a configuration file that is a Swarm config,
 * or in an environment variable that its image reads.
 */
export function redisSettings(service: ServiceDefinition, image: RedisImageFact): RedisSettings {
  const invocation = findInvocation(service);
  const fromCommand = parseArguments(invocation?.words ?? [], service);
  const fromEnvironment = environmentSettings(service, image);
  return {
    settings: [...fromEnvironment.settings, ...fromCommand.settings],
    isComplete: invocation !== undefined && fromCommand.isComplete && fromEnvironment.isComplete,
    path: fromCommand.path ?? (service.command === undefined ? service.paths.args : service.paths.command),
  };
}

/** The words that follow the server's name; none when the image's own command runs; `undefined` when they cannot be seen. */
function findInvocation(service: ServiceDefinition): { words: readonly Word[] } | undefined {
  const { command, args, paths } = service;
  if (!isKnown(command) || !isKnown(args)) return undefined;
  const words: Word[] = [
    ...(command ?? []).map((text): Word => ({ text, path: paths.command })),
    ...(args ?? []).map((text): Word => ({ text, path: paths.args })),
  ];
  if (words.length === 0) return { words };
  const server = words.findIndex(isServer);
  if (server >= 0) return { words: words.slice(server + 1) };
  const [first] = words;
  if (command === undefined && isKnown(first?.text ?? notKnown) && /^-|\.conf$/.test(textOf(first))) return { words };
  return findInScript(words, service);
}

function textOf(word: Word | undefined): string {
  return word !== undefined && isKnown(word.text) ? word.text : "";
}

function isServer(word: Word): boolean {
  return servers.has(posix.basename(textOf(word)));
}

/** Looks for the server in the script that a shell is given, or in a script that is a Swarm config. */
function findInScript(words: readonly Word[], service: ServiceDefinition): { words: readonly Word[] } | undefined {
  const shell = words.findIndex((word) => shells.has(posix.basename(textOf(word))));
  const flag = words.findIndex((word, index) => index > shell && /^-[a-z]*c$/.test(textOf(word)));
  const inline = shell >= 0 ? words[flag] && words[flag + 1] : undefined;
  if (inline !== undefined) {
    return isKnown(inline.text) ? invocationIn(inline.text, inline.path, words.slice(flag + 3)) : undefined;
  }
  const configs = isKnown(service.configs) ? service.configs : [];
  for (const [index, word] of words.entries()) {
    const file = configs.find((config) => isKnown(word.text) && config.target === word.text);
    if (file !== undefined && isKnown(file.content) && file.content !== undefined) {
      return invocationIn(file.content, file.path, words.slice(index + 1));
    }
  }
  return undefined;
}

/** The server's last call in a script, with `"$@"` replaced by the script's own arguments. */
function invocationIn(script: string, path: string, given: readonly Word[]): { words: readonly Word[] } | undefined {
  const all = shellWords(script);
  const start = all.findLastIndex((word) => servers.has(posix.basename(word.text)));
  if (start < 0) return undefined;
  const rest = all.slice(start + 1);
  const end = rest.findIndex((word) => /^(?:[;&|()\n]|&&|\|\||;;)$/.test(word.text));
  return {
    words: rest.slice(0, end < 0 ? rest.length : end).flatMap((word): readonly Word[] => {
      if (word.text === "$@" || word.text === "$*") return given;
      return [{ text: word.isDynamic ? notKnown : word.text, path }];
    }),
  };
}

function parseArguments(
  words: readonly Word[],
  service: ServiceDefinition,
): { settings: readonly RedisSetting[]; isComplete: boolean; path?: string } {
  const [first, ...others] = words;
  if (first === undefined) return { settings: [], isComplete: true };
  if (!isKnown(first.text)) return { settings: [], isComplete: false, path: first.path };
  if (first.text.startsWith("--")) return { settings: options(words), isComplete: true };
  if (first.text.startsWith("-") && first.text !== "-") return { settings: options(others), isComplete: true };
  const file = fileSettings(first.text, service);
  return {
    settings: [...file.settings, ...options(others)],
    isComplete: file.isComplete,
    path: file.path ?? first.path,
  };
}

/** Redis takes `--name value …` as a line of its configuration; a value ends where the next word begins with two dashes. */
function options(words: readonly Word[]): readonly RedisSetting[] {
  const settings: { name: string; values: Known<string>[]; path: string }[] = [];
  for (const { text, path } of words) {
    if (isKnown(text) && text.startsWith("--")) {
      const [name = "", ...values] = configurationWords(text.slice(2));
      settings.push({ name: name.toLowerCase(), values, path });
    } else {
      // Quotation marks that a shell has left around nothing mean nothing, too.
      settings.at(-1)?.values.push(text === '""' || text === "''" ? "" : text);
    }
  }
  return settings;
}

function fileSettings(
  file: string,
  service: ServiceDefinition,
): { settings: readonly RedisSetting[]; isComplete: boolean; path?: string } {
  const configs: readonly MountedFile[] = isKnown(service.configs) ? service.configs : [];
  const target = posix.resolve(
    posix.resolve("/data", isKnown(service.workingDirectory) ? (service.workingDirectory ?? "") : ""),
    file,
  );
  const config = configs.find((each) => each.target === target || each.target === file);
  if (config === undefined) return { settings: [], isComplete: false };
  if (!isKnown(config.content) || config.content === undefined)
    return { settings: [], isComplete: false, path: config.path };
  const settings = configurationLines(config.content, config.path);
  return { settings, isComplete: !settings.some(({ name }) => name === "include"), path: config.path };
}

function configurationLines(content: string, path: string): readonly RedisSetting[] {
  return content.split("\n").flatMap((line): readonly RedisSetting[] => {
    const [name, ...values] = configurationWords(line);
    return name === undefined || name.startsWith("#") ? [] : [{ name: name.toLowerCase(), values, path }];
  });
}

/** The words of a line of redis.conf. */
function configurationWords(line: string): readonly string[] {
  return Array.from(
    line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g),
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

function environmentSettings(
  service: ServiceDefinition,
  image: RedisImageFact,
): { settings: readonly RedisSetting[]; isComplete: boolean } {
  const { environment } = service;
  const path = service.paths.environment;
  const { argumentsFrom, appendOnlyFrom } = image;
  if (argumentsFrom === undefined && appendOnlyFrom === undefined) return { settings: [], isComplete: true };
  if (!isKnown(environment)) return { settings: [], isComplete: false };
  const line = argumentsFrom === undefined ? undefined : environment[argumentsFrom];
  const appendOnly = appendOnlyFrom === undefined ? undefined : environment[appendOnlyFrom];
  if (line === notKnown) return { settings: [], isComplete: false };
  const words = shellWords(line ?? "").map((word): Word => ({ text: word.isDynamic ? notKnown : word.text, path }));
  const toggled: readonly RedisSetting[] =
    appendOnly === undefined ? [] : [{ name: "appendonly", values: [appendOnly], path }];
  return { settings: [...toggled, ...options(words)], isComplete: true };
}

/** A setting's value and where it stands; `undefined` when Redis' default holds. */
export function redisSetting(
  { settings, isComplete, path }: RedisSettings,
  name: string,
): { readonly value: Known<string | undefined>; readonly path: string } {
  const last = settings.findLast((setting) => setting.name === name);
  if (last === undefined) return { value: isComplete ? undefined : notKnown, path };
  return { value: last.values.includes(notKnown) ? notKnown : last.values.join(" "), path: last.path };
}

/** Whether the append-only file is on. */
export function isAppendOnly(settings: RedisSettings, image: RedisImageFact): Known<boolean> {
  const { value } = redisSetting(settings, "appendonly");
  if (!isKnown(value)) return notKnown;
  return value === undefined ? image.appendOnly : value.toLowerCase() === "yes";
}

/** Where Redis keeps its data within its directory, by the settings that name it. */
export const redisFiles = {
  dbfilename: "dump.rdb",
  appenddirname: "appendonlydir",
  appendfilename: "appendonly.aof",
} as const;

/** The file, or the folder of files, in its directory that Redis starts from; `undefined` where that cannot be seen. */
export function redisKept(settings: RedisSettings, image: RedisImageFact | undefined): string | undefined {
  const appendOnly = image === undefined ? notKnown : isAppendOnly(settings, image);
  if (!isKnown(appendOnly)) return undefined;
  const name = appendOnly ? "appenddirname" : "dbfilename";
  const { value } = redisSetting(settings, name);
  return isKnown(value) ? (value ?? redisFiles[name]) : undefined;
}

/**
 * Whether there are save points. They are on by default, also with a configuration file that does not mention them; `save ""`
 * clears those before it.
 *
 * @see https://github.com/redis/redis/blob/7.0/src/config.c (`setConfigSaveOption`)
 */
export function hasSavePoints(settings: RedisSettings): Known<boolean> {
  const saves = settings.settings.filter(({ name }) => name === "save");
  if (saves.length === 0) return settings.isComplete ? true : notKnown;
  let points: Known<boolean> = false;
  for (const { values } of saves) {
    points = values.includes(notKnown) ? notKnown : values.some((value) => value !== "") ? true : false;
  }
  return points;
}

/** Whether Redis asks for a password: `requirepass`, an ACL file, or users of its configuration. */
export function asksForPassword(settings: RedisSettings): Known<boolean> {
  const password = settings.settings.findLast(({ name }) => name === "requirepass");
  const hasPassword = password !== undefined && (password.values.includes(notKnown) || password.values.join("") !== "");
  const hasUsers = settings.settings.some(({ name }) => name === "aclfile" || name === "user");
  if (hasPassword || hasUsers) return true;
  return settings.isComplete ? false : notKnown;
}

/**
 * The directory that Redis writes to, and what decided it; a relative one begins at the working directory.
 *
 * A configuration that cannot be seen is taken to leave `dir` alone, as nearly all do; {@link redisSetting} says that it is not known.
 *
 * @param imageDirectory - the image's working directory
 */
export function redisDirectory(
  settings: RedisSettings,
  service: ServiceDefinition,
  imageDirectory: string,
): {
  readonly path: Known<string>;
  readonly decidedBy: { readonly words: string; readonly path: string } | undefined;
} {
  const { workingDirectory, paths } = service;
  const written = settings.settings.findLast(({ name }) => name === "dir");
  const dir = written === undefined ? undefined : redisSetting(settings, "dir").value;
  const byDir = written === undefined ? undefined : { words: "dir", path: written.path };
  if (!isKnown(dir)) return { path: notKnown, decidedBy: byDir };
  if (dir?.startsWith("/") === true) return { path: posix.resolve(dir), decidedBy: byDir };
  const byWorkingDirectory = { words: "the working directory", path: paths.workingDirectory };
  if (!isKnown(workingDirectory)) return { path: notKnown, decidedBy: byWorkingDirectory };
  const isImages = workingDirectory === undefined || workingDirectory === "";
  const base = isImages ? imageDirectory : posix.resolve("/", workingDirectory);
  return {
    path: posix.resolve(base, dir ?? "."),
    decidedBy: byDir ?? (base === imageDirectory ? undefined : byWorkingDirectory),
  };
}

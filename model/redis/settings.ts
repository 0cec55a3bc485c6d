import { posix } from "node:path";
import { shellWords } from "../../text/shell-words.ts";
import type { RedisImageFact } from "../image/catalogue-entry.ts";
import { commandLine, scriptOf, type CommandWord, type Script } from "../image/command.ts";
import {
  isKnown,
  notKnown,
  visible,
  type Known,
  type MountedFile,
  type ServiceDefinition,
} from "../service/definition.ts";

/** One setting of Redis, as redis.conf has it. */
export interface RedisSetting {
  readonly name: string;
  readonly values: readonly Known<string>[];
  /** Its path in the definition. */
  readonly path: string;
}

/** A definition's Redis settings, in the order in which Redis reads them; the last one wins. */
export interface RedisDirectives {
  readonly settings: readonly RedisSetting[];
  /** False when a hidden file or script may contain more. */
  readonly isComplete: boolean;
  /** The path of what is missing. */
  readonly path: string;
  /** The path of each source of hidden settings. */
  readonly unseenPaths: readonly string[];
  /**
   * Identifies the source of hidden settings, such as a file's path and the volume or config that it comes from; `undefined` when
   * nothing is hidden.
   */
  readonly unseen: Known<string | undefined>;
}

/** Settings from one source, and its hidden part. */
type Source = Pick<RedisDirectives, "settings" | "unseen"> & { readonly path?: string };

const servers = new Set(["redis-server", "valkey-server", "keydb-server"]);

/**
 * Collects a service's Redis settings from its command line, a shell script, a configuration file mounted as a Swarm config, and
 * environment variables that its image reads.
 */
export function redisSettings(service: ServiceDefinition, image: RedisImageFact): RedisDirectives {
  const invocation = findInvocation(service);
  const fromCommand = invocation === undefined ? unseenCommand(service) : parseArguments(invocation.words, service);
  const fromEnvironment = environmentSettings(service, image);
  const unseen = fromEnvironment.unseen === undefined ? fromCommand.unseen : fromEnvironment.unseen;
  const commandPath = fromCommand.path ?? (service.command === undefined ? service.paths.args : service.paths.command);
  const unseenPaths = [
    ...(fromCommand.unseen === undefined ? [] : [commandPath]),
    ...(fromEnvironment.unseen === undefined ? [] : [service.paths.environment]),
  ];
  return {
    settings: [...fromEnvironment.settings, ...fromCommand.settings],
    isComplete: unseen === undefined,
    path: unseenPaths[0] ?? commandPath,
    unseenPaths,
    unseen,
  };
}

/** A command line without a recognised server: its words, and the files that they name. */
function unseenCommand(service: ServiceDefinition): Source {
  const words = commandLine(service)?.map(({ text }) => (isKnown(text) ? fileSource(text, service).name : notKnown));
  const unseen = words?.every(isKnown) === true ? words.join(" ") : notKnown;
  return { settings: [], unseen, ...(!isKnown(service.args) && { path: service.paths.args }) };
}

/** The words after the server's name; none when the image's own command runs; `undefined` when they are hidden. */
function findInvocation(service: ServiceDefinition): { words: readonly CommandWord[] } | undefined {
  const words = commandLine(service);
  if (words === undefined || words.length === 0) return words && { words };
  const server = words.findIndex(isServer);
  if (server >= 0) return { words: words.slice(server + 1) };
  const [first] = words;
  if (service.command === undefined && /^-|\.conf$/.test(textOf(first))) return { words };
  const script = scriptOf(service);
  return script && invocationIn(script);
}

function textOf(word: CommandWord | undefined): string {
  return word !== undefined && isKnown(word.text) ? word.text : "";
}

function isServer(word: CommandWord): boolean {
  return servers.has(posix.basename(textOf(word)));
}

/** The last server call in a script, with `"$@"` replaced by the script's arguments. */
function invocationIn({ text, path, given }: Script): { words: readonly CommandWord[] } | undefined {
  if (!isKnown(text)) return undefined;
  const all = shellWords(text);
  const start = all.findLastIndex((word) => servers.has(posix.basename(word.text)));
  if (start < 0) return undefined;
  const rest = all.slice(start + 1);
  const end = rest.findIndex(({ isOperator }) => isOperator);
  const words = rest.slice(0, end < 0 ? rest.length : end);
  return {
    words: words.flatMap((word, index): readonly CommandWord[] => {
      if (isRedirection(word.text) || /^\d*[<>]+$/.test(words[index - 1]?.text ?? "")) return [];
      if (word.text === "$@" || word.text === "$*") return given;
      return [{ text: word.isDynamic ? notKnown : word.text, path }];
    }),
  };
}

/** `> file`, `>file` or `2>&1`: for the shell, not for the server. */
function isRedirection(word: string): boolean {
  return /^\d*[<>]/.test(word);
}

function parseArguments(words: readonly CommandWord[], service: ServiceDefinition): Source {
  const [first, ...others] = words;
  if (first === undefined) return { settings: [], unseen: undefined };
  if (!isKnown(first.text)) return { settings: [], unseen: notKnown, path: first.path };
  if (first.text.startsWith("--")) return { settings: options(words), unseen: undefined };
  if (first.text.startsWith("-") && first.text !== "-") return { settings: options(others), unseen: undefined };
  const file = fileSettings(first.text, service);
  return { ...file, settings: [...file.settings, ...options(others)], path: file.path ?? first.path };
}

/** Redis reads `--name value …` as a configuration line; a value ends where the next word begins with two dashes. */
function options(words: readonly CommandWord[]): readonly RedisSetting[] {
  const settings: { name: string; values: Known<string>[]; path: string }[] = [];
  for (const { text, path } of words) {
    if (isKnown(text) && text.startsWith("--")) {
      const [name = "", ...values] = configurationWords(text.slice(2));
      settings.push({ name: name.toLowerCase(), values, path });
    } else {
      // Empty quotation marks left by a shell also mean an empty value.
      settings.at(-1)?.values.push(text === '""' || text === "''" ? "" : text);
    }
  }
  return settings;
}

function fileSettings(file: string, service: ServiceDefinition): Source {
  const { name, path, content } = fileSource(file, service);
  if (!isKnown(content) || content === undefined)
    return { settings: [], unseen: name, ...(path !== undefined && { path }) };
  const settings = configurationLines(content, path ?? service.paths.configs);
  const included = settings.filter((setting) => setting.name === "include").flatMap(({ values }) => values);
  const names = included.map((value) => (isKnown(value) ? fileSource(value, service).name : notKnown));
  const unseen = names.length === 0 ? undefined : names.every(isKnown) ? names.join(" ") : notKnown;
  return { settings, unseen, ...(path !== undefined && { path }) };
}

/** A file in the container: its path and what is mounted there, if defined, and its content, if visible. */
function fileSource(
  file: string,
  service: ServiceDefinition,
): { readonly name: Known<string>; readonly path?: string; readonly content: MountedFile["content"] } {
  const { workingDirectory, configs, secrets, mounts } = service;
  const base = posix.resolve("/data", isKnown(workingDirectory) ? (workingDirectory ?? "") : "");
  const target = posix.resolve(base, file);
  const files: readonly MountedFile[] = [...(isKnown(configs) ? configs : []), ...(isKnown(secrets) ? secrets : [])];
  const found = files.find((each) => each.target === target || each.target === file);
  const named = (name: Known<string | undefined>): Known<string> =>
    isKnown(name) ? `${file} ${name ?? ""}` : notKnown;
  if (found !== undefined) return { name: named(found.name), path: found.path, content: found.content };
  const mount = (isKnown(mounts) ? mounts : []).findLast(
    (each) => isKnown(each.target) && (target === each.target || target.startsWith(posix.join(each.target, "/"))),
  );
  if (mount !== undefined) return { name: named(mount.source), path: mount.path, content: undefined };
  return { name: file, content: undefined };
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

function environmentSettings(service: ServiceDefinition, image: RedisImageFact): Source {
  const { environment } = service;
  const path = service.paths.environment;
  const { argumentsFrom, appendOnlyFrom } = image;
  if (argumentsFrom === undefined && appendOnlyFrom === undefined) return { settings: [], unseen: undefined };
  if (!isKnown(environment)) return { settings: [], unseen: notKnown };
  const line = argumentsFrom === undefined ? undefined : visible(environment[argumentsFrom] ?? "");
  const appendOnly = appendOnlyFrom === undefined ? undefined : environment[appendOnlyFrom];
  if (line === notKnown) return { settings: [], unseen: notKnown };
  const words = shellWords(line ?? "").map((word): CommandWord => ({
    text: word.isDynamic ? notKnown : word.text,
    path,
  }));
  const toggled: readonly RedisSetting[] =
    appendOnly === undefined ? [] : [{ name: "appendonly", values: [visible(appendOnly)], path }];
  return { settings: [...toggled, ...options(words)], unseen: undefined };
}

/** A setting's value and its path; `undefined` when Redis' default applies. */
export function redisSetting(
  { settings, isComplete, path }: RedisDirectives,
  name: string,
): { readonly value: Known<string | undefined>; readonly path: string; readonly isWritten: boolean } {
  const last = settings.findLast((setting) => setting.name === name);
  if (last === undefined) return { value: isComplete ? undefined : notKnown, path, isWritten: false };
  const value = last.values.includes(notKnown) ? notKnown : last.values.join(" ");
  return { value, path: last.path, isWritten: true };
}

/** Whether the append-only file is on. */
export function isAppendOnly(settings: RedisDirectives, image: RedisImageFact): Known<boolean> {
  const { value } = redisSetting(settings, "appendonly");
  if (!isKnown(value)) return notKnown;
  return value === undefined ? image.appendOnly : value.toLowerCase() === "yes";
}

/**
 * `maxmemory` in bytes; `undefined` for no limit.
 *
 * @see https://github.com/redis/redis/blob/7.0/src/util.c (`memtoull`)
 */
export function maxMemoryBytes(settings: RedisDirectives): Known<number | undefined> {
  const { value } = redisSetting(settings, "maxmemory");
  if (!isKnown(value)) return notKnown;
  return redisBytes(value ?? "") || undefined;
}

/**
 * Reads a size in Redis' units: `1k` is 1000 bytes and `1kb` 1024; `undefined` if it is not a size.
 *
 * @see https://github.com/redis/redis/blob/7.0/src/util.c (`memtoull`)
 */
export function redisBytes(text: string): number | undefined {
  const match = /^(?<count>\d{1,15})(?<unit>k|kb|m|mb|g|gb|b)?$/iu.exec(text.trim())?.groups;
  if (match === undefined) return undefined;
  const factors: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };
  return Number(match["count"]) * (factors[(match["unit"] ?? "").toLowerCase()] ?? 1);
}

/** The settings that name Redis' data files within its directory. */
export const redisFiles = {
  dbfilename: "dump.rdb",
  appenddirname: "appendonlydir",
  appendfilename: "appendonly.aof",
} as const;

/** The file or folder in its directory that Redis starts from; `undefined` when that cannot be seen. */
export function redisKept(settings: RedisDirectives, image: RedisImageFact | undefined): string | undefined {
  const appendOnly = image === undefined ? notKnown : isAppendOnly(settings, image);
  if (!isKnown(appendOnly)) return undefined;
  const name = appendOnly ? "appenddirname" : "dbfilename";
  const { value } = redisSetting(settings, name);
  return isKnown(value) ? (value ?? redisFiles[name]) : undefined;
}

/**
 * Whether there are save points. They are on by default, even with a configuration file that does not mention them; `save ""`
 * clears the preceding ones.
 *
 * @see https://github.com/redis/redis/blob/7.0/src/config.c (`setConfigSaveOption`)
 */
export function hasSavePoints(settings: RedisDirectives): Known<boolean> {
  const last = settings.settings.findLast(({ name }) => name === "save");
  if (last === undefined) return settings.isComplete ? true : notKnown;
  return last.values.includes(notKnown) ? notKnown : last.values.some((value) => value !== "");
}

/** Whether Redis requires a password: `requirepass`, an ACL file, or users in its configuration. */
export function asksForPassword(settings: RedisDirectives): Known<boolean> {
  const password = settings.settings.findLast(({ name }) => name === "requirepass");
  const hasPassword = password !== undefined && (password.values.includes(notKnown) || password.values.join("") !== "");
  const hasUsers = settings.settings.some(({ name }) => name === "aclfile" || name === "user");
  if (hasPassword || hasUsers) return true;
  return settings.isComplete ? false : notKnown;
}

/**
 * The directory that Redis writes to, and what decided it; a relative one is resolved from the working directory.
 *
 * A hidden configuration is assumed not to set `dir`, as almost none does; {@link redisSetting} reports it as not known.
 *
 * @param imageDirectory - the image's working directory
 */
export function redisDirectory(
  settings: RedisDirectives,
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

/**
 * Which parts of a command line and of a mount's options may be shown: those known to be harmless. Anything else could be a
 * secret and is replaced with `[secret]`. Names do not decide, because a program's options are not known: a value is shown only
 * after an option about data, and where a value may follow, nothing is shown until the next such option.
 */
import { posix } from "node:path";
import { catalogueEntries } from "../../model/image/catalogue/index.ts";
import { notKnown, secretMark } from "../../model/service/definition.ts";
import { shellWords } from "../../text/shell-words.ts";

/** Settings of Redis and PostgreSQL whose values are switches and numbers. */
const plainSettings = new Set(
  "appendonly appendfsync databases fsync full_page_writes maxclients maxmemory port save synchronous_commit timeout".split(
    " ",
  ),
);

/** Redis' settings that begin with a name: of a file, a policy or a host. */
const namingSettings = new Set(
  "appenddirname appendfilename dbfilename dir maxmemory-policy replicaof shutdown-on-sigint shutdown-on-sigterm slaveof".split(
    " ",
  ),
);

const movers = catalogueEntries.flatMap(({ dataPaths }) => dataPaths.flatMap(({ movedBy }) => movedBy));

/** The options by which images find their data, and the variables and settings that do the same; their values are paths. */
const pathNames = new Set([
  ...movers.flatMap((mover) => {
    if ("argument" in mover) return [mover.argument];
    if ("environment" in mover) return [mover.environment];
    return "setting" in mover ? [mover.setting] : [];
  }),
  ...catalogueEntries.flatMap(({ keepsState }) => (typeof keepsState === "string" ? [] : keepsState.withArgument)),
]);

/** Words that are followed by data paths. */
const wordsBeforePaths = new Set(movers.flatMap((mover) => ("wordsAfter" in mover ? [mover.wordsAfter] : [])));

/** Shell keywords and commands, the users that images run as, and the programs in the image catalogue. */
const programs = new Set([
  ..."sh bash ash dash set env exec su-exec gosu tini docker-entrypoint.sh $@ $* root nobody redis mongodb".split(" "),
  ...catalogueEntries
    .flatMap(({ commands: { servers = [], tools = [], disguises = [] } = {} }) => [...servers, ...tools, ...disguises])
    .filter((word) => !word.startsWith("-")),
]);

/** The options that are followed by a script, or by a PostgreSQL setting. */
const scriptOptions = new Set(["-c", "-ec", "-lc"]);

const optionForm = /^(?<name>--?[a-z][\w.-]*)(?:(?<sign>[=:\s])(?<value>.*))?$/isu;
const assignmentForm = /^(?<name>[a-z_][\w.-]*)=(?<value>.*)$/isu;
const pathForm = /^\/[\w./{}-]*$/u;
/** A path that does not look like a secret: in a standard system folder, or of a script or configuration. */
const fileForm =
  /^\/(?:(?:bin|data|etc|home|mnt|opt|run|srv|tmp|usr|var)(?:\/[\w./-]*)?|[\w./-]+\.(?:sh|conf|cnf|hcl|json|toml|ya?ml))$/u;
const plainForm = /^(?:|yes|no|true|false|on|off|always|everysec|\d{1,5}(?:[kmgt]i?b?|ms|[smhd])?)$/iu;
const namingForm = /^(?!-|.*:\/\/)[\w./:{}-]+$/u;

/** What may be shown of the next word; `script` if its text is a script. */
type Expected = "script" | ExpectedWords;

interface ExpectedWords {
  /** Whether any option, but no option's value, may come here. */
  readonly showsOptions: boolean;
  /** How a word that is not an option is shown, and what may follow it; `undefined` if it may be secret. */
  readonly read: (word: string) => Shown | undefined;
}

interface Shown {
  readonly text: string;
  readonly next: Expected;
}

/** After anything that may take a secret: only options about data. */
const nothing: ExpectedWords = { showsOptions: false, read: () => undefined };

/** At the beginning of a command line and after a program's name: a program that it runs, a file, or a variable for it. */
const program: ExpectedWords = {
  showsOptions: true,
  read: (word) => {
    const { name, value = "" } = assignmentForm.exec(word)?.groups ?? {};
    if (name !== undefined) return { text: isValueOf(name, value, true) ? word : secretMark, next: program };
    return readProgram(word) ?? (fileForm.test(word) ? { text: word, next: behindFile } : undefined);
  },
};

/** After an option with its value: other options. */
const options: ExpectedWords = { showsOptions: true, read: () => undefined };

const behindFile: ExpectedWords = { showsOptions: true, read: readProgram };

/** At the beginning of a command in a script and after `--`, where there is no option. */
const command: ExpectedWords = { ...program, showsOptions: false };

const paths: ExpectedWords = {
  showsOptions: true,
  read: (word) => (pathForm.test(word) ? { text: word, next: paths } : undefined),
};

function valuesOf(name: string, isFirst: boolean): ExpectedWords {
  return {
    showsOptions: !isFirst,
    read: (word) =>
      isValueOf(name, word, isFirst) ? { text: oneLine(word) || '""', next: valuesOf(name, false) } : undefined,
  };
}

function readProgram(word: string): Shown | undefined {
  if (word === "--") return { text: word, next: command };
  if (wordsBeforePaths.has(word)) return { text: word, next: paths };
  const isProgram = programs.has(word) || (pathForm.test(word) && programs.has(posix.basename(word)));
  return isProgram ? { text: word, next: program } : undefined;
}

function readOption(word: string, { showsOptions }: ExpectedWords): Shown | undefined {
  const { name, sign = "", value = "" } = optionForm.exec(word)?.groups ?? {};
  if (name === undefined) return undefined;
  const isScript = scriptOptions.has(name);
  const isAboutData = isScript || pathNames.has(name) || isSetting(name);
  if (!isAboutData && !showsOptions) return undefined;
  // A single-letter option may be followed directly by its value: `-psecret`.
  if (!isAboutData && /^-[^-]./u.test(name)) return { text: `${name.slice(0, 2)}${secretMark}`, next: nothing };
  if (sign !== "") {
    const isShown = isValueOf(name, value, true);
    const next = isShown ? valuesOf(name, false) : sign === "=" ? options : nothing;
    return { text: `${name}${sign.replace(/\s/u, " ")}${isShown ? oneLine(value) : secretMark}`, next };
  }
  return { text: name, next: isScript ? "script" : isAboutData ? valuesOf(name, true) : nothing };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ");
}

/** Shows a command line, split as a shell splits it; each run of words that may be secret is one `[secret]`. */
export function showCommandLine(words: readonly unknown[]): string {
  const shown: string[] = [];
  let expected: Expected = program;
  const add = (text: string, next: Expected): void => {
    if (text !== secretMark || shown.at(-1)?.endsWith(secretMark) !== true) shown.push(text);
    expected = next;
  };
  const addWord = (word: string): void => {
    if (expected === "script") {
      expected = command;
      for (const { text, isOperator } of shellWords(word)) {
        if (isOperator) add(text === "\n" ? ";" : text, command);
        else addWord(text);
      }
      expected = nothing;
      return;
    }
    const { text, next } = readOption(word, expected) ?? expected.read(word) ?? { text: secretMark, next: nothing };
    add(text, next);
  };
  for (const word of words) {
    if (word === notKnown) add("…", nothing);
    else addWord(String(word));
  }
  return shown.join(" ");
}

function settingName(name: string): string {
  return name.replace(/^--/u, "").toLowerCase();
}

function isSetting(name: string): boolean {
  return plainSettings.has(settingName(name)) || namingSettings.has(settingName(name));
}

/** Whether a word is what an option, a variable or a setting about data takes: its first value, or a further one. */
function isValueOf(name: string, word: string, isFirst: boolean): boolean {
  if (pathNames.has(name)) return isFirst && pathForm.test(word);
  const isNaming = isFirst && namingSettings.has(settingName(name));
  return (
    isSetting(name) &&
    word.split(/\s+/u).every((value, index) => (isNaming && index === 0 ? namingForm : plainForm).test(value))
  );
}

/** Options of `mount` without a value. */
const mountSwitches = new Set(
  [
    "rw ro sync async atime noatime relatime nodiratime exec noexec suid nosuid dev nodev bind rbind hard soft intr nointr bg fg tcp udp",
    "lock nolock ac noac cto nocto resvport noresvport sharecache nosharecache acl noacl forceuid noforceuid forcegid noforcegid perm",
    "noperm nobrl mfsymlinks serverino noserverino unix nounix guest seal nodiscard defaults nofail _netdev compress discard fsc",
  ].flatMap((names) => names.split(" ")),
);

/** Options of `mount` whose values are names, numbers and addresses. */
const mountOptions = new Set(
  [
    "acregmin acregmax acdirmin acdirmax actimeo addr clientaddr vers nfsvers minorversion proto mountproto port mountport mountvers",
    "timeo retrans retry rsize wsize sec lookupcache nconnect local_lock uid gid file_mode dir_mode cache iocharset domain dom",
    "workgroup username user size mode nr_inodes huge subvol subvolid compress discard fsc",
  ].flatMap((names) => names.split(" ")),
);

const secretMountOptions = new Set(
  "password password2 pass pass2 passwd pw credentials cred secret secretfile key keyfile keyring passphrase".split(
    " ",
  ),
);

/**
 * Shows the options of a mount, `o` of Docker's `local` driver. Two commas in a row are one of a value's own.
 *
 * @see https://github.com/torvalds/linux/blob/v6.6/fs/smb/client/fs_context.c (`smb3_fs_context_parse_monolithic`)
 */
export function showMountOptions(options: string): string {
  return options
    .split(/(?<!,),(?!,)/u)
    .map((option) => {
      const [, name = "", value] = /^([\w.-]+)(?:=(.*))?$/su.exec(option) ?? [];
      const isHarmless =
        value === undefined ? mountSwitches.has(name) : mountOptions.has(name) && /^[\w./:-]*$/u.test(value);
      if (isHarmless) return option;
      return secretMountOptions.has(name) ? `${name}=${secretMark}` : secretMark;
    })
    .join(",");
}

/** An address without any user name, password and query in it; a digest is neither. */
export function withoutCredentials(text: string): string {
  return withoutQuery(withoutUser(withoutAuthority(text)));
}

// Each end is found separately: a single expression would search from every beginning to the end of the text.

function withoutAuthority(text: string): string {
  const [start, end] = [text.indexOf("//"), text.lastIndexOf("@")];
  return start < 0 || end < start + 2 ? text : `${text.slice(0, start)}//${secretMark}${text.slice(end)}`;
}

function withoutUser(text: string): string {
  const end = Array.from(text.matchAll(/@(?!sha\d+:)/gu)).at(-1)?.index;
  const name = /(?<![^\s/@])[^\s/:@]+:(?!\/|sha\d+:)/u.exec(text);
  if (end === undefined || name === null || name.index + name[0].length > end) return text;
  return `${text.slice(0, name.index)}${secretMark}${text.slice(end)}`;
}

function withoutQuery(text: string): string {
  const start = text.search(/[?#;]/u);
  return start < 0 || !text.includes("=", start + 1) ? text : `${text.slice(0, start + 1)}${secretMark}`;
}

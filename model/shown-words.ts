/**
 * What of a command line and of a mount's options may be shown: what is known to be harmless. Anything else could hold a secret, and
 * `[secret]` stands for it.
 */
import { catalogueEntries } from "./image-catalogue-entries.ts";
import { notKnown, secretMark } from "./service-definition.ts";
import { shellWords } from "./shell-words.ts";

/** Options and variables whose value may be a secret, whatever it looks like; one letter says nothing about what it takes. */
const secretName =
  /pass|pw|secret|token|auth|key|user|cred|cookie|licen[cs]e|login|sentinel|header|dsn|ur[il]$|^-[a-z]$/iu;

/** Redis' settings that decide about data, whose values are names and numbers. */
const dataSettings = new Set(
  "appendonly appendfsync appenddirname appendfilename dbfilename dir maxmemory maxmemory-policy replicaof save slaveof".split(
    " ",
  ),
);

/** What scripts are made of, and what the catalogue of images knows: programs, and the options by which they find their data. */
const known = new Set([
  ..."sh bash ash dash set env exec su-exec gosu tini docker-entrypoint.sh -c $@ $*".split(" "),
  ...catalogueEntries.flatMap(({ commands, dataPaths, keepsState }) => [
    ...(commands === undefined ? [] : [...commands.servers, ...commands.tools, ...(commands.disguises ?? [])]),
    ...dataPaths.flatMap(({ movedBy }) =>
      movedBy.flatMap((mover) =>
        "argument" in mover ? [mover.argument] : "wordsAfter" in mover ? [mover.wordsAfter] : [],
      ),
    ),
    ...(typeof keepsState === "string" ? [] : keepsState.withArgument),
  ]),
]);

/** What ends a command in a shell's script. */
const operators = new Set(["&&", "||", ";;", ";", "|", "&", "(", ")", "\n"]);

const optionForm = /^(?<name>--?[a-z][\w.-]*)(?:[=:](?<value>.*))?$/isu;
const pathForm = /^\/[\w./-]*$/u;
const valueForm = /^(?:|yes|no|true|false|on|off|always|everysec|\d{1,5}(?:[kmgt]i?b?|ms|[smhd])?)$/iu;
const settingForm = /^(?!.*:\/\/)[\w./:{}-]+$/u;

/** Shows a command line, split as a shell splits it; each run of words that may be secret is one `[secret]`. */
export function showCommandLine(words: readonly unknown[]): string {
  const shown: string[] = [];
  let option = "";
  let isFirst = false;
  const add = (text: string): void => {
    if (text !== secretMark || shown.at(-1) !== secretMark) shown.push(text);
  };
  const addWord = (word: string): void => {
    const hides = mayBeSecret(option);
    const found = optionOf(word);
    // What follows may belong to the secret even where it looks like another option.
    if (found !== undefined && (!hides || isFamiliar(found.name))) {
      add(found.text);
      option = found.name;
      isFirst = !found.hasValue;
      return;
    }
    const pieces = hides ? [] : splitWord(word);
    if (pieces.length === 0) {
      add(!hides && (isHarmlessWord(word) || isHarmlessValue(option, word, isFirst)) ? word || '""' : secretMark);
      isFirst = false;
      return;
    }
    const isScript = option === "-c";
    for (const piece of pieces) {
      if (isScript && operators.has(piece)) {
        add(piece === "\n" ? ";" : piece);
        option = "";
      } else addWord(piece);
    }
  };
  for (const word of words) {
    if (word !== notKnown) addWord(String(word));
    else {
      add("…");
      isFirst = false;
    }
  }
  return shown.join(" ");
}

/** The words of one in which a shell would find several, or a shorter one; none for one that stays as it is. */
function splitWord(word: string): readonly string[] {
  const pieces = /\s/u.test(word) ? shellWords(word).map(({ text }) => text) : [];
  return pieces.length > 1 || (pieces[0] ?? word).length < word.length ? pieces : [];
}

interface ShownOption {
  readonly name: string;
  /** Its name, and its value where that stands in the same word. */
  readonly text: string;
  readonly hasValue: boolean;
}

function optionOf(word: string): ShownOption | undefined {
  const { name, value } = optionForm.exec(word)?.groups ?? {};
  if (name === undefined) return undefined;
  // Behind one dash and a letter may stand that letter's value: `-psecret`.
  if (/^-[^-]./u.test(name) && !isFamiliar(name))
    return { name, text: `${name.slice(0, 2)}${secretMark}`, hasValue: true };
  if (value === undefined) return { name, text: name, hasValue: false };
  return { name, text: `${name}=${isHarmlessValue(name, value, true) ? value : secretMark}`, hasValue: true };
}

function isFamiliar(name: string): boolean {
  return known.has(name) || isDataSetting(name);
}

function isDataSetting(name: string): boolean {
  return dataSettings.has(name.replace(/^--/u, "").toLowerCase());
}

function mayBeSecret(name: string): boolean {
  return secretName.test(name) && !known.has(name);
}

/** A word that may stand without an option. */
function isHarmlessWord(word: string): boolean {
  const [, name = "", value = ""] = /^([a-z_][\w.-]*)=(.+)$/isu.exec(word) ?? [];
  return known.has(word) || pathForm.test(word) || isHarmlessValue(name, value, true);
}

function isHarmlessValue(name: string, value: string, isFirst: boolean): boolean {
  if (name === "" || mayBeSecret(name)) return false;
  return pathForm.test(value) || valueForm.test(value) || (isFirst && isDataSetting(name) && settingForm.test(value));
}

/** Options of `mount` that are no secret: switches, and those whose values are names, numbers and addresses. */
const mountOptions = new Set(
  [
    "rw ro sync async atime noatime relatime nodiratime exec noexec suid nosuid dev nodev bind rbind hard soft intr nointr bg fg tcp udp",
    "lock nolock ac noac cto nocto resvport noresvport sharecache nosharecache acl noacl acregmin acregmax acdirmin acdirmax actimeo",
    "addr clientaddr vers nfsvers minorversion proto mountproto port mountport mountvers timeo retrans retry rsize wsize sec lookupcache",
    "fsc nconnect local_lock uid gid forceuid noforceuid forcegid noforcegid file_mode dir_mode perm noperm nobrl mfsymlinks serverino",
    "noserverino cache iocharset unix nounix domain dom workgroup guest username user seal soft size mode nr_inodes huge subvol subvolid",
    "compress discard nodiscard defaults nofail _netdev",
  ].flatMap((names) => names.split(" ")),
);

const secretMountOptions = new Set(
  "password password2 pass pass2 passwd pw credentials cred secret secretfile key keyfile keyring passphrase".split(
    " ",
  ),
);

/** Shows the options of a mount, `o` of Docker's `local` driver. */
export function showMountOptions(options: string): string {
  return options
    .split(",")
    .map((option) => {
      const [, name = "", value] = /^([\w.-]+)(?:=(.*))?$/su.exec(option) ?? [];
      if (mountOptions.has(name) && /^[\w./:-]*$/u.test(value ?? "")) return option;
      return secretMountOptions.has(name) ? `${name}=${secretMark}` : secretMark;
    })
    .join(",");
}

/** An address without the user's name and password that may stand in it. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/\S*@/gu, `//${secretMark}@`);
}

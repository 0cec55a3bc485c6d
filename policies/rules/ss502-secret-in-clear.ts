import { joinPath } from "../../inputs/fields/field.ts";
import { isKnown, type Known } from "../../model/service/definition.ts";
import { quoted } from "../../text/escape.ts";
import { shellWords } from "../../text/shell-words.ts";
import { fail, notApplicable, unverifiable, type Answer, type Rule } from "../rule.ts";
import { isStore, type Subject } from "../subject.ts";

export const secretInClear: Rule = {
  id: "SS502",
  name: "secret-in-clear",
  level: "error",
  reason:
    "Environment, arguments and labels are visible to everyone who may inspect a service, and stay in its history.",
  fix: "Put it into a Docker secret, and let the server read the file under /run/secrets.",
  check(subject) {
    const { service } = subject;
    if (!isStore(subject)) return notApplicable;
    const { environment, labels, containerLabels, healthCheck, paths, origin } = service;
    const test = isKnown(healthCheck) ? (healthCheck?.test ?? []) : [];
    // The Engine API has the environment as a list, and the provider labels.
    const variable = (name?: string): string =>
      name === undefined || origin === "swarm" ? paths.environment : joinPath(paths.environment, name);
    return [
      ...checkPairs(environment, "environment variable", variable),
      ...checkOptionVariables(environment, variable),
      ...checkWords(subject),
      ...(isKnown(test) ? checkCommand(test.slice(1), paths.healthCheck) : []),
      ...checkPairs(labels, "label", () => paths.labels),
      ...checkPairs(containerLabels, "label", () => paths.containerLabels),
    ];
  },
};

/** A word that names a secret when it ends a name, also grown together with others: `PGPASSWORD`. */
const secretWord = /^(?:PASS|PWD)$|(?:PASSWORD|PASSWD|SECRET|SECRETKEY|TOKEN|APIKEY|PASSPHRASE)$/;
const secretPair = /^(?:(?:API|SECRET|PRIVATE|MASTER|ENCRYPTION|AUTH)_KEY|ERLANG_COOKIE|NEO4J_AUTH|ROOT_PW)$/;
/** Words that make a name speak about secrets rather than hold one. */
const aboutSecrets = /^(?:ALLOW|EMPTY|RANDOM|ENABLED?|DISABLE|MIN|MAX|LENGTH|REQUIRE|RESET|USE|NO|AUTO)$/;

function namesSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter(Boolean);
  if (words.some((word) => aboutSecrets.test(word))) return false;
  const ending = words.slice(-2).join("_");
  // etcd's token identifies a cluster, and an S3 access key is an identifier; the secret key is separate.
  if (ending === "CLUSTER_TOKEN") return false;
  return (
    secretWord.test(words.at(-1) ?? "") || secretPair.test(ending) || name.toUpperCase().endsWith("SECRET_ACCESS_KEY")
  );
}

/** Whether a value can be a secret at all: no switch, no number of few digits, no path, no name of a file or of another variable. */
function looksSecret(value: string): boolean {
  if (value === "" || /^(?:yes|no|true|false|on|off|none|null|disabled|\d{1,3})$/i.test(value)) return false;
  return !/^(?:\/|file:|env:|vault:|\$|\{\{)/.test(value);
}

/** A password within an address, as in `redis://:hunter2@redis`. */
const passwordInAddress = /(?<!\w)\w+:\/\/[^\s/:@]*:(?!\$|\/|\{\{)[^\s/@]+@/;

function checkPairs(
  pairs: Known<Readonly<Record<string, Known<string>>>>,
  what: string,
  pathOf: (name?: string) => string,
): readonly Answer[] {
  if (!isKnown(pairs)) {
    return [unverifiable(pathOf(), `Whether ${what}s hold a secret in clear is not known yet.`)];
  }
  return Object.entries(pairs).flatMap(([name, value]): readonly Answer[] => {
    if (!isKnown(value)) {
      const isSuspect = namesSecret(name);
      return isSuspect
        ? [unverifiable(pathOf(name), `Whether the ${what} ${quoted(name)} holds a secret is not known yet.`)]
        : [];
    }
    const isSecret = namesSecret(name) ? looksSecret(value) : passwordInAddress.test(value);
    return isSecret ? [fail(pathOf(name), `The ${what} ${quoted(name)} holds a secret in clear.`)] : [];
  });
}

/** Variables that hold options, such as the `REDIS_ARGS` of Redis Stack. */
function checkOptionVariables(
  environment: Subject["service"]["environment"],
  pathOf: (name: string) => string,
): readonly Answer[] {
  return Object.entries(isKnown(environment) ? environment : {}).flatMap(([name, value]) =>
    isKnown(value) && /(?:^|\s)--\w/.test(value) && !namesSecret(name) ? checkCommand([` ${value}`], pathOf(name)) : [],
  );
}

/** Options whose value is a secret although their name does not say so. */
const secretOptions = new Set(["--requirepass", "--masterauth", "--user-password"]);

function checkWords({ service }: Subject): readonly Answer[] {
  const { command, args, paths } = service;
  return [
    ...(isKnown(command) ? checkCommand(command ?? [], paths.command) : []),
    ...(isKnown(args) ? checkCommand(args ?? [], paths.args) : []),
  ];
}

interface Word {
  readonly text: Known<string>;
  readonly isDynamic: boolean;
}

function checkCommand(words: readonly Known<string>[], path: string): readonly Answer[] {
  const flat = words.flatMap((word): readonly Word[] => {
    if (!isKnown(word)) return [{ text: word, isDynamic: true }];
    return /\s/.test(word) ? shellWords(word) : [{ text: word, isDynamic: false }];
  });
  return flat.flatMap(({ text }, index): readonly Answer[] => {
    if (!isKnown(text)) return [];
    if (passwordInAddress.test(text)) return [fail(path, "The arguments hold an address with a password in clear.")];
    const [next] = flat.slice(index + 1);
    const given = optionIn(text, next) ?? shortOptionIn(text, next, flat.slice(0, index));
    return given === undefined ? [] : checkOption(given, path);
  });
}

/** An option whose value is a secret, if it is one. */
interface SecretOption {
  readonly name: string;
  readonly value: Word | undefined;
}

function optionIn(word: string, next: Word | undefined): SecretOption | undefined {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  if (!word.startsWith("-") || (!secretOptions.has(name) && !namesSecret(name))) return undefined;
  return { name, value: equals < 0 ? next : glued(word.slice(equals + 1)) };
}

/** `-a secret` of `redis-cli`, `-psecret` of MySQL's programs. */
function shortOptionIn(word: string, next: Word | undefined, before: readonly Word[]): SecretOption | undefined {
  const runs = (program: RegExp): boolean => before.some(({ text }) => isKnown(text) && program.test(text));
  if (word === "-a" && runs(/(?:^|\/)(?:redis|valkey|keydb)-cli$/)) return { name: "-a", value: next };
  return /^-p./.test(word) && runs(/(?:^|\/)(?:mysql|mariadb)(?:-?(?:admin|dump))?$/)
    ? { name: "-p", value: glued(word.slice(2)) }
    : undefined;
}

/** A value in the same word as its option; a shell substitution begins with `$` or a backtick. */
function glued(text: string): Word {
  return { text, isDynamic: /^[$`]/.test(text) };
}

function checkOption({ name, value }: SecretOption, path: string): readonly Answer[] {
  if (value === undefined || (isKnown(value.text) && value.isDynamic)) return [];
  const what = `the argument ${quoted(name)}`;
  if (!isKnown(value.text)) return [unverifiable(path, `Whether ${what} holds a secret in clear is not known yet.`)];
  if (value.text.startsWith("-") || !looksSecret(value.text)) return [];
  return [fail(path, `The argument ${quoted(name)} holds a secret in clear.`)];
}

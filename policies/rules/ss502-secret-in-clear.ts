import { joinPath } from "../../model/inputs/field.ts";
import { quoted } from "../../model/plain-text.ts";
import { shellWords } from "../../model/shell-words.ts";
import { isKnown, type Known } from "../../model/service-definition.ts";
import { fail, notApplicable, unverifiable, type Answer, type Rule } from "../rule.ts";
import { isStore, type Subject } from "../subject.ts";

export const secretInClear: Rule = {
  id: "SS502",
  name: "secret-in-clear",
  level: "error",
  reason:
    "Environment, arguments and labels are shown to everybody who may look at a service, and stay in its history.",
  fix: "Put it into a Docker secret, and let the server read the file under /run/secrets.",
  check(subject) {
    const { service } = subject;
    if (!isStore(subject)) return notApplicable;
    const { environment, labels, containerLabels, paths, origin } = service;
    // The Engine API has the environment as a list, and the provider labels.
    const variable = (name?: string): string =>
      name === undefined || origin === "swarm" ? paths.environment : joinPath(paths.environment, name);
    return [
      ...checkPairs(environment, "environment variable", variable),
      ...checkWords(subject),
      ...checkPairs(labels, "label", () => paths.labels),
      ...checkPairs(containerLabels, "label", () => paths.containerLabels),
    ];
  },
};

/** Words that name a secret when they end a name. */
const secretWords = new Set(["PASSWORD", "PASSWD", "PASS", "PWD", "SECRET", "TOKEN", "APIKEY", "PASSPHRASE"]);
const secretPairs = new Set([
  "API_KEY",
  "ACCESS_KEY",
  "SECRET_KEY",
  "PRIVATE_KEY",
  "MASTER_KEY",
  "ENCRYPTION_KEY",
  "ROOT_PW",
]);
/** Words that make a name speak about secrets rather than hold one. */
const aboutSecrets = new Set([
  "ALLOW",
  "EMPTY",
  "RANDOM",
  "ENABLE",
  "ENABLED",
  "DISABLE",
  "MIN",
  "MAX",
  "LENGTH",
  "REQUIRE",
  "RESET",
  "USE",
  "NO",
  "AUTO",
]);

function namesSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter(Boolean);
  if (words.some((word) => aboutSecrets.has(word))) return false;
  return secretWords.has(words.at(-1) ?? "") || secretPairs.has(words.slice(-2).join("_"));
}

/** Whether a value can be a secret at all: no switch, no number of few digits, no path, no name of a file or of another variable. */
function looksSecret(value: string): boolean {
  if (value === "" || /^(?:yes|no|true|false|on|off|none|null|disabled|\d{1,3})$/i.test(value)) return false;
  return !/^(?:\/|file:|env:|vault:|\$|\{\{)/.test(value);
}

/** A password within an address, as in `redis://:hunter2@redis`. */
const passwordInAddress = /\w+:\/\/[^\s/:@]*:(?!\$|\/|\{\{)[^\s/@]+@/;

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

/** Options whose value is a secret, besides those whose name says so. */
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
    return text.startsWith("-") ? checkOption(text, flat[index + 1], path) : [];
  });
}

function checkOption(word: string, next: Word | undefined, path: string): readonly Answer[] {
  const equals = word.indexOf("=");
  const option = equals < 0 ? word : word.slice(0, equals);
  if (!secretOptions.has(option) && !namesSecret(option)) return [];
  const inline = word.slice(equals + 1);
  const value: Word | undefined = equals < 0 ? next : { text: inline, isDynamic: /^[$`]/.test(inline) };
  if (value === undefined || (isKnown(value.text) && value.isDynamic)) return [];
  const what = `the argument ${quoted(option)}`;
  if (!isKnown(value.text)) return [unverifiable(path, `Whether ${what} holds a secret in clear is not known yet.`)];
  if (value.text.startsWith("-") || !looksSecret(value.text)) return [];
  return [fail(path, `The argument ${quoted(option)} holds a secret in clear.`)];
}

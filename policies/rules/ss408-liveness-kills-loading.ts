import { isKnown, type DefinedHealthCheck } from "../../model/service/definition.ts";
import { formatSize } from "../../text/byte-size.ts";
import { shellWords } from "../../text/shell-words.ts";
import { fail, notApplicable, pass, unverifiable, type Answer, type Rule } from "../rule.ts";
import { declaredDataset, entryOf, titleOf, type Subject } from "../subject.ts";

/** A dataset is loaded at about this rate (measured on two shared cores: 739 MB in 4.5 s). */
const loadedBytesPerSecond = 100_000_000;
/** Without a declared dataset: what a server of ordinary size needs at most. */
const patienceSeconds = 60;
/** A server that is not Redis starts in less, unless it has to recover. */
const leastPatienceSeconds = 30;

export const livenessKillsLoading: Rule = {
  id: "SS408",
  name: "liveness-kills-loading",
  level: "warning",
  worst: "error",
  reason:
    "Swarm kills a task whose check fails, including a server that is only busy loading its data, and then kills the next one the same way; without a check it keeps a server that hangs.",
  fix: "Use a check that passes while the server loads (redis-cli ping alone does), or a start period longer than loading takes.",
  check(subject) {
    const { service, keepsState, facts } = subject;
    const path = service.paths.healthCheck;
    const { healthCheck } = service;
    if (keepsState !== true) return notApplicable;
    if (!isKnown(healthCheck)) return unverifiable(path, "The health check is not known yet.");
    const test = healthCheck?.test ?? [];
    if (!isKnown(test)) return unverifiable(path, "The health check's command is not known yet.");
    if (test.length === 0) {
      const isInImage = facts?.hasHealthCheck ?? entryOf(subject)?.hasHealthCheck === true;
      return isInImage ? pass : fail(path, "There is no health check.", { fix: checkFix(subject) });
    }
    if (test[0] === "NONE") return fail(path, "The health check is switched off.", { fix: checkFix(subject) });
    return healthCheck === undefined
      ? pass
      : checkPatience(subject, healthCheck, test.filter(isKnown), test.every(isKnown));
  },
};

function checkFix(subject: Subject): string {
  return `Add a health check, for example on ${entryOf(subject)?.life[0]?.command ?? "the server's own status command"}.`;
}

function checkPatience(subject: Subject, check: DefinedHealthCheck, test: readonly string[], isWhole: boolean): Answer {
  const { service, redis } = subject;
  const path = service.paths.healthCheck;
  const command = test.slice(1).join(" ");
  if (!isWhole && !/(?:redis|valkey|keydb)-cli|pg_isready/.test(command))
    return unverifiable(path, "The health check's command is not known yet.");
  const isStrict =
    redis === undefined
      ? entryOf(subject)?.life.some((life) => life.failsWhileLoading && command.includes(life.command)) === true
      : failsWhileRedisLoads(test);
  if (!isStrict) return pass;
  const { intervalSeconds: interval = 30, retries = 3, startPeriodSeconds: startPeriod = 0 } = check;
  if (!isKnown(interval) || !isKnown(retries) || !isKnown(startPeriod))
    return unverifiable(path, "How long the health check may fail is not known yet.");
  const tolerated = startPeriod + interval * retries;
  const declared = declaredDataset(service);
  // SS407 reports a label that cannot be read.
  const dataset = isKnown(declared) ? declared : undefined;
  const needed =
    dataset === undefined
      ? redis === undefined
        ? leastPatienceSeconds
        : patienceSeconds
      : Math.ceil(dataset / loadedBytesPerSecond);
  const fails = `The health check fails while ${titleOf(subject)} loads, and Swarm kills it after ${tolerated} s`;
  if (tolerated < needed) {
    const ground = dataset === undefined ? "" : `; its dataset of ${formatSize(dataset)} takes about ${needed} s`;
    return fail(path, `${fails}${ground}.`, redis !== undefined || dataset !== undefined ? { level: "error" } : {});
  }
  return redis === undefined || dataset !== undefined
    ? pass
    : fail(path, `${fails}, which is long enough for a small dataset only.`);
}

/**
 * Whether a check built on redis-cli fails while the server is LOADING: `redis-cli ping` then prints the error and exits with 0;
 * with `-e`, or behind a `grep PONG` or a comparison with PONG, it fails.
 */
function failsWhileRedisLoads(test: readonly string[]): boolean {
  const command = test.slice(1).join(" ");
  if (!/(?:redis|valkey|keydb)-cli/.test(command)) return false;
  if (/LOADING/.test(command)) return false;
  const words = test[0] === "CMD" ? test.slice(1) : shellWords(test[1] ?? "").map(({ text }) => text);
  return words.includes("-e") || /PONG/.test(command);
}

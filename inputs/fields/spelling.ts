/** What every input says about a service under its own names: one reader each for a mount, a health check, a restart policy and a port. */
import type { DefinedHealthCheck, DefinedPort, Known, Mount, RestartPolicy } from "../../model/service/definition.ts";
import type { Field } from "./field.ts";
import { orElse, plainText, seconds } from "./readings.ts";

/** How an input spells. */
export interface Spelling {
  /** A property's key, by its name in camel case. */
  readonly key: (name: string) => string;
  /** A duration in seconds. */
  readonly seconds: (field: Field) => Known<number | undefined>;
}

/** The provider's: `readOnly`. */
export const providerSpelling: Spelling = { key: (name) => name, seconds };

/** Compose's: `read_only`. */
export const composeSpelling: Spelling = {
  key: (name) => name.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`),
  seconds,
};

/** The Engine API's: `ReadOnly`, and durations in nanoseconds. */
export const engineSpelling: Spelling = {
  key: (name) => `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
  seconds: (field) => {
    const count = field.integer();
    return typeof count === "number" ? count / 1e9 : count;
  },
};

/** A mount, without its volume. */
export function readMount(field: Field, { key }: Spelling): Omit<Mount, "volumeOptions" | "external"> {
  return {
    path: field.path,
    type: orElse(plainText(field.get(key("type"))), "volume"),
    source: plainText(field.get(key("source"))),
    target: orElse(plainText(field.get(key("target"))), ""),
    readOnly: orElse(field.get(key("readOnly")).flag(), false),
  };
}

/** When Docker probes a container; it takes its default for 0, too. */
export function readProbes(field: Field, { key, seconds: time }: Spelling): Omit<DefinedHealthCheck, "test"> {
  return {
    intervalSeconds: noneIfZero(time(field.get(key("interval")))),
    timeoutSeconds: noneIfZero(time(field.get(key("timeout")))),
    retries: noneIfZero(field.get(key("retries")).integer()),
    startPeriodSeconds: noneIfZero(time(field.get(key("startPeriod")))),
    startIntervalSeconds: noneIfZero(time(field.get(key("startInterval")))),
  };
}

/** A restart policy that is written. */
export function readRestart(field: Field, { key, seconds: time }: Spelling): RestartPolicy {
  return {
    condition: plainText(field.get(key("condition"))),
    maxAttempts: field.get(key("maxAttempts")).integer(),
    windowSeconds: time(field.get(key("window"))),
    delaySeconds: time(field.get(key("delay"))),
  };
}

/** A published port. */
export function readPort(
  field: Field,
  { key }: Spelling,
  [target, published, mode]: readonly [string, string, string] = ["targetPort", "publishedPort", "publishMode"],
): DefinedPort {
  return {
    path: field.path,
    targetPort: orElse(field.get(key(target)).integer(), 0),
    publishedPort: noneIfZero(field.get(key(published)).integer()),
    publishMode: plainText(field.get(key(mode))),
    protocol: plainText(field.get(key("protocol"))),
  };
}

/** 0 means that nothing was asked for, to the provider as to Swarm. */
export function noneIfZero(count: Known<number | undefined>): Known<number | undefined> {
  return count === 0 ? undefined : count;
}

import type * as docker from "@pulumi/docker";
import { formatDuration, parseDuration } from "../../text/duration.ts";
import { InputError, showValue } from "../../text/input-error.ts";

/** The command that says whether the service is alive. Swarm kills a task that fails it. */
export interface HealthCheck {
  /** As Docker takes it: `["CMD", program, ...arguments]` or `["CMD-SHELL", line]`. */
  test: string[];
  /** Time between two checks. An update counts as done after the first. @default "2s" */
  interval?: string;
  /** Time that one check may take. @default "5s" */
  timeout?: string;
  /** Failures in a row before the task is killed. @default 15 */
  retries?: number;
  /** Time after the start in which failures do not count. @default "30s" */
  startPeriod?: string;
}

/** As {@link HealthCheck} says. */
export const healthCheckDefaults = { interval: "2s", timeout: "5s", retries: 15, startPeriod: "30s" };

/** A health check as the provider takes it. */
export function healthCheckSpec(
  check: HealthCheck,
  path: string,
): docker.types.input.ServiceTaskSpecContainerSpecHealthcheck {
  const { test, retries, ...times } = { ...healthCheckDefaults, ...check };
  const duration = (name: keyof typeof times) => formatDuration(parseDuration(times[name], `${path}.${name}`));
  return {
    tests: test,
    interval: duration("interval"),
    timeout: duration("timeout"),
    retries,
    startPeriod: duration("startPeriod"),
  };
}

/**
 * Checks the command of a health check.
 *
 * @param path - its path, for the error
 * @throws InputError when Docker would not know how to run it, or when it runs nothing
 */
export function requireHealthTest(test: string[], path: string): void {
  const [kind, ...command] = test;
  if ((kind === "CMD" || kind === "CMD-SHELL") && command.length > 0) return;
  throw new InputError({
    path,
    expected: '"CMD" or "CMD-SHELL" and a command',
    got: showValue(test),
    fix: 'Write for example ["CMD", "redis-cli", "ping"]',
  });
}

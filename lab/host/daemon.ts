import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SituationError } from "../../text/situation-error.ts";

/** A daemon to start in the background, and how to know that it is ready. */
export interface Daemon<T> {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where its output goes; overwritten at each start. */
  readonly logPath: string;
  /** Answers undefined while the daemon is not ready. */
  readonly ready: () => Promise<T | undefined>;
}

const readyLimitMs = 30_000;

/**
 * Starts a daemon and waits until it is ready.
 *
 * @throws SituationError with the last lines of its log when it ends before, or is not ready within 30 s.
 */
export async function startDaemon<T>({ name, command, environment, logPath, ready }: Daemon<T>): Promise<T> {
  await mkdir(dirname(logPath), { recursive: true });
  const log = openSync(logPath, "w", 0o600);
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: "/",
    env: environment,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.once("error", () => undefined); // A program that cannot be run has no pid: see hasEnded.
  child.unref();

  const deadline = Date.now() + readyLimitMs;
  while (Date.now() < deadline && !hasEnded(child)) {
    const result = await ready();
    if (result !== undefined) return result;
    await sleep(50);
  }
  const end = hasEnded(child) ? `ended with ${endOf(child)}` : `was not ready within ${readyLimitMs / 1000} s`;
  throw new SituationError({
    what: `The ${name} ${end}:\n${await lastLines(logPath)}\n`,
    fix: `Read ${logPath}, remove the cause and try again`,
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

function endOf(child: ChildProcess): string {
  return child.signalCode ?? (child.pid === undefined ? "no process" : `exit code ${child.exitCode ?? 0}`);
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text.trimEnd().split("\n").slice(-5);
  return lines.map((line) => `  ${line}`).join("\n");
}

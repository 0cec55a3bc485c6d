import { advised } from "../../text/advised-command.ts";
import { Exit, exitCode } from "./exit-code.ts";

/**
 * How long a stop at once may take, in milliseconds: recording what was in progress takes less, and whatever takes longer is blocked.
 * The process may end at any moment then: what it does is in the state before it begins, and its locks go with it.
 */
const stopLimitMs = 2000;

/** Ctrl-C as an operation takes it: once to stop after what is running, twice to stop at once. */
export interface Interrupts extends Disposable {
  readonly stopSoon: AbortSignal;
  readonly stopNow: AbortSignal;
  /** Whether a stop was requested. */
  readonly interrupted: boolean;
}

const unchanged = "Nothing in the swarm was changed.";

function stillGoingOn(next: string): string {
  return `Operations may still be running in the swarm. Run \`${next}\` next to find out how they ended. If the stack is still locked, release the lock first with \`${advised("cancel")}\`.`;
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP until disposed; `onInterrupt` gets the message for each. The second ends the process
 * within 2 s, the third at that moment.
 *
 * @param next - the command that finds out what came of what was in progress; none for a command that changes nothing
 */
export function listenForInterrupts(onInterrupt: (message: string) => void, next?: string): Interrupts {
  const [soon, now] = [new AbortController(), new AbortController()];
  let limit: NodeJS.Timeout | undefined;
  const end = () => {
    onInterrupt(`Ended without waiting any longer. ${next === undefined ? unchanged : stillGoingOn(next)}`);
    process.exit(exitCode.interrupted);
  };
  const listener = () => {
    if (!soon.signal.aborted) {
      onInterrupt(
        next === undefined
          ? "Stopping. Press Ctrl-C again to stop at once."
          : "Stopping after the running operations have finished and been saved. Press Ctrl-C again to stop at once.",
      );
      soon.abort();
    } else if (!now.signal.aborted) {
      onInterrupt(
        next === undefined ? "Stopping at once." : "Stopping at once: the state records what was in progress.",
      );
      now.abort();
      limit = setTimeout(end, stopLimitMs);
    } else end();
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  // A terminal that is closed must not leave a lock behind.
  process.on("SIGHUP", listener);
  return {
    stopSoon: soon.signal,
    stopNow: now.signal,
    get interrupted() {
      return soon.signal.aborted;
    },
    [Symbol.dispose]: () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
      process.off("SIGHUP", listener);
      clearTimeout(limit);
    },
  };
}

/** Has Ctrl-C abort what is under way, until disposed; the signal's reason ends the command with the exit code of an interruption. */
export function abortOnInterrupt(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const abort = () => {
    controller.abort(new Exit(exitCode.interrupted));
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, abort);
    },
  };
}

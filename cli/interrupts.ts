import { advised } from "../model/advised-command.ts";
import { exitCode } from "./exit-code.ts";

/**
 * What a stop at once may take, in milliseconds: to note what was in progress takes less, and what takes longer waits for somebody.
 * The process may end at any moment then: what it does is in the state before it begins, and its locks go with it.
 */
const stopLimitMs = 2000;

/** Ctrl-C as an operation takes it: once to stop after what is running, twice to stop at once. */
export interface Interrupts extends Disposable {
  readonly stopSoon: AbortSignal;
  readonly stopNow: AbortSignal;
  /** Whether anybody has asked to stop. */
  readonly interrupted: boolean;
}

/**
 * Listens for SIGINT, SIGTERM and SIGHUP until disposed; `onInterrupt` is told each time what happens now. The second ends the process
 * within 2 s, the third at that moment.
 */
export function listenForInterrupts(onInterrupt: (message: string) => void): Interrupts {
  const [soon, now] = [new AbortController(), new AbortController()];
  let limit: NodeJS.Timeout | undefined;
  const end = () => {
    onInterrupt(
      `Ended without waiting any longer. What was in progress may still go on on the swarm: the next run finds out, with \`--refresh\` under the Pulumi CLI. A lock that is left is released by \`${advised("cancel")}\`.`,
    );
    process.exit(exitCode.interrupted);
  };
  const listener = () => {
    if (!soon.signal.aborted) {
      onInterrupt("Stopping: running operations are finished and saved first. Press Ctrl-C again to stop at once.");
      soon.abort();
    } else if (!now.signal.aborted) {
      onInterrupt("Stopping at once: the state tells what was in progress.");
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

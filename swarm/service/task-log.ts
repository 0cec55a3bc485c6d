/** What a task's container has printed. The manager fetches it from the task's node, so that no access to the node is needed. */
import type Docker from "dockerode";
import { readAgain } from "../api/errors.ts";
import { readFrames } from "../api/frames.ts";

/** What a task has printed so far. */
export interface TaskLog {
  readonly stdout: string;
  /** Standard output and standard error, as they came. */
  readonly both: string;
}

/**
 * Reads a task's log as it is now, without waiting for more.
 *
 * @param tail - only so many of the last lines
 * @param limitMs - how long it may take: a node that is lost in the middle keeps the manager waiting for it
 */
export async function readTaskLog(
  docker: Docker,
  taskId: string,
  { tail, limitMs }: { tail?: number; limitMs?: number } = {},
): Promise<TaskLog> {
  // dockerode's types lack the logs of a task (lib/task.js has them); without `follow` they come at once, as a buffer.
  const source = docker.getTask(taskId) as unknown as { logs: (options: object) => Promise<unknown> };
  const answer = await readAgain(() =>
    source.logs({
      stdout: true,
      stderr: true,
      ...(tail !== undefined && { tail }),
      ...(limitMs !== undefined && { abortSignal: AbortSignal.timeout(limitMs) }),
    }),
  );
  const log = Buffer.isBuffer(answer) ? answer : Buffer.alloc(0);
  return { stdout: readFrames(log, [1]).text, both: readFrames(log, [1, 2]).text };
}

import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";

/**
 * Ends the process when the pipe on file descriptor 3 closes, which it does when the engine is gone, however it went.
 * The SDK does not notice that by itself: a program whose engine was killed tries to reach it for ever.
 */
const endWithEngine =
  'data:text/javascript,import{Socket}from"node:net";' +
  'new Socket({fd:3}).on("error",()=>{}).on("close",()=>process.exit(1)).resume().unref()';

/**
 * Starts Node with the given arguments so that it never outlives this process, and in a process group of its own: a
 * Ctrl-C at the terminal asks the engine, which lets the running operation finish.
 */
export function spawnBound(
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ["--import", endWithEngine, ...args], {
    ...options,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    detached: true,
  });
  // Three pipes are asked for above, so both streams are there.
  return child as unknown as ChildProcessByStdio<null, Readable, Readable>;
}

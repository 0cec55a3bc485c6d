import { spawn, type ChildProcessByStdio } from "node:child_process";
import { Writable, type Readable } from "node:stream";

import { serveOnSockets, type SocketFolder } from "./socket-folder.ts";

/**
 * Ends the process when the pipe on file descriptor 3 closes because the engine has ended in any way, and removes the folder that the
 * engine would have removed. The SDK does not notice that: a program whose engine was killed would try to reach it forever.
 */
function endWithEngine({ path }: SocketFolder): string {
  const source = `
    import { rmSync } from "node:fs";
    import { Socket } from "node:net";
    const end = () => {
      rmSync(${JSON.stringify(path)}, { recursive: true, force: true });
      process.exit(1);
    };
    new Socket({ fd: 3 }).on("error", () => {}).on("close", end).resume().unref();
  `;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/**
 * Takes what the engine writes to file descriptor 4 into the environment. Passed to the kernel, a text of 128 KiB and more would keep
 * the process from starting (execve(2), `MAX_ARG_STRLEN`), and anyone who may read `/proc` would see the secrets in it.
 */
const takeEnvironment =
  'data:text/javascript,import{readFileSync}from"node:fs";' +
  'Object.assign(process.env,JSON.parse(readFileSync(4,"utf8")))';

/**
 * Starts Node with the given arguments so that it never outlives this process, and in a separate process group: Ctrl-C at the
 * terminal reaches the engine only, which lets the running operation finish. Servers of the SDK in it listen on sockets in the given folder.
 *
 * @param options.handedOver - variables of the process's environment that are of any size, or secret
 */
export function spawnBound(
  args: readonly string[],
  options: {
    cwd: string;
    env: NodeJS.ProcessEnv;
    sockets: SocketFolder;
    handedOver?: Readonly<Record<string, string>>;
  },
): ChildProcessByStdio<null, Readable, Readable> {
  const { sockets, handedOver, ...rest } = options;
  const preloads = [
    endWithEngine(sockets),
    serveOnSockets(sockets),
    ...(handedOver === undefined ? [] : [takeEnvironment]),
  ].flatMap((each) => ["--import", each]);
  const child = spawn(process.execPath, [...preloads, ...args], {
    ...rest,
    stdio: ["ignore", "pipe", "pipe", "pipe", ...(handedOver === undefined ? [] : ["pipe" as const])],
    detached: true,
  });
  const input = child.stdio[4];
  if (handedOver !== undefined && input instanceof Writable) {
    // A process that has ended already takes nothing.
    input.on("error", () => undefined);
    input.end(JSON.stringify(handedOver));
  }
  // Three pipes are asked for above, so both streams are there.
  return child as unknown as ChildProcessByStdio<null, Readable, Readable>;
}

import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const pollMs = 100;

/**
 * Runs `work` while no other process on this machine runs anything under the same name, waiting for its turn.
 *
 * The lock is a socket in Linux' abstract namespace (unix(7)): the kernel gives it up when its process ends, however it
 * ends, so there is no stale lock to recognise.
 */
export async function withExclusiveLock<T>(
  name: string,
  work: () => Promise<T>,
  onWait: () => void = () => undefined,
): Promise<T> {
  let release = await tryLock(name);
  if (!release) onWait();
  while (!release) {
    await sleep(pollMs);
    release = await tryLock(name);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

function tryLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (z.object({ code: z.literal("EADDRINUSE") }).safeParse(error).success) resolve(undefined);
      else reject(error);
    });
    server.listen({ path: `\0holdfast/${name}` }, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}

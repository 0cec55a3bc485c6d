/** What is lost when the server and its companion die at once under full write load. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { Rig } from "./rig.ts";

/** For how long a store is written to, from its first delivery on, before it is killed: at a random moment of this time. */
const loadSeconds = { least: 3, most: 9 };

/** How often the time is written into the store. */
const canaryMs = 10;

/**
 * Kills a server, its companion and what that has started with -9, so many times, and restores what the repository has then.
 *
 * @param told - gets for each kill the seconds before it whose writes are lost, or what went wrong
 */
export async function killsUnderLoad(
  kills: number,
  told: (kill: number, outcome: { lossSeconds: number } | { wrong: string }) => void,
): Promise<void> {
  for (let kill = 1; kill <= kills; kill++) told(kill, await killOnce());
}

async function killOnce(): Promise<{ lossSeconds: number } | { wrong: string }> {
  await using rig = await Rig.create();
  const { redis, server } = await rig.startRedis(rig.data, ["--appendfsync", "everysec"]);
  const companion = rig.follow({ everySeconds: undefined }, "status", { hasOwnGroup: true });
  await rig.delivered(companion, 60);
  const load = startLoad(rig);
  const stopCanary = writeCanary(redis);
  await sleep((loadSeconds.least + Math.random() * (loadSeconds.most - loadSeconds.least)) * 1000);
  const killed = Date.now();
  server.kill("SIGKILL");
  companion.killGroup();
  await Promise.all([once(server, "exit"), once(companion.process, "exit")]);
  stopCanary();
  load.kill("SIGKILL");
  // It would send again what it has no answer to.
  redis.disconnect();
  const folder = join(rig.folder, "restored");
  const { last } = await rig.run(["restore", "--to", folder]);
  if (last.type !== "result") return { wrong: JSON.stringify(last) };
  const again = await rig.startRedis(folder);
  const canary = Number(await again.redis.get("canary"));
  return { lossSeconds: (killed - canary) / 1000 };
}

/** Writes as fast as the server takes it, with what the server and its companion leave of the processors: clients are elsewhere. */
function startLoad(rig: Rig): ChildProcess {
  const words = [
    "-s",
    rig.socket,
    "-t",
    "set",
    "-n",
    "1000000000",
    "-r",
    "200000",
    "-d",
    "32",
    "-P",
    "64",
    "-c",
    "8",
    "-q",
  ];
  return rig.start("nice", ["-n", "5", "redis-benchmark", ...words]);
}

/** Writes the time again and again; the function that it returns ends that. */
function writeCanary(redis: Redis): () => void {
  const stop = new AbortController();
  void (async () => {
    while (!stop.signal.aborted) {
      await redis.set("canary", Date.now()).catch(() => undefined);
      await sleep(canaryMs);
    }
  })();
  return () => {
    stop.abort();
  };
}

/** What is lost when the server and its companion die at once under full write load. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Redis } from "ioredis";
import { Rig } from "./rig.ts";

/** How long a store is written to before it is killed. */
const leastLoadSeconds = 12;

/**
 * Kills a server and its companion with -9 so many times, and restores.
 *
 * @returns for each kill the age of the newest canary that was restored, and what went wrong
 */
export async function killsUnderLoad(kills: number): Promise<{ lossSeconds: number[]; wrong: string[] }> {
  const lossSeconds: number[] = [];
  const wrong: string[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await using rig = await Rig.create({ everySeconds: 3 });
    const { redis, server } = await rig.startRedis();
    const companion = rig.follow();
    const load = new Load(redis);
    await rig.delivered(companion, 60);
    await sleep(leastLoadSeconds * 1000 + Math.random() * 4000);
    const [killed] = [Date.now(), server.kill("SIGKILL"), companion.process.kill("SIGKILL")];
    await Promise.all([once(server, "exit"), once(companion.process, "exit")]);
    load.stop();
    // It would send again what it has no answer to.
    redis.disconnect();
    // What was still being sent ends by itself.
    await sleep(3000);
    const folder = join(rig.folder, "restored");
    const { last } = await rig.run(["restore", "--to", folder]);
    if (last.type !== "result") {
      wrong.push(`kill ${kill + 1}: ${JSON.stringify(last)}`);
      continue;
    }
    const again = await rig.startRedis(folder);
    const canary = Number(await again.redis.get("canary"));
    lossSeconds.push((killed - canary) / 1000);
    console.log(`         kill ${kill + 1}: ${((killed - canary) / 1000).toFixed(1)} s lost`);
    await rm(folder, { recursive: true });
  }
  return { lossSeconds, wrong };
}

/** Writes as fast as it goes, and says the time in each batch. */
class Load {
  #isStopped = false;

  constructor(redis: Redis) {
    void this.#write(redis);
  }

  async #write(redis: Redis): Promise<void> {
    for (let round = 0; !this.#isStopped; round++) {
      const pipeline = redis.pipeline();
      for (let key = 0; key < 500; key++)
        pipeline.set(`key-${(round * 500 + key) % 200_000}`, `value ${round} of this key`);
      pipeline.set("canary", Date.now());
      await pipeline.exec().catch(() => undefined);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}

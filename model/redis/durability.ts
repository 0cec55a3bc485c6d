/**
 * How many acknowledged writes a crash of the Redis server or of its node may lose.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ ("How durable is the append only file?")
 */
import type { RedisImageFact } from "../image/catalogue-entry.ts";
import { isKnown } from "../service/definition.ts";
import { hasSavePoints, isAppendOnly, redisSetting, type RedisDirectives } from "./settings.ts";

/** What a crash may lose, least first; a server that saves nothing loses the same on a stop. */
const crashLosses = [
  { keptBy: "appendfsync always", lost: "none" },
  { keptBy: "appendfsync everysec", lost: "up to 1 s of them" },
  { keptBy: "appendfsync no", lost: "about 30 s of them, which is how long Linux usually keeps them in memory" },
  { keptBy: "snapshots alone", lost: "all since the last snapshot" },
] as const;

const policies: readonly string[] = ["always", "everysec", "no"];

/** A server and its settings. */
interface RedisServer {
  readonly settings: RedisDirectives;
  readonly image: RedisImageFact;
}

/**
 * Says in one sentence that a change reduces durability; a server that is stopped in time still saves everything.
 *
 * @returns undefined when it does not, or when that cannot be seen
 */
export function durabilityGivenUp(before: RedisServer, after: RedisServer): string | undefined {
  const [was, is] = [crashLoss(before), crashLoss(after)];
  if (was === undefined || is === undefined || is <= was) return undefined;
  const [earlier, later] = [crashLosses[was], crashLosses[is]];
  if (earlier === undefined || later === undefined) return undefined;
  return `From then on a crash of the server or its node may lose acknowledged writes: ${later.lost} (${later.keptBy}), until now ${earlier.lost} (${earlier.keptBy}).`;
}

/** The index in the list of losses; undefined when it cannot be seen, and for a server that saves nothing. */
function crashLoss({ settings, image }: RedisServer): number | undefined {
  const appendOnly = isAppendOnly(settings, image);
  if (appendOnly === false && hasSavePoints(settings) === true) return crashLosses.length - 1;
  const { value } = redisSetting(settings, "appendfsync");
  if (appendOnly !== true || !isKnown(value)) return undefined;
  const place = policies.indexOf((value ?? "everysec").toLowerCase());
  return place < 0 ? undefined : place;
}

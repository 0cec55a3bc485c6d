/**
 * How much of what Redis has acknowledged a crash may take: of the server, or of its node.
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ ("How durable is the append only file?")
 */
import type { RedisImageFact } from "../image/catalogue-entry.ts";
import { isKnown } from "../service/definition.ts";
import { hasSavePoints, isAppendOnly, redisSetting, type RedisDirectives } from "./settings.ts";

/** What a crash may take, the least first; of a server that saves nothing at all, a stop takes the same. */
const crashLosses = [
  { keptBy: "appendfsync always", lost: "none" },
  { keptBy: "appendfsync everysec", lost: "up to 1 s of them" },
  { keptBy: "appendfsync no", lost: "about 30 s of them, which is how long Linux usually keeps them in memory" },
  { keptBy: "snapshots alone", lost: "all since the last snapshot" },
] as const;

const policies: readonly string[] = ["always", "everysec", "no"];

/** A server and what its definition says to it. */
interface RedisServer {
  readonly settings: RedisDirectives;
  readonly image: RedisImageFact;
}

/**
 * Says that a change gives up durability, as one sentence; a server that is stopped in time saves all the same.
 *
 * @returns undefined where it does not, or where that cannot be seen
 */
export function durabilityGivenUp(before: RedisServer, after: RedisServer): string | undefined {
  const [was, is] = [crashLoss(before), crashLoss(after)];
  if (was === undefined || is === undefined || is <= was) return undefined;
  const [earlier, later] = [crashLosses[was], crashLosses[is]];
  if (earlier === undefined || later === undefined) return undefined;
  return `From then on a crash of the server or its node may lose acknowledged writes: ${later.lost} (${later.keptBy}), until now ${earlier.lost} (${earlier.keptBy}).`;
}

/** The place in the list of losses; undefined where it cannot be seen, and for a server that saves nothing. */
function crashLoss({ settings, image }: RedisServer): number | undefined {
  const appendOnly = isAppendOnly(settings, image);
  if (appendOnly === false && hasSavePoints(settings) === true) return crashLosses.length - 1;
  const { value } = redisSetting(settings, "appendfsync");
  if (appendOnly !== true || !isKnown(value)) return undefined;
  const place = policies.indexOf((value ?? "everysec").toLowerCase());
  return place < 0 ? undefined : place;
}

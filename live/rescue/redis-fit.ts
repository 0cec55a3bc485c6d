import { posix } from "node:path";
import type { RedisImageFact } from "../../model/image/catalogue-entry.ts";
import { isAppendOnly, redisSetting, type RedisDirectives } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import type { VolumeContent } from "../../model/storage/volume-content.ts";

/**
 * Why a Redis with these settings would start without the data of a volume; undefined when it would load it, or when that
 * cannot be seen.
 *
 * With an append-only file Redis reads that alone and takes its absence for an empty store, even if there is a snapshot
 * (redis#12484); the next snapshot then overwrites the good one.
 */
export function whyNotLoaded(
  { snapshot, appendOnly }: Pick<VolumeContent, "snapshot" | "appendOnly">,
  settings: RedisDirectives,
  image: RedisImageFact,
): string | undefined {
  const isOn = isAppendOnly(settings, image);
  if (!isKnown(isOn)) return undefined;
  const named = (name: string, otherwise: string) => {
    const { value } = redisSetting(settings, name);
    return isKnown(value) ? (value ?? otherwise) : undefined;
  };
  if (!isOn) {
    if (!snapshot) return "its append-only file is off, and the volume holds no snapshot";
    const fileName = named("dbfilename", "dump.rdb");
    if (fileName === undefined || fileName === posix.basename(snapshot.path)) return undefined;
    return `it reads ${fileName}, and the volume's snapshot is ${snapshot.path}`;
  }
  if (!appendOnly) {
    return "its append-only file is on, so that it ignores the volume's snapshot, starts empty, and may overwrite it";
  }
  const [folder, file] = [named("appenddirname", "appendonlydir"), named("appendfilename", "appendonly.aof")];
  const name = posix.basename(appendOnly.path);
  const isFound = name === folder || name === file;
  if (folder === undefined || file === undefined || isFound) return undefined;
  return `it reads ${folder}, and the volume's append-only file is ${appendOnly.path}`;
}

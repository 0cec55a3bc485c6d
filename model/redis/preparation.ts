import { preparingFile, readStartScript } from "../service/start-guard.ts";
import { redisPersistence, type RedisPersistence } from "./persistence.ts";

/** Where the official Redis image, and any that follows it, keeps its data. */
export const redisDataPath = "/data";

/**
 * Shell lines that identify the server and its major version: an older version cannot read a newer one's files, and Redis and
 * Valkey (also called `redis-server`) have diverged.
 */
export const redisServerVersion = `product=redis
if command -v valkey-server > /dev/null; then product=valkey; fi
major=$(redis-server --version)
major=\${major#*v=}
major=\${major%%.*}`;

/**
 * Shell lines that convert the data files to match the persistence profile before Redis starts.
 *
 * Redis reads either the append-only file or the snapshot, never both: with `appendonly yes` and only a snapshot it starts empty,
 * and the next save overwrites the snapshot (redis#12484); `appendonly no` ignores an append-only file in the same way.
 *
 * They need `mkdir`, `rmdir`, `ln`, `cp`, `mv`, `rm` and `sleep`, and Redis 7 or later.
 */
export function redisPreparation(profile: RedisPersistence, dataPath = redisDataPath): string {
  return redisPersistence[profile].appendOnly ? appendOnlyFromSnapshot(dataPath) : snapshotFromAppendOnly(dataPath);
}

/** What Redis starts from after the preparation; the other kind of file is converted into it. */
export type PreparedFile = "append-only file" | "snapshot";

/**
 * What a start script converts the data files into; `undefined` for a script that is not exactly one that Holdfast writes for
 * Redis, because no label or name shows what a script really does.
 */
export function preparedFile(script: string, dataPath: string): PreparedFile | undefined {
  const guard = readStartScript(script);
  if (guard?.dataPaths.length !== 1 || guard.dataPaths[0] !== dataPath) return undefined;
  if (guard.serverVersion !== undefined && guard.serverVersion !== redisServerVersion) return undefined;
  switch (guard.preparation) {
    case appendOnlyFromSnapshot(dataPath):
      return "append-only file";
    case snapshotFromAppendOnly(dataPath):
      return "snapshot";
    default:
      return undefined;
  }
}

/** The snapshot becomes the base of a new append-only file, as a rewrite would make it. */
function appendOnlyFromSnapshot(dataPath: string): string {
  return `data=${dataPath}
if [ -s "$data/dump.rdb" ] && [ ! -e "$data/appendonlydir/appendonly.aof.manifest" ] && [ ! -e "$data/appendonly.aof" ]; then
  if [ -d "$data/appendonlydir" ]; then
    rmdir "$data/appendonlydir" 2> /dev/null || refuse "$data/appendonlydir: expected a manifest, got other files alone. Move the folder away to start from dump.rdb."
  fi
  rm -rf "$data/appendonlydir.new"
  mkdir "$data/appendonlydir.new"
  base=$data/appendonlydir.new/appendonly.aof.1.base.rdb
  ln "$data/dump.rdb" "$base" 2> /dev/null || cp "$data/dump.rdb" "$base"
  echo "file appendonly.aof.1.base.rdb seq 1 type b" > "$data/appendonlydir.new/appendonly.aof.manifest"
  sync
  mv "$data/appendonlydir.new" "$data/appendonlydir"
  echo "holdfast: the append-only file begins with the keys of dump.rdb"
fi
`;
}

/** A temporary, unreachable server loads the append-only file and saves a snapshot; the old files are kept. */
function snapshotFromAppendOnly(dataPath: string): string {
  return `data=${dataPath}
if [ -e "$data/appendonlydir/appendonly.aof.manifest" ]; then
  touch ${preparingFile}
  socket=/tmp/holdfast-preparing.sock
  redis-server --dir "$data" --appendonly yes --save "" --protected-mode yes --port 0 --unixsocket "$socket" &
  server=$!
  until [ "$(redis-cli -s "$socket" ping 2> /dev/null)" = PONG ]; do
    kill -0 "$server" 2> /dev/null || refuse "$data/appendonlydir: expected an append-only file that Redis loads, got one that it refuses. Repair it with redis-check-aof."
    sleep 1
  done
  [ "$(redis-cli -s "$socket" save)" = OK ] || refuse "$data: expected room for a snapshot, got an error of Redis. See the lines above."
  redis-cli -s "$socket" shutdown nosave > /dev/null 2>&1 || true
  wait "$server" || true
  rm -rf "$data/appendonlydir.before"
  mv "$data/appendonlydir" "$data/appendonlydir.before"
  sync
  rm -f ${preparingFile}
  echo "holdfast: dump.rdb holds the keys of the append-only file, which stays as appendonlydir.before"
fi
`;
}

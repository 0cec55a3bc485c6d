import { compareVersions, findImage, tagVersion } from "../../model/image/catalogue.ts";
import { type ImageReference, isKnown, parseImageReference } from "../../model/service/definition.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { nearestName } from "../../text/nearest-name.ts";

/** A version of Redis, as its numbers. */
type Version = readonly number[];

/**
 * The directives of redis.conf that affect neither data safety, nor access rights, nor how the server is reached, but only memory
 * and time, reporting, and how long clients may wait.
 *
 * Each was read in src/config.c of Redis 7.0.0, 7.2.0, 7.4.0 or the branch 8.0 (September 2024), or of Valkey 7.2.7, 8.0.1 or its
 * branch unstable (October 2024); those of COMMANDLOG in the tests of Valkey. What is newer is added when it has been read. None
 * has been removed since 7.0.
 *
 * @see https://github.com/redis/redis/blob/7.4.0/src/config.c (`static_configs`)
 * @see https://github.com/valkey-io/valkey/blob/8.0.1/src/config.c (`static_configs`)
 */
const harmless: readonly string[] = words(`
  active-defrag-cycle-max active-defrag-cycle-min active-defrag-ignore-bytes active-defrag-max-scan-fields
  active-defrag-threshold-lower active-defrag-threshold-upper active-expire-effort activedefrag activerehashing
  hash-max-listpack-entries hash-max-listpack-value hash-max-ziplist-entries hash-max-ziplist-value
  hll-sparse-max-bytes list-compress-depth list-max-listpack-size list-max-ziplist-size set-max-intset-entries
  stream-node-max-bytes stream-node-max-entries zset-max-listpack-entries zset-max-listpack-value
  zset-max-ziplist-entries zset-max-ziplist-value jemalloc-bg-thread

  lfu-decay-time lfu-log-factor maxmemory-clients maxmemory-eviction-tenacity maxmemory-samples lazyfree-lazy-eviction
  lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del lazyfree-lazy-user-flush

  aof-rewrite-incremental-fsync aof-timestamp-enabled auto-aof-rewrite-min-size auto-aof-rewrite-percentage
  rdb-save-incremental-fsync rdbcompression

  aof_rewrite_cpulist bgsave_cpulist bio_cpulist server_cpulist disable-thp dynamic-hz hz io-threads
  io-threads-do-reads

  busy-reply-threshold client-output-buffer-limit client-query-buffer-limit lua-time-limit maxclients
  notify-keyspace-events proto-max-bulk-len sanitize-dump-payload tcp-backlog tcp-keepalive timeout
  tracking-table-max-keys

  tls-ciphers tls-ciphersuites tls-prefer-server-ciphers tls-protocols tls-session-cache-size
  tls-session-cache-timeout tls-session-caching

  repl-backlog-size repl-backlog-ttl repl-disable-tcp-nodelay repl-diskless-sync repl-diskless-sync-delay
  repl-diskless-sync-max-replicas repl-ping-replica-period repl-ping-slave-period repl-timeout

  acllog-max-len always-show-logo crash-log-enabled latency-monitor-threshold latency-tracking
  latency-tracking-info-percentiles loglevel proc-title-template set-proc-title slowlog-log-slower-than
  slowlog-max-len`);

/** Those of them that came after 7.0, by the version of Redis that brought them; without one, those of later versions and of Valkey. */
const newer: readonly { readonly since?: Version; readonly names: readonly string[] }[] = [
  { since: [7, 2], names: words(`set-max-listpack-entries set-max-listpack-value locale-collate`) },
  {
    since: [7, 4],
    names: words(`
    aof-rewrite-cpulist bgsave-cpulist bio-cpulist server-cpulist max-new-connections-per-cycle
    max-new-tls-connections-per-cycle hide-user-data-from-log`),
  },
  {
    names: words(`
    events-per-io-thread prefetch-batch-max-size availability-zone commandlog-execution-slower-than
    commandlog-large-reply-max-len commandlog-large-request-max-len commandlog-reply-larger-than
    commandlog-request-larger-than commandlog-slow-execution-max-len log-format log-timestamp-format`),
  },
];

/** The last version of Redis of which all directives are known here. */
const lastKnown: Version = [7, 4];

/**
 * Those of the modules that come with Redis 8: how a query is carried out, and what a new key is made like. The names that begin with
 * `search-_` are settings of the query engine's own.
 *
 * @see https://github.com/redis/redis/blob/8.0/redis-full.conf
 */
const harmlessOfModules: readonly string[] = words(`
  search-_free-resource-on-thread search-_numeric-compress search-_numeric-ranges-parents search-_print-profile-clock
  search-_prioritize-intersect-union-children search-bg-index-sleep-gap search-cursor-max-idle search-default-dialect
  search-fork-gc-clean-threshold search-fork-gc-retry-interval search-fork-gc-run-interval
  search-fork-gc-sleep-before-exit search-gc-scan-size search-index-cursor-limit search-max-aggregate-results
  search-max-doctablesize search-max-prefix-expansions search-max-search-results search-min-operation-workers
  search-min-phonetic-term-len search-min-prefix search-min-stem-len search-multi-text-slop search-no-gc
  search-no-mem-pools search-on-timeout search-partial-indexed-docs search-raw-docid-encoding search-threads
  search-tiered-hnsw-buffer-limit search-timeout search-topology-validation-timeout search-union-iterator-heap
  search-vss-max-resize search-workers search-workers-priority-bias-threshold

  ts-chunk-size-bytes ts-duplicate-policy ts-encoding ts-num-threads
  bf-error-rate bf-expansion-factor bf-initial-size
  cf-bucket-size cf-expansion-factor cf-initial-size cf-max-expansions cf-max-iterations`);

/** Every directive that may be set. */
const settable = [...harmless, ...newer.flatMap(({ names }) => names), ...harmlessOfModules];

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/u);
}

const losing = "Leave it out: another value loses data without a word";
const replicating = "Leave it out: a replica discards its own data for its master's, and this store is one server";
const byContainer = "Leave it out: the container decides it";
const byPassword = "Set the password arguments";
const byTls = "Give the certificates as the argument tls";

/** What is known to do harm, and the way to have what is meant. The first that fits counts. */
const harmful: readonly (readonly [directives: RegExp, fix: string])[] = [
  [
    /^(?:appendonly|appendfsync|save|dir|dbfilename|appenddirname|appendfilename)$/u,
    "Choose a persistence profile instead",
  ],
  [
    /^(?:no-appendfsync-on-rewrite|stop-writes-on-bgsave-error|aof-.*|shutdown-on-.*|rdbchecksum|rdb-.*|key-load-delay)$/u,
    losing,
  ],
  [
    /^databases$/u,
    "Leave it out: with fewer than before, the keys of the other databases are written into the first when the append-only file is loaded",
  ],
  [/^ignore-warnings$/u, "Leave it out: Redis does not start where the node's kernel would damage what it saves"],
  [/^ts-(?:retention-policy|compaction-policy|ignore-max-.*)$/u, "Say it of each key, with TS.CREATE"],
  [/^search-(?:ext-load|friso-ini)$/u, "Leave it out: it loads a file"],
  [/^(?:maxmemory|maxmemory-policy)$/u, "Set the memory limit and the persistence profile"],
  [/^shutdown-timeout$/u, "Leave it out: the grace period is made for the persistence profile"],
  [/^(?:aclfile|requirepass|user|protected-mode|rename-command|acl-pubsub-default)$/u, byPassword],
  [/^(?:replicaof|slaveof|(?:master|primary)(?:auth|user)|replica-.*|slave-.*|repl-.*|sentinel)$/u, replicating],
  [/^(?:min-(?:replicas|slaves)-.*)$/u, "Leave it out: without replicas the server would refuse every write"],
  [/^cluster-.*$/u, "Leave it out: this store is one server, and a cluster node writes its own file next to the data"],
  [
    /^(?:enable-.*|lua-enable-.*)$/u,
    "Leave it out: it lets clients reach what Redis keeps from them, the files among it",
  ],
  [/^tls-(?:.*-file|.*-dir|.*-file-pass|auth-clients|replication|cluster)$/u, byTls],
  [
    /^(?:logfile|syslog-.*)$/u,
    "Leave it out: the server prints its log, and the argument logDriver says where that goes",
  ],
  [
    /^(?:pidfile|unixsocket.*|supervised|daemonize|include|loadmodule|port|tls-port|rdma-.*|bind.*|socket-mark-id)$/u,
    byContainer,
  ],
];

/**
 * Looks for a reason not to take a directive of redis.conf as it comes.
 *
 * @param path - its path, for the error
 * @returns undefined for one that is known to leave the data alone
 */
export function findHarm(name: string, value: string, path: string): InputError | undefined {
  const directive = name.toLowerCase();
  if (settable.includes(directive)) return undefined;
  const fix = harmful.find(([directives]) => directives.test(directive))?.[1];
  if (fix !== undefined) return new InputError({ path, expected: "no such setting", got: showValue(value), fix });
  const meant = nearestName(name, settable);
  return new InputError({
    path,
    expected: "a directive that is known to leave the data alone",
    got: showValue(value),
    fix:
      meant === undefined
        ? "Leave it out; to use it anyway, write your own redis.conf for a StatefulService"
        : `Did you mean ${meant}?`,
  });
}

/** A finding about a directive. */
export interface DirectiveFinding {
  /** Whether the server is known to refuse it; otherwise it may be newer than this list. */
  isCertain: boolean;
  mistake: InputError;
}

/**
 * Looks whether the server knows a harmless directive: Redis refuses to start on one that it does not know.
 *
 * @param image - what the server runs; its tag gives the version
 * @param path - where the settings are, for the error
 */
export function unknownDirective(
  name: string,
  value: string,
  image: string,
  path: string,
): DirectiveFinding | undefined {
  const version = redisVersion(parseImageReference(image));
  const directive = name.toLowerCase();
  const isKnownTo = (since: Version): boolean => version === undefined || compareVersions(version, since) >= 0;
  const unknown = newer.filter(({ since }) => since === undefined || !isKnownTo(since)).flatMap(({ names }) => names);
  if (!unknown.includes(directive)) return undefined;
  const meant = nearestName(
    directive,
    settable.filter((each) => !unknown.includes(each)),
  );
  const mistake = new InputError({
    path: `${path}.${name}`,
    expected: version === undefined ? "a directive of redis.conf" : `a directive that Redis ${version.join(".")} knows`,
    got: showValue(value),
    fix:
      meant === undefined
        ? "Leave it out: Redis refuses to start on one that it does not know"
        : `Did you mean ${meant}?`,
  });
  return { isCertain: version !== undefined && compareVersions(version, lastKnown) <= 0, mistake };
}

/** The version that an image of Redis itself names in its tag. */
function redisVersion(image: ImageReference): Version | undefined {
  const entry = findImage(image, undefined);
  return isKnown(entry) && entry?.name === "redis" ? tagVersion(image.tag) : undefined;
}

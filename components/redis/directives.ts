import { compareVersions, findImage, tagVersion } from "../../model/image/catalogue.ts";
import { type ImageReference, isKnown, parseImageReference } from "../../model/service/definition.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { nearestName } from "../../text/nearest-name.ts";

/** The directives that a version of Redis has brought; none has gone since. */
interface Directives {
  since: readonly [major: number, minor: number];
  names: string;
}

/**
 * What may stand in redis.conf. Redis refuses to start on a directive that it does not know.
 *
 * Read from the tags 7.0.0, 7.2.0 and 7.4.0: the tables and what `loadServerConfigFromString` takes besides.
 *
 * @see https://github.com/redis/redis/blob/7.4.0/src/config.c (`static_configs`, `deprecated_configs`)
 */
const directives: readonly Directives[] = [
  {
    since: [7, 0],
    names: `
    acl-pubsub-default aclfile acllog-max-len active-defrag-cycle-max active-defrag-cycle-min active-defrag-ignore-bytes
    active-defrag-max-scan-fields active-defrag-threshold-lower active-defrag-threshold-upper active-expire-effort
    activedefrag activerehashing always-show-logo aof-disable-auto-gc aof-load-truncated aof-rewrite-incremental-fsync
    aof-timestamp-enabled aof-use-rdb-preamble aof_rewrite_cpulist appenddirname appendfilename appendfsync appendonly
    auto-aof-rewrite-min-size auto-aof-rewrite-percentage bgsave_cpulist bind bind-source-addr bio_cpulist
    busy-reply-threshold client-output-buffer-limit client-query-buffer-limit cluster-allow-pubsubshard-when-down
    cluster-allow-reads-when-down cluster-allow-replica-migration cluster-announce-bus-port cluster-announce-hostname
    cluster-announce-ip cluster-announce-port cluster-announce-tls-port cluster-config-file cluster-enabled
    cluster-link-sendbuf-limit cluster-migration-barrier cluster-node-timeout cluster-port cluster-preferred-endpoint-type
    cluster-replica-no-failover cluster-replica-validity-factor cluster-require-full-coverage cluster-slave-no-failover
    cluster-slave-validity-factor crash-log-enabled crash-memcheck-enabled daemonize databases dbfilename dir disable-thp
    dynamic-hz enable-debug-command enable-module-command enable-protected-configs hash-max-listpack-entries
    hash-max-listpack-value hash-max-ziplist-entries hash-max-ziplist-value hll-sparse-max-bytes hz ignore-warnings
    include io-threads io-threads-do-reads jemalloc-bg-thread key-load-delay latency-monitor-threshold latency-tracking
    latency-tracking-info-percentiles lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del
    lazyfree-lazy-user-del lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth
    list-max-listpack-size list-max-ziplist-entries list-max-ziplist-size list-max-ziplist-value
    loading-process-events-interval-bytes loadmodule logfile loglevel lua-replicate-commands lua-time-limit masterauth
    masteruser maxclients maxmemory maxmemory-clients maxmemory-eviction-tenacity maxmemory-policy maxmemory-samples
    min-replicas-max-lag min-replicas-to-write min-slaves-max-lag min-slaves-to-write no-appendfsync-on-rewrite
    notify-keyspace-events oom-score-adj oom-score-adj-values pidfile port proc-title-template propagation-error-behavior
    protected-mode proto-max-bulk-len rdb-del-sync-files rdb-key-save-delay rdb-save-incremental-fsync rdbchecksum
    rdbcompression rename-command repl-backlog-size repl-backlog-ttl repl-disable-tcp-nodelay repl-diskless-load
    repl-diskless-sync repl-diskless-sync-delay repl-diskless-sync-max-replicas repl-ping-replica-period
    repl-ping-slave-period repl-timeout replica-announce-ip replica-announce-port replica-announced
    replica-ignore-disk-write-errors replica-ignore-maxmemory replica-lazy-flush replica-priority replica-read-only
    replica-serve-stale-data replicaof requirepass sanitize-dump-payload save sentinel server_cpulist
    set-max-intset-entries set-proc-title shutdown-on-sigint shutdown-on-sigterm shutdown-timeout slave-announce-ip
    slave-announce-port slave-ignore-maxmemory slave-lazy-flush slave-priority slave-read-only slave-serve-stale-data
    slaveof slowlog-log-slower-than slowlog-max-len socket-mark-id stop-writes-on-bgsave-error stream-node-max-bytes
    stream-node-max-entries supervised syslog-enabled syslog-facility syslog-ident tcp-backlog tcp-keepalive timeout
    tls-auth-clients tls-ca-cert-dir tls-ca-cert-file tls-cert-file tls-ciphers tls-ciphersuites tls-client-cert-file
    tls-client-key-file tls-client-key-file-pass tls-cluster tls-dh-params-file tls-key-file tls-key-file-pass tls-port
    tls-prefer-server-ciphers tls-protocols tls-replication tls-session-cache-size tls-session-cache-timeout
    tls-session-caching tracking-table-max-keys unixsocket unixsocketperm use-exit-on-panic user watchdog-period
    zset-max-listpack-entries zset-max-listpack-value zset-max-ziplist-entries zset-max-ziplist-value`,
  },
  {
    since: [7, 2],
    names: `
    cluster-announce-human-nodename cluster-ping-interval locale-collate set-max-listpack-entries set-max-listpack-value`,
  },
  {
    since: [7, 4],
    names: `
    aof-rewrite-cpulist bgsave-cpulist bio-cpulist hide-user-data-from-log max-new-connections-per-cycle
    max-new-tls-connections-per-cycle server-cpulist`,
  },
];

/** The last version of which all directives are known here. */
const lastKnown = [7, 4];

/** How the directives of modules begin that come with Redis 8. */
const modulePrefixes = /^(?:search|ts|bf|cf|json|vector)[-_]/u;

/** What is to be said of a directive. */
export interface DirectiveFinding {
  /** Whether the server is known to refuse it; otherwise it may be newer than what is known here. */
  isCertain: boolean;
  mistake: InputError;
}

/**
 * Looks for a directive that the server does not know, and on which it would therefore refuse to start.
 *
 * @param image - what the server runs; its tag tells the version
 * @param path - where the settings stand, for the error
 */
export function unknownDirective(
  name: string,
  value: string,
  image: string,
  path: string,
): DirectiveFinding | undefined {
  const version = redisVersion(parseImageReference(image));
  const known = directives.filter(({ since }) => version === undefined || compareVersions(version, since) >= 0);
  const names = known.flatMap((each) => each.names.trim().split(/\s+/u));
  if (names.includes(name.toLowerCase()) || modulePrefixes.test(name)) return undefined;
  const meant = nearestName(name, names);
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
function redisVersion(image: ImageReference): readonly number[] | undefined {
  const entry = findImage(image, undefined);
  return isKnown(entry) && entry?.name === "redis" ? tagVersion(image.tag) : undefined;
}

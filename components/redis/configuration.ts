import { redisPersistence, type RedisPersistence } from "../../model/redis/persistence.ts";
import { redisDataPath } from "../../model/redis/preparation.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { findHarm } from "./directives.ts";

/** The port that Redis listens on inside the container. */
export const redisPort = 6379;

/** What the configuration file of one Redis says. */
export interface RedisConfiguration {
  persistence: RedisPersistence;
  maxMemoryBytes: number;
  /** Memory that all clients together may use. */
  clientMemoryBytes: number;
  /** Path of the ACL file inside the container. */
  aclFile: string;
  /** Whether the append-only log has a timestamp every second, so that a restore can go back to any second. @default false */
  hasTimes?: boolean;
  /** Paths of certificate, key and authority inside the container; if given, only TLS is served. */
  tls?: RedisTlsFiles;
  /** Further settings by their names in redis.conf, checked by {@link findSettingMistake}. */
  settings?: Record<string, string>;
}

/** Paths of the files of TLS inside the container. */
export interface RedisTlsFiles {
  certificateFile: string;
  keyFile: string;
  authorityFile: string;
}

/**
 * Looks at one further setting of redis.conf.
 *
 * @param path - the settings' path, for the error
 * @returns the mistake when it does not fit on one line, or is not known to leave the data alone
 */
export function findSettingMistake(name: string, value: string, path: string): InputError | undefined {
  const at = `${path}.${name}`;
  if (/^[a-z][a-z0-9_-]*$/iu.test(name) && !/[\r\n]/u.test(value) && value.trim() !== "")
    return findHarm(name, value, at);
  return new InputError({
    path: at,
    expected: "the name and the value of one line of redis.conf",
    got: showValue(value),
    fix: 'Write for example { "hz": "20" }',
  });
}

/** Suites of TLS 1.2, by OpenSSL's names. */
const tlsCiphers = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"].flatMap((cipher) =>
  ["ECDSA", "RSA"].map((key) => `ECDHE-${key}-${cipher}`),
);

/** Suites of TLS 1.3, by OpenSSL's names. */
const tlsCipherSuites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/**
 * Writes redis.conf.
 *
 * Without limits on its clients, Redis answers and buffers until the kernel kills it: a pipeline whose replies are never read, a
 * 1 GB request, a `SETBIT` at a huge offset. TLS is limited to suites with forward secrecy and authenticated encryption, as in
 * Mozilla's "intermediate" profile.
 *
 * `tcp-keepalive` stays below the 900 s after which IPVS drops an idle connection (moby#31208).
 *
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/config-file/
 */
export function redisConfigurationFile(configuration: RedisConfiguration): string {
  const { appendOnly, appendFsync, save, evictionPolicy } = redisPersistence[configuration.persistence];
  const { tls, clientMemoryBytes } = configuration;
  const lines = [
    `dir ${redisDataPath}`,
    `appendonly ${appendOnly ? "yes" : "no"}`,
    ...(appendOnly ? [`appendfsync ${appendFsync}`] : []),
    ...(appendOnly && configuration.hasTimes === true ? ["aof-timestamp-enabled yes"] : []),
    `save ${save === "" ? '""' : save}`,
    `maxmemory ${configuration.maxMemoryBytes}`,
    `maxmemory-policy ${evictionPolicy}`,
    `aclfile ${configuration.aclFile}`,
    "tcp-keepalive 300",
    `maxmemory-clients ${clientMemoryBytes}`,
    `client-output-buffer-limit normal ${clientMemoryBytes} 0 0`,
    `client-output-buffer-limit pubsub ${clientMemoryBytes} 0 0`,
    `client-query-buffer-limit ${clientMemoryBytes}`,
    `proto-max-bulk-len ${clientMemoryBytes}`,
    ...(tls === undefined
      ? [`port ${redisPort}`]
      : [
          "port 0",
          `tls-port ${redisPort}`,
          `tls-cert-file ${tls.certificateFile}`,
          `tls-key-file ${tls.keyFile}`,
          `tls-ca-cert-file ${tls.authorityFile}`,
          "tls-auth-clients no",
          'tls-protocols "TLSv1.2 TLSv1.3"',
          `tls-ciphers ${tlsCiphers.join(":")}`,
          `tls-ciphersuites ${tlsCipherSuites.join(":")}`,
          "tls-prefer-server-ciphers yes",
        ]),
    ...Object.entries(configuration.settings ?? {}).map(([name, value]) => `${name} ${value}`),
  ];
  return `${lines.join("\n")}\n`;
}

import {
  redisClientMemoryBytes,
  redisMaxMemoryBytes,
  RedisPersistence,
  redisStopGraceSeconds,
} from "../../model/redis/persistence.ts";
import { redisDataPath, redisPreparation, redisServerVersion } from "../../model/redis/preparation.ts";
import { RedisUser } from "../../model/redis/user-names.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { preparingFile, requireIdentity, startScript } from "../../model/service/start-guard.ts";
import { formatSize, parseSize } from "../../text/byte-size.ts";
import type { HealthCheck } from "../service/health-check.ts";
import { guardedSettings, type PresetDefinition, presetSettings } from "../service/preset.ts";
import type { ServiceSettings } from "../service/service-spec.ts";
import { redisConfigurationFile, redisPort, type RedisTlsFiles } from "./configuration.ts";

/** User and group of Redis in the official image. */
export const redisUserId = "999";

/** The files of Redis in the container. */
export const redisPaths = {
  configuration: "/etc/holdfast/redis.conf",
  users: "/run/secrets/users.acl",
  healthPassword: "/run/secrets/health-password",
  certificate: "/run/secrets/tls.crt",
  key: "/run/secrets/tls.key",
  authority: "/etc/holdfast/ca.crt",
};

const tlsFiles: RedisTlsFiles = {
  certificateFile: redisPaths.certificate,
  keyFile: redisPaths.key,
  authorityFile: redisPaths.authority,
};

/** What decides how a Redis runs. */
export interface RedisDefinition extends PresetDefinition {
  persistence: RedisPersistence;
  hasTls: boolean;
  /** Whether the log has timestamps. @default false */
  hasTimes?: boolean;
  settings: Record<string, string>;
}

/** How a Redis runs. */
export interface RedisSpec {
  limitBytes: number;
  /** Content of redis.conf. */
  configuration: string;
  /** Content of the start script; none for a cache, which has nothing to guard. */
  startScript?: string;
  service: ServiceSettings;
}

/**
 * How a Redis runs that keeps its data as the profile says.
 *
 * @param path - what precedes the arguments' names in an error
 * @throws InputError when the memory limit does not suit the profile, or the component's name makes no identity
 */
export function redisSpec(definition: RedisDefinition, path: string): RedisSpec {
  const { persistence, memoryLimit, hasTls } = definition;
  const limitBytes = parseSize(memoryLimit, `${path}.memoryLimit`);
  const maxMemoryBytes = redisMaxMemoryBytes(persistence, limitBytes, `${path}.memoryLimit`);
  const graceSeconds = redisStopGraceSeconds(persistence, maxMemoryBytes, `${path}.memoryLimit`);
  const isCache = persistence === RedisPersistence.cache;
  const settings = isCache ? { labels: { [serviceLabels.store]: "cache" } } : guardedSettings(definition);
  return {
    limitBytes,
    configuration: redisConfigurationFile({
      persistence,
      maxMemoryBytes,
      clientMemoryBytes: redisClientMemoryBytes(limitBytes),
      aclFile: redisPaths.users,
      ...(hasTls && { tls: tlsFiles }),
      hasTimes: definition.hasTimes ?? false,
      settings: definition.settings,
    }),
    ...(!isCache && { startScript: guard(definition, path) }),
    service: {
      ...presetSettings(definition, redisUserId, redisPort),
      ...settings,
      memoryReservation: formatSize(maxMemoryBytes),
      labels: { [serviceLabels.image]: "redis", ...settings.labels },
      args: ["redis-server", redisPaths.configuration],
      scratch: [{ path: "/tmp", size: "16M" }, ...(isCache ? [{ path: redisDataPath }] : [])],
      stopGrace: `${graceSeconds}s`,
      healthCheck: healthCheck(hasTls),
    },
  };
}

function guard({ persistence, identity }: RedisDefinition, path: string): string {
  return startScript({
    identity: requireIdentity(identity, `${path}.identity`),
    dataPaths: [redisDataPath],
    serverVersion: redisServerVersion,
    preparation: redisPreparation(persistence),
  });
}

/**
 * Any answer of the server means that it lives: LOADING while it reads its data, MISCONF while it cannot save, BUSY while a
 * script runs. Killing it then would cost data or time.
 */
function healthCheck(hasTls: boolean): HealthCheck {
  const tls = hasTls ? ` --tls --cacert ${redisPaths.authority}` : "";
  const signIn = `read -r REDISCLI_AUTH < ${redisPaths.healthPassword}; export REDISCLI_AUTH`;
  const ping = `redis-cli --no-auth-warning --user ${RedisUser.health}${tls} ping`;
  const answers = "PONG|LOADING*|MISCONF*|BUSY*";
  return {
    test: [
      "CMD-SHELL",
      `[ -e ${preparingFile} ] && exit 0; case "$(${signIn}; ${ping})" in ${answers}) exit 0;; esac; exit 1`,
    ],
  };
}

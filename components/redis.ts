import * as pulumi from "@pulumi/pulumi";
import { redisConfigurationFile, redisDataPath, redisPort } from "../model/redis-configuration.ts";
import { redisMaxMemoryBytes, RedisPersistence, redisStopGraceSeconds } from "../model/redis-persistence.ts";
import { healthPassword, redisAclFile, RedisUser } from "../model/redis-users.ts";
import { parseSize } from "../model/sizes.ts";
import { checked } from "./checked.ts";
import type { DataVolume } from "./data-volume.ts";
import type { HealthCheck, PublishMode } from "./service-spec.ts";
import { StatefulService } from "./stateful-service.ts";

/** User and group that the official image runs Redis as. */
const redisUserId = "999";
const files = {
  configuration: "/etc/holdfast/redis.conf",
  users: "/run/secrets/users.acl",
  healthPassword: "/run/secrets/health-password",
};

/** Arguments of {@link Redis}. */
export interface RedisArgs {
  /** Name of the service. @default the component's name */
  serviceName?: string;
  /** An image of Redis 7 or later, by digest. */
  image: pulumi.Input<string>;
  /** What the data lies on. */
  volume: DataVolume;
  /** How the data is kept. @default RedisPersistence.durable */
  persistence?: RedisPersistence;
  /** Most memory the task may use, such as `100M`; 60 % of it is for the data. */
  memoryLimit: string;
  /** Password of the user `application`. */
  password: pulumi.Input<string>;
  /** Port on the node. @default not published */
  publishedPort?: number;
  /** How the port is published. @default PublishMode.host */
  publishMode?: PublishMode;
}

/**
 * A Redis whose data survives SIGTERM and kill -9.
 *
 * @example
 * new Redis("stateful", { image: "redis:7@sha256:…", volume, memoryLimit: "100M", password, publishedPort: 10000 });
 */
export class Redis extends pulumi.ComponentResource {
  /** Name of the service, which is also its host name on its network. */
  readonly serviceName: pulumi.Output<string>;
  /** User that applications sign in as. */
  readonly username: pulumi.Output<string>;
  /** Most memory the task may use, in bytes. */
  readonly memoryLimitBytes: pulumi.Output<number>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:Redis", name, {}, opts);
    const { volume, publishedPort, publishMode, password } = args;
    const persistence = args.persistence ?? RedisPersistence.durable;
    const { limitBytes, maxMemoryBytes, graceSeconds } = checked(() => {
      const path = `${name}.memoryLimit`;
      const limitBytes = parseSize(args.memoryLimit, path);
      const maxMemoryBytes = redisMaxMemoryBytes(persistence, limitBytes, path);
      return { limitBytes, maxMemoryBytes, graceSeconds: redisStopGraceSeconds(persistence, maxMemoryBytes, path) };
    });
    const healthSecret = pulumi.secret(password).apply(healthPassword);
    const users = pulumi
      .all([pulumi.secret(password), healthSecret])
      .apply(([application, health]) => redisAclFile({ application: [application], health: [health], operations: [] }));
    const service = new StatefulService(
      name,
      {
        serviceName: args.serviceName ?? name,
        image: args.image,
        data: [{ volume, path: redisDataPath }],
        memoryLimit: args.memoryLimit,
        args: ["redis-server", files.configuration],
        stopGrace: `${graceSeconds}s`,
        healthCheck: healthCheck(),
        ports:
          publishedPort === undefined
            ? []
            : [{ target: redisPort, published: publishedPort, ...(publishMode && { mode: publishMode }) }],
        configFiles: {
          configuration: {
            path: files.configuration,
            content: redisConfigurationFile({ persistence, maxMemoryBytes, aclFile: files.users }),
          },
        },
        secretFiles: {
          users: { path: files.users, content: users, ownerId: redisUserId, mode: 0o400 },
          health: { path: files.healthPassword, content: healthSecret, ownerId: redisUserId, mode: 0o400 },
        },
      },
      { parent: this },
    );
    this.serviceName = service.serviceName;
    this.username = pulumi.output(RedisUser.application);
    this.memoryLimitBytes = pulumi.output(limitBytes);
    this.registerOutputs({
      serviceName: this.serviceName,
      username: this.username,
      memoryLimitBytes: this.memoryLimitBytes,
    });
  }
}

/**
 * Any answer of the server means that it lives: LOADING while it reads its data, MISCONF while it cannot save, BUSY while a
 * script runs. Killing it then would cost data or time.
 */
function healthCheck(): HealthCheck {
  const ping = `read -r REDISCLI_AUTH < ${files.healthPassword}; export REDISCLI_AUTH; redis-cli --no-auth-warning --user ${RedisUser.health} ping`;
  return { test: ["CMD-SHELL", `case "$(${ping})" in PONG|LOADING*|MISCONF*|BUSY*) exit 0;; esac; exit 1`] };
}

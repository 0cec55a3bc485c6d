import * as pulumi from "@pulumi/pulumi";
import { redisPersistence, RedisPersistence } from "../../model/redis/persistence.ts";
import { redisDataPath } from "../../model/redis/preparation.ts";
import { RedisUser } from "../../model/redis/user-names.ts";
import { healthPassword, redisAclFile } from "../../model/redis/users.ts";
import { backupPassword } from "../../model/service/password.ts";
import { startScriptPath } from "../../model/service/start-guard.ts";
import { checkedArguments, checkedName, whenKnown } from "../arguments/arguments.ts";
import { checkedPassword } from "../arguments/checked-password.ts";
import { checked } from "../arguments/checked.ts";
import { type BackupArgs, BackupKind, type ServiceBackupArgs } from "../service/backup.ts";
import { defaultIdentity, type PresetArgs, readableBy, type StoreArgs } from "../service/preset.ts";
import { type FileContent, StatefulService } from "../service/stateful-service.ts";
import { unknownDirective } from "./directives.ts";
import { redisArguments } from "./redis-arguments.ts";
import { redisPort } from "./configuration.ts";
import { redisPaths, type RedisSpec, redisSpec, redisUserId } from "./redis-spec.ts";

/** What every {@link Redis} takes, whether it keeps its data or not. */
export interface RedisSettings extends PresetArgs {
  /** An image of Redis 7 or later, by digest. */
  image: pulumi.Input<string>;
  /** Most memory the task may use, such as `100M`; 60 % of it is for the data, 75 % in a cache, and so much is reserved on the node. */
  memoryLimit: string;
  /** Password of the user `application`. */
  password: pulumi.Input<string>;
  /** Password of the user `application` that still works while clients change to `password`. @default none */
  previousPassword?: pulumi.Input<string>;
  /** Password of the user `operations`, who may do everything. @default there is no such user */
  operationsPassword?: pulumi.Input<string>;
  /** Password of the user `operations` that still works while people and tools change to `operationsPassword`. @default none */
  previousOperationsPassword?: pulumi.Input<string>;
  /** Whether `application` may run Lua scripts and functions, which may take memory without bound, and with it stop the server. @default false */
  scripts?: boolean;
  /** Certificates; with them Redis speaks TLS only. @default none, and no TLS */
  tls?: RedisTls;
  /** Further settings of redis.conf that are known to leave the data alone. @default none */
  settings?: Record<string, string>;
}

/** The certificates of a Redis, as PEM. */
export interface RedisTls {
  /** The server's certificate, with the chain up to the authority. */
  certificate: pulumi.Input<string>;
  /** Its private key. */
  key: pulumi.Input<string>;
  /** The authority that signed it; two, one after the other, while one replaces the other. */
  authority: pulumi.Input<string>;
}

/** Arguments of a {@link Redis} that keeps its data. */
export interface KeepingRedisArgs extends StoreArgs, RedisSettings {
  /** How the data is kept. @default RedisPersistence.durable */
  persistence?: KeepingPersistence;
  /** How the data is backed up: free text, or `none: ` and the reason, as a label that the policies look for; or a backup to create. @default not said */
  backup?: string | RedisBackupArgs;
}

/** A backup of a Redis. */
export interface RedisBackupArgs extends BackupArgs {
  /** Whether the companion writes the time into the key `holdfast:canary` every ten seconds, as a user that may do nothing else: it measures what would be lost. @default true */
  canary?: boolean;
}

/** Arguments of a {@link Redis} that keeps nothing. */
export interface CacheRedisArgs extends RedisSettings {
  /** Nothing is kept. */
  persistence: typeof RedisPersistence.cache;
  /** Why nothing is backed up, if you want to say. @default not said */
  backup?: string;
  /** A cache has no volume. */
  volume?: never;
  /** Nothing is marked. */
  identity?: never;
  /** Nothing is guarded. */
  firstStartUntil?: never;
}

/** The profiles that keep data. */
export type KeepingPersistence = Exclude<RedisPersistence, typeof RedisPersistence.cache>;

/** Arguments of {@link Redis}. */
export type RedisArgs = KeepingRedisArgs | CacheRedisArgs;

/**
 * A Redis whose data survives SIGTERM and kill -9, as its persistence profile says.
 *
 * @example
 * new Redis("stateful", { image: "redis:7@sha256:…", volume, memoryLimit: "100M", password, publishedPort: 10000 });
 */
export class Redis extends pulumi.ComponentResource {
  /** Name of the service, which is also its host name on its networks. */
  readonly serviceName: pulumi.Output<string>;
  /** User that applications sign in as. */
  readonly username: pulumi.Output<string>;
  /** Most memory the task may use, in bytes. */
  readonly memoryLimitBytes: pulumi.Output<number>;

  constructor(name: string, args: RedisArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:Redis", checkedName(name, "Redis"), {}, opts);
    const {
      serviceName = name,
      image,
      volume,
      persistence = RedisPersistence.durable,
      identity = defaultIdentity(name),
      firstStartUntil,
      memoryLimit,
      password,
      previousPassword,
      operationsPassword,
      previousOperationsPassword,
      publishedPort,
      publishMode,
      tls,
      scripts = false,
      settings = {},
      backup,
      ...common
    } = checkedArguments(redisArguments(args), args, name);
    const hasTls = tls !== undefined;
    const hasCanary = typeof backup === "object" && backup.canary !== false && redisPersistence[persistence].appendOnly;
    const hasTimes = typeof backup === "object";
    const port = { publishedPort, publishMode };
    const spec = checked(() =>
      redisSpec({ persistence, memoryLimit, identity, firstStartUntil, hasTls, hasTimes, settings, ...port }, name),
    );
    const service = new StatefulService(
      name,
      {
        ...common,
        ...spec.service,
        ...(backup !== undefined && {
          backup: typeof backup === "string" ? backup : declaredBackup(backup, persistence, password, tls),
        }),
        labels: { ...common.labels, ...spec.service.labels },
        serviceName,
        image: whenKnown(image, (reference) => {
          tellUnknownDirectives(settings, reference, `${name}.settings`, this);
        }),
        data: volume === undefined ? [] : [{ volume, path: redisDataPath }],
        configFiles: configFiles(spec, tls),
        secretFiles: secretFiles(
          {
            password: checkedPassword(password, `${name}.password`, this),
            previousPassword,
            operationsPassword:
              operationsPassword && checkedPassword(operationsPassword, `${name}.operationsPassword`, this),
            previousOperationsPassword,
          },
          { scripts, hasCanary },
          tls,
        ),
      },
      { parent: this },
    );
    this.serviceName = service.serviceName;
    this.username = pulumi.output(RedisUser.application);
    this.memoryLimitBytes = pulumi.output(spec.limitBytes);
    this.registerOutputs({
      serviceName: this.serviceName,
      username: this.username,
      // For those who may read the stack's secrets: `holdfast redis` and `holdfast verify` sign in with it.
      password: pulumi.secret(password),
      ...(tls && { authority: tls.authority }),
      memoryLimitBytes: this.memoryLimitBytes,
    });
  }
}

/** A Redis without a log has its snapshots backed up, which tell their own time. */
function declaredBackup(
  { canary = true, ...backup }: RedisBackupArgs,
  persistence: RedisPersistence,
  password: pulumi.Input<string>,
  tls: RedisTls | undefined,
): ServiceBackupArgs {
  if (!redisPersistence[persistence].appendOnly) return { ...backup, kind: BackupKind.snapshot };
  if (!canary) return { ...backup, kind: BackupKind.log };
  const user = { username: RedisUser.backup, password: pulumi.secret(password).apply(backupPassword), port: redisPort };
  const authority = tls && { authority: tls.authority };
  return { ...backup, kind: BackupKind.log, canary: { ...user, ...authority } };
}

/** Refuses what the image certainly does not support, and warns of what a newer version may support. */
function tellUnknownDirectives(
  settings: Record<string, string>,
  image: string,
  path: string,
  resource: pulumi.Resource,
): void {
  for (const [setting, value] of Object.entries(settings)) {
    const finding = unknownDirective(setting, value, image, path);
    if (finding?.isCertain === true) throw finding.mistake;
    if (finding !== undefined) void pulumi.log.warn(finding.mistake.message, resource);
  }
}

/** The files without secrets. */
function configFiles(spec: RedisSpec, tls: RedisTls | undefined): Record<string, FileContent> {
  return {
    configuration: { path: redisPaths.configuration, content: spec.configuration },
    ...(spec.startScript !== undefined && { start: { path: startScriptPath, content: spec.startScript } }),
    ...(tls && { authority: { path: redisPaths.authority, content: tls.authority } }),
  };
}

/** Passwords as a person gives them. */
interface GivenPasswords {
  password: pulumi.Input<string>;
  previousPassword: pulumi.Input<string> | undefined;
  operationsPassword: pulumi.Input<string> | undefined;
  previousOperationsPassword: pulumi.Input<string> | undefined;
}

/** The files with secrets, which only the server may read. */
function secretFiles(
  passwords: GivenPasswords,
  { scripts, hasCanary }: { scripts: boolean; hasCanary: boolean },
  tls: RedisTls | undefined,
): Record<string, FileContent> {
  const given = pulumi.secret(passwords);
  const health = given.apply(({ password }) => healthPassword(password));
  const users = given.apply(({ password, previousPassword, operationsPassword, previousOperationsPassword }) =>
    redisAclFile(
      {
        application: [password, previousPassword].filter((each) => each !== undefined),
        health: [healthPassword(password)],
        // The companion is another service: it gets the new one a little later, or not at all when the deployment stops between the two.
        backup: hasCanary ? [password, previousPassword].filter((each) => each !== undefined).map(backupPassword) : [],
        operations: [operationsPassword, previousOperationsPassword].filter((each) => each !== undefined),
      },
      scripts,
    ),
  );
  const readable = readableBy(redisUserId);
  return {
    users: { path: redisPaths.users, content: users, ...readable },
    health: { path: redisPaths.healthPassword, content: health, ...readable },
    ...(tls && {
      certificate: { path: redisPaths.certificate, content: tls.certificate, ...readable },
      key: { path: redisPaths.key, content: tls.key, ...readable },
    }),
  };
}

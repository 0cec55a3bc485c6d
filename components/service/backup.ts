import * as pulumi from "@pulumi/pulumi";
import { backupConfigurationVariable, backupSecretFiles, type BackupConfiguration } from "../../backup/protocol.ts";
import { passwordFileFor } from "../../backup/postgresql/access.ts";
import { isSftp, isSftpCredential } from "../../backup/repository/sftp.ts";
import { findImage, majorVersion } from "../../model/image/catalogue.ts";
import { isSameConstraint, pinConstraint } from "../../model/placement/pin.ts";
import { isKnown, parseImageReference } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { requirePassword } from "../../model/service/password.ts";
import { formatDuration, parseDuration } from "../../text/duration.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { whenKnown } from "../arguments/arguments.ts";
import { checked } from "../arguments/checked.ts";
import { type DataVolume, volumeSpec } from "../volumes/data-volume.ts";
import { credentialMistake } from "./backup-target.ts";
import { type DrillArgs, drillArgs, drillInterval } from "./drill.ts";
import { defaultIdentity, readableBy } from "./preset.ts";
import type { DataMount, FileContent, StatefulServiceArgs } from "./stateful-service.ts";

/** Which of a server's files are backed up. */
export const BackupKind = {
  /** The append-only log of Redis 7 or Valkey, every few seconds: what was written a moment ago can be restored, and any moment before. */
  log: "log",
  /** `dump.rdb`, whenever the server has saved another one. */
  snapshot: "snapshot",
  /** The log of a PostgreSQL, every few seconds, and a copy of it every day: any moment can be restored. */
  postgresql: "postgresql",
  /** A file that any service writes for its backup, whenever there is another one. */
  file: "file",
} as const;

export type BackupKind = (typeof BackupKind)[keyof typeof BackupKind];

/** A backup into a repository of restic's, which is encrypted. Give either `repository` or `volume`. */
export interface BackupTarget {
  /** Where the repository is, in restic's own words: `s3:…`, `rest:…` or `sftp:…`. @default the volume */
  repository?: string;
  /** A volume that holds it, which the node of the data must reach; not the data's own. @default the repository elsewhere */
  volume?: DataVolume;
  /** What the repository is encrypted with. Keep a copy outside of the swarm: without it no backup can be opened. */
  password: pulumi.Input<string>;
  /** Where that copy is kept, in words, for the policies; never the password itself: it becomes a label. @default not said */
  passwordCopy?: string;
  /** Keys to the repository, by the names that restic reads, such as `AWS_ACCESS_KEY_ID`; for sftp `SFTP_PRIVATE_KEY` and `SFTP_KNOWN_HOSTS`. @default none */
  credentials?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** A backup that the component makes with a companion service. */
export interface BackupArgs {
  /** The repository. */
  to: BackupTarget;
  /** The image of that service, by digest: see docs/backup.md. */
  image: pulumi.Input<string>;
  /** How often new data is sent; losing the node loses this much. @default "2s" */
  every?: string;
  /** How many days back a restore can go. @default 7 */
  keepDays?: number;
  /** How long without a delivery makes that service unhealthy. @default "60s", or four times `every` */
  lateAfter?: string;
  /** A restore on a schedule, on another node, whose result is kept as a proof; `false` says that there is none. @default false */
  drill?: DrillArgs | false;
  /** How old a proved state may be so that a plan may destroy the data or leave it behind. @default such a plan is always refused */
  verifiedWithin?: string;
  /** Most memory it may use. @default "384M", for PostgreSQL "512M" */
  memoryLimit?: string;
}

/** A backup of a service whose files the component does not know. */
export interface ServiceBackupArgs extends BackupArgs {
  /** Which of its files are backed up. */
  kind: BackupKind;
  /** A user that may set and get `holdfast:canary`: the companion measures with it what would be lost, and notices a log that is no longer written. @default none */
  canary?: BackupCanary;
  /** How the backup signs in, to a PostgreSQL. @default it does not */
  server?: BackedUpServer;
  /** Which file is backed up, with `BackupKind.file`. @default the server's own */
  file?: BackedUpFile;
}

/** How the companion signs in to the server, for the canary. */
export interface BackupCanary {
  /** The user's name. */
  username: string;
  /** Its password. */
  password: pulumi.Input<string>;
  /** The port inside the container. */
  port: number;
  /** The authority that signed the server's certificate, as PEM, where it speaks TLS only. @default no TLS */
  authority?: pulumi.Input<string>;
}

/** A file that a service writes for its backup: under another name first, which it then renames, so that it is always whole. */
export interface BackedUpFile {
  /** Where it is, below the folder of the volume. */
  path: string;
  /** How old it may be before the backup is late: losing the node loses this much. */
  maxAge: string;
  /** Where a restore puts it, below the folder of the new volume. @default where it is */
  restoreAs?: string;
}

/** How a backup signs in to a PostgreSQL, as the user `holdfast_backup`, which must be there; the component `PostgreSQL` makes it. */
export interface BackedUpServer {
  /** The password of that user. */
  password: pulumi.Input<string>;
  /** Where the server keeps its data, below the folder of the volume. */
  folder: string;
  /** The port that it listens on inside the container. @default 5432 */
  port?: number;
}

/** Where the folder of a repository is in the companion. */
const repositoryPath = "/repository";

const secretsFolder = "/run/secrets";

/** The user that reads Redis' files, unless another one writes them. */
const redisUser = "999:999";

/** Where the authority of the server's certificate is in the companion. */
const authorityPath = "/etc/holdfast/ca.crt";

/** As {@link BackupArgs} says. */
const defaults = { every: "2s", keepDays: 7 };

/** The log of a PostgreSQL waits in the companion's memory until it is delivered. */
const defaultMemoryLimits: Readonly<Record<BackupKind, string>> = {
  log: "384M",
  snapshot: "384M",
  postgresql: "512M",
  file: "384M",
};

/** A service with a backup. */
export interface BackedUp extends Pick<
  StatefulServiceArgs,
  "constraints" | "data" | "labels" | "logDriver" | "stopped" | "transform" | "user"
> {
  serviceName: string;
  memoryLimit: string;
  backup: ServiceBackupArgs;
}

/** The services that are made for a backup. */
export interface BackupServices {
  /** The companion, the service that backs up another one. It reads the data and writes only the repository. */
  readonly companion: StatefulServiceArgs;
  /** The service that restores it on a schedule, where that is declared. */
  readonly drill: StatefulServiceArgs | undefined;
}

/**
 * The arguments of the services that are made for a backup. The companion of a PostgreSQL does not mount the data: it joins the server's networks.
 *
 * @param networkIds - where the server is reached
 * @param name - the component's name, which precedes the arguments' names in an error
 * @throws InputError when the service has several data volumes, or the node of the data does not reach the repository
 */
export function backupServices(
  service: BackedUp,
  name: string,
  networkIds: () => pulumi.Input<string>[],
): BackupServices {
  const { serviceName, backup, constraints, logDriver, stopped, transform } = service;
  const user = service.user ?? usualUser(backup, `${name}.user`);
  const { to, image, kind, server, file, every, keepDays, memoryLimit } = {
    ...defaults,
    memoryLimit: defaultMemoryLimits[backup.kind],
    ...backup,
  };
  const data = dataMount(service.data, `${name}.backup`);
  requireNumber(user, `${name}.user`);
  if (to.volume !== undefined) requireReached(to.volume, data.volume, `${name}.backup.to.volume`);
  // A snapshot tells its own time.
  const canary = kind === BackupKind.log ? backup.canary : undefined;
  const configuration: Omit<BackupConfiguration, "secrets" | "status"> = {
    store: service.labels?.[ownerLabels.identity] ?? defaultIdentity(name),
    data: data.path,
    kind,
    ...(server && { server: { host: serviceName, port: server.port ?? 5432, folder: server.folder } }),
    ...(file && {
      file: { path: file.path, restoreAs: file.restoreAs ?? file.path, maxAgeSeconds: seconds(file.maxAge) },
    }),
    repository: to.repository ?? repositoryPath,
    everySeconds: seconds(every),
    keepDays,
    lateAfterSeconds: lateAfterSeconds(backup, `${name}.backup.lateAfter`),
  };
  const unasked: StatefulServiceArgs = {
    serviceName: `${serviceName}-backup`,
    image,
    memoryLimit,
    data: [
      ...(server ? [] : [{ ...data, readOnly: true }]),
      ...(to.volume === undefined ? [] : [{ volume: to.volume, path: repositoryPath }]),
    ],
    args: ["follow"],
    environment: { [backupConfigurationVariable]: JSON.stringify(configuration) },
    secretFiles: secretFiles(to, user, `${name}.backup.to`),
    configFiles: isSftp(to.repository ?? "") ? { passwd: usersFile(user) } : {},
    user,
    dropCapabilities: ["ALL"],
    readOnlyRoot: true,
    scratch: [{ path: "/tmp" }],
    healthCheck: {
      test: ["CMD", "node", "/opt/holdfast/backup/main.ts", "health"],
      interval: "10s",
      timeout: "10s",
      retries: 3,
      startPeriod: "60s",
    },
    labels: {
      [serviceLabels.image]: companionImage,
      [serviceLabels.backupOf]: serviceName,
      ...(backup.drill && { [serviceLabels.drill]: drillInterval(backup.drill) }),
      ...(to.passwordCopy !== undefined && { [serviceLabels.passwordCopy]: to.passwordCopy }),
      ...backupLabels(backup),
    },
    networkIds: [],
    ...((constraints || server) && { constraints: [...(constraints ?? []), ...(server ? pinOf(data, name) : [])] }),
    ...(logDriver && { logDriver }),
    ...(stopped !== undefined && { stopped }),
    transform: {
      ...(transform?.backup && { service: transform.backup }),
      ...(transform?.secret && { secret: transform.secret }),
    },
  };
  const companion = server
    ? withServer({ ...unasked, networkIds: networkIds() }, server, user)
    : canary
      ? withCanary({ ...unasked, networkIds: networkIds() }, { serviceName, configuration, canary, user })
      : unasked;
  const drilled = { serviceName, memoryLimit: service.memoryLimit, backup, data, configuration, companion: unasked };
  return { companion, drill: drillArgs(drilled, `${name}.backup.drill`) };
}

/** Who reads the files, where the service does not say who writes them. */
function usualUser({ kind }: ServiceBackupArgs, path: string): string {
  if (kind !== BackupKind.file) return redisUser;
  throw new InputError({
    path,
    expected:
      "the number of the user that the service runs as: the backup reads its file as that user, and restores it",
    got: "nothing",
    fix: "Write for example 1000:1000, or 0:0 for root; `id` in the service's container says it",
  });
}

/** The companion's image knows no users, and Swarm no names for a secret's owner. */
function requireNumber(user: string, path: string): void {
  if (/^\d+(?::\d+)?$/u.test(user)) return;
  throw new InputError({
    path,
    expected: "the number of the user, for a service with a backup: the companion reads its files as that user",
    got: showValue(user),
    fix: "Write for example 999:999; `id` in the service's container says it",
  });
}

/** The companion's entry in the catalogue of images. */
const companionImage = "holdfast-backup";

function dataMount(mounts: DataMount[], path: string): DataMount {
  const [data, ...others] = mounts.filter(({ readOnly }) => readOnly !== true);
  if (data !== undefined && others.length === 0) return data;
  throw new InputError({
    path,
    expected: "words, where there is not one volume with data",
    got: `a repository, and ${others.length === 0 ? "no volume" : `${others.length + 1} volumes`}`,
    fix: "Say in words how they are backed up",
  });
}

/** Where the data is: a companion that does not mount it runs beside it all the same. */
function pinOf({ volume }: DataMount, name: string): string[] {
  const { pin } = volumeSpec(volume);
  return pin === undefined ? [] : [pinConstraint(pin, `${name}.backup.pin`)];
}

/** The companion runs on the node of the data, so the repository must be reachable there. */
function requireReached(repository: DataVolume, data: DataVolume, path: string): void {
  const [theirs, own] = [repository, data].map((volume) => volumeSpec(volume).pin);
  if (theirs === undefined) return;
  const node = pinConstraint(theirs, `${path}.pin`);
  if (own !== undefined && isSameConstraint(node, pinConstraint(own, `${path}.pin`))) return;
  throw new InputError({
    path,
    expected: "a volume that the node of the data reaches",
    got: `one that is only where ${node}`,
    fix: "Use a NetworkVolume or, in place of a volume, a repository of s3, rest or sftp; a volume of the same node, by the same mark, is lost with it",
  });
}

/** A companion that signs in to a PostgreSQL: a drill, which is made of the same arguments, does not. */
function withServer(companion: StatefulServiceArgs, { password }: BackedUpServer, user: string): StatefulServiceArgs {
  const path = `${secretsFolder}/${backupSecretFiles.server}`;
  const content = pulumi.secret(password).apply(passwordFileFor);
  return {
    ...companion,
    secretFiles: { ...companion.secretFiles, server: { path, content, ...readableBy(ownerOf(user)) } },
  };
}

/** A companion that also writes a canary into a Redis: a drill does not reach it. */
function withCanary(
  companion: StatefulServiceArgs,
  { serviceName, configuration, canary, user }: Asked,
): StatefulServiceArgs {
  const { authority, password } = canary;
  const asking = { ...configuration, canary: canaryServer(serviceName, canary) };
  const content = { path: `${secretsFolder}/${backupSecretFiles.canary}`, content: password };
  return {
    ...companion,
    environment: { [backupConfigurationVariable]: JSON.stringify(asking) },
    secretFiles: { ...companion.secretFiles, canary: { ...content, ...readableBy(ownerOf(user)) } },
    configFiles: {
      ...companion.configFiles,
      ...(authority !== undefined && { authority: { path: authorityPath, content: authority } }),
    },
  };
}

interface Asked {
  readonly serviceName: string;
  readonly configuration: Omit<BackupConfiguration, "secrets" | "status">;
  readonly canary: BackupCanary;
  readonly user: string;
}

/** The name of the server's task in its networks, which is the same whether Swarm gives the service an address of its own or not. */
function canaryServer(serviceName: string, { username, port, authority }: BackupCanary): BackupConfiguration["canary"] {
  const host = `tasks.${serviceName}`;
  return { host, port, username, ...(authority !== undefined && { authority: authorityPath }) };
}

function secretFiles(
  { password, passwordCopy, credentials }: BackupTarget,
  user: string,
  path: string,
): Record<string, FileContent> {
  const readable = readableBy(ownerOf(user));
  return {
    password: {
      path: `${secretsFolder}/${backupSecretFiles.password}`,
      content: whenKnown(password, (known) => {
        requirePassword(known, `${path}.password`);
        if (passwordCopy?.includes(known) === true) throw passwordInWords(`${path}.passwordCopy`);
      }),
      ...readable,
    },
    ...(credentials && {
      credentials: {
        path: `${secretsFolder}/${backupSecretFiles.credentials}`,
        content: pulumi.secret(credentials).apply((known) => credentialLines(known, `${path}.credentials`)),
        ...readable,
      },
    }),
  };
}

function ownerOf(user: string): string {
  return user.split(":", 1)[0] ?? user;
}

function passwordInWords(path: string): InputError {
  return new InputError({
    path,
    expected: "where a copy of the password is kept",
    got: "the password itself, which everybody would see in a label",
    fix: 'Write for example "the team\'s password manager", and choose another password',
  });
}

/** `ssh` refuses a user that has no name, and the image knows none but the server's own. */
function usersFile(user: string): FileContent {
  const [id = "", group = id] = user.split(":");
  return { path: "/etc/passwd", content: `root:x:0:0::/:/bin/sh\nholdfast:x:${id}:${group}::/tmp:/bin/sh\n` };
}

function credentialLines(credentials: Record<string, string>, path: string): string {
  const lines = Object.entries(credentials).map(([name, value]) => {
    const mistake = credentialMistake(name, value);
    checked(() => {
      if (mistake !== undefined) throw new InputError({ path: `${path}.${name}`, ...mistake });
    });
    return `${name}=${isSftpCredential(name) ? Buffer.from(value).toString("base64") : value}\n`;
  });
  return lines.join("");
}

/** A service's label for its backup: where it goes and how often, without secrets. */
export function backupWords(backup: string | ServiceBackupArgs): string {
  if (typeof backup === "string") return backup;
  const { to, every = defaults.every, kind, file } = backup;
  const often =
    file !== undefined
      ? `${file.path} when it is written, at least every ${file.maxAge}`
      : kind === BackupKind.snapshot
        ? `after each save, within ${every}`
        : `every ${every}`;
  return `restic, ${often}, to ${to.repository ?? (to.volume && `the ${volumeSpec(to.volume).identity}`) ?? ""}`;
}

/** What a service's labels say of its backup besides the words. */
export function backupLabels(backup: string | ServiceBackupArgs | undefined): Record<string, string> {
  if (typeof backup !== "object" || backup.verifiedWithin === undefined) return {};
  return { [serviceLabels.verifiedWithin]: backup.verifiedWithin };
}

/**
 * Checks that the companion knows the files of an image.
 *
 * @param saidToBe - the entry of the catalogue that the service's label names
 * @param path - the backup's path among the service's arguments, for the error
 * @throws InputError for an image that is not known to be of that server, and where an older Redis is to have its log followed
 */
export function requireBackedUpImage(
  image: string,
  saidToBe: string | undefined,
  kind: BackupKind,
  path: string,
): void {
  if (kind === BackupKind.file) return;
  const reference = parseImageReference(image);
  const entry = findImage(reference, saidToBe);
  if (kind === BackupKind.postgresql) {
    if (isKnown(entry) && entry?.name === "postgres") return;
    throw new InputError({
      path: `${path}.kind`,
      expected: "another kind, or words, for a service that is not known to be a PostgreSQL",
      got: showValue(kind),
      fix: `Say in words how it is backed up, or name what the image is: labels: { "${serviceLabels.image}": "postgres" }`,
    });
  }
  if (!isKnown(entry) || entry?.redis === undefined) {
    throw new InputError({
      path,
      expected:
        "BackupKind.file or words, for a service that is not known to be Redis, Valkey or PostgreSQL, whose files the backup knows",
      got: `BackupKind.${kind}`,
      fix: `Let the service write a file for its backup, or name what the image is: labels: { "${serviceLabels.image}": "redis" }`,
    });
  }
  const major = majorVersion(reference.tag);
  if (kind === BackupKind.snapshot || major === undefined || major >= 7) return;
  throw new InputError({
    path: `${path}.kind`,
    expected: "a server whose log has several files: Redis 7 or Valkey",
    got: `${entry.title} ${major}`,
    fix: `Choose BackupKind.snapshot, which backs dump.rdb up, or a newer version`,
  });
}

/** A delivery takes its own time, and may be tried again. */
function lateAfterSeconds({ every = defaults.every, lateAfter }: ServiceBackupArgs, path: string): number {
  const least = 3 * seconds(every);
  if (lateAfter === undefined) return Math.max(60, 4 * seconds(every));
  if (seconds(lateAfter) >= least) return seconds(lateAfter);
  throw new InputError({
    path,
    expected: `at least three times as long as from one delivery to the next: ${formatDuration(1000 * least)}`,
    got: lateAfter,
    fix: "Raise it, or deliver more often",
  });
}

function seconds(duration: string): number {
  return parseDuration(duration, "") / 1000;
}

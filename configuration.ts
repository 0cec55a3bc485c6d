import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { BackupArgs } from "./components/service/backup.ts";
import { requireRepository } from "./components/service/backup-target.ts";
import { PublishMode } from "./components/service/ports.ts";
import type { DataVolume } from "./components/volumes/data-volume.ts";
import { VolumeCreator } from "./components/volumes/volume-spec.ts";
import { requireDigest } from "./model/image/digest.ts";
import { ownProject, secretSettings, unknownSetting, type OwnSetting } from "./model/own-settings.ts";
import { requireNodePattern } from "./model/placement/node-pattern.ts";
import { requireNodeMark } from "./model/placement/pin.ts";
import { redisLeastMemoryBytes, RedisPersistence } from "./model/redis/persistence.ts";
import { requireServiceName } from "./model/service/name.ts";
import { requirePassword, shortPassword } from "./model/service/password.ts";
import { parseFirstStart, requireIdentity } from "./model/service/start-guard.ts";
import { requireVolumeName } from "./model/storage/volume-name.ts";
import { advised, advisedSetting } from "./text/advised-command.ts";
import { parseSizeFrom } from "./text/byte-size.ts";
import { InputError, showValue } from "./text/input-error.ts";
import { oneOf } from "./text/one-of.ts";
import { parsePort } from "./text/whole-number.ts";

const { durable, balanced, snapshot } = RedisPersistence;
const volumeOrigins = { ...VolumeCreator, nobody: "nobody" } as const;

/** Stack settings: `pulumi config set holdfast:<name> <value>`, `Pulumi.<stack>.yaml`. */
const schema = z.object({
  /** Name of the service. */
  service: setting("service", requireServiceName).prefault("stateful"),
  /** The image of Redis, by digest. */
  image: setting("image", requireDigest, "holdfast:image <name>@sha256:<digest>"),
  /** Port on the node. */
  port: setting("port", parsePort).prefault("10000"),
  /** How the port is published: `host` or `ingress`. */
  publishMode: setting("publishMode", oneOf(PublishMode)).prefault(PublishMode.host),
  /** Name of the volume. */
  volume: setting("volume", requireVolumeName).prefault("foobarstore"),
  /**
   * Who creates the volume: `provider`, the engine that Pulumi talks to; `task`, the pinned node's where that is another; or
   * `nobody`: it exists and is managed elsewhere, and the program uses its content.
   */
  volumeCreatedBy: setting("volumeCreatedBy", oneOf(volumeOrigins)).prefault(VolumeCreator.provider),
  /** The store whose mark the volume has, if it is another one's: `<project>/<stack>/redis`. */
  identity: setting("identity", requireIdentity).exactOptional(),
  /** Where the engines of the nodes are, such as `ssh://root@{hostname}`; read by the components too. */
  nodes: setting("nodes", requireNodePattern).exactOptional(),
  /** Hostname of the node that the volume lives on. */
  node: setting("node", requireNodeMark, "holdfast:node <hostname>"),
  /** Most memory the task may use. */
  memoryLimit: setting("memoryLimit", requireMemoryLimit).prefault("100M"),
  /** Whether `application` may run scripts: `true` or `false`. */
  scripts: setting("scripts", readFlag).prefault("false"),
  /** How the data is kept: `durable`, `balanced` or `snapshot`; a cache would keep none. */
  persistence: setting("persistence", oneOf({ durable, balanced, snapshot })).prefault(durable),
  /** How the data is backed up, in words, or `none: ` and the reason. */
  backup: z.string().exactOptional(),
  /**
   * The repository of backups: `s3:…`, `rest:…` or `sftp:…` as restic has it, or the name of a volume of the node. What `backup` says
   * besides counts for nothing.
   */
  backupTo: setting("backupTo", requireBackupPlace).exactOptional(),
  /** The image that makes them, by digest. */
  backupImage: setting("backupImage", requireDigest).exactOptional(),
  /** Until when a volume without this store's mark may become its own; `npm run up` sets it while the stack has no data. */
  firstStartUntil: setting("firstStartUntil", requireFirstStart).exactOptional(),
  /** Password of the user `application`. */
  password: setting("password", requireLongPassword, "--secret holdfast:password"),
  /** The one before, which still works while clients change over. */
  previousPassword: setting("previousPassword", requirePassword).exactOptional(),
  /** Password of the user `operations`, who does not exist without one. */
  operationsPassword: setting("operationsPassword", requireLongPassword).exactOptional(),
  /** The one before, which still works while people and tools change over. */
  previousOperationsPassword: setting("previousOperationsPassword", requirePassword).exactOptional(),
  /** What the repository of backups is encrypted with; keep a copy. */
  backupPassword: setting("backupPassword", requireLongPassword).exactOptional(),
  /** Keys to that repository, as restic reads them: `AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…`. */
  backupCredentials: setting("backupCredentials", parseCredentials).exactOptional(),
} satisfies Record<OwnSetting, z.ZodType>);

type Settings = z.output<typeof schema>;

/** The stack's settings, checked; passwords as Pulumi's secrets. */
export type Configuration = {
  [Name in keyof Settings]: Name extends (typeof secretSettings)[number]
    ? pulumi.Output<NonNullable<Settings[Name]>>
    : Settings[Name];
};

/**
 * Reads the stack's configuration.
 *
 * @throws pulumi.RunError with one line for each mistake; Pulumi shows it without a stack trace
 */
export function readConfiguration(): Configuration {
  const config = new pulumi.Config(ownProject);
  const texts = Object.keys(schema.shape).map((key) => [key, config.get(key)] as const);
  const settings = schema.safeParse(Object.fromEntries(texts.filter(([, text]) => text !== undefined)));
  const mistakes = [
    ...(settings.error?.issues ?? []).map(({ message }) => message),
    ...unknownSettings(),
    ...backupMistakes(settings.data),
  ];
  if (!settings.success || mistakes.length > 0) throw new pulumi.RunError(mistakes.join("\n"));
  warnOfClearText();
  const isSecret = (name: string): boolean => secretSettings.some((each) => each === name);
  const values = Object.entries(settings.data).map(([name, value]) => [
    name,
    isSecret(name) ? pulumi.secret(value) : value,
  ]);
  // Object.fromEntries forgets which value is whose.
  return Object.fromEntries(values) as Configuration;
}

/**
 * Checks the value of one setting before it is set.
 *
 * @throws InputError, the one that the program would end with
 */
export function requireSetting(name: OwnSetting, text: string): void {
  for (const issue of schema.shape[name].safeParse(text).error?.issues ?? []) {
    const { mistake } = ("params" in issue && issue.params) || {};
    if (mistake instanceof InputError) throw mistake;
  }
}

/**
 * One setting, read by the model; the message of its issue is that of the model's InputError.
 *
 * @param setBy - what to give to `pulumi config set`, for a setting that cannot be left out
 */
function setting<Value>(key: string, read: (text: string, path: string) => Value, setBy = "") {
  return z.string({ error: () => unset(key, setBy).message }).transform((text, context): Value => {
    try {
      return read(text, `${ownProject}:${key}`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.addIssue({ code: "custom", message: error.message, params: { mistake: error } });
      return z.NEVER;
    }
  });
}

function unset(key: string, setBy: string): InputError {
  return new InputError({
    path: `${ownProject}:${key}`,
    expected: "a value",
    got: showValue(undefined),
    fix: `Set it by \`${advisedSetting(setBy)}\`; \`${advised("up")}\` does it by itself where the choice is clear`,
  });
}

function readFlag(text: string, path: string): boolean {
  return oneOf({ yes: "true", no: "false" })(text, path) === "true";
}

function requireMemoryLimit(size: string, path: string): string {
  parseSizeFrom(redisLeastMemoryBytes, size, path);
  return size;
}

function requireFirstStart(time: string, path: string): string {
  parseFirstStart(time, path);
  return time;
}

function requireLongPassword(password: string, path: string): string {
  const short = shortPassword(requirePassword(password, path), path);
  if (short === undefined) return password;
  const { expected, got } = short;
  throw new InputError({ path, expected, got, fix: `Set a longer one by \`${advisedSetting(`--secret ${path}`)}\`` });
}

/** Checks where backups go: restic's words, or the name of a volume. */
function requireBackupPlace(place: string, path: string): string {
  return place.includes(":") ? requireRepository(place, path) : requireVolumeName(place, path);
}

/** Reads keys by their names, with blanks between them; no message shows one. */
function parseCredentials(text: string, path: string): Record<string, string> {
  const pairs = text
    .trim()
    .split(/\s+/u)
    .map((pair) => /^(?<name>[A-Z][A-Z0-9_]*)=(?<value>\S+)$/u.exec(pair)?.groups);
  const known = pairs.filter((pair) => pair !== undefined);
  if (known.length === pairs.length) return Object.fromEntries(known.map(({ name = "", value = "" }) => [name, value]));
  throw new InputError({
    path,
    expected: "names and values such as AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…, with a blank between two",
    got: "something else",
    fix: `Set them by \`${advisedSetting(`--secret ${path}`)}\``,
  });
}

/** What the settings of a backup lack. */
function backupMistakes(settings: Settings | undefined): string[] {
  if (settings?.backupTo === undefined) return [];
  const { backupImage, backupPassword } = settings;
  const missing = (key: OwnSetting, expected: string, fix: string): string =>
    new InputError({ path: `${ownProject}:${key}`, expected, got: showValue(undefined), fix }).message;
  const setImage = advisedSetting("holdfast:backupImage <name>@sha256:<digest>");
  const setPassword = advisedSetting("--secret holdfast:backupPassword");
  return [
    ...(backupImage === undefined
      ? [
          missing(
            "backupImage",
            "an image that makes backups",
            `Build one (docs/backup.md), and set it by \`${setImage}\``,
          ),
        ]
      : []),
    ...(backupPassword === undefined
      ? [missing("backupPassword", "a password", `Set one by \`${setPassword}\`, and keep a copy elsewhere`)]
      : []),
  ];
}

/**
 * Settings with the backup that they ask for, in words or into a repository, as a Redis takes it.
 *
 * @param volumeNamed - makes the volume of the repository, where that is one
 */
export function withBackup<Others extends Pick<Configuration, BackupSetting>>(
  settings: Others,
  volumeNamed: (volumeName: string) => DataVolume,
): Omit<Others, BackupSetting> & { backup?: string | BackupArgs } {
  const { backup, backupTo, backupImage, backupPassword, backupCredentials, ...others } = settings;
  if (backupTo === undefined || backupImage === undefined || backupPassword === undefined)
    return { ...others, ...(backup !== undefined && { backup }) };
  const place = backupTo.includes(":") ? { repository: backupTo } : { volume: volumeNamed(backupTo) };
  const credentials = backupCredentials && { credentials: backupCredentials };
  return { ...others, backup: { to: { ...place, password: backupPassword, ...credentials }, image: backupImage } };
}

type BackupSetting = Extract<OwnSetting, `backup${string}`>;

/** Settings that nothing reads. */
function unknownSettings(): string[] {
  return Object.keys(pulumi.runtime.allConfig())
    .filter((key) => key.startsWith(`${ownProject}:`))
    .flatMap((key) => unknownSetting(key.slice(ownProject.length + 1))?.message ?? []);
}

/** A clear-text password in the stack's settings works, but anyone who can read the file has it. */
function warnOfClearText(): void {
  // The SDK's types leave it out; nothing else says whether a setting was encrypted.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean };
  for (const name of secretSettings) {
    const key = `${ownProject}:${name}`;
    if (pulumi.runtime.getConfig(key) === undefined || isConfigSecret(key)) continue;
    const { message } = new InputError({
      path: key,
      expected: "an encrypted value",
      got: "one in clear text in the stack's settings",
      fix: `Set a new one by \`${advisedSetting(`--secret ${key}`)}\``,
    });
    void pulumi.log.warn(message);
  }
}

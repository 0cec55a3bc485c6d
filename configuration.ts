import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { VolumeCreator } from "./components/local-volume.ts";
import { PublishMode } from "./components/service-spec.ts";
import { oneOf } from "./model/choice.ts";
import { requireDigest } from "./model/image-reference.ts";
import { InputError, showValue } from "./model/input-error.ts";
import { requireNodeMark } from "./model/pin.ts";
import { redisMaxMemoryBytes, RedisPersistence } from "./model/redis-persistence.ts";
import { requireServiceName } from "./model/service-name.ts";
import { parseSize } from "./model/sizes.ts";
import { parseFirstStart } from "./model/start-guard.ts";
import { requireVolumeName } from "./model/volume-name.ts";
import { parsePort } from "./model/whole-number.ts";

const namespace = "holdfast";
const { durable, balanced, snapshot } = RedisPersistence;

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
  /** Who creates the volume: `provider`, the engine that Pulumi talks to, or `task`, the pinned node's where that is another. */
  volumeCreatedBy: setting("volumeCreatedBy", oneOf(VolumeCreator)).prefault(VolumeCreator.provider),
  /** Hostname of the node that the volume lives on. */
  node: setting("node", requireNodeMark, "holdfast:node <hostname>"),
  /** Most memory the task may use. */
  memoryLimit: setting("memoryLimit", requireMemoryLimit).prefault("100M"),
  /** How the data is kept: `durable`, `balanced` or `snapshot`; a cache would keep none. */
  persistence: setting("persistence", oneOf({ durable, balanced, snapshot })).prefault(durable),
  /** How the data is backed up, in words, or `none: ` and the reason. */
  backup: z.string().exactOptional(),
  /** Until when a volume without this store's mark may become its own; `npm run up` sets it while the stack has no data. */
  firstStartUntil: setting("firstStartUntil", requireFirstStart).exactOptional(),
  /** Password of the user `application`. */
  password: setting("password", requirePassword, "--secret holdfast:password"),
  /** The one before, which still works while clients change over. */
  previousPassword: z.string().exactOptional(),
  /** Password of the user `operations`, who does not exist without one. */
  operationsPassword: setting("operationsPassword", requirePassword).exactOptional(),
  /** The one before, which still works while people and tools change over. */
  previousOperationsPassword: z.string().exactOptional(),
});

type Settings = z.output<typeof schema>;

/** What the program is told by its stack, checked; passwords as Pulumi's secrets. */
export type Configuration = Omit<Settings, keyof Passwords> & Passwords;

interface Passwords {
  password: pulumi.Output<string>;
  previousPassword?: pulumi.Output<string>;
  operationsPassword?: pulumi.Output<string>;
  previousOperationsPassword?: pulumi.Output<string>;
}

/**
 * Reads the stack's configuration.
 *
 * @throws pulumi.RunError with one line for each mistake; Pulumi shows it without a stack trace
 */
export function readConfiguration(): Configuration {
  const config = new pulumi.Config(namespace);
  const texts = Object.keys(schema.shape).map((key) => [key, config.get(key)] as const);
  const settings = schema.safeParse(Object.fromEntries(texts.filter(([, text]) => text !== undefined)));
  if (settings.error) throw new pulumi.RunError(settings.error.issues.map(({ message }) => message).join("\n"));
  const { password, previousPassword, operationsPassword, previousOperationsPassword, ...plain } = settings.data;
  return {
    ...plain,
    password: pulumi.secret(password),
    ...(previousPassword !== undefined && { previousPassword: pulumi.secret(previousPassword) }),
    ...(operationsPassword !== undefined && { operationsPassword: pulumi.secret(operationsPassword) }),
    ...(previousOperationsPassword !== undefined && {
      previousOperationsPassword: pulumi.secret(previousOperationsPassword),
    }),
  };
}

/**
 * One setting, read by the model; the message of its issue is that of the model's InputError.
 *
 * @param setBy - what to give to `pulumi config set`, for a setting that cannot be left out
 */
function setting<Value>(key: string, read: (text: string, path: string) => Value, setBy = "") {
  return z.string({ error: () => unset(key, setBy).message }).transform((text, context): Value => {
    try {
      return read(text, `${namespace}:${key}`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });
}

function unset(key: string, setBy: string): InputError {
  return new InputError({
    path: `${namespace}:${key}`,
    expected: "a value",
    got: showValue(undefined),
    fix: `Set it by \`pulumi config set ${setBy}\`; \`npm run up\` does it by itself where the choice is clear`,
  });
}

function requireMemoryLimit(size: string, path: string): string {
  redisMaxMemoryBytes(RedisPersistence.durable, parseSize(size, path), path);
  return size;
}

function requireFirstStart(time: string, path: string): string {
  parseFirstStart(time, path);
  return time;
}

function requirePassword(password: string, path: string): string {
  if (password.length >= 16) return password;
  throw new InputError({
    path,
    expected: "at least 16 characters",
    got: `${password.length}`,
    fix: `Set a longer one by \`pulumi config set --secret ${path}\``,
  });
}

import { redisLeastMemoryBytes, RedisPersistence } from "../../model/redis/persistence.ts";
import { requirePassword } from "../../model/service/password.ts";
import { parseFirstStart, requireIdentity } from "../../model/service/start-guard.ts";
import { oneOf } from "../../text/one-of.ts";
import { absent, fields, flag, named, refuse, secretText, text } from "../arguments/arguments.ts";
import {
  commonArguments,
  dataVolume,
  imageText,
  memory,
  port,
  publishMode,
  redisBackup,
} from "../service/service-arguments.ts";
import { findSettingMistake } from "./configuration.ts";
import { unknownDirective } from "./directives.ts";

const { durable, balanced, snapshot, cache } = RedisPersistence;

/** The arguments of every Redis; its settings are compared with what the image supports, if the image is already known. */
function redisSettings(image: unknown) {
  const setting = text("20");
  const settings = named(setting).superRefine((given, context) => {
    for (const [name, value] of Object.entries(given)) {
      if (typeof value !== "string") continue;
      const mistake = findSettingMistake(name, value, "") ?? certainMistake(name, value, image);
      if (mistake !== undefined) refuse(context, mistake, [name]);
    }
  });
  return {
    ...commonArguments,
    image: imageText("redis:7"),
    memoryLimit: memory(redisLeastMemoryBytes),
    password: secretText(requirePassword),
    previousPassword: secretText(requirePassword).optional(),
    operationsPassword: secretText(requirePassword).optional(),
    previousOperationsPassword: secretText(requirePassword).optional(),
    publishedPort: port.optional(),
    publishMode: publishMode.optional(),
    tls: fields({ certificate: secretText(), key: secretText(), authority: secretText() }).optional(),
    scripts: flag().optional(),
    settings: settings.optional(),
  };
}

function certainMistake(name: string, value: string, image: unknown) {
  const finding = typeof image === "string" ? unknownDirective(name, value, image, "") : undefined;
  return finding?.isCertain === true ? finding.mistake : undefined;
}

/** The arguments of a `Redis`; a cache has different ones. */
export function redisArguments(given: { persistence?: unknown; image?: unknown } | null | undefined) {
  const settings = redisSettings(given?.image);
  const none = (what: string) =>
    absent(`no ${what}, because a cache keeps no data`, "Leave it out, or choose a persistence that keeps data");
  if (given?.persistence === cache) {
    return fields({
      ...settings,
      persistence: text(cache),
      volume: none("volume"),
      identity: none("identity"),
      firstStartUntil: none("first start"),
    });
  }
  return fields({
    ...settings,
    volume: dataVolume,
    backup: redisBackup.optional(),
    persistence: text(durable, oneOf({ durable, balanced, snapshot, cache })).optional(),
    identity: text("shop/prod/redis", requireIdentity).optional(),
    firstStartUntil: text("2026-11-23T12:00:00Z", parseFirstStart).optional(),
  });
}

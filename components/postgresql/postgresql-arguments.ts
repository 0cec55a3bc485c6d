import { parseFirstStart, requireIdentity } from "../../model/service/start-guard.ts";
import { leastReservedBytes } from "../../text/byte-size.ts";
import { fields, numeric, secretText, text } from "../arguments/arguments.ts";
import {
  commonArguments,
  dataVolume,
  imageText,
  memory,
  port,
  publishMode,
  storeBackup,
} from "../service/service-arguments.ts";
import { postgresqlPaths, requirePostgresqlPassword, requireSqlName, requireVersionOfImage } from "./preparation.ts";

/** The arguments of a `PostgreSQL`; the version is compared with the image, if that is already known. */
export function postgresqlArguments(given: { image?: unknown } | null | undefined) {
  const image = given?.image;
  return fields({
    ...commonArguments,
    image: imageText("postgres:17"),
    majorVersion: numeric(17, (version, path) => {
      postgresqlPaths(version, path);
      if (typeof image === "string") requireVersionOfImage(version, image, path);
    }),
    // Of which a quarter is reserved.
    memoryLimit: memory(4 * leastReservedBytes),
    volume: dataVolume,
    backup: storeBackup.optional(),
    password: secretText(requirePostgresqlPassword),
    username: text("postgres", requireSqlName).optional(),
    database: text("orders", requireSqlName).optional(),
    identity: text("shop/prod/orders", requireIdentity).optional(),
    firstStartUntil: text("2026-11-23T12:00:00Z", parseFirstStart).optional(),
    publishedPort: port.optional(),
    publishMode: publishMode.optional(),
  });
}

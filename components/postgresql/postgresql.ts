import * as pulumi from "@pulumi/pulumi";
import { backupPassword } from "../../model/service/password.ts";
import { startScriptPath } from "../../model/service/start-guard.ts";
import { checkedArguments, checkedName, whenKnown } from "../arguments/arguments.ts";
import { checkedPassword } from "../arguments/checked-password.ts";
import { checked } from "../arguments/checked.ts";
import { type BackupArgs, BackupKind } from "../service/backup.ts";
import { defaultIdentity, type PresetArgs, readableBy, type StoreArgs } from "../service/preset.ts";
import { StatefulService } from "../service/stateful-service.ts";
import { postgresqlArguments } from "./postgresql-arguments.ts";
import { postgresqlPasswordFile, postgresqlSpec, postgresqlUserId } from "./postgresql-spec.ts";
import {
  postgresqlBackupPasswordFile,
  postgresqlFirstStartPath,
  postgresqlPort,
  requirePostgresqlPassword,
  requireVersionOfImage,
} from "./preparation.ts";

const readable = readableBy(postgresqlUserId);

/** Arguments of {@link PostgreSQL}. */
export interface PostgreSQLArgs extends StoreArgs, PresetArgs {
  /** An image of PostgreSQL that is shaped like the official one for Debian, by digest. */
  image: pulumi.Input<string>;
  /** Its major version, which decides where it keeps its data; another one needs `pg_upgrade`. */
  majorVersion: number;
  /** Most memory the task may use, such as `500M`; a quarter is for shared buffers, which are also what the node reserves. */
  memoryLimit: string;
  /** Password of the user, without quotes and backslashes; a changed one is in effect when the new task runs. */
  password: pulumi.Input<string>;
  /** How the data is backed up: free text, or `none: ` and the reason, as a label that the policies look for; or a backup to create. @default not said */
  backup?: string | BackupArgs;
  /** The user, who may do everything. @default "postgres" */
  username?: string;
  /** The database that a first start creates. @default the user's name */
  database?: string;
}

/**
 * A PostgreSQL whose data survives SIGINT and kill -9.
 *
 * @example
 * new PostgreSQL("orders", { image: "postgres:17@sha256:…", majorVersion: 17, volume, memoryLimit: "500M", password });
 */
export class PostgreSQL extends pulumi.ComponentResource {
  /** Name of the service, which is also its host name on its networks. */
  readonly serviceName: pulumi.Output<string>;
  /** The user. */
  readonly username: pulumi.Output<string>;
  /** The database that a first start creates. */
  readonly database: pulumi.Output<string>;

  constructor(name: string, args: PostgreSQLArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:PostgreSQL", checkedName(name, "PostgreSQL"), {}, opts);
    const {
      serviceName = name,
      image,
      majorVersion,
      volume,
      memoryLimit,
      password,
      username = "postgres",
      database = username,
      identity = defaultIdentity(name),
      firstStartUntil,
      publishedPort,
      publishMode,
      backup,
      ...common
    } = checkedArguments(postgresqlArguments(args), args, name);
    const isBackedUp = typeof backup === "object";
    const definition = { majorVersion, memoryLimit, username, database, identity, firstStartUntil, isBackedUp };
    const spec = checked(() => postgresqlSpec({ ...definition, publishedPort, publishMode }, name));
    const secret = checkedPassword(password, `${name}.password`, this, requirePostgresqlPassword);
    const derived = pulumi.secret(secret).apply(backupPassword);
    const service = new StatefulService(
      name,
      {
        ...common,
        ...spec.service,
        ...(typeof backup === "string" && { backup }),
        ...(typeof backup === "object" && {
          backup: {
            ...backup,
            kind: BackupKind.postgresql,
            server: { password: derived, folder: spec.folder, port: postgresqlPort },
          },
        }),
        labels: { ...common.labels, ...spec.service.labels },
        serviceName,
        image: whenKnown(image, (reference) => {
          requireVersionOfImage(majorVersion, reference, `${name}.majorVersion`);
        }),
        data: [{ volume, path: spec.mount }],
        configFiles: {
          start: { path: startScriptPath, content: spec.startScript },
          ...(spec.firstStart !== undefined && { first: { path: postgresqlFirstStartPath, content: spec.firstStart } }),
        },
        secretFiles: {
          password: { path: postgresqlPasswordFile, content: secret, ...readable },
          ...(isBackedUp && { backup: { path: postgresqlBackupPasswordFile, content: derived, ...readable } }),
        },
      },
      { parent: this },
    );
    this.serviceName = service.serviceName;
    this.username = pulumi.output(username);
    this.database = pulumi.output(database);
    this.registerOutputs({ serviceName: this.serviceName, username: this.username, database: this.database });
  }
}

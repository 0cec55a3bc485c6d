import { serviceLabels } from "../../model/service/labels.ts";
import { requireIdentity, startScript } from "../../model/service/start-guard.ts";
import { parseSize } from "../../text/byte-size.ts";
import { guardedSettings, type PresetDefinition, presetSettings } from "../service/preset.ts";
import type { ServiceSettings } from "../service/service-spec.ts";
import { postgresqlFirstStart, postgresqlPaths, postgresqlPort, postgresqlPreparation } from "./preparation.ts";

/** User and group of PostgreSQL in the official image. */
export const postgresqlUserId = "999";

/** The file with the password in the container. */
export const postgresqlPasswordFile = "/run/secrets/password";

/** What decides how a PostgreSQL runs. */
export interface PostgresqlDefinition extends PresetDefinition {
  majorVersion: number;
  username: string;
  database: string;
  /** Whether a backup signs in. @default false */
  isBackedUp?: boolean;
}

/** How a PostgreSQL runs. */
export interface PostgresqlSpec {
  /** Where the volume is mounted. */
  mount: string;
  /** Where the server keeps its data, below the mount. */
  folder: string;
  /** Content of the start script. */
  startScript: string;
  /** Content of the script that runs once when the data is made. */
  firstStart: string | undefined;
  service: ServiceSettings;
}

/**
 * How a PostgreSQL runs.
 *
 * @param path - what precedes the arguments' names in an error
 * @throws InputError when the component's name makes no identity
 */
export function postgresqlSpec(definition: PostgresqlDefinition, path: string): PostgresqlSpec {
  const { memoryLimit, username, database, isBackedUp = false } = definition;
  const guarded = guardedSettings(definition);
  const { mount, data } = postgresqlPaths(definition.majorVersion, `${path}.majorVersion`);
  // A quarter of the memory is what PostgreSQL's documentation advises for a dedicated server.
  const sharedBufferKilobytes = Math.floor(parseSize(memoryLimit, `${path}.memoryLimit`) / 4 / 1024);
  return {
    mount,
    folder: data.slice(mount.length + 1),
    firstStart: isBackedUp ? postgresqlFirstStart() : undefined,
    startScript: startScript({
      identity: requireIdentity(definition.identity, `${path}.identity`),
      dataPaths: [mount],
      environment: {
        PGDATA: data,
        POSTGRES_USER: username,
        POSTGRES_DB: database,
        POSTGRES_INITDB_ARGS: "--data-checksums",
      },
      preparation: postgresqlPreparation(username, postgresqlPasswordFile, isBackedUp),
    }),
    service: {
      ...presetSettings(definition, postgresqlUserId, postgresqlPort),
      ...guarded,
      memoryReservation: `${sharedBufferKilobytes}KiB`,
      labels: { [serviceLabels.image]: "postgres", ...guarded.labels },
      args: ["postgres", "-c", `shared_buffers=${sharedBufferKilobytes}kB`],
      // The only variable that shows a reader of the spec that a password is required; the others are in the start script.
      environment: { POSTGRES_PASSWORD_FILE: postgresqlPasswordFile, ...guarded.environment },
      scratch: [{ path: "/tmp" }, { path: "/var/run/postgresql" }, { path: "/dev/shm" }],
      // SIGTERM waits for the clients to leave; SIGINT writes a checkpoint and stops.
      stopSignal: "SIGINT",
      stopGrace: "55s",
      // 1 means that the server is alive but does not accept connections yet: it is replaying its log.
      healthCheck: { test: ["CMD-SHELL", `pg_isready -q -U ${username}; [ $? -lt 2 ]`], startPeriod: "55s" },
    },
  };
}

import { serviceLabels } from "../../model/service/labels.ts";
import { guardEnvironment, requireIdentity, startScript, startScriptPath } from "../../model/service/start-guard.ts";
import { parseSize } from "../../text/byte-size.ts";
import { type Publication, portsToPublish, type ServiceSettings } from "../service/service-spec.ts";
import { storeLabels } from "../service/store-labels.ts";
import { postgresqlPaths, postgresqlPort, postgresqlPreparation, requireSqlName } from "./preparation.ts";

/** User and group of PostgreSQL in the official image. */
export const postgresqlUserId = "999";

/** Where the password lies in the container. */
export const postgresqlPasswordFile = "/run/secrets/password";

/** What decides how a PostgreSQL runs, apart from what is only known during the deployment. */
export interface PostgresqlDefinition extends Publication {
  majorVersion: number;
  memoryLimit: string;
  username: string;
  database: string;
  identity: string;
  firstStartUntil: string | undefined;
}

/** How a PostgreSQL runs. */
export interface PostgresqlSpec {
  /** Where the volume is mounted. */
  mount: string;
  /** Content of the start script. */
  startScript: string;
  service: ServiceSettings;
}

/**
 * How a PostgreSQL runs.
 *
 * @param path - what stands before the arguments' names in an error
 * @throws InputError for the first mistake
 */
export function postgresqlSpec(definition: PostgresqlDefinition, path: string): PostgresqlSpec {
  const { memoryLimit } = definition;
  const username = requireSqlName(definition.username, `${path}.username`);
  const database = requireSqlName(definition.database, `${path}.database`);
  const { mount, data } = postgresqlPaths(definition.majorVersion, `${path}.majorVersion`);
  // A quarter of the memory is what PostgreSQL's own documentation advises for a server of its own.
  const sharedBufferKilobytes = Math.floor(parseSize(memoryLimit, `${path}.memoryLimit`) / 4 / 1024);
  return {
    mount,
    startScript: startScript({
      identity: requireIdentity(definition.identity, `${path}.identity`),
      dataPaths: [mount],
      environment: {
        PGDATA: data,
        POSTGRES_USER: username,
        POSTGRES_DB: database,
        POSTGRES_INITDB_ARGS: "--data-checksums",
      },
      preparation: postgresqlPreparation(username, postgresqlPasswordFile),
    }),
    service: {
      memoryLimit,
      memoryReservation: `${sharedBufferKilobytes}KiB`,
      labels: { [serviceLabels.image]: "postgres", ...storeLabels(definition, path) },
      command: ["sh", startScriptPath],
      args: ["postgres", "-c", `shared_buffers=${sharedBufferKilobytes}kB`],
      // The one variable that tells a reader of the spec that a password is asked for; the others are in the start script.
      environment: { POSTGRES_PASSWORD_FILE: postgresqlPasswordFile, ...guardEnvironment },
      user: `${postgresqlUserId}:${postgresqlUserId}`,
      dropCapabilities: ["ALL"],
      readOnlyRoot: true,
      scratch: [{ path: "/tmp" }, { path: "/var/run/postgresql" }, { path: "/dev/shm" }],
      // SIGTERM waits for the clients to leave; SIGINT writes a checkpoint and stops.
      stopSignal: "SIGINT",
      stopGrace: "55s",
      // 1 means that the server lives and takes no connections yet: it replays its log.
      healthCheck: { test: ["CMD-SHELL", `pg_isready -q -U ${username}; [ $? -lt 2 ]`], startPeriod: "55s" },
      ports: portsToPublish(postgresqlPort, definition, path),
    },
  };
}

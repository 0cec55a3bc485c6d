import { z } from "zod";
import { membershipIn, pingEngine, type EngineConnection } from "./connection.ts";
import { limitSilence, readAnswer } from "./requests.ts";

/** What an engine says of itself (Docker Engine API `GET /info` and `GET /version`). */
export interface EngineReport {
  /** The address at which it was asked. */
  readonly host: string;
  /** Whether it was asked through a socket of this machine, so that its host is this machine. */
  readonly isLocal: boolean;
  readonly hostname: string;
  readonly engineVersion: string;
  readonly apiVersion: string;
  /** The folder that holds its volumes and images. */
  readonly dataRoot: string;
  /** How far its clock is ahead of this machine's, in seconds. */
  readonly clockAheadSeconds: number;
  readonly swarmState: string;
  readonly isManager: boolean;
  /** Empty while it is in no swarm. */
  readonly nodeId: string;
}

/** What of `GET /info` is not about a swarm. */
const hostSchema = z.object({ SystemTime: z.string(), DockerRootDir: z.string() });

const versionSchema = z.object({ ApiVersion: z.string() });

/** How long an engine may take for one answer before it counts as not reachable, in milliseconds. */
const answerLimitMs = 3000;

/**
 * Asks an engine about itself. From then on every request to it over this connection ends with an error when the engine is
 * silent for 3 s.
 *
 * @throws EngineError when it does not answer
 */
export async function askEngine(connection: EngineConnection): Promise<EngineReport> {
  const { docker, host } = connection;
  await pingEngine(connection, answerLimitMs);
  limitSilence(docker, answerLimitMs);
  const begun = Date.now();
  const info: unknown = await docker.info();
  const middle = (begun + Date.now()) / 2;
  const { SystemTime, DockerRootDir } = readAnswer(hostSchema, info);
  const { hostname, engineVersion, state, isManager, nodeId } = membershipIn(info);
  const { ApiVersion } = readAnswer(versionSchema, await docker.version());
  return {
    host,
    isLocal: host.startsWith("unix://"),
    hostname,
    engineVersion,
    apiVersion: ApiVersion,
    dataRoot: DockerRootDir,
    clockAheadSeconds: (Date.parse(SystemTime) - middle) / 1000,
    swarmState: state,
    isManager,
    nodeId,
  };
}

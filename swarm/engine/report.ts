import { z } from "zod";
import { membershipSchema, pingEngine, type EngineConnection } from "./connection.ts";
import { limitSilence, readAnswer } from "./requests.ts";

/** What of `GET /info` is not about a swarm. */
const hostSchema = z.object({ SystemTime: z.string(), DockerRootDir: z.string() });

const versionSchema = z.object({ ApiVersion: z.string() });

/** How long an engine may take for one answer before it counts as not reachable, in milliseconds. */
const answerLimitMs = 3000;

/** What an engine says of itself (Docker Engine API `GET /info` and `GET /version`). */
export type EngineReport = Awaited<ReturnType<typeof askEngine>>;

/**
 * Asks an engine about itself. From then on every request to it over this connection fails when the engine is silent for 3 s.
 *
 * @throws EngineError when it does not answer
 */
export async function askEngine(connection: EngineConnection) {
  const { docker, host } = connection;
  await pingEngine(connection, answerLimitMs);
  limitSilence(docker, answerLimitMs);
  const begun = Date.now();
  const info: unknown = await docker.info();
  const middle = (begun + Date.now()) / 2;
  const { SystemTime, DockerRootDir } = readAnswer(hostSchema, info);
  const { hostname, engineVersion, state, isManager, nodeId } = readAnswer(membershipSchema, info);
  const { ApiVersion } = readAnswer(versionSchema, await docker.version());
  return {
    /** The address at which it was asked. */
    host,
    /** Whether it was asked through a socket of this machine, so that its host is this machine. */
    isLocal: host.startsWith("unix://"),
    hostname,
    engineVersion,
    apiVersion: ApiVersion,
    /** The folder that holds its volumes and images. */
    dataRoot: DockerRootDir,
    /** How far its clock is ahead of this machine's, in seconds. */
    clockAheadSeconds: (Date.parse(SystemTime) - middle) / 1000,
    swarmState: state,
    isManager,
    /** Empty while it is in no swarm. */
    nodeId,
  };
}

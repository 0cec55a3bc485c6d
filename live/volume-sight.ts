/** Looks at volumes on their own nodes: whether they exist, whether anything is in them, and whose mark they carry. */
import type { VolumeOnNode } from "../impact/simulation/volume-sight.ts";
import type { VolumeSight } from "../model/plan/plan.ts";
import { inspectVolume } from "../swarm/api/reads.ts";
import { pingEngine, swarmMembership, type EngineConnection } from "../swarm/engine/connection.ts";
import { firstFilesBytes, identifyVolume, withArchives } from "./volume-archive.ts";

/**
 * What is seen of some volumes, by the nodes' ids and the volumes' names. Left out are nodes whose engine is not asked or does not
 * answer within 3 s, and volumes that do not exist.
 */
export async function lookAtVolumes(
  engines: readonly EngineConnection[],
  wanted: readonly VolumeOnNode[],
): Promise<Readonly<Record<string, Readonly<Record<string, VolumeSight>>>>> {
  if (wanted.length === 0) return {};
  const seen = await Promise.all(engines.map((engine) => lookAt(engine, wanted).catch(() => [])));
  return Object.fromEntries(seen.flat());
}

async function lookAt(
  connection: EngineConnection,
  wanted: readonly VolumeOnNode[],
): Promise<readonly (readonly [string, Readonly<Record<string, VolumeSight>>])[]> {
  await pingEngine(connection);
  const { docker } = connection;
  const { nodeId } = await swarmMembership(connection);
  const names = [...new Set(wanted.filter(({ node }) => node === nodeId).map(({ volume }) => volume))];
  if (names.length === 0) return [];
  const volumes = await Promise.all(names.map((name) => inspectVolume(docker, name)));
  const found = volumes.filter((volume) => volume !== undefined);
  if (found.length === 0) return [[nodeId, {}]];
  const sights = await withArchives(docker, (open) =>
    Promise.all(
      found.map(async ({ Name }) => {
        const { store, kind } = await identifyVolume(open, Name, { limitBytes: firstFilesBytes });
        return [Name, { mark: store || undefined, isEmpty: kind === "empty" }] as const;
      }),
    ),
  );
  return [[nodeId, Object.fromEntries(sights)]];
}

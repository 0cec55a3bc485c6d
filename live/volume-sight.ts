/** Looks at volumes on their own nodes: whether they are there, whether anything is in them, and whose mark they carry. */
import type { VolumeOnNode } from "../impact/simulation/volume-sight.ts";
import type { VolumeSight } from "../model/plan/plan.ts";
import { storeMarker } from "../model/service/start-guard.ts";
import { dockerStatus } from "../swarm/api/errors.ts";
import { pingEngine, swarmMembership, type EngineConnection } from "../swarm/engine/connection.ts";
import { withArchives, type OpenVolume } from "./volume-archive.ts";

/** How long an engine may take for its first answer, in milliseconds. */
const answerLimitMs = 3000;

/** As many bytes of a volume's archive as it takes to see the first file in it. */
const firstFileBytes = 4096;

/**
 * What is seen of some volumes, by the nodes' ids and the volumes' names. A node is left out whose engine is not among those that
 * are asked, or does not answer; a volume is left out that is not there.
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
  await pingEngine(connection, answerLimitMs);
  const { docker } = connection;
  const { nodeId } = await swarmMembership(connection);
  const names = [...new Set(wanted.filter(({ node }) => node === nodeId).map(({ volume }) => volume))];
  if (names.length === 0) return [];
  const exists = async (name: string): Promise<boolean> =>
    docker
      .getVolume(name)
      .inspect()
      .then(
        () => true,
        (error: unknown) => {
          if (dockerStatus(error) === 404) return false;
          throw error;
        },
      );
  const there = await Promise.all(names.map(async (name) => ((await exists(name)) ? [name] : [])));
  const found = there.flat();
  if (found.length === 0) return [[nodeId, {}]];
  const sights = await withArchives(docker, async (open) =>
    Promise.all(found.map(async (name) => [name, await sightOf(name, open)] as const)),
  );
  return [[nodeId, Object.fromEntries(sights)]];
}

function sightOf(name: string, open: OpenVolume): Promise<VolumeSight> {
  return open(name, { readOnly: true }, async (archive) => {
    const mark = (await archive.readText(storeMarker))?.split("\n")[0]?.trim();
    if (mark !== undefined && mark !== "") return { mark, isEmpty: false };
    const { files } = await archive.list({ limitBytes: firstFileBytes });
    return { mark: undefined, isEmpty: !files.some(({ path }) => path !== "") };
  });
}

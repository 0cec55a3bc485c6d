/** Loses data as {@link file://./losses.ts} tells, and lets `holdfast rescue` find it and bring it back. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { z } from "zod";
import type { Lab } from "../../lab/lab.ts";
import { inspectContainer, inspectVolume } from "../../swarm/api/reads.ts";
import { engineOf, LabService, nodeOf, removeLeftovers, volumeNames } from "../support/lab-service.ts";
import { firstNode, lossVolumes, type Loss } from "./losses.ts";

/** How the Redis keeps its data. */
export const persistences = { snapshot: [], "append-only file": ["--appendonly", "yes"] } as const;

const name = "stateful";
const port = 10_006;
const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

/** What `holdfast rescue --json` lists. */
export const listSchema = z.object({
  unseenNodes: z.array(z.string()),
  volumes: z.array(
    z.object({
      name: z.string(),
      node: z.string(),
      traces: z.array(z.object({ service: z.string().optional(), words: z.string() })),
      content: z.looseObject({ kind: z.string(), newestWrite: z.string() }),
      command: z.string(),
    }),
  ),
});
const resultSchema = z.object({
  to: z.string(),
  toNode: z.string(),
  trial: z.object({ loads: z.literal(true), keys: z.number() }),
});

/** `holdfast rescue` with the engines of all of a lab's nodes. */
export function rescue(lab: Lab, ...words: string[]) {
  const engines = lab.nodes.flatMap(({ dockerHost }) => ["--engine", dockerHost]);
  return execa(process.execPath, [entry, "rescue", ...words, ...engines], { reject: false });
}

/**
 * Loses a store of random keys and rescues it: the volume is found, known for what it is and whose it is; the command that
 * the list gives is run as it stands; the copy has the original's files, byte for byte, with owner, mode and time; the
 * original is as before; and the service answers with every key.
 *
 * @throws AssertionError where it does not
 */
export async function proveRescue(lab: Lab, loss: Loss, persistence: keyof typeof persistences): Promise<void> {
  const args = persistences[persistence];
  try {
    const options = { name, port, args, constraints: [`node.hostname==node-${firstNode}`] };
    let service = await LabService.create(lab, { ...options, ...loss.options });
    const store = randomStore();
    await service.redis("mset", ...[...store].flat());
    const original = await dataVolume(lab, service);
    await loss.lose(service, lab);
    const before = await filesOf(lab, firstNode, original);

    const listed = listSchema.parse(JSON.parse((await rescue(lab, "--json")).stdout));
    const found = listed.volumes.find((volume) => volume.name === original && volume.node === `node-${firstNode}`);
    assert.ok(found, "the volume is not listed");
    assert.equal(found.content.kind, "redis");
    if (loss.keepsService) {
      assert.equal(found.traces[0]?.service, name, "its owner is unknown");
      assert.equal(await service.redis("exists", ...store.keys()), 0, "nothing was lost");
    }
    const command = found.command.replace("npx holdfast", `'${process.execPath}' '${entry}'`);
    const { stdout, stderr, exitCode } = await execa("sh", ["-c", `${command} --yes --json`], { reject: false });
    assert.equal(exitCode, 0, `${found.command}: ${stderr}`);
    const { to, toNode, trial } = resultSchema.parse(JSON.parse(stdout));
    assert.equal(trial.keys, store.size, "keys that Redis finds beforehand");
    assert.deepEqual(await filesOf(lab, Number(toNode.replace("node-", "")), to), before, "the copy differs");
    assert.deepEqual(await filesOf(lab, firstNode, original), before, "the original was touched");

    if (!loss.keepsService) {
      const mounts = [{ Type: "volume" as const, Source: to, Target: "/data" }];
      service = await LabService.create(lab, { ...options, mounts });
    }
    for (const [key, value] of store) assert.equal(await service.redis("get", key), value, key);
  } finally {
    await cleanUp(lab);
  }
}

function randomStore(): Map<string, string> {
  const size = 20 + (randomBytes(1)[0] ?? 0);
  return new Map(
    Array.from({ length: size }, (_, index) => [`key:${index}`, randomBytes(1 + 7 * index).toString("base64")]),
  );
}

/** The volume at /data of the task that runs. */
async function dataVolume(lab: Lab, service: LabService): Promise<string> {
  const { Status } = await service.task();
  const container = await inspectContainer(engineOf(nodeOf(lab, firstNode)), Status.ContainerStatus?.ContainerID ?? "");
  const { Mounts } = z
    .object({ Mounts: z.array(z.object({ Name: z.string(), Destination: z.string() })) })
    .parse(container);
  return Mounts.find(({ Destination }) => Destination === "/data")?.Name ?? "";
}

/** All files of a volume as the node's disk has them, read past Docker and Holdfast. */
export async function filesOf(lab: Lab, node: number, volume: string): Promise<Record<string, unknown>> {
  const found = await inspectVolume(engineOf(nodeOf(lab, node)), volume);
  assert.ok(found, `no volume ${volume} on node-${node}`);
  const names = await readdir(found.Mountpoint, { recursive: true });
  const entries = await Promise.all(
    ["", ...names].map(async (path) => {
      const file = join(found.Mountpoint, path);
      const stats = await lstat(file);
      const { mode, uid, gid, size, mtimeMs } = stats;
      const isFile = stats.isFile();
      const digest = isFile
        ? createHash("sha256")
            .update(await readFile(file))
            .digest("hex")
        : undefined;
      // The archive API of Docker carries whole seconds.
      return [path, { mode, uid, gid, ...(isFile && { size, digest }), seconds: Math.floor(mtimeMs / 1000) }];
    }),
  );
  return Object.fromEntries(entries) as Record<string, unknown>;
}

/** Removes the service, and the volumes that it and the rescue have left. */
async function cleanUp(lab: Lab): Promise<void> {
  const left = await Promise.all(lab.nodes.map((node) => volumeNames(node).catch(() => [])));
  const ours = left.flat().filter((volume) => /^[0-9a-f]{64}$|-data(?:-\d+)?$/.test(volume));
  await removeLeftovers(lab, [name], [...lossVolumes, ...ours]);
}

import { randomBytes } from "node:crypto";
import { VolumeCreator } from "../../../../components/volumes/volume-spec.ts";
import type { Stack } from "../../../../engine/state/stack.ts";
import { ownProject } from "../../../../model/own-settings.ts";
import { dockerWords } from "../../../../swarm/api/errors.ts";
import { inspectDistribution, inspectService } from "../../../../swarm/api/reads.ts";
import { credentialsAdvice, credentialsAmong, parseRegistryAuth } from "../../../../swarm/api/registry-credentials.ts";
import { listNodes } from "../../../../swarm/engine/connection.ts";
import { advised } from "../../../../text/advised-command.ts";
import { InputError } from "../../../../text/input-error.ts";
import type { FoundSwarm } from "../../../context/find-swarm.ts";
import type { Output } from "../../../terminal/output.ts";
import { onlyNode, requireNode } from "./pre-checks.ts";

/** The image where none is configured; its digest is looked up once. */
const defaultImage = "redis:7";

/** Length of a generated password. */
const passwordBytes = 32;

/** The service where none is configured (configuration.ts). */
const defaultService = "stateful";

/**
 * Fills in what the program needs and is not set yet: node, who creates the volume, image, password. What is set stays.
 *
 * A volume created by the provider would be on this engine, empty, while the data is on the node: only the task's own is right
 * there.
 *
 * @param isFirst - whether the stack has nothing yet that can have data
 * @throws InputError where a person has to choose, and for a node that does not exist
 */
export async function fillConfiguration(
  stack: Stack,
  swarm: FoundSwarm,
  output: Output,
  isFirst: boolean,
): Promise<void> {
  const set = async (key: string, value: string, shown: string, secret = false) => {
    await stack.setConfig(`${ownProject}:${key}`, value, { secret });
    output.print(`Configured ${ownProject}:${key} = ${shown}`);
  };
  if ((await read(stack, "node")) === undefined) {
    const node = onlyNode(await listNodes(swarm.connection));
    await set("node", node, node);
  }
  // A node that does not exist would decide who creates the volume, and stay decided when the slip is mended.
  requireNode((await read(stack, "node")) ?? "", await listNodes(swarm.connection));
  if (isFirst && (await read(stack, "volumeCreatedBy")) === undefined && !isOwnNode(await read(stack, "node"), swarm)) {
    await set("volumeCreatedBy", VolumeCreator.task, `${VolumeCreator.task}: the node is not the one of this engine`);
  }
  const image = await usableImage(stack, swarm);
  if (image !== undefined) await set("image", image, image);
  const backupImage = await sandboxBackupImage(stack, swarm, output);
  if (backupImage !== undefined) await set("backupImage", backupImage, backupImage);
  if ((await read(stack, "password")) === undefined) {
    const password = randomBytes(passwordBytes).toString("base64url");
    output.conceal(password);
    await set("password", password, "[secret], generated", true);
  }
}

/**
 * The image to configure: undefined where the one that is set can be used. One that a person has set is never replaced; that of an
 * earlier sandbox, whose registry is gone, is.
 */
async function usableImage(stack: Stack, swarm: FoundSwarm): Promise<string | undefined> {
  const { docker } = swarm.connection;
  const { sandbox } = swarm;
  const image = await read(stack, "image");
  if (image === undefined && sandbox !== undefined) return sandbox.redisImage;
  if (image !== undefined) {
    const service = await inspectService(docker, (await read(stack, "service")) ?? defaultService);
    // What runs already has been found once.
    if (service?.Spec.TaskTemplate.ContainerSpec?.Image === image) return undefined;
    if (await isOnEngine(swarm, image)) return undefined;
  }
  const credentialsFor = credentialsAmong(parseRegistryAuth((await stack.getConfig("docker:registryAuth"))?.value));
  const wanted = image ?? defaultImage;
  try {
    const { Descriptor } = await inspectDistribution(docker, wanted, await credentialsFor(wanted));
    return image === undefined ? `${wanted}@${Descriptor.digest}` : undefined;
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (sandbox !== undefined && isOfEarlierSandbox(wanted, swarm.isNew ? undefined : sandbox.registryAddress))
      return sandbox.redisImage;
    const credentials = image === undefined ? "" : `, ${credentialsAdvice(wanted)}`;
    const set = `Set one with \`${advised("config set", "image <name>@sha256:<digest>")}\`${credentials}`;
    throw new InputError({
      path: `${ownProject}:image`,
      expected: "an image that the swarm can pull",
      got: `${wanted} (${dockerWords(error)})`,
      fix:
        sandbox === undefined
          ? `${set}, or use a sandbox with --sandbox`
          : `${set}, or use the sandbox's own image with \`${advised("config rm", "image")}\``,
    });
  }
}

/**
 * Whether an image is one that a sandbox served which is no more, from a registry on this machine (lab/images/): Holdfast
 * itself has configured it. What the present one's registry is said to have, and has not, a person has set.
 *
 * @param presentRegistry - the address of the present sandbox's registry; undefined while no image can have been set from it
 */
export function isOfEarlierSandbox(image: string, presentRegistry: string | undefined): boolean {
  if (presentRegistry !== undefined && image.startsWith(`${presentRegistry}/`)) return false;
  return /^(?:127\.0\.0\.1|198\.19\.\d+\.\d+):\d+\/(?:redis|holdfast-backup):[^/@]+@sha256:/u.test(image);
}

/**
 * The image that makes the declared backups, in a sandbox: it is made there the first time. Undefined where none is needed, or the one
 * that is set stays.
 */
async function sandboxBackupImage(
  stack: Stack,
  { sandbox, isNew }: FoundSwarm,
  output: Output,
): Promise<string | undefined> {
  if (sandbox === undefined || (await read(stack, "backupTo")) === undefined) return undefined;
  const image = await read(stack, "backupImage");
  if (image !== undefined && !isOfEarlierSandbox(image, isNew ? undefined : sandbox.registryAddress)) return undefined;
  output.print("Making the image of the backups …");
  const [{ pushBackupImage }, { readRecord }, { sandboxKind }] = await Promise.all([
    import("../../../../lab/images/backup.ts"),
    import("../../../../lab/host/record-file.ts"),
    import("../../../../lab/sandbox-record.ts"),
  ]);
  const record = readRecord(sandboxKind, sandbox.directory);
  return record && pushBackupImage(sandbox, record.cacheDirectory);
}

async function isOnEngine({ connection }: FoundSwarm, image: string): Promise<boolean> {
  try {
    await connection.docker.getImage(image).inspect();
    return true;
  } catch {
    return false;
  }
}

function isOwnNode(node: string | undefined, { membership }: FoundSwarm): boolean {
  return node?.toLowerCase() === membership.hostname.toLowerCase();
}

async function read(stack: Stack, key: string): Promise<string | undefined> {
  return (await stack.getConfig(`${ownProject}:${key}`))?.value;
}

import { z } from "zod";
import { requireOwnVolume } from "../../../live/ownership/name-check.ts";
import { helperLabel } from "../../../model/service/object-labels.ts";
import { ownerInLabels, ownershipOf } from "../../../model/service/ownership.ts";
import { dockerStatus, dockerWords, readAgain } from "../../../swarm/api/errors.ts";
import { requireObjectName } from "../../../swarm/api/object-name.ts";
import type { ContainerSummary, Volume } from "../../../swarm/api/objects.ts";
import { inspectVolume, listContainers } from "../../../swarm/api/reads.ts";
import { NameTakenError, ownerWords } from "../../../swarm/api/taken-name.ts";
import { labelList, type Attributes } from "../../../swarm/service/attributes.ts";
import { advisedDocker } from "../../../text/advised-command.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { isSameMap, labelMap, labelsSchema, textMapSchema, textSchema } from "./declared-values.ts";
import type { AppliedResource, ManagedType, OperationContext } from "./managed-type.ts";
import { removeUnlessUsed } from "./removal.ts";

const propertiesSchema = z.object({
  name: textSchema,
  driver: textSchema,
  driverOpts: textMapSchema,
  labels: labelsSchema,
  cluster: z.unknown().optional(),
});

/**
 * `docker:index/volume:Volume` on the connected engine; on other nodes Swarm makes a volume of the same name when a task
 * starts there.
 *
 * Docker gives back an existing volume of the same name, data and all. Where the program says whose the volume is, as the
 * components do, it must be that stack's; any other is taken with a warning, as the provider does without one.
 */
export const volumeType: ManagedType = {
  create: async ({ connection, onProgress }, planned) => {
    const declared = propertiesSchema.parse(planned);
    if (declared.cluster != null) {
      throw new SituationError({
        what: `The embedded engine does not support cluster volumes (CSI), such as ${showValue(declared.name)}`,
        fix: "Use the Pulumi CLI (--engine pulumi) for this program",
      });
    }
    const request = {
      ...(declared.name && { Name: declared.name }),
      ...(declared.driver && { Driver: declared.driver }),
      DriverOpts: declared.driverOpts,
      Labels: labelMap(declared.labels),
    };
    const own = ownerInLabels(request.Labels);
    const found = declared.name && !own ? await inspectVolume(connection.docker, declared.name) : undefined;
    if (found) onProgress(`warning: volume "${found.Name}" already exists and is used with its contents`);
    // Creating a volume twice gives the same volume, so this may be sent again.
    const created = await readAgain(() => connection.docker.createVolume(request)).catch((error: unknown) => {
      throw dockerStatus(error) === 409
        ? new InputError({
            path: `volume ${showValue(declared.name)}`,
            expected: "the driver and options of the volume of this name that exists",
            got: dockerWords(error),
            fix: "Declare it as it is, or give it another name",
          })
        : error;
    });
    const { name } = z.looseObject({ name: z.string() }).parse(created);
    const volume = await inspectVolume(connection.docker, name);
    if (!volume) throw new Error(`volume "${name}": gone right after its creation`);
    // Asked afterwards, for two stacks may create it at the same moment, and Docker lets one of them have it.
    if (own && ownershipOf({ labels: volume.Labels }, own).kind !== "ours")
      await requireOwnVolume(name, { engine: connection, manager: connection, own });
    return resourceOf(volume);
  },

  read: async (connection, id) => {
    const volume = await inspectVolume(connection.docker, id);
    return volume && resourceOf(volume);
  },

  remove: removeVolume,

  find: async (connection, planned) => {
    const declared = propertiesSchema.parse(planned);
    const volume = declared.name ? await inspectVolume(connection.docker, declared.name) : undefined;
    const labels = labelMap(declared.labels);
    if (volume && ownerInLabels(labels) && !isSameMap(volume.Labels, labels))
      throw new NameTakenError("volume", volume.Name, ownerWords(volume.Labels, labels));
    return volume?.Name;
  },
};

/**
 * Removes a volume with its data; one that is gone already is no error.
 *
 * @throws when a container still mounts it after 30 s, naming it
 */
export async function removeVolume(
  context: Pick<OperationContext, "connection" | "signal" | "onProgress" | "timeoutSeconds">,
  name: string,
): Promise<void> {
  const { docker } = context.connection;
  await removeUnlessUsed(context, {
    what: `volume "${name}"`,
    remove: () => docker.getVolume(requireObjectName("volume", name)).remove(),
    isInUse: (words) => words.includes("volume is in use"),
    explain: async () => {
      const users = (await listContainers(docker, { volume: [name] })).map(userWords);
      return users.length === 0 ? "" : `mounted by ${users.join(", ")}`;
    },
    fix: "Its data stays. Delete it again once no container mounts it, not even a stopped one",
  });
}

/** What is said of a container that mounts a volume. */
export function userWords({ Names, Labels, State }: Pick<ContainerSummary, "Names" | "Labels" | "State">): string {
  const container = Names[0]?.replace(/^\//, "") ?? "unnamed";
  const service = Labels?.["com.docker.swarm.service.name"];
  if (service !== undefined) return `${container} (${State}, of the service "${service}")`;
  // One that a rescue uses for hours looks the same.
  return Labels?.[helperLabel] === undefined
    ? `${container} (${State})`
    : `${container} (a helper container of Holdfast; if no Holdfast command is running, a killed one left it behind: run \`${advisedDocker(`rm -f ${container}`)}\` on its node)`;
}

function resourceOf(volume: Volume): AppliedResource {
  return { id: volume.Name, attributes: volumeAttributes(volume) };
}

/** What the provider reads of a volume. */
export function volumeAttributes(volume: Volume): Attributes {
  return {
    id: volume.Name,
    name: volume.Name,
    driver: volume.Driver,
    driverOpts: volume.Options ?? {},
    labels: labelList(volume.Labels),
    mountpoint: volume.Mountpoint,
  };
}

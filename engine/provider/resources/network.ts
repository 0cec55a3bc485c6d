import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { dockerStatus, dockerWords, isConnectionCut } from "../../../swarm/api/errors.ts";
import { requireObjectName } from "../../../swarm/api/object-name.ts";
import { handleSchema, type Network } from "../../../swarm/api/objects.ts";
import { inspectNetwork, listServices } from "../../../swarm/api/reads.ts";
import { NameTakenError, ownerWords } from "../../../swarm/api/taken-name.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { readAnswer } from "../../../swarm/engine/requests.ts";
import { labelList, type Attribute, type Attributes } from "../../../swarm/service/attributes.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { flagSchema, isSameMap, labelMap, labelsSchema, textMapSchema, textSchema } from "./declared-values.ts";
import type { AppliedResource, ManagedType } from "./managed-type.ts";
import { removeUnlessUsed } from "./removal.ts";

const propertiesSchema = z.object({
  name: z.string(),
  driver: textSchema,
  options: textMapSchema,
  internal: flagSchema,
  attachable: flagSchema,
  ingress: flagSchema,
  ipv6: flagSchema,
  ipamDriver: textSchema,
  ipamOptions: textMapSchema,
  ipamConfigs: z
    .array(z.object({ subnet: textSchema, ipRange: textSchema, gateway: textSchema, auxAddress: textMapSchema }))
    .nullish()
    .transform((configs) => configs ?? []),
  labels: labelsSchema,
});

type NetworkProperties = z.infer<typeof propertiesSchema>;

/** How long Swarm may take to give a new network its subnet; it takes milliseconds. */
const allocationLimitMs = 5000;
const allocationEveryMs = 25;

/** `docker:index/network:Network`. */
export const networkType: ManagedType = {
  create: async ({ connection }, planned) => {
    const declared = propertiesSchema.parse(planned);
    const network = await allocated(connection, await createNetwork(connection, declared));
    return resourceOf(network);
  },

  read: async ({ docker }, id) => {
    const network = await inspectNetwork(docker, id);
    return network && resourceOf(network);
  },

  remove: (context, id) => {
    const { docker } = context.connection;
    return removeUnlessUsed(context, {
      what: `network ${id}`,
      remove: () => docker.getNetwork(requireObjectName("network", id)).remove(),
      // A service's own use does not pass by waiting, but its containers' does.
      isInUse: (words) => words.includes("has active endpoints") || words.includes("is in use by task"),
      explain: () => usersOf(context.connection, id),
    }).catch(async (error: unknown) => {
      if (!dockerWords(error).includes("is in use by service")) throw error;
      throw new SituationError({
        what: `network ${id} is ${await usersOf(context.connection, id)}`,
        fix: "Remove it from those services first; a network that will be replaced must not have a fixed name",
      });
    });
  },

  find: async (connection, planned) => {
    const declared = propertiesSchema.parse(planned);
    const found = await inspectNetwork(connection.docker, declared.name);
    if (found?.Name !== declared.name) return undefined;
    // Right after its creation Swarm does not report the driver yet (moby: daemon/cluster/convert/network.go).
    const network = await allocated(connection, found.Id);
    const isOurs =
      (!declared.driver || network.Driver === declared.driver) &&
      isSameMap(network.Labels, labelMap(declared.labels)) &&
      network.Internal === declared.internal &&
      network.Attachable === declared.attachable &&
      declared.ipamConfigs.every(({ subnet }) => network.IPAM.Config?.some((config) => config.Subnet === subnet));
    if (!isOurs)
      throw new NameTakenError("network", declared.name, ownerWords(network.Labels, labelMap(declared.labels)));
    return network.Id;
  },
};

async function createNetwork(connection: EngineConnection, declared: NetworkProperties): Promise<string> {
  const request = {
    Name: declared.name,
    ...(declared.driver && { Driver: declared.driver }),
    Options: declared.options,
    Labels: labelMap(declared.labels),
    Internal: declared.internal,
    Attachable: declared.attachable,
    Ingress: declared.ingress,
    EnableIPv6: declared.ipv6,
    CheckDuplicate: true,
    IPAM: {
      Driver: declared.ipamDriver,
      Options: declared.ipamOptions,
      Config: declared.ipamConfigs.map(({ subnet, ipRange, gateway, auxAddress }) => ({
        ...(subnet && { Subnet: subnet }),
        ...(ipRange && { IPRange: ipRange }),
        ...(gateway && { Gateway: gateway }),
        ...(Object.keys(auxAddress).length > 0 && { AuxiliaryAddresses: auxAddress }),
      })),
    },
  };
  try {
    return readAnswer(handleSchema, await connection.docker.createNetwork(request)).id;
  } catch (error) {
    if (isConnectionCut(error)) {
      const found = await networkType.find(connection, declared);
      if (found !== undefined) return found;
    }
    if (dockerStatus(error) === 409) throw new NameTakenError("network", declared.name, undefined);
    if ((dockerStatus(error) ?? 500) >= 500) throw error;
    throw new InputError({
      path: `network ${showValue(declared.name)}`,
      expected: "a network that Docker accepts",
      got: dockerWords(error),
      fix: "Correct the network in the program",
    });
  }
}

/** Waits until a swarm network (not one of the engine alone) has its subnet and options. */
async function allocated({ docker }: EngineConnection, id: string): Promise<Network> {
  const deadlineMs = performance.now() + allocationLimitMs;
  for (;;) {
    const network = await inspectNetwork(docker, id);
    if (!network) throw new Error(`network ${id}: gone right after its creation`);
    const isWhole = network.Scope !== "swarm" || (network.IPAM.Config ?? []).length > 0;
    if (isWhole || performance.now() > deadlineMs) return network;
    await sleep(allocationEveryMs);
  }
}

async function usersOf({ docker }: EngineConnection, id: string): Promise<string> {
  const services = (await listServices(docker)).filter((service) =>
    service.Spec.TaskTemplate.Networks?.some(({ Target }) => Target === id),
  );
  const containers = Object.values((await inspectNetwork(docker, id))?.Containers ?? {}).map(({ Name }) => Name ?? "");
  const users = [
    ...(services.length > 0 ? [`services ${services.map(({ Spec }) => Spec.Name).join(", ")}`] : []),
    ...(containers.length > 0 ? [`containers ${containers.join(", ")}`] : []),
  ];
  return `used by ${users.join("; ") || "something on another node"}`;
}

function resourceOf(network: Network): AppliedResource {
  return { id: network.Id, attributes: networkAttributes(network) };
}

/** What the provider reads of a network. */
export function networkAttributes(network: Network): Attributes {
  return {
    id: network.Id,
    name: network.Name,
    labels: labelList(network.Labels),
    driver: network.Driver,
    internal: network.Internal,
    attachable: network.Attachable,
    ingress: network.Ingress,
    ipv6: network.EnableIPv6,
    ipamDriver: network.IPAM.Driver,
    ipamOptions: network.IPAM.Options ?? {},
    scope: network.Scope,
    options: network.Options ?? {},
    ipamConfigs: ipamConfigs(network),
  };
}

/** The address ranges of a network, as the provider lists them. */
export function ipamConfigs(network: Network): Attribute[] {
  return (network.IPAM.Config ?? []).map((config) => ({
    subnet: config.Subnet || null,
    ipRange: config.IPRange || null,
    gateway: config.Gateway || null,
    auxAddress: config.AuxiliaryAddresses ?? null,
  }));
}

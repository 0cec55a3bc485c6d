import { z } from "zod";
import { inspectNetwork } from "../../../swarm/api/reads.ts";
import type { CredentialsFor } from "../../../swarm/api/registry-credentials.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import type { Attributes } from "../../../swarm/service/attributes.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import { revealSecrets, type PropertyMap } from "../../model/property-value.ts";
import { ipamConfigs } from "../resources/network.ts";
import { registryDigest } from "./registry-image.ts";

interface FunctionContext {
  connection: EngineConnection;
  credentialsFor: CredentialsFor;
}

const functions: Readonly<Record<string, (context: FunctionContext, args: PropertyMap) => Promise<Attributes>>> = {
  "docker:index/getRegistryImage:getRegistryImage": getRegistryImage,
  "docker:index/getNetwork:getNetwork": getNetwork,
};

/**
 * Calls a function of the provider by its token.
 *
 * @throws InputError for a function that the embedded provider does not know, and when the function fails
 */
export function invokeFunction(context: FunctionContext, token: string, args: PropertyMap): Promise<Attributes> {
  const call = functions[token];
  if (call) return call(context, revealSecrets(args));
  throw new InputError({
    path: "provider function",
    expected: `one of ${Object.keys(functions).join(", ")}`,
    got: showValue(token),
    fix: "Use the Pulumi CLI (--engine pulumi) for this function",
  });
}

const registryImageSchema = z.object({ name: z.string(), insecureSkipVerify: z.boolean().nullish() });

async function getRegistryImage({ credentialsFor }: FunctionContext, args: PropertyMap): Promise<Attributes> {
  const { data, error } = registryImageSchema.safeParse(args);
  if (error) throw invalidArguments("getRegistryImage", error);
  const { name, insecureSkipVerify } = data;
  if (insecureSkipVerify) {
    throw new InputError({
      path: "getRegistryImage: insecureSkipVerify",
      expected: "false",
      got: "true",
      fix: "Give the registry a certificate that this machine trusts, or use the Pulumi CLI",
    });
  }
  const digest = await registryDigest(name, await credentialsFor(name));
  return { id: digest, name, sha256Digest: digest, insecureSkipVerify: false };
}

const networkSchema = z.object({ name: z.string() });

async function getNetwork({ connection }: FunctionContext, args: PropertyMap): Promise<Attributes> {
  const { data, error } = networkSchema.safeParse(args);
  if (error) throw invalidArguments("getNetwork", error);
  const { name } = data;
  const network = await inspectNetwork(connection.docker, name);
  if (!network) {
    throw new InputError({
      path: "getNetwork: name",
      expected: "a network that exists",
      got: showValue(name),
      fix: "Create it first, or declare it as a docker.Network",
    });
  }
  return {
    id: network.Id,
    name: network.Name,
    driver: network.Driver,
    scope: network.Scope,
    internal: network.Internal,
    options: network.Options ?? {},
    ipamConfigs: ipamConfigs(network),
    containers: Object.entries(network.Containers ?? {}).map(([containerId, container]) => ({
      containerId,
      name: container.Name ?? "",
      endpointId: container.EndpointID ?? "",
      macAddress: container.MacAddress ?? "",
      ipv4Address: container.IPv4Address ?? "",
      ipv6Address: container.IPv6Address ?? "",
    })),
  };
}

function invalidArguments(name: string, error: z.ZodError): InputError {
  const [issue] = error.issues;
  return new InputError({
    path: [`${name}:`, ...(issue?.path ?? [])].join(" "),
    expected: issue?.message ?? "valid arguments",
    got: "something else",
    fix: "Correct the call in the program",
  });
}

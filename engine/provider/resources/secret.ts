import { z } from "zod";
import { dockerStatus, dockerWords, isConnectionCut } from "../../../swarm/api/errors.ts";
import { requireObjectName } from "../../../swarm/api/object-name.ts";
import { handleSchema } from "../../../swarm/api/objects.ts";
import { inspectSecret } from "../../../swarm/api/reads.ts";
import { NameTakenError, ownerWords } from "../../../swarm/api/taken-name.ts";
import { readAnswer } from "../../../swarm/engine/requests.ts";
import { labelList } from "../../../swarm/service/attributes.ts";
import { InputError, showValue } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { isSameMap, labelMap, labelsSchema } from "./declared-values.ts";
import type { ManagedType, OperationContext } from "./managed-type.ts";
import { removeUnlessUsed } from "./removal.ts";

const propertiesSchema = z.object({ name: z.string(), data: z.string(), labels: labelsSchema });

/**
 * `docker:index/secret:Secret`. Docker never gives a secret's data back: after a read it is what the state says, and a
 * secret found after an interrupted creation is known by its name and labels alone.
 */
export const secretType: ManagedType = {
  create: async ({ connection }, planned) => {
    const declared = propertiesSchema.parse(planned);
    const request = { Name: declared.name, Labels: labelMap(declared.labels), Data: declared.data };
    const id = await createOnce({
      kind: "secret",
      name: declared.name,
      create: () => connection.docker.createSecret(request),
      find: () => secretType.find(connection, planned),
    });
    return { id, attributes: { id, name: declared.name, data: declared.data, labels: labelList(request.Labels) } };
  },

  read: async ({ docker }, id, known) => {
    const secret = await inspectSecret(docker, id);
    if (!secret) return undefined;
    const data = typeof known["data"] === "string" ? known["data"] : null;
    const attributes = { id: secret.ID, name: secret.Spec.Name, data, labels: labelList(secret.Spec.Labels) };
    return { id: secret.ID, attributes };
  },

  remove: (context, id) => {
    const secret = context.connection.docker.getSecret(requireObjectName("secret", id));
    return removeObject(context, "secret", id, secret).catch((error: unknown) => {
      throw inUse("secret", id, error);
    });
  },

  find: async ({ docker }, planned) => {
    const declared = propertiesSchema.parse(planned);
    const secret = await inspectSecret(docker, declared.name);
    if (secret?.Spec.Name !== declared.name) return undefined;
    const labels = labelMap(declared.labels);
    if (!isSameMap(secret.Spec.Labels, labels))
      throw new NameTakenError("secret", declared.name, ownerWords(secret.Spec.Labels, labels));
    return secret.ID;
  },
};

/**
 * Creates a secret or config; after a broken connection it is looked for by its name, which is unique in a swarm, before
 * anything else.
 */
export async function createOnce(options: {
  kind: "secret" | "config";
  name: string;
  create: () => Promise<unknown>;
  find: () => Promise<string | undefined>;
}): Promise<string> {
  try {
    return readAnswer(handleSchema, await options.create()).id;
  } catch (error) {
    if (isConnectionCut(error)) {
      const found = await options.find();
      if (found !== undefined) return found;
    }
    if (dockerStatus(error) === 409) throw new NameTakenError(options.kind, options.name, undefined);
    if ((dockerStatus(error) ?? 500) >= 500) throw error;
    throw new InputError({
      path: `${options.kind} ${showValue(options.name)}`,
      expected: `a ${options.kind} that Swarm accepts`,
      got: dockerWords(error),
      fix: "Correct it in the program",
    });
  }
}

/** Removes a secret or config, again where the connection broke. */
export function removeObject(
  context: OperationContext,
  kind: "secret" | "config",
  id: string,
  object: { remove: () => Promise<unknown> },
): Promise<void> {
  return removeUnlessUsed(context, { what: `${kind} ${id}`, remove: () => object.remove() });
}

/** The error for a secret or config that services still use; any other error unchanged. */
export function inUse(kind: "secret" | "config", id: string, error: unknown): unknown {
  const users = /in use by the following services?: (?<names>.+)$/.exec(dockerWords(error))?.groups?.["names"];
  if (users === undefined) return error;
  const services = users.includes(",") ? "those services" : "that service";
  return new SituationError({
    what: `${kind} ${id} is used by ${users}`,
    fix: `Remove it from ${services} first; to change its content, leave out \`name\` so that Pulumi chooses one and creates the new ${kind} before it deletes the old one`,
  });
}

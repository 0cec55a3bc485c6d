import { z } from "zod";
import { requireObjectName } from "../../../swarm/api/object-name.ts";
import { inspectConfig } from "../../../swarm/api/reads.ts";
import { NameTakenError, ownerWords } from "../../../swarm/api/taken-name.ts";
import { labelList } from "../../../swarm/service/attributes.ts";
import { removeLeftUsers } from "../../../swarm/service/one-off-task.ts";
import { isSameMap, labelMap, labelsSchema, textSchema } from "./declared-values.ts";
import type { ManagedType } from "./managed-type.ts";
import { createOnce, inUse, removeObject } from "./secret.ts";

const propertiesSchema = z.object({ name: z.string(), data: textSchema, dataRaw: textSchema, labels: labelsSchema });

type ConfigProperties = z.infer<typeof propertiesSchema>;

/** `docker:index/serviceConfig:ServiceConfig`: a Swarm config; given as `data` in base64 or as `dataRaw`. */
export const serviceConfigType: ManagedType = {
  create: async ({ connection }, planned) => {
    const declared = propertiesSchema.parse(planned);
    const request = { Name: declared.name, Labels: labelMap(declared.labels), Data: base64Data(declared) };
    const id = await createOnce({
      kind: "config",
      name: declared.name,
      create: () => connection.docker.createConfig(request),
      find: () => serviceConfigType.find(connection, planned),
    });
    const created = await serviceConfigType.read(connection, id, planned);
    if (!created) throw new Error(`config "${declared.name}": gone right after its creation`);
    return created;
  },

  read: async ({ docker }, id, known) => {
    const config = await inspectConfig(docker, id);
    if (!config) return undefined;
    const data = config.Spec.Data ?? "";
    const isRaw = typeof known["dataRaw"] === "string" && known["dataRaw"] !== "";
    return {
      id: config.ID,
      attributes: {
        id: config.ID,
        name: config.Spec.Name,
        labels: labelList(config.Spec.Labels),
        ...(isRaw ? { dataRaw: Buffer.from(data, "base64").toString("utf8") } : { data }),
      },
    };
  },

  remove: async (context, id) => {
    const { connection } = context;
    const config = connection.docker.getConfig(requireObjectName("config", id));
    const removal = () => removeObject(context, "config", id, config);
    try {
      await removal().catch(async (error: unknown) => {
        if (!(await removeLeftUsers(connection, id))) throw error;
        await removal();
      });
    } catch (error) {
      throw inUse("config", id, error);
    }
  },

  find: async ({ docker }, planned) => {
    const declared = propertiesSchema.parse(planned);
    const config = await inspectConfig(docker, declared.name);
    if (config?.Spec.Name !== declared.name) return undefined;
    const isOurs =
      isSameMap(config.Spec.Labels, labelMap(declared.labels)) && (config.Spec.Data ?? "") === base64Data(declared);
    if (!isOurs)
      throw new NameTakenError("config", declared.name, ownerWords(config.Spec.Labels, labelMap(declared.labels)));
    return config.ID;
  },
};

/** The content as Docker takes and gives it: base64 in its one canonical form. */
function base64Data({ data, dataRaw }: ConfigProperties): string {
  return (dataRaw ? Buffer.from(dataRaw, "utf8") : Buffer.from(data, "base64")).toString("base64");
}

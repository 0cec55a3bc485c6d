/** The Docker provider of the embedded engine: `docker:index/*`, as pulumi-docker 5.2 does it. */
import { z } from "zod";
import { dockerStatus, dockerWords, isConnectionCut } from "../../swarm/api/errors.ts";
import { redactor } from "../../swarm/api/redaction.ts";
import { credentialsAmong, registryAuthSchema } from "../../swarm/api/registry-credentials.ts";
import { NameTakenError } from "../../swarm/api/taken-name.ts";
import { findEngine, pingEngine, requireManager, type EngineConnection } from "../../swarm/engine/connection.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { secretTexts, type PropertyMap } from "../model/property-value.ts";
import { PartialFailure, type OperationControl, type ResourceProvider } from "../model/resource-provider.ts";
import { invokeFunction } from "./functions/functions.ts";
import { checkInputs } from "./plan/check.ts";
import { diffResource } from "./plan/diff.ts";
import { planOutputs } from "./plan/plan.ts";
import { readInputs, stateOutputs } from "./plan/state.ts";
import {
  plainProperties,
  type AppliedResource,
  type ManagedType,
  type OperationContext,
  type PlainProperties,
} from "./resources/managed-type.ts";
import { networkType } from "./resources/network.ts";
import { secretType } from "./resources/secret.ts";
import { serviceConfigType } from "./resources/service-config.ts";
import { serviceType } from "./resources/service.ts";
import { volumeType } from "./resources/volume.ts";
import { resourceSchema } from "./schema/index.ts";

const managedTypes: ReadonlyMap<string, ManagedType> = new Map([
  ["docker:index/network:Network", networkType],
  ["docker:index/secret:Secret", secretType],
  ["docker:index/service:Service", serviceType],
  ["docker:index/serviceConfig:ServiceConfig", serviceConfigType],
  ["docker:index/volume:Volume", volumeType],
]);

/** Types whose content is given as `data`, in base64. */
const encodedTypes: ReadonlySet<string> = new Set([
  "docker:index/secret:Secret",
  "docker:index/serviceConfig:ServiceConfig",
]);

const configurationSchema = z.strictObject({
  host: z.string().nullish(),
  registryAuth: z.array(registryAuthSchema).nullish(),
  // What the engine itself puts into every provider's configuration.
  version: z.unknown().optional(),
  pluginDownloadURL: z.unknown().optional(),
  __internal: z.unknown().optional(),
  __defaults: z.unknown().optional(),
});

type DockerProviderConfiguration = z.infer<typeof configurationSchema>;

function parseConfiguration(configuration: PropertyMap): DockerProviderConfiguration {
  const { data, error } = configurationSchema.safeParse(jsonSettings(plainProperties(configuration)));
  if (data) return data;
  const [issue] = error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.join(", ") : undefined;
  throw new InputError({
    path: ["docker provider", ...(issue?.path ?? [])].join(": "),
    expected: unknown === undefined ? (issue?.message ?? "a valid setting") : "the settings host and registryAuth",
    got: unknown ?? "another value",
    fix: "Use the Pulumi CLI (--engine pulumi) for other settings of the provider",
  });
}

/** Pulumi's SDK sends the nested settings of a provider as JSON text (sdk/nodejs/provider.ts). */
function jsonSettings(configuration: PlainProperties): PlainProperties {
  const { registryAuth } = configuration;
  return typeof registryAuth === "string"
    ? { ...configuration, registryAuth: jsonOrUndefined(registryAuth) ?? registryAuth }
    : configuration;
}

/**
 * Makes the provider; nothing is contacted before the first operation.
 *
 * @param settings - of the `docker.Provider`: `host` and `registryAuth`
 * @param engine - the engine to use; default: the configured host, else the one that the docker CLI would use
 * @throws InputError that names a setting which the embedded provider does not know
 */
export function createDockerProvider(settings: PropertyMap, engine?: EngineConnection): ResourceProvider {
  const configuration = parseConfiguration(settings);
  const connection = engine ?? findEngine({ host: configuration.host ?? undefined });
  const credentialsFor = credentialsAmong(configuration.registryAuth ?? []);
  /** What is secret and has passed through here: masked in what containers print. */
  const secretValues = new Set<string>();
  const remember = (type: string, properties: PropertyMap) => {
    for (const [name, value] of Object.entries(properties)) {
      const isEncoded = name === "data" && encodedTypes.has(type);
      for (const text of secretTexts(value))
        secretValues.add(isEncoded ? Buffer.from(text, "base64").toString("utf8") : text);
    }
  };
  const contextOf = (control: OperationControl): OperationContext => ({
    ...control,
    connection,
    credentialsFor,
    redact: (text) => redactor(secretValues)(text),
  });
  const outputsOf = (type: string, applied: AppliedResource, planned: PropertyMap) => {
    const outputs = stateOutputs(type, { ...applied.attributes, id: applied.id }, planned);
    if (applied.failure !== undefined) throw new PartialFailure(applied.failure, applied.id, outputs);
    return outputs;
  };

  return {
    check: ({ type, name }, request) => {
      const checked = checkInputs(type, { name, ...request });
      // What the program has marked, and what the provider's schema calls sensitive.
      for (const properties of [request.olds, request.news, checked.inputs]) remember(type, properties);
      return checked;
    },

    diff: ({ type }, request) => diffResource(type, request),

    preview: ({ type }, request) => planOutputs(type, request),

    create: ({ type }, { news, ...control }) =>
      explained(connection, async () => {
        const planned = planOutputs(type, { news, ignoreChanges: [] });
        const applied = await managedType(type).create(contextOf(control), plainProperties(planned));
        return { id: applied.id, outputs: outputsOf(type, applied, planned) };
      }),

    update: ({ type }, { id, news, oldInputs, oldOutputs, ...control }) =>
      explained(connection, async () => {
        const { update } = managedType(type);
        if (!update) throw new Error(`${type}: every change is a replacement`);
        const old = { id, inputs: oldInputs, outputs: oldOutputs };
        const planned = planOutputs(type, { news, old, ignoreChanges: [] });
        const known = plainProperties({ ...oldInputs, ...oldOutputs });
        const applied = await update(contextOf(control), id, plainProperties(planned), known);
        return { outputs: outputsOf(type, applied, planned) };
      }),

    delete: ({ type }, { id, outputs, inputs, ...control }) =>
      explained(connection, () =>
        managedType(type).remove(contextOf(control), id, plainProperties({ ...inputs, ...outputs })),
      ),

    read: ({ type }, { id, inputs, outputs }) =>
      explained(connection, async () => {
        const found = await managedType(type).read(connection, id, plainProperties({ ...inputs, ...outputs }));
        if (!found) return undefined;
        // Without outputs it is the other half of a creation that was interrupted.
        const isAdoption = Object.keys(outputs).length === 0 && Object.keys(inputs).length > 0;
        const planned = isAdoption ? planOutputs(type, { news: inputs, ignoreChanges: [] }) : undefined;
        const present = stateOutputs(type, { ...found.attributes, id: found.id }, planned);
        remember(type, present);
        return { id: found.id, inputs: readInputs(type, { oldInputs: inputs, outputs: present }), outputs: present };
      }),

    findCreated: ({ type }, inputs) =>
      explained(connection, () =>
        managedType(type)
          .find(connection, plainProperties(planOutputs(type, { news: inputs, ignoreChanges: [] })))
          .catch((error: unknown) => {
            // Then it was not created; a next creation will say so.
            if (error instanceof NameTakenError) return undefined;
            throw error;
          }),
      ),

    invoke: (token, args) =>
      explained(connection, async () => ({
        result: await invokeFunction({ connection, credentialsFor }, token, args),
        failures: [],
      })),
  };
}

function managedType(type: string): ManagedType {
  // Throws the error that names the type, for one that is not known.
  resourceSchema(type);
  const managed = managedTypes.get(type);
  if (managed) return managed;
  throw new Error(`${type}: has a schema but cannot be managed`);
}

/** Turns what dockerode throws into an error that a person can act on: why the engine is gone, or its own words. */
async function explained<T>(connection: EngineConnection, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    if (isConnectionCut(error)) await pingEngine(connection);
    const status = dockerStatus(error);
    if (status === 503) await requireManager(connection);
    if (error instanceof InputError) throw error;
    if (isConnectionCut(error) || status !== undefined) {
      throw new Error(`Docker at ${showValue(connection.host)}: ${dockerWords(error)}`, { cause: error });
    }
    throw error;
  }
}

import { z } from "zod";
import { makeReady } from "../../../live/readiness/image-pull.ts";
import { hasPassedToAnother } from "../../../model/service/ownership.ts";
import { dockerWords } from "../../../swarm/api/errors.ts";
import type { Service } from "../../../swarm/api/objects.ts";
import { inspectService, type RegistryCredentials } from "../../../swarm/api/reads.ts";
import { redactor, type Redact } from "../../../swarm/api/redaction.ts";
import { NameTakenError, ownerWords } from "../../../swarm/api/taken-name.ts";
import { serviceAttributes, type Attribute, type Attributes } from "../../../swarm/service/attributes.ts";
import {
  createService,
  removeService,
  resolveImage,
  updateService,
  type ChangeOptions,
} from "../../../swarm/service/changes.ts";
import { awaitConvergence, ConvergenceError } from "../../../swarm/service/convergence.ts";
import { servicePropertiesSchema, type ServiceProperties } from "../../../swarm/service/properties.ts";
import { countForState, withLiveCount } from "../../../swarm/service/replacement-count.ts";
import { isMadeFrom } from "../../../swarm/service/spec-comparison.ts";
import { serviceSpec } from "../../../swarm/service/spec.ts";
import { parseDuration } from "../../../text/duration.ts";
import { InputError } from "../../../text/input-error.ts";
import { SituationError } from "../../../text/situation-error.ts";
import { labelMap, labelsSchema } from "./declared-values.ts";
import type { AppliedResource, ManagedType, OperationContext, PlainProperties } from "./managed-type.ts";
import { mayBeSecret } from "../../../text/secret-names.ts";

/** How long each replica of a service without `convergeConfig` may take: the default of `convergeConfig.timeout`. */
const defaultTimeoutSeconds = 180;

/** What Swarm needs beyond the grace period to remove a stopped container. */
const removalSeconds = 30;

/**
 * `docker:index/service:Service`.
 *
 * Unlike the provider, a creation or update always waits until it is in effect, with or without `convergeConfig`, and a
 * first creation that does not come into effect is not deleted: its tasks, with their errors and logs, stay to be looked
 * at, and the next `up` updates it in place.
 */
export const serviceType: ManagedType = {
  create: async (context, planned) => {
    const service = servicePropertiesSchema.parse(planned);
    const options = changeOptions(context, service, await serviceCredentials(context, service));
    const { spec, registryFailure } = await resolveImage(context.connection, serviceSpec(service), options.credentials);
    const id = await createService(context.connection, spec, options.credentials);
    const noTasks: ReadonlySet<string> = new Set();
    return settled(context, id, service, () =>
      awaitConvergence(context.connection, id, {
        ...options,
        registryFailure,
        earlierTasks: noTasks,
        doomedTasks: noTasks,
      }),
    );
  },

  update: async (context, id, planned, known) => {
    const service = servicePropertiesSchema.parse(planned);
    const live = await inspectService(context.connection.docker, id);
    const update = { declared: serviceSpec(service), live: live?.Spec, known: countOf(known) };
    const spec = withLiveCount(update);
    // Before the service's own time begins to run: the old task serves as long as this takes.
    const credentials = await serviceCredentials(context, service);
    await makeReady(context.connection, id, spec, {
      credentials,
      onProgress: context.onProgress,
      signal: context.signal,
    });
    return settled(
      context,
      id,
      service,
      () => updateService(context.connection, id, spec, changeOptions(context, service, credentials)),
      (found) => countForState(found, update),
    );
  },

  read: async (connection, id, known) => {
    // By name too: the provider takes over a service that was removed and made again by hand (`fetchDockerService`).
    const name = typeof known["name"] === "string" ? known["name"] : undefined;
    const same = await inspectService(connection.docker, id);
    const service = same ?? (name === undefined ? undefined : await inspectService(connection.docker, name));
    // One that another stack has made or taken since is not this resource, which is gone.
    if (service === undefined || isAnothers(service, known, same === undefined)) return undefined;
    const attributes = serviceAttributes(withoutAddedPlatforms(service, known));
    const count = countOf(known);
    return {
      id: service.ID,
      attributes: { ...unreadable(known), ...(count === undefined ? attributes : withCount(attributes, count)) },
    };
  },

  remove: async (context, id, known) => {
    const service = servicePropertiesSchema.safeParse(known).data;
    const found = await inspectService(context.connection.docker, id);
    if (found !== undefined && isAnothers(found, known, false)) {
      context.onProgress(`service "${found.Spec.Name}" stays: according to its labels, another stack has taken it`);
      return;
    }
    const graceSeconds = seconds(service?.taskSpec.containerSpec.stopGracePeriod ?? "") ?? 10;
    const limitSeconds = context.timeoutSeconds ?? graceSeconds + removalSeconds;
    const left = await removeService(context.connection, id, {
      ...context,
      deadlineMs: performance.now() + limitSeconds * 1000,
    });
    if (left.length > 0) context.onProgress(`removed; the containers of ${left.join(", ")} are still stopping`);
  },

  find: async (connection, planned) => {
    const service = servicePropertiesSchema.parse(planned);
    const found = await inspectService(connection.docker, service.name);
    if (!found) return undefined;
    const wanted = serviceSpec(service);
    if (isMadeFrom(found.Spec, wanted)) return found.ID;
    throw new NameTakenError("service", service.name, ownerWords(found.Spec.Labels, wanted.Labels));
  },
};

/** Whether a service that was found for a resource belongs to another stack by now. */
function isAnothers({ Spec }: Service, known: PlainProperties, isSuccessor: boolean): boolean {
  const own = labelsSchema.safeParse(known["labels"]).data;
  return hasPassedToAnother(Spec.Labels, own && labelMap(own), isSuccessor);
}

const namedPlatforms = z.object({
  taskSpec: z.object({ placement: z.object({ platforms: z.array(z.unknown()).nullish() }) }),
});

/**
 * A service without the platforms that its creation has added and no program named. The provider takes them over when it reads, and
 * then plans an update to drop them, as if the service had been changed; the next update drops them anyway.
 */
function withoutAddedPlatforms(service: Service, known: PlainProperties): Service {
  const { data } = namedPlatforms.safeParse(known);
  if (data === undefined || (data.taskSpec.placement.platforms ?? []).length > 0) return service;
  const { Spec } = service;
  const { Placement, ...task } = Spec.TaskTemplate;
  return {
    ...service,
    Spec: { ...Spec, TaskTemplate: { ...task, ...(Placement && { Placement: { ...Placement, Platforms: [] } }) } },
  };
}

const countedTasks = z.object({ taskSpec: z.object({ forceUpdate: z.number() }) });

/** The count of replacements that the state has. */
function countOf(known: PlainProperties): number | undefined {
  return countedTasks.safeParse(known).data?.taskSpec.forceUpdate;
}

function withCount(attributes: Attributes, forceUpdate: number): Attributes {
  const { taskSpec } = attributes;
  const isMap = typeof taskSpec === "object" && taskSpec !== null && !Array.isArray(taskSpec);
  return isMap ? { ...attributes, taskSpec: { ...taskSpec, forceUpdate } } : attributes;
}

/** The properties that Docker does not keep; the provider leaves them in the state as they are. */
function unreadable(known: PlainProperties): Attributes {
  // They come out of a state or plan, so they are attributes.
  return { auth: (known["auth"] ?? null) as Attribute, convergeConfig: (known["convergeConfig"] ?? null) as Attribute };
}

/** Carries out a change and reads the result, even if it is not in effect. */
async function settled(
  { connection, onProgress }: OperationContext,
  id: string,
  declared: ServiceProperties,
  change: () => Promise<{ warnings: string[] }>,
  count = ({ TaskTemplate }: Service["Spec"]): number => TaskTemplate.ForceUpdate ?? 0,
): Promise<AppliedResource> {
  let failure: string | undefined;
  try {
    const { warnings } = await change();
    for (const warning of warnings) onProgress(`warning: ${warning}`);
  } catch (error) {
    // A refusal has changed nothing; after anything else the service exists and belongs in the state.
    if (error instanceof InputError || error instanceof SituationError) throw error;
    failure = error instanceof ConvergenceError ? error.message : dockerWords(error);
  }
  const service = await inspectService(connection.docker, id);
  const kept = unreadable({ auth: declared.auth, convergeConfig: declared.convergeConfig });
  return {
    id,
    attributes: { ...kept, ...(service ? withCount(serviceAttributes(service), count(service.Spec)) : {}) },
    ...(failure !== undefined && { failure }),
  };
}

function changeOptions(
  context: OperationContext,
  service: ServiceProperties,
  credentials: RegistryCredentials | undefined,
): ChangeOptions {
  const limits = [seconds(service.convergeConfig?.timeout ?? ""), context.timeoutSeconds].filter(
    (limit) => limit !== undefined,
  );
  const replicas = service.mode?.replicated?.replicas ?? 1;
  const limitSeconds = limits.length > 0 ? Math.min(...limits) : defaultTimeoutSeconds * Math.max(1, replicas);
  return {
    deadlineMs: performance.now() + limitSeconds * 1000,
    onProgress: context.onProgress,
    signal: context.signal,
    redact: serviceRedaction(context.redact, service),
    credentials,
  };
}

/** A program may print its variables: their values are masked like secrets. */
function serviceRedaction(redact: Redact, { taskSpec, auth }: ServiceProperties): Redact {
  const own = redactor([
    ...Object.entries(taskSpec.containerSpec.env).flatMap(([name, value]) => (mayBeSecret(name) ? [value] : [])),
    ...(auth ? [auth.password] : []),
  ]);
  return (text) => own(redact(text));
}

async function serviceCredentials(
  { credentialsFor }: OperationContext,
  { auth, taskSpec }: ServiceProperties,
): Promise<RegistryCredentials | undefined> {
  return auth?.password
    ? { serveraddress: auth.serverAddress, username: auth.username, password: auth.password }
    : credentialsFor(taskSpec.containerSpec.image);
}

function seconds(duration: string): number | undefined {
  return duration === "" ? undefined : parseDuration(duration, "duration") / 1000;
}

import * as pulumi from "@pulumi/pulumi";
import type { Obstacle } from "../../model/placement/feasibility.ts";
import { ownershipOf } from "../../model/service/ownership.ts";
import type { Service } from "../../swarm/api/objects.ts";
import type { RegistryCredentials } from "../../swarm/api/reads.ts";
import type { EngineConnection } from "../../swarm/engine/connection.ts";
import type { ServiceProperties } from "../../swarm/service/properties.ts";
import { InputError } from "../../text/input-error.ts";
import { declaredServices } from "./declared-services.ts";
import { beforeChanges, hookPlan, plainValues } from "./hooks.ts";
import { ownStack } from "./owner.ts";
import { isEmbedded, swarmManager, type SwarmManager } from "./provider-engine.ts";

/**
 * Hooks of a service that, before its task is stopped, refuse what cannot work on the current swarm, and pull the next task's
 * image on its node. Nothing is refused if the swarm cannot be asked.
 *
 * @param component - the component whose child the service is
 */
export function readinessHooks(component: pulumi.ComponentResource): pulumi.ResourceHookBinding {
  const settings = { findManager: swarmManager(component), registries: knownRegistries(component) };
  return beforeChanges("readiness", (moment, args) => requireReadiness(moment, args, settings));
}

/** How the program finds its swarm and the registries. */
interface DockerSettings {
  readonly findManager: SwarmManager;
  readonly registries: KnownRegistries;
}

/** The registries that the stack's settings know. */
export interface KnownRegistries {
  /** `docker:registryAuth`, in JSON. */
  readonly registryAuth: string | undefined;
  /** Whether there may be others: those of a provider of the program's own, which a hook does not see. */
  readonly mayBeMore: boolean;
}

/** The registries that are known for a component's service. */
export function knownRegistries(component: pulumi.ComponentResource): KnownRegistries {
  return {
    registryAuth: new pulumi.Config("docker").get("registryAuth"),
    mayBeMore: component.getProvider("docker:index/service:Service") !== undefined,
  };
}

/** The credentials by which a service's image is pulled: its own, else those of its registry. */
export async function credentialsFor(
  { auth, taskSpec }: ServiceProperties,
  { registryAuth }: KnownRegistries,
): Promise<RegistryCredentials | undefined> {
  const { credentialsAmong, parseRegistryAuth } = await import("../../swarm/api/registry-credentials.ts");
  if (auth == null) return credentialsAmong(parseRegistryAuth(registryAuth))(taskSpec.containerSpec.image);
  return { serveraddress: auth.serverAddress, username: auth.username, password: auth.password };
}

async function requireReadiness(
  moment: "create" | "update",
  args: pulumi.ResourceHookArgs,
  settings: DockerSettings,
): Promise<void> {
  const [newInputs, oldInputs, oldOutputs] = await Promise.all([
    plainValues(args.newInputs),
    plainValues(args.oldInputs),
    plainValues(args.oldOutputs),
  ]);
  const { servicePropertiesSchema } = await import("../../swarm/service/properties.ts");
  const service = servicePropertiesSchema.safeParse(newInputs).data;
  if (service === undefined) return;
  const connection = await settings.findManager();
  if (connection === undefined) return;
  const plain = { ...args, newInputs, oldInputs, oldOutputs };
  let obstacles: readonly Obstacle[];
  try {
    if (!(await isTheSwarmOf(connection, service, moment === "update" ? args.id : undefined))) return;
    obstacles = await obstaclesTo(connection, moment, plain);
  } catch {
    return; // Nothing is refused if the engine cannot be asked; Docker itself reports the problem.
  }
  const [first] = obstacles;
  if (first !== undefined) throw new InputError(first);
  if (moment === "update" && !isEmbedded()) {
    await pullBeforehand(connection, args.id, service, settings);
  }
}

/** Whether the engine manages the swarm that the resource belongs to: another provider's may be elsewhere. */
async function isTheSwarmOf(
  { docker }: EngineConnection,
  { taskSpec }: ServiceProperties,
  serviceId: string | undefined,
): Promise<boolean> {
  const { inspectNetwork, inspectService } = await import("../../swarm/api/reads.ts");
  if (serviceId !== undefined) return (await inspectService(docker, serviceId)) !== undefined;
  const [network] = taskSpec.networksAdvanceds;
  return network !== undefined && (await inspectNetwork(docker, network.id || network.name)) !== undefined;
}

async function obstaclesTo(
  connection: EngineConnection,
  moment: "create" | "update",
  args: pulumi.ResourceHookArgs,
): Promise<readonly Obstacle[]> {
  const [{ judgePlan }, { findUnavailable, readSupply }] = await Promise.all([
    import("../../impact/judge-plan.ts"),
    import("../../live/readiness/swarm-supply.ts"),
  ]);
  const plan = hookPlan(moment, args);
  const [step] = plan.steps;
  if (step?.after?.kind !== "service") return [];
  const { name, definition } = step.after;
  const { nodes, services: present, use } = await readSupply(connection);
  const services = use.services.filter((each) => each.name === name || !declaredServices.has(each.name));
  const before = step.before?.kind === "service" ? step.before.definition : undefined;
  const { missingImages, foreignPorts } = await findUnavailable(connection, { nodes, use }, [
    { before, after: definition },
  ]);
  const unavailable = { missingImages: new Map(Object.entries(missingImages)), foreignPorts: new Set(foreignPorts) };
  const removedLast = ownUndeclared(present);
  return judgePlan(plan, { nodes, use: { services, ...unavailable }, removedLast }).obstacles;
}

/**
 * The services with this stack's labels that this program does not declare. A hook cannot see what a plan deletes: this finds a
 * renamed service's predecessor until its successor runs.
 */
function ownUndeclared(present: readonly Service[]): ReadonlySet<string> {
  const own = ownStack();
  return new Set(
    present
      .filter(
        ({ Spec }) => !declaredServices.has(Spec.Name) && ownershipOf({ labels: Spec.Labels }, own).kind === "ours",
      )
      .map(({ Spec }) => Spec.Name),
  );
}

async function pullBeforehand(
  connection: EngineConnection,
  serviceId: string,
  service: ServiceProperties,
  { registries }: DockerSettings,
): Promise<void> {
  const [{ makeReady }, { serviceSpec }] = await Promise.all([
    import("../../live/readiness/image-pull.ts"),
    import("../../swarm/service/spec.ts"),
  ]);
  const say = (message: string): void => void pulumi.log.info(`${service.name}: ${message}`);
  try {
    await makeReady(connection, serviceId, serviceSpec(service), {
      credentials: await credentialsFor(service, registries),
      mayLackCredentials: registries.mayBeMore,
      onProgress: say,
      signal: new AbortController().signal,
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The update itself will say what is wrong with the engine.
  }
}

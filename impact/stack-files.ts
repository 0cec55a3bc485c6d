/** Two stack files, or a stack file and what runs now, as a plan of `docker stack deploy`. */
import { readStackFile, type StackFileOptions } from "../model/inputs/stack-file.ts";
import { recordOf } from "../model/inputs/field.ts";
import type { Plan, PlannedAccessory, PlannedObject, PlannedService, PlannedStep } from "../model/planned-change.ts";
import { isKnown, notKnown, type Estate, type Known, type ServiceDefinition } from "../model/service-definition.ts";
import type { TaskTemplate } from "../model/task-replacement.ts";

/** A stack file with how it is read. */
export interface StackFileInput {
  readonly text: string;
  readonly options: StackFileOptions;
}

/** What `docker stack deploy` is told besides the file. */
export interface DeployOptions {
  /** Whether services that the file no longer has are removed (`--prune`). */
  readonly prune: boolean;
}

/**
 * Makes a plan of two versions of a stack file.
 *
 * @throws InputError when one is no stack file
 */
export function planBetweenStackFiles(before: StackFileInput, after: StackFileInput, { prune }: DeployOptions): Plan {
  const olds = services(before);
  const news = services(after);
  const steps = [...news].map(([name, next]) => step(name, olds.get(name), next));
  const gone = [...olds].filter(([name]) => !news.has(name));
  return plan([...steps, ...gone.map(([name, old]) => leftOut(name, old, prune))]);
}

/**
 * Makes a plan of a stack file and the services that run now.
 *
 * @param stack - the stack's name; without it a service of the file is taken to be the one live service that is called so
 */
export function planOverLiveSwarm(
  live: Estate,
  file: StackFileInput,
  { prune, stack }: DeployOptions & { stack: string | undefined },
): Plan {
  const running = new Map(live.services.map((service) => [service.name, service]));
  const news = services(file);
  const matched = new Set<string>();
  const steps = [...news].map(([name, next]) => {
    const found =
      running.get(`${stack ?? ""}_${name}`) ??
      [...running.values()].filter(
        (each) => each.name === name || (stack === undefined && each.name.endsWith(`_${name}`)),
      )[0];
    if (found === undefined) return step(name, undefined, next);
    matched.add(found.name);
    const prefix = found.name.slice(0, found.name.length - name.length);
    const old = comparable(withoutPrefix(found, prefix));
    return step(found.name, { ...old, name: found.name }, { ...comparable(next.definition), name: found.name });
  });
  const gone =
    stack === undefined
      ? []
      : [...running.values()].filter(({ name }) => name.startsWith(`${stack}_`) && !matched.has(name));
  return plan([...steps, ...gone.map((old) => leftOut(old.name, { ...comparable(old), name: old.name }, prune))]);
}

function plan(steps: readonly PlannedStep[]): Plan {
  const configs = changedConfigs(steps);
  const dependsOn = configs.map(({ id }) => id);
  const after = steps.map((each) => ({ ...each, dependsOn }));
  return { executor: "stack deploy", steps: [...configs, ...after], unseen: 0, errors: [], policyFindings: [] };
}

/** Configs whose content changes under their name: `docker stack deploy` updates them before it touches any service. */
function changedConfigs(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const [before, after] = (["before", "after"] as const).map(
    (side) => new Map(steps.flatMap((each) => configContents(each[side]))),
  );
  return [...(after ?? [])].flatMap(([name, content]) => {
    const old = before?.get(name);
    if (old === undefined || old === content) return [];
    const config: PlannedAccessory = { kind: "config", name, id: undefined };
    return [{ ...plannedStep(`config ${name}`, config, config), operation: "update" as const }];
  });
}

function configContents(object: PlannedStep["after"]): readonly (readonly [string, string])[] {
  const configs = object?.kind === "service" ? object.definition.configs : [];
  return (isKnown(configs) ? configs : []).flatMap(({ name, content }) =>
    isKnown(name) && name !== undefined && isKnown(content) && content !== undefined ? [[name, content] as const] : [],
  );
}

function services(input: StackFileInput): ReadonlyMap<string, PlannedService> {
  const { services: definitions, taskSettings } = readStackFile(input.text, input.options);
  return new Map(
    definitions.map((definition) => {
      const { name } = definition;
      const { template, ...service } = comparable(definition);
      const rest = { ...restOf(definition), ...taskSettings.get(name) };
      return [name, { ...service, template: { ...template, rest } }];
    }),
  );
}

/** A service of which only what its definition says can be compared. */
function comparable(definition: ServiceDefinition): PlannedService {
  return { kind: "service", name: definition.name, definition, template: template(definition), isAwaited: false };
}

function template(definition: ServiceDefinition): TaskTemplate {
  const { constraints, maxReplicasPerNode, ports, endpointMode, paths } = definition;
  return {
    placement: {
      constraints: isKnown(constraints) ? constraints.map(({ text }) => text) : notKnown,
      maxReplicas: maxReplicasPerNode,
    },
    rest: restOf(definition),
    endpoint: {
      mode: endpointMode === "vip" ? undefined : endpointMode,
      ports: isKnown(ports)
        ? ports.map(({ targetPort, publishedPort, protocol, publishMode }) => ({
            targetPort,
            publishedPort,
            protocol: protocol ?? "tcp",
            publishMode: publishMode ?? "ingress",
          }))
        : notKnown,
    },
    hiddenChanges: [],
    paths: { placement: paths.constraints.replace(/\.constraints$/u, ""), rest: "", endpoint: "endpoint" },
  };
}

/** What decides about a task; values that Docker has by itself count as left out. */
function restOf(definition: ServiceDefinition): Readonly<Record<string, unknown>> {
  const {
    image,
    mounts,
    configs,
    secrets,
    restart,
    stopGraceSeconds,
    stopSignal,
    limits,
    reservations,
    healthCheck,
    environment,
  } = definition;
  const unless = <T>(value: Known<T>, usual: T): Known<T> | undefined => (value === usual ? undefined : value);
  return {
    image: imageOf(image),
    command: definition.command,
    args: definition.args,
    environment: isKnown(environment) ? Object.fromEntries(Object.entries(environment)) : notKnown,
    user: definition.user,
    working_dir: definition.workingDirectory,
    read_only: definition.readOnlyRoot,
    hostname: definition.hostname,
    labels: definition.containerLabels,
    configs: fileNames(configs),
    secrets: fileNames(secrets),
    volumes: isKnown(mounts)
      ? mounts.map(({ type, source, target, readOnly }) => ({ type, source, target, readOnly }))
      : notKnown,
    limits,
    reservations,
    healthcheck: healthCheck,
    restart_policy: isKnown(restart)
      ? restart && {
          condition: unless(restart.condition, "any"),
          delaySeconds: unless(restart.delaySeconds, 5),
          maxAttempts: restart.maxAttempts,
          windowSeconds: restart.windowSeconds,
        }
      : notKnown,
    stop_grace_period: unless(stopGraceSeconds, 10),
    stop_signal: stopSignal,
  };
}

function imageOf({ repository, tag, digest }: ServiceDefinition["image"]): unknown {
  // A file names a tag, the swarm the digest that was behind it: what both have is compared.
  if (!isKnown(repository) || !isKnown(tag)) return notKnown;
  return tag === undefined && isKnown(digest) && digest !== undefined
    ? `${repository}@${digest}`
    : `${repository}:${tag ?? "latest"}`;
}

function fileNames(files: ServiceDefinition["configs"]): Known<readonly unknown[]> {
  return isKnown(files) ? files.map(({ name, target }) => ({ source: name, target })) : notKnown;
}

function step(name: string, before: PlannedService | undefined, after: PlannedService): PlannedStep {
  return plannedStep(`service ${name}`, before, after);
}

function plannedStep(id: string, before: PlannedObject | undefined, after: PlannedObject): PlannedStep {
  return {
    id,
    operation: before === undefined ? "create" : "update",
    before,
    after,
    deletesFirst: false,
    isProtected: false,
    isRetained: false,
    dependsOn: [],
    isFirstUpdate: false,
    ignoredRemovals: [],
    replaceReasons: [],
  };
}

/** Without `--prune`, a service that the file no longer has runs on as it was. */
function leftOut(name: string, old: PlannedService, prune: boolean): PlannedStep {
  const ignoredRemovals = prune ? [] : [`service ${name}`];
  return {
    ...step(name, old, old),
    operation: prune ? "delete" : "same",
    after: prune ? undefined : old,
    ignoredRemovals,
  };
}

/** What `docker stack deploy` adds to each container's labels. */
const stackLabel = "com.docker.stack.namespace";

/** A live service with the names that the file has: `docker stack deploy` puts the stack's name before them. */
function withoutPrefix(definition: ServiceDefinition, prefix: string): ServiceDefinition {
  const { mounts, configs, secrets, containerLabels } = definition;
  const bare = (name: Known<string | undefined>): Known<string | undefined> =>
    isKnown(name) && prefix !== "" && name?.startsWith(prefix) === true ? name.slice(prefix.length) : name;
  const bareFiles = (files: ServiceDefinition["configs"]): ServiceDefinition["configs"] =>
    isKnown(files) ? files.map((file) => ({ ...file, name: bare(file.name) })) : files;
  return {
    ...definition,
    mounts: isKnown(mounts)
      ? mounts.map((mount) => (mount.type === "volume" ? { ...mount, source: bare(mount.source) } : mount))
      : mounts,
    configs: bareFiles(configs),
    secrets: bareFiles(secrets),
    containerLabels: isKnown(containerLabels)
      ? recordOf(Object.entries(containerLabels).filter(([label]) => label !== stackLabel))
      : containerLabels,
  };
}

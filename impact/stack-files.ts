/** Two stack files, or a stack file and what runs now, as a plan of `docker stack deploy`. */
import { parseDocument } from "yaml";
import { isRecord } from "../model/inputs/field.ts";
import { readStackFile, type StackFileOptions } from "../model/inputs/stack-file.ts";
import type { Plan, PlannedService, PlannedStep } from "../model/planned-change.ts";
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
  return { executor: "stack deploy", steps, unseen: 0, errors: [], policyFindings: [] };
}

function services(input: StackFileInput): ReadonlyMap<string, PlannedService> {
  const { services: definitions } = readStackFile(input.text, input.options);
  // The file has been read without a mistake, so that it can be looked at as it is.
  const raw: unknown = parseDocument(input.text, { merge: true, logLevel: "silent" }).toJS({ maxAliasCount: 1000 });
  const written = isRecord(raw) && isRecord(raw["services"]) ? raw["services"] : {};
  return new Map(definitions.map((definition) => [definition.name, service(definition, written[definition.name])]));
}

function service(definition: ServiceDefinition, written: unknown): PlannedService {
  return {
    ...comparable(definition),
    template: { ...template(definition), rest: { ...rest(definition), ...others(written) } },
  };
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
    rest: rest(definition),
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
function rest(definition: ServiceDefinition): Readonly<Record<string, unknown>> {
  const { image, mounts, restart, stopGraceSeconds, stopSignal, limits, reservations, healthCheck, environment } =
    definition;
  const unless = <T>(value: Known<T>, usual: T): Known<T> | undefined => (value === usual ? undefined : value);
  return {
    image: imageOf(image),
    command: definition.command,
    args: definition.args,
    environment: isKnown(environment) ? Object.fromEntries(Object.entries(environment)) : notKnown,
    user: definition.user,
    working_dir: definition.workingDirectory,
    read_only: definition.readOnlyRoot,
    mounts: isKnown(mounts)
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

/** Keys of a stack file that the definition covers, or that do not reach the task. */
const covered = new Set(
  "image entrypoint command environment env_file user working_dir read_only volumes tmpfs healthcheck deploy stop_grace_period stop_signal ports build depends_on container_name extends profiles restart".split(
    " ",
  ),
);

function others(written: unknown): Readonly<Record<string, unknown>> {
  return isRecord(written) ? Object.fromEntries(Object.entries(written).filter(([key]) => !covered.has(key))) : {};
}

function step(name: string, before: PlannedService | undefined, after: PlannedService): PlannedStep {
  return {
    id: `service ${name}`,
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

/** A live service's volumes, named as the file names them: `docker stack deploy` puts the stack's name before them. */
function withoutPrefix(definition: ServiceDefinition, prefix: string): ServiceDefinition {
  const { mounts } = definition;
  if (prefix === "" || !isKnown(mounts)) return definition;
  return {
    ...definition,
    mounts: mounts.map((mount) => {
      const { source } = mount;
      const isPrefixed = mount.type === "volume" && isKnown(source) && source?.startsWith(prefix) === true;
      return isPrefixed ? { ...mount, source: source.slice(prefix.length) } : mount;
    }),
  };
}

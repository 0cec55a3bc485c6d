import { createHash } from "node:crypto";
import type * as docker from "@pulumi/docker";
import type { Input } from "@pulumi/pulumi";
import { isSameConstraint, pinConstraint } from "../../model/placement/pin.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { requireServiceName } from "../../model/service/name.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { longestGraceSeconds, parseGrace } from "../../model/service/stop-grace.ts";
import { formatSize, parseSize } from "../../text/byte-size.ts";
import { formatDuration, parseDuration } from "../../text/duration.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { requirePort, requireWhole } from "../../text/whole-number.ts";
import type { VolumeSpec } from "../volumes/volume-spec.ts";

type ContainerSpec = docker.types.input.ServiceTaskSpecContainerSpec;
type Endpoint = docker.types.input.ServiceEndpointSpec;
type Port = docker.types.input.ServiceEndpointSpecPort;
type Mount = docker.types.input.ServiceTaskSpecContainerSpecMount;

/** Arguments of `docker.Service` whose nested parts are at hand. */
export interface DockerServiceArgs extends Omit<docker.ServiceArgs, "taskSpec"> {
  taskSpec: Omit<docker.types.input.ServiceTaskSpec, "containerSpec"> & { containerSpec: ContainerSpec };
}

/** How a port is published. */
export const PublishMode = {
  /** On the node of the task alone, without load balancing: needs no IPVS, and the client's address is seen. */
  host: "host",
  /** On every node, through Swarm's routing mesh. */
  ingress: "ingress",
} as const;

export type PublishMode = (typeof PublishMode)[keyof typeof PublishMode];

/** What becomes of an update whose task does not start or stay up. */
export const OnUpdateFailure = {
  /** Swarm brings the former version back. */
  rollback: "rollback",
  /** Nothing runs until somebody has looked: for a version that may have changed the files on its first start. */
  pause: "pause",
} as const;

export type OnUpdateFailure = (typeof OnUpdateFailure)[keyof typeof OnUpdateFailure];

/** A port that is reachable from outside the swarm. */
export interface PublishedPort {
  /** The port that the server listens on inside the container. */
  target: number;
  /** The port on the node. */
  published: number;
  /** How it is published. @default PublishMode.host */
  mode?: PublishMode;
}

/** How a preset publishes the one port of its server. */
export interface Publication {
  publishedPort: number | undefined;
  publishMode: PublishMode | undefined;
}

/**
 * The ports of a preset.
 *
 * @param path - what stands before `publishedPort` in an error
 * @throws InputError when it is no port
 */
export function portsToPublish(
  target: number,
  { publishedPort, publishMode }: Publication,
  path: string,
): PublishedPort[] {
  if (publishedPort === undefined) return [];
  const published = requirePort(publishedPort, `${path}.publishedPort`);
  return [{ target, published, ...(publishMode && { mode: publishMode }) }];
}

/** The command that says whether the service is alive. Swarm kills a task that fails it. */
export interface HealthCheck {
  /** As Docker takes it: `["CMD", program, ...arguments]` or `["CMD-SHELL", line]`. */
  test: string[];
  /** Time between two checks. An update counts as done after the first. @default "2s" */
  interval?: string;
  /** Time that one check may take. @default "5s" */
  timeout?: string;
  /** Failures in a row before the task is killed. @default 15 */
  retries?: number;
  /** Time after the start in which failures do not count. @default "30s" */
  startPeriod?: string;
}

/** A file system in memory, emptied at every start of the task. */
export interface ScratchMount {
  /** Where it is mounted. It belongs to root and takes over the mode of the image's folder; where that is missing, all may write. */
  path: string;
  /** Most that it may hold; it counts towards the memory limit. @default the memory limit */
  size?: string;
}

/** What a person says about a service that keeps state; the rest follows from the fact that it does. */
export interface ServiceSettings {
  /** Most memory the task may use, such as `100M`. */
  memoryLimit: string;
  /** Memory that a node must have left for the task. @default none */
  memoryReservation?: string;
  /** Most processors the task may use, such as 0.5. @default no limit */
  cpuLimit?: number;
  /** Processors that a node must have left for the task. @default none */
  cpuReservation?: number;
  /** Is the service alive? */
  healthCheck: HealthCheck;
  /** The container's entry point. @default that of the image */
  command?: string[];
  /** The entry point's arguments. @default those of the image */
  args?: string[];
  /** Environment variables. With more than one the provider sends them in random order, which restarts the task needlessly. @default none */
  environment?: Record<string, Input<string>>;
  /** User, and group, that the container starts as, such as `999:999`. @default that of the image */
  user?: string;
  /** Linux capabilities that the container does without. @default none */
  dropCapabilities?: string[];
  /** Whether the container's own file system can only be read. @default false */
  readOnlyRoot?: boolean;
  /** File systems in memory. @default none */
  scratch?: ScratchMount[];
  /** Ports that are reachable from outside the swarm. @default none */
  ports?: PublishedPort[];
  /** Placement constraints besides those of the volumes. @default none */
  constraints?: string[];
  /** Signal that asks the server to write its state and stop. @default "SIGTERM" */
  stopSignal?: string;
  /** Time between the signal and SIGKILL, at most 55s. @default "55s" */
  stopGrace?: string;
  /** Time between a task's end and the start of the next. @default "2s" */
  restartDelay?: string;
  /** What becomes of an update whose task does not start or stay up. @default OnUpdateFailure.rollback */
  onUpdateFailure?: OnUpdateFailure;
  /** Whether no task runs; the data stays. @default false */
  stopped?: boolean;
  /** How the data is backed up, in your words, or `none: ` and the reason; a label that the policies look for. @default not said */
  backup?: string;
  /** Labels of the service; a changed one does not replace the task. @default none */
  labels?: Record<string, string>;
  /** Log driver. @default json-file, three files of 10 MB */
  logDriver?: LogDriver;
}

/** Where the output of the task goes. */
export interface LogDriver {
  /** Such as `json-file`, `local` or `journald`. */
  name: string;
  /** Options of the driver. @default none */
  options?: Record<string, string>;
}

/** A data volume in its place in the container. */
interface DataMountSpec {
  volume: VolumeSpec;
  path: string;
}

/** Everything that was said about a service. */
export interface ServiceInput extends ServiceSettings {
  name: string;
  image: Input<string>;
  data: DataMountSpec[];
  /** The files whose content Swarm carries, by the arguments that say so, such as `secretFiles.password`. */
  files: Record<string, FileTarget>;
}

/** A file in the container whose content Swarm carries. */
export interface FileTarget {
  /** Where it lies in the container. */
  path: string;
  /** User and group that own it, as numbers. @default "0" */
  ownerId?: string;
  /** Its mode. @default 0o444 */
  mode?: number;
}

/** A file, and the secret or configuration that holds its content. */
export interface FileSource extends FileTarget {
  id: Input<string>;
  name: Input<string>;
}

/** What was made for a service before the service itself. */
export interface Attachments {
  networkIds: Input<string>[];
  secretFiles: FileSource[];
  configFiles: FileSource[];
}

/**
 * The arguments of `docker.Service` for a service that keeps state.
 *
 * Everything that the provider would leave unknown in a preview, or read back in another form than it was given, is set.
 *
 * @param path - what stands before the arguments' names in an error
 * @throws InputError for the first mistake
 */
export function dockerServiceArgs(definition: ServiceInput, path: string): DockerServiceArgs {
  const endpointSpec = endpoint(definition.ports ?? [], `${path}.ports`);
  return {
    name: requireServiceName(definition.name, `${path}.serviceName`),
    labels: labels(definition),
    taskSpec: {
      containerSpec: containerSpec(definition, path),
      placement: { constraints: constraints(definition, path) },
      resources: resources(definition, path),
      // Swarm compares attempts within a window; without an upper limit of attempts the window has no effect.
      restartPolicy: {
        condition: "any",
        delay: duration(definition.restartDelay ?? "2s", `${path}.restartDelay`),
        maxAttempts: 0,
        window: "0s",
      },
      forceUpdate: endpointFingerprint(endpointSpec),
      logDriver: definition.logDriver ?? { name: "json-file", options: { "max-file": "3", "max-size": "10m" } },
    },
    mode: { replicated: { replicas: definition.stopped === true ? 0 : 1 } },
    updateConfig: { ...oneAfterTheOther, failureAction: definition.onUpdateFailure ?? OnUpdateFailure.rollback },
    rollbackConfig: { ...oneAfterTheOther, failureAction: "pause" },
    endpointSpec,
    convergeConfig: { delay: "1s", timeout: convergeTimeout(definition, path) },
  };
}

const leastConvergeMs = 10 * 60_000;

/** What an image may take to be pulled, for a creation, and the old task to stop, for an update. */
const convergeAllowanceMs = 5 * 60_000 + longestGraceSeconds * 1000;

/**
 * How long the provider waits for a task that runs and is healthy. A creation that does not converge in time deletes the service
 * (terraform-provider-docker#624), so a server that is still loading its data, as long as its health check lets it, must not run
 * into it. A task that cannot start at all is refused before (components/hooks/readiness.ts), one that fails is taken back by Swarm:
 * neither waits for this.
 */
function convergeTimeout({ healthCheck: check }: ServiceInput, path: string): string {
  const milliseconds = (text: string) => parseDuration(text, `${path}.healthCheck`);
  const { interval, timeout, retries, startPeriod } = { ...healthCheckDefaults, ...check };
  const patienceMs = milliseconds(startPeriod) + retries * (milliseconds(interval) + milliseconds(timeout));
  return formatDuration(Math.max(leastConvergeMs, patienceMs + convergeAllowanceMs));
}

/**
 * How a task is replaced, and brought back.
 *
 * `monitor` is how long Swarm watches a task that runs (that has passed its health check) before it calls the update completed,
 * and may roll it back. A server that refuses to start never comes so far; what is left are those that die right after. All
 * that time an update takes longer, without an outage; and the provider takes an update for done when it looks for the first
 * time, after 7 s, and deletes the former configurations, which a rollback needs. 2 s are over by then.
 */
const oneAfterTheOther = {
  order: "stop-first",
  parallelism: 1,
  delay: "0s",
  monitor: "2s",
  maxFailureRatio: "0.0",
} as const;

/** What is said here and cannot be read from the rest of the spec goes into labels, for the policies. */
function labels({ labels, backup, data }: ServiceInput): { label: string; value: string }[] {
  const reasons = data.flatMap(({ volume }) => (volume.shared === undefined ? [] : [volume.shared.reason]));
  const made = data.flatMap(({ volume }) => volume.madeByTask ?? []);
  const all = {
    ...labels,
    ...(made.length > 0 && { [ownerLabels.volumes]: made.join(",") }),
    ...(backup !== undefined && { [serviceLabels.backup]: backup }),
    ...(reasons.length > 0 && { [serviceLabels.shared]: reasons.join("; ") }),
  };
  return Object.entries(all).map(([label, value]) => ({ label, value }));
}

/** Adds what was made for a service to its spec. */
export function attach(
  spec: DockerServiceArgs,
  { networkIds, secretFiles, configFiles }: Attachments,
): DockerServiceArgs {
  return {
    ...spec,
    taskSpec: {
      ...spec.taskSpec,
      containerSpec: {
        ...spec.taskSpec.containerSpec,
        secrets: secretFiles.map(({ id, name, ...file }) => ({
          secretId: id,
          secretName: name,
          ...fileTarget(file),
        })),
        configs: configFiles.map(({ id, name, ...file }) => ({
          configId: id,
          configName: name,
          ...fileTarget(file),
        })),
      },
      networksAdvanceds: networkIds.map((id) => ({ id })),
    },
  };
}

function containerSpec(definition: ServiceInput, path: string): ContainerSpec {
  return {
    image: definition.image,
    ...(definition.command && { commands: definition.command }),
    ...(definition.args && { args: definition.args }),
    ...(definition.environment && { env: definition.environment }),
    ...(definition.user !== undefined && { user: definition.user }),
    ...(definition.dropCapabilities && { capDrops: definition.dropCapabilities }),
    ...(definition.readOnlyRoot === true && { readOnly: true }),
    mounts: mounts(definition, path),
    healthcheck: healthCheck(definition.healthCheck, `${path}.healthCheck`),
    stopSignal: definition.stopSignal ?? "SIGTERM",
    stopGracePeriod: formatDuration(parseGrace(definition.stopGrace ?? "55s", `${path}.stopGrace`)),
  };
}

/** As {@link HealthCheck} says. */
const healthCheckDefaults = { interval: "2s", timeout: "5s", retries: 15, startPeriod: "30s" };

function healthCheck(check: HealthCheck, path: string): docker.types.input.ServiceTaskSpecContainerSpecHealthcheck {
  const { test, interval, timeout, retries, startPeriod } = { ...healthCheckDefaults, ...check };
  requireHealthTest(test, `${path}.test`);
  return {
    tests: test,
    interval: duration(interval, `${path}.interval`),
    timeout: duration(timeout, `${path}.timeout`),
    retries: requireRetries(retries, `${path}.retries`),
    startPeriod: duration(startPeriod, `${path}.startPeriod`),
  };
}

/**
 * Checks the command of a health check.
 *
 * @param path - where it stands, for the error
 * @throws InputError when Docker would not know how to run it, or when it runs nothing
 */
export function requireHealthTest(test: string[], path: string): void {
  const [kind, ...command] = test;
  if ((kind === "CMD" || kind === "CMD-SHELL") && command.length > 0) return;
  throw new InputError({
    path,
    expected: '"CMD" or "CMD-SHELL" and a command',
    got: showValue(test),
    fix: 'Write for example ["CMD", "redis-cli", "ping"]',
  });
}

function mounts(definition: ServiceInput, path: string): Mount[] {
  const { data, scratch = [], files } = definition;
  if (data.length + scratch.length === 0) {
    throw new InputError({
      path: `${path}.data`,
      expected: "a volume for the state, or scratch where nothing is to be kept",
      got: "neither",
      fix: "Say where the server keeps its data",
    });
  }
  const targets = [...data, ...scratch, ...Object.values(files)].map((each) => each.path);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) {
    throw new InputError({
      path: `${path}.data`,
      expected: "one mount or file at each path",
      got: `several at ${showValue(twice)}`,
      fix: "Give each a path of its own",
    });
  }
  for (const [argument, file] of Object.entries(files)) checkFile(file, `${path}.${argument}`);
  return [
    ...data.map(({ volume, path: target }, index) =>
      dataMount(volume, requireAbsolute(target, `${path}.data[${index}].path`)),
    ),
    ...scratch.map((mount, index) => scratchMount(mount, `${path}.scratch[${index}]`)),
  ];
}

function checkFile({ path: target, ownerId = "0", mode = 0o444 }: FileTarget, path: string): void {
  requireAbsolute(target, `${path}.path`);
  requireFileMode(mode, `${path}.mode`);
  requireOwnerId(ownerId, `${path}.ownerId`);
}

/**
 * Checks the mode of a file.
 *
 * @throws InputError when it is none
 */
export function requireFileMode(mode: number, path: string): number {
  return requireWhole(mode, 0, 0o777, path);
}

/**
 * Checks the owner of a file.
 *
 * @throws InputError when it is no number, which is all that Swarm knows
 */
export function requireOwnerId(ownerId: string, path: string): string {
  if (/^\d+$/u.test(ownerId)) return ownerId;
  throw new InputError({
    path,
    expected: "the number of a user, who is the owner, and of the group",
    got: showValue(ownerId),
    fix: 'Write for example "999"; Swarm knows no names',
  });
}

function dataMount({ type, source, driverOptions }: VolumeSpec, target: string): Mount {
  return {
    type,
    source,
    target,
    ...(driverOptions && { volumeOptions: { driverName: "local", driverOptions } }),
  };
}

function scratchMount({ path: target, size }: ScratchMount, path: string): Mount {
  return {
    type: "tmpfs",
    target: requireAbsolute(target, `${path}.path`),
    ...(size !== undefined && { tmpfsOptions: { sizeBytes: parseSize(size, `${path}.size`) } }),
  };
}

/**
 * What every node satisfies that may run the service. Without any constraint the provider takes the platforms that Swarm's own
 * creation adds for a change of the program; and a placement that is left out would keep constraints that were taken away.
 */
export const anyNode = "node.platform.os==linux";

function constraints(definition: ServiceInput, path: string): string[] {
  const pins = definition.data.flatMap(({ volume }, index) =>
    volume.pin === undefined ? [] : [pinConstraint(volume.pin, `${path}.data[${index}].volume.pin`)],
  );
  const other = pins.find((pin) => !isSameConstraint(pin, pins[0] ?? pin));
  if (other !== undefined) {
    throw new InputError({
      path: `${path}.data`,
      expected: "volumes of one node",
      got: `${pins[0] ?? ""} and ${other}`,
      fix: "Put the volumes of one service on the same node, named by the same mark",
    });
  }
  const all = [...pins.slice(0, 1), ...(definition.constraints ?? [])];
  return all.length > 0 ? all : [anyNode];
}

function resources(definition: ServiceInput, path: string): docker.types.input.ServiceTaskSpecResources {
  const limitBytes = parseSize(definition.memoryLimit, `${path}.memoryLimit`);
  const { memoryReservation, cpuLimit, cpuReservation } = definition;
  const reservedBytes =
    memoryReservation === undefined ? undefined : parseSize(memoryReservation, `${path}.memoryReservation`);
  if (reservedBytes !== undefined && reservedBytes > limitBytes) {
    throw new InputError({
      path: `${path}.memoryReservation`,
      expected: `at most the memory limit, ${formatSize(limitBytes)}`,
      got: formatSize(reservedBytes),
      fix: "Lower the reservation or raise the limit",
    });
  }
  return {
    limits: {
      memoryBytes: limitBytes,
      ...(cpuLimit !== undefined && { nanoCpus: nanoCpus(cpuLimit, `${path}.cpuLimit`) }),
    },
    ...((reservedBytes !== undefined || cpuReservation !== undefined) && {
      reservation: {
        ...(reservedBytes !== undefined && { memoryBytes: reservedBytes }),
        ...(cpuReservation !== undefined && { nanoCpus: nanoCpus(cpuReservation, `${path}.cpuReservation`) }),
      },
    }),
  };
}

/** Host ports go with DNS round robin, which needs no IPVS; the routing mesh needs a virtual IP. */
function endpoint(ports: PublishedPort[], path: string): Endpoint {
  const portSpecs = ports.map(({ target, published, mode }, index): Port => ({
    protocol: "tcp",
    targetPort: requirePort(target, `${path}[${index}].target`),
    publishedPort: requirePort(published, `${path}[${index}].published`),
    publishMode: mode ?? PublishMode.host,
  }));
  const published = ports.map((port) => port.published);
  const twice = published.findIndex((port, index) => published.indexOf(port) !== index);
  if (twice !== -1) {
    throw new InputError({
      path: `${path}[${twice}].published`,
      expected: "a port that no other entry publishes",
      got: showValue(published[twice]),
      fix: "Choose another port",
    });
  }
  const isRouted = ports.some(({ mode }) => mode === PublishMode.ingress);
  return { mode: isRouted ? "vip" : "dnsrr", ports: portSpecs };
}

/**
 * A number that changes with the endpoint. As `forceUpdate` it makes Swarm replace the task when, and only when, the endpoint
 * changes: left to itself Swarm may keep the task and the old port (seen: an update that also drops the placement's platforms).
 */
export function endpointFingerprint(endpointSpec: DockerServiceArgs["endpointSpec"]): number {
  return createHash("sha256").update(JSON.stringify(endpointSpec)).digest().readUInt32BE() >>> 1;
}

function fileTarget({ path, ownerId = "0", mode = 0o444 }: FileTarget) {
  return { fileName: path, fileUid: ownerId, fileGid: ownerId, fileMode: mode };
}

function duration(text: string, path: string): string {
  return formatDuration(parseDuration(text, path));
}

/**
 * Checks a path in the container.
 *
 * @throws InputError when it does not begin with a slash, or ends with one
 */
export function requireAbsolute(target: string, path: string): string {
  if (/^\/[^:]*[^:/]$/u.test(target)) return target;
  throw new InputError({
    path,
    expected: "an absolute path inside the container, without a slash at its end",
    got: showValue(target),
    fix: "Write for example /data",
  });
}

/**
 * Checks how often a health check may fail.
 *
 * @throws InputError when it is no whole number from 1 to 1000
 */
export function requireRetries(retries: number, path: string): number {
  return requireWhole(retries, 1, 1000, path);
}

/**
 * Reads a number of processors as Swarm counts them.
 *
 * @throws InputError below a hundredth
 */
export function nanoCpus(processors: number, path: string): number {
  if (processors >= 0.01 && processors <= 1024) return Math.round(processors * 1e9);
  throw new InputError({
    path,
    expected: "a number of processors, at least 0.01",
    got: showValue(processors),
    fix: "Write for example 0.5 for half a processor",
  });
}

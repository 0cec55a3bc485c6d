import type * as docker from "@pulumi/docker";
import type { Input } from "@pulumi/pulumi";
import { isSameConstraint, pinConstraint } from "../../model/placement/pin.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import { requireServiceName } from "../../model/service/name.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { parseGrace } from "../../model/service/stop-grace.ts";
import { formatSize, parseSize } from "../../text/byte-size.ts";
import { formatDuration, parseDuration } from "../../text/duration.ts";
import { InputError } from "../../text/input-error.ts";
import type { ServiceBackupArgs } from "./backup.ts";
import { type HealthCheck, healthCheckSpec } from "./health-check.ts";
import { type FileSource, fileSpecs, type MountInput, mountSpecs, type ScratchMount } from "./mounts.ts";
import { endpoint, endpointFingerprint, type PublishedPort } from "./ports.ts";
import { convergeTimeout, type OnUpdateFailure, updateConfigs } from "./updates.ts";

type ContainerSpec = docker.types.input.ServiceTaskSpecContainerSpec;

/** Arguments of `docker.Service` whose nested parts are at hand. */
export interface DockerServiceArgs extends Omit<docker.ServiceArgs, "taskSpec"> {
  taskSpec: Omit<docker.types.input.ServiceTaskSpec, "containerSpec"> & { containerSpec: ContainerSpec };
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
  /** How to check that the service is alive. */
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
  /** What happens to an update whose task does not start or stay up. @default OnUpdateFailure.rollback */
  onUpdateFailure?: OnUpdateFailure;
  /** Whether no task runs; the data stays. @default false */
  stopped?: boolean;
  /** How the data is backed up: free text, or `none: ` and the reason, as a label that the policies look for; or a backup to create. @default not said */
  backup?: string | ServiceBackupArgs;
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

/** Everything that was said about a service: arguments that have been checked. */
export interface ServiceInput extends ServiceSettings, MountInput {
  name: string;
  image: Input<string>;
  backup?: string;
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
 * @param path - what precedes the arguments' names in an error
 * @throws InputError where two arguments do not go together
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
        delay: formatDuration(parseDuration(definition.restartDelay ?? "2s", `${path}.restartDelay`)),
        maxAttempts: 0,
        window: "0s",
      },
      forceUpdate: endpointFingerprint(endpointSpec),
      logDriver: definition.logDriver ?? { name: "json-file", options: { "max-file": "3", "max-size": "10m" } },
    },
    mode: { replicated: { replicas: definition.stopped === true ? 0 : 1 } },
    ...updateConfigs(definition.onUpdateFailure),
    endpointSpec,
    convergeConfig: { delay: "1s", timeout: convergeTimeout(definition.healthCheck, `${path}.healthCheck`) },
  };
}

/** What is said here and cannot be read from the rest of the spec goes into labels, for the policies. */
function labels({ labels, backup, data }: ServiceInput): { label: string; value: string }[] {
  const written = data.filter(({ readOnly }) => readOnly !== true);
  const reasons = written.flatMap(({ volume }) => (volume.shared === undefined ? [] : [volume.shared.reason]));
  const made = written.flatMap(({ volume }) => volume.madeByTask ?? []);
  const all = {
    ...labels,
    ...(made.length > 0 && { [ownerLabels.volumes]: made.join(",") }),
    ...(backup !== undefined && { [serviceLabels.backup]: backup }),
    ...(reasons.length > 0 && { [serviceLabels.shared]: reasons.join("; ") }),
  };
  return Object.entries(all).map(([label, value]) => ({ label, value }));
}

/** Adds what was made for a service to its spec. */
export function attach(spec: DockerServiceArgs, attachments: Attachments): DockerServiceArgs {
  const { networkIds, secretFiles, configFiles } = attachments;
  return {
    ...spec,
    taskSpec: {
      ...spec.taskSpec,
      containerSpec: { ...spec.taskSpec.containerSpec, ...fileSpecs(secretFiles, configFiles) },
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
    mounts: mountSpecs(definition, path),
    healthcheck: healthCheckSpec(definition.healthCheck, `${path}.healthCheck`),
    stopSignal: definition.stopSignal ?? "SIGTERM",
    stopGracePeriod: formatDuration(parseGrace(definition.stopGrace ?? "55s", `${path}.stopGrace`)),
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
      ...(cpuLimit !== undefined && { nanoCpus: nanoCpus(cpuLimit) }),
    },
    ...((reservedBytes !== undefined || cpuReservation !== undefined) && {
      reservation: {
        ...(reservedBytes !== undefined && { memoryBytes: reservedBytes }),
        ...(cpuReservation !== undefined && { nanoCpus: nanoCpus(cpuReservation) }),
      },
    }),
  };
}

function nanoCpus(processors: number): number {
  return Math.round(processors * 1e9);
}

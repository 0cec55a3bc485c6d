/**
 * From the provider's properties to the service that is sent to the Docker Engine API
 * (kreuzwerker/terraform-provider-docker, internal/provider/resource_docker_service_structures.go, `createServiceSpec`).
 *
 * The provider always sends the whole specification. Three of its zeros matter: an unset grace period is sent as 0 s
 * (SIGKILL at once), `Init` as false, and an empty health check (which means: the image's own).
 */
import { parseDuration } from "../../text/duration.ts";
import { familiarImage } from "../../text/image-name.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import type { ContainerSpec, ContainerMount, ServiceSpec, TaskSpec } from "../api/objects.ts";
import type { ContainerProperties, ServiceProperties, UpdateProperties } from "./properties.ts";

const nanosecondsPerMillisecond = 1_000_000;

/**
 * Writes the service that the provider would send.
 *
 * @throws InputError for a duration, ratio or resource that cannot be read, and for what Docker cannot do.
 */
export function serviceSpec(service: ServiceProperties): ServiceSpec {
  return {
    Name: service.name,
    ...(service.labels.length > 0 && { Labels: labelMap(service.labels) }),
    TaskTemplate: taskSpec(service.taskSpec),
    Mode: mode(service.mode),
    ...(service.updateConfig && { UpdateConfig: updateConfig(service.updateConfig, "updateConfig") }),
    ...(service.rollbackConfig && { RollbackConfig: updateConfig(service.rollbackConfig, "rollbackConfig") }),
    EndpointSpec: service.endpointSpec
      ? withoutEmpty({
          Mode: service.endpointSpec.mode,
          Ports: service.endpointSpec.ports.map((port) =>
            withoutEmpty({
              Name: port.name,
              Protocol: port.protocol,
              TargetPort: port.targetPort,
              PublishedPort: port.publishedPort,
              PublishMode: port.publishMode,
            }),
          ),
        })
      : {},
  };
}

function mode(declared: ServiceProperties["mode"]): ServiceSpec["Mode"] {
  return {
    ...(declared?.replicated && { Replicated: { Replicas: declared.replicated.replicas } }),
    ...(declared?.global && { Global: {} }),
  };
}

function updateConfig(declared: UpdateProperties, path: string): NonNullable<ServiceSpec["UpdateConfig"]> {
  const ratio = Number(declared.maxFailureRatio || "0");
  if (Number.isNaN(ratio)) throw invalid(`${path}.maxFailureRatio`, "a number as text, such as 0.1", ratio);
  return {
    Parallelism: declared.parallelism,
    ...withoutEmpty({
      Delay: nanoseconds(declared.delay, `${path}.delay`),
      FailureAction: declared.failureAction,
      Monitor: nanoseconds(declared.monitor, `${path}.monitor`),
    }),
    MaxFailureRatio: ratio,
    ...withoutEmpty({ Order: declared.order }),
  };
}

function taskSpec(task: ServiceProperties["taskSpec"]): TaskSpec {
  const { resources, placement, restartPolicy } = task;
  return {
    ContainerSpec: containerSpec(task.containerSpec),
    Resources: {
      ...(resources?.limits && {
        Limits: withoutEmpty({ NanoCPUs: resources.limits.nanoCpus, MemoryBytes: resources.limits.memoryBytes }),
      }),
      ...(resources?.reservation && {
        Reservations: withoutEmpty({
          NanoCPUs: resources.reservation.nanoCpus,
          MemoryBytes: resources.reservation.memoryBytes,
          GenericResources: genericResources(resources.reservation.genericResources),
        }),
      }),
    },
    RestartPolicy: restartPolicy
      ? {
          ...withoutEmpty({ Condition: restartPolicy.condition }),
          Delay: nanoseconds(restartPolicy.delay, "taskSpec.restartPolicy.delay"),
          MaxAttempts: restartPolicy.maxAttempts,
          Window: nanoseconds(restartPolicy.window, "taskSpec.restartPolicy.window"),
        }
      : {},
    Placement: withoutEmpty({
      Constraints: placement?.constraints ?? [],
      Preferences: (placement?.prefs ?? []).map((label) => ({ Spread: { SpreadDescriptor: label } })),
      MaxReplicas: placement?.maxReplicas ?? 0,
      Platforms: (placement?.platforms ?? []).map(({ architecture, os }) => ({ Architecture: architecture, OS: os })),
    }),
    ForceUpdate: task.forceUpdate,
    ...withoutEmpty({ Runtime: task.runtime, Networks: task.networksAdvanceds.map(networkAttachment) }),
    ...(task.logDriver && {
      LogDriver: { Name: task.logDriver.name, ...withoutEmpty({ Options: task.logDriver.options }) },
    }),
  };
}

function networkAttachment(
  network: ServiceProperties["taskSpec"]["networksAdvanceds"][number],
  index: number,
): NonNullable<TaskSpec["Networks"]>[number] {
  const target = network.id || network.name;
  const path = `taskSpec.networksAdvanceds[${index}]`;
  if (!target) throw invalid(path, "an id or a name", network);
  return {
    Target: target,
    ...withoutEmpty({
      Aliases: network.aliases,
      DriverOpts: Object.fromEntries(network.driverOpts.map((option) => keyValue(option, `${path}.driverOpts`))),
    }),
  };
}

function genericResources(
  declared: { namedResourcesSpecs: string[]; discreteResourcesSpecs: string[] } | undefined,
): NonNullable<NonNullable<NonNullable<TaskSpec["Resources"]>["Reservations"]>["GenericResources"]> {
  const path = "taskSpec.resources.reservation.genericResources";
  const named = (declared?.namedResourcesSpecs ?? []).map((resource) => {
    const [Kind, Value] = keyValue(resource, `${path}.namedResourcesSpecs`);
    return { NamedResourceSpec: { Kind, Value } };
  });
  const discrete = (declared?.discreteResourcesSpecs ?? []).map((resource) => {
    const [Kind, count] = keyValue(resource, `${path}.discreteResourcesSpecs`);
    if (!/^\d+$/.test(count)) throw invalid(`${path}.discreteResourcesSpecs`, "<kind>=<whole number>", resource);
    return { DiscreteResourceSpec: { Kind, Value: Number(count) } };
  });
  return [...named, ...discrete];
}

function containerSpec(container: ContainerProperties): ContainerSpec {
  const path = "taskSpec.containerSpec";
  return {
    Image: familiarImage(container.image),
    ...withoutEmpty({
      Labels: labelMap(container.labels),
      Command: container.commands,
      Args: container.args,
      Hostname: container.hostname,
      Env: Object.entries(container.env).map(([name, value]) => `${name}=${value}`),
      Dir: container.dir,
      User: container.user,
      Groups: container.groups,
    }),
    ...(container.privileges && { Privileges: privileges(container.privileges) }),
    ...withoutEmpty({
      ReadOnly: container.readOnly,
      Mounts: container.mounts.map(mount),
      StopSignal: container.stopSignal,
    }),
    StopGracePeriod: nanoseconds(container.stopGracePeriod, `${path}.stopGracePeriod`),
    Healthcheck: healthcheck(container.healthcheck),
    DNSConfig: withoutEmpty({
      Nameservers: container.dnsConfig?.nameservers ?? [],
      Search: container.dnsConfig?.searches ?? [],
      Options: container.dnsConfig?.options ?? [],
    }),
    ...withoutEmpty({
      Hosts: container.hosts.map(({ ip, host }) => `${ip} ${host}`),
      Secrets: container.secrets.map((secret) => ({
        SecretID: secret.secretId,
        SecretName: secret.secretName,
        File: fileTarget(secret),
      })),
      Configs: container.configs.map((config) => ({
        ConfigID: config.configId,
        ConfigName: config.configName,
        File: fileTarget(config),
      })),
      Isolation: container.isolation,
      Sysctls: container.sysctl,
      CapabilityAdd: container.capAdds,
      CapabilityDrop: container.capDrops,
    }),
    Init: container.init,
  };
}

function fileTarget(file: { fileName: string; fileUid: string; fileGid: string; fileMode: number }) {
  return { Name: file.fileName, UID: file.fileUid, GID: file.fileGid, Mode: file.fileMode };
}

function privileges(
  declared: NonNullable<ContainerProperties["privileges"]>,
): NonNullable<ContainerSpec["Privileges"]> {
  const { credentialSpec, seLinuxContext } = declared;
  if (credentialSpec?.file && credentialSpec.registry) {
    throw invalid("taskSpec.containerSpec.privileges.credentialSpec", "either file or registry", "both");
  }
  return {
    ...(credentialSpec && {
      CredentialSpec: withoutEmpty({ File: credentialSpec.file, Registry: credentialSpec.registry }),
    }),
    ...(seLinuxContext && {
      SELinuxContext: {
        Disable: seLinuxContext.disable,
        User: seLinuxContext.user,
        Role: seLinuxContext.role,
        Type: seLinuxContext.type,
        Level: seLinuxContext.level,
      },
    }),
  };
}

function healthcheck(declared: ContainerProperties["healthcheck"]): NonNullable<ContainerSpec["Healthcheck"]> {
  const path = "taskSpec.containerSpec.healthcheck";
  return withoutEmpty({
    Test: declared?.tests ?? [],
    Interval: nanoseconds(declared?.interval ?? "", `${path}.interval`),
    Timeout: nanoseconds(declared?.timeout ?? "", `${path}.timeout`),
    StartPeriod: nanoseconds(declared?.startPeriod ?? "", `${path}.startPeriod`),
    Retries: declared?.retries ?? 0,
  });
}

function mount(declared: ContainerProperties["mounts"][number]): ContainerMount {
  const { bindOptions, volumeOptions, tmpfsOptions } = declared;
  return {
    Type: declared.type,
    Target: declared.target,
    ...withoutEmpty({ Source: declared.source, ReadOnly: declared.readOnly }),
    ...(bindOptions && { BindOptions: withoutEmpty({ Propagation: bindOptions.propagation }) }),
    ...(volumeOptions && {
      VolumeOptions: {
        ...withoutEmpty({ NoCopy: volumeOptions.noCopy, Labels: labelMap(volumeOptions.labels) }),
        DriverConfig: withoutEmpty({ Name: volumeOptions.driverName, Options: volumeOptions.driverOptions }),
      },
    }),
    ...(tmpfsOptions && {
      TmpfsOptions: withoutEmpty({ SizeBytes: tmpfsOptions.sizeBytes, Mode: tmpfsOptions.mode }),
    }),
  };
}

function labelMap(labels: readonly { label: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

function nanoseconds(duration: string, path: string): number {
  return duration === "" ? 0 : parseDuration(duration, path) * nanosecondsPerMillisecond;
}

function keyValue(text: string, path: string): [key: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw invalid(path, "<key>=<value>", text);
  return [text.slice(0, at), text.slice(at + 1)];
}

function invalid(path: string, expected: string, value: unknown): InputError {
  return new InputError({ path, expected, got: showValue(value), fix: "Correct it in the program" });
}

/** Leaves out what Go's `omitempty` leaves out: "", 0, false, and lists and maps with nothing in them. */
function withoutEmpty<T extends Record<string, unknown>>(object: T): Partial<T> {
  const isEmpty = (value: unknown) => !value || (typeof value === "object" && Object.keys(value).length === 0);
  // Only properties were left out, so what remains has its types.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value))) as Partial<T>;
}

/**
 * From a service as Docker shows it to the properties that the provider's `Read` sets
 * (kreuzwerker/terraform-provider-docker, internal/provider/resource_docker_service_structures.go, `flatten…`); null
 * where it sets nothing.
 */
import { formatDuration } from "../../text/duration.ts";
import type { ContainerSpec, ContainerMount, Port, Service, ServiceSpec, TaskSpec } from "../api/objects.ts";

/** A property as it stands in a state. */
export type Attribute = null | boolean | number | string | Attribute[] | { [name: string]: Attribute };

/** A resource's properties, by name. */
export type Attributes = Record<string, Attribute>;

/** What the provider reads of a service: everything but `id`, `auth` and `convergeConfig`, which Docker does not keep. */
export function serviceAttributes(service: Service): Attributes {
  const { Spec, Endpoint } = service;
  return {
    name: Spec.Name,
    labels: labelList(Spec.Labels),
    taskSpec: taskSpec(Spec.TaskTemplate),
    mode: mode(Spec.Mode),
    updateConfig: updateConfig(Spec.UpdateConfig),
    rollbackConfig: updateConfig(Spec.RollbackConfig),
    // Ports that Swarm has chosen stand only in the endpoint, which a service gets a moment after its creation.
    endpointSpec: Endpoint?.Spec?.Mode
      ? { mode: Endpoint.Spec.Mode, ports: ports(Endpoint.Ports) }
      : { mode: Spec.EndpointSpec?.Mode ?? null, ports: ports(Spec.EndpointSpec?.Ports) },
  };
}

/** Labels as the provider lists them. */
export function labelList(labels: Record<string, string> | null | undefined): Attribute[] {
  return Object.entries(labels ?? {}).map(([label, value]) => ({ label, value }));
}

function ports(declared: Port[] | null | undefined): Attribute[] {
  return (declared ?? []).map((port) => ({
    name: port.Name ?? "",
    protocol: port.Protocol ?? "",
    targetPort: port.TargetPort ?? 0,
    publishedPort: port.PublishedPort ?? 0,
    publishMode: port.PublishMode ?? "",
  }));
}

function mode({ Replicated, Global }: ServiceSpec["Mode"]): Attribute {
  return {
    replicated: Replicated ? { replicas: Replicated.Replicas ?? null } : null,
    global: Boolean(Global),
  };
}

function updateConfig(config: ServiceSpec["UpdateConfig"]): Attribute {
  if (!config) return null;
  return {
    parallelism: config.Parallelism ?? 0,
    delay: duration(config.Delay),
    failureAction: config.FailureAction ?? null,
    monitor: duration(config.Monitor),
    maxFailureRatio: (config.MaxFailureRatio ?? 0).toFixed(1),
    order: config.Order ?? null,
  };
}

function taskSpec(task: TaskSpec): Attribute {
  return {
    containerSpec: task.ContainerSpec ? containerSpec(task.ContainerSpec) : null,
    resources: resources(task.Resources),
    restartPolicy: restartPolicy(task.RestartPolicy),
    placement: task.Placement
      ? {
          constraints: task.Placement.Constraints ?? null,
          prefs: (task.Placement.Preferences ?? []).flatMap(({ Spread }) => (Spread ? [Spread.SpreadDescriptor] : [])),
          platforms: (task.Placement.Platforms ?? []).map(({ Architecture, OS }) => ({
            architecture: Architecture ?? null,
            os: OS ?? null,
          })),
          maxReplicas: task.Placement.MaxReplicas ?? 0,
        }
      : null,
    forceUpdate: task.ForceUpdate ?? 0,
    runtime: task.Runtime ?? null,
    networksAdvanceds: (task.Networks ?? []).map(({ Target, Aliases, DriverOpts }) => ({
      id: Target,
      name: "",
      aliases: Aliases ?? null,
      driverOpts: Object.entries(DriverOpts ?? {}).map(([name, value]) => `${name}=${value}`),
    })),
    logDriver: task.LogDriver ? { name: task.LogDriver.Name, options: task.LogDriver.Options ?? null } : null,
  };
}

function resources(declared: TaskSpec["Resources"]): Attribute {
  if (!declared) return null;
  const { Limits, Reservations } = declared;
  if (!Limits && !Reservations) return { limits: null, reservation: null };
  const generic = Reservations?.GenericResources ?? [];
  return {
    limits: Limits ? { nanoCpus: Limits.NanoCPUs ?? 0, memoryBytes: Limits.MemoryBytes ?? 0 } : null,
    reservation: Reservations
      ? {
          nanoCpus: Reservations.NanoCPUs ?? 0,
          memoryBytes: Reservations.MemoryBytes ?? 0,
          genericResources:
            generic.length === 0
              ? null
              : {
                  namedResourcesSpecs: generic.flatMap(({ NamedResourceSpec: named }) =>
                    named ? [`${named.Kind}=${named.Value}`] : [],
                  ),
                  discreteResourcesSpecs: generic.flatMap(({ DiscreteResourceSpec: discrete }) =>
                    discrete ? [`${discrete.Kind}=${discrete.Value}`] : [],
                  ),
                },
        }
      : null,
  };
}

function restartPolicy(policy: TaskSpec["RestartPolicy"]): Attribute {
  if (!policy) return null;
  const { Condition, Delay, MaxAttempts, Window } = policy;
  return {
    condition: Condition || null,
    delay: Delay == null ? null : duration(Delay),
    maxAttempts: MaxAttempts ?? null,
    window: Window == null ? null : duration(Window),
  };
}

function containerSpec(container: ContainerSpec): Attribute {
  return {
    image: container.Image,
    labels: labelList(container.Labels),
    commands: container.Command ?? null,
    args: container.Args ?? null,
    hostname: container.Hostname ?? null,
    env: environment(container.Env),
    user: container.User ?? null,
    dir: container.Dir ?? null,
    groups: container.Groups ?? null,
    privileges: privileges(container.Privileges),
    readOnly: container.ReadOnly ?? null,
    mounts: (container.Mounts ?? []).map(mount),
    stopSignal: container.StopSignal ?? null,
    stopGracePeriod: container.StopGracePeriod == null ? null : duration(container.StopGracePeriod),
    healthcheck: container.Healthcheck
      ? {
          tests: container.Healthcheck.Test ?? null,
          interval: duration(container.Healthcheck.Interval),
          timeout: duration(container.Healthcheck.Timeout),
          startPeriod: duration(container.Healthcheck.StartPeriod),
          retries: container.Healthcheck.Retries ?? 0,
        }
      : null,
    hosts: (container.Hosts ?? []).map((entry) => {
      const [ip = "", host = ""] = entry.split(" ");
      return { ip, host };
    }),
    dnsConfig: container.DNSConfig
      ? {
          nameservers: nonEmpty(container.DNSConfig.Nameservers),
          searches: nonEmpty(container.DNSConfig.Search),
          options: nonEmpty(container.DNSConfig.Options),
        }
      : null,
    secrets: (container.Secrets ?? []).map((secret) => ({
      secretId: secret.SecretID,
      secretName: secret.SecretName ?? null,
      ...fileTarget(secret.File),
    })),
    configs: (container.Configs ?? []).map((config) => ({
      configId: config.ConfigID,
      configName: config.ConfigName ?? null,
      ...fileTarget(config.File),
    })),
    isolation: container.Isolation ?? null,
    sysctl: container.Sysctls ?? null,
    capAdds: container.CapabilityAdd ?? null,
    capDrops: container.CapabilityDrop ?? null,
    init: container.Init ?? null,
  };
}

type FileTarget = NonNullable<NonNullable<ContainerSpec["Secrets"]>[number]["File"]>;

function fileTarget(file: FileTarget | null | undefined): Attributes {
  return {
    fileName: file?.Name ?? null,
    fileUid: file?.UID ?? null,
    fileGid: file?.GID ?? null,
    fileMode: file?.Mode ?? null,
  };
}

/** Variables as a map; a variable without "=" has an empty value (`mapStringSliceToMap`). */
function environment(variables: readonly string[] | null | undefined): Attributes {
  return Object.fromEntries(
    (variables ?? []).map((variable) => {
      const [name = "", ...value] = variable.split("=");
      return [name, value.join("=")];
    }),
  );
}

function privileges(declared: ContainerSpec["Privileges"]): Attribute {
  if (!declared) return null;
  const { CredentialSpec, SELinuxContext } = declared;
  return {
    credentialSpec: CredentialSpec
      ? { file: CredentialSpec.File ?? "", registry: CredentialSpec.Registry ?? "" }
      : null,
    seLinuxContext: SELinuxContext
      ? {
          disable: SELinuxContext.Disable ?? false,
          user: SELinuxContext.User ?? "",
          role: SELinuxContext.Role ?? "",
          type: SELinuxContext.Type ?? "",
          level: SELinuxContext.Level ?? "",
        }
      : null,
  };
}

/** The nine permission bits of a mode, as Go's `FileMode.Perm` keeps them. */
const permissionBits = 0o777;

function mount(declared: ContainerMount): Attribute {
  const { BindOptions, VolumeOptions, TmpfsOptions } = declared;
  return {
    target: declared.Target,
    source: declared.Source ?? null,
    type: declared.Type,
    readOnly: declared.ReadOnly ?? null,
    bindOptions: BindOptions ? { propagation: BindOptions.Propagation || null } : null,
    volumeOptions: VolumeOptions
      ? {
          noCopy: VolumeOptions.NoCopy ?? false,
          labels: labelList(VolumeOptions.Labels),
          driverName: VolumeOptions.DriverConfig?.Name ?? null,
          driverOptions: VolumeOptions.DriverConfig?.Options ?? null,
        }
      : null,
    tmpfsOptions: TmpfsOptions
      ? { sizeBytes: TmpfsOptions.SizeBytes ?? 0, mode: (TmpfsOptions.Mode ?? 0) & permissionBits }
      : null,
  };
}

const nanosecondsPerMillisecond = 1_000_000;

function duration(nanoseconds: number | null | undefined): string {
  return formatDuration((nanoseconds ?? 0) / nanosecondsPerMillisecond);
}

function nonEmpty(list: string[] | null | undefined): string[] | null {
  return list && list.length > 0 ? list : null;
}

/**
 * From a service as Docker shows it to the properties that the provider's `Read` sets
 * (kreuzwerker/terraform-provider-docker, internal/provider/resource_docker_service_structures.go, `flatten…`); null
 * where it sets nothing.
 */
import { formatDuration } from "../../text/duration.ts";
import type { ContainerSpec, ContainerMount, Port, Service, ServiceSpec, TaskSpec } from "../api/objects.ts";

/** A property as a state has it. */
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
    // Ports that Swarm has chosen are only in the endpoint, which a service gets a moment after its creation.
    endpointSpec: Endpoint?.Spec?.Mode
      ? { mode: Endpoint.Spec.Mode, ports: ports(Endpoint.Ports) }
      : { mode: Spec.EndpointSpec?.Mode ?? null, ports: ports(Spec.EndpointSpec?.Ports) },
  };
}

/** Labels as the provider lists them. */
export function labelList(labels: Record<string, string> | null | undefined): Attribute[] {
  return Object.entries(labels ?? {}).map(([label, value]) => ({ label, value }));
}

/** What a block of the API becomes; null where there is none. */
function block<T>(declared: T | null | undefined, read: (declared: T) => Attribute): Attribute {
  return declared ? read(declared) : null;
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

function updateConfig(declared: ServiceSpec["UpdateConfig"]): Attribute {
  return block(declared, (config) => ({
    parallelism: config.Parallelism ?? 0,
    delay: duration(config.Delay),
    failureAction: config.FailureAction ?? null,
    monitor: duration(config.Monitor),
    maxFailureRatio: (config.MaxFailureRatio ?? 0).toFixed(1),
    order: config.Order ?? null,
  }));
}

function taskSpec(task: TaskSpec): Attribute {
  return {
    containerSpec: block(task.ContainerSpec, containerSpec),
    resources: resources(task.Resources),
    restartPolicy: restartPolicy(task.RestartPolicy),
    placement: block(task.Placement, ({ Constraints, Preferences, Platforms, MaxReplicas }) => ({
      constraints: Constraints ?? null,
      prefs: (Preferences ?? []).flatMap(({ Spread }) => Spread?.SpreadDescriptor ?? []),
      platforms: (Platforms ?? []).map(({ Architecture, OS }) => ({
        architecture: Architecture ?? null,
        os: OS ?? null,
      })),
      maxReplicas: MaxReplicas ?? 0,
    })),
    forceUpdate: task.ForceUpdate ?? 0,
    runtime: task.Runtime ?? null,
    networksAdvanceds: (task.Networks ?? []).map(({ Target, Aliases, DriverOpts }) => ({
      id: Target,
      name: "",
      aliases: Aliases ?? null,
      driverOpts: Object.entries(DriverOpts ?? {}).map(([name, value]) => `${name}=${value}`),
    })),
    logDriver: block(task.LogDriver, ({ Name, Options }) => ({ name: Name, options: Options ?? null })),
  };
}

function resources(declared: TaskSpec["Resources"]): Attribute {
  return block(declared, ({ Limits, Reservations }) => ({
    limits: block(Limits, ({ NanoCPUs, MemoryBytes }) => ({ nanoCpus: NanoCPUs ?? 0, memoryBytes: MemoryBytes ?? 0 })),
    reservation: block(Reservations, ({ NanoCPUs, MemoryBytes, GenericResources }) => ({
      nanoCpus: NanoCPUs ?? 0,
      memoryBytes: MemoryBytes ?? 0,
      genericResources: block(nonEmpty(GenericResources), (generic) => ({
        namedResourcesSpecs: generic.flatMap(({ NamedResourceSpec: named }) =>
          named ? [`${named.Kind}=${named.Value}`] : [],
        ),
        discreteResourcesSpecs: generic.flatMap(({ DiscreteResourceSpec: discrete }) =>
          discrete ? [`${discrete.Kind}=${discrete.Value}`] : [],
        ),
      })),
    })),
  }));
}

function restartPolicy(declared: TaskSpec["RestartPolicy"]): Attribute {
  return block(declared, ({ Condition, Delay, MaxAttempts, Window }) => ({
    condition: Condition || null,
    delay: Delay == null ? null : duration(Delay),
    maxAttempts: MaxAttempts ?? null,
    window: Window == null ? null : duration(Window),
  }));
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
    healthcheck: block(container.Healthcheck, ({ Test, Interval, Timeout, StartPeriod, Retries }) => ({
      tests: Test ?? null,
      interval: duration(Interval),
      timeout: duration(Timeout),
      startPeriod: duration(StartPeriod),
      retries: Retries ?? 0,
    })),
    hosts: (container.Hosts ?? []).map((entry) => {
      const [ip = "", host = ""] = entry.split(" ");
      return { ip, host };
    }),
    dnsConfig: block(container.DNSConfig, ({ Nameservers, Search, Options }) => ({
      nameservers: nonEmpty(Nameservers),
      searches: nonEmpty(Search),
      options: nonEmpty(Options),
    })),
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
  return block(declared, ({ CredentialSpec, SELinuxContext }) => ({
    credentialSpec: block(CredentialSpec, ({ File, Registry }) => ({ file: File ?? "", registry: Registry ?? "" })),
    seLinuxContext: block(SELinuxContext, ({ Disable, User, Role, Type, Level }) => ({
      disable: Disable ?? false,
      user: User ?? "",
      role: Role ?? "",
      type: Type ?? "",
      level: Level ?? "",
    })),
  }));
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
    bindOptions: block(BindOptions, ({ Propagation }) => ({ propagation: Propagation || null })),
    volumeOptions: block(VolumeOptions, ({ NoCopy, Labels, DriverConfig }) => ({
      noCopy: NoCopy ?? false,
      labels: labelList(Labels),
      driverName: DriverConfig?.Name ?? null,
      driverOptions: DriverConfig?.Options ?? null,
    })),
    tmpfsOptions: block(TmpfsOptions, ({ SizeBytes, Mode }) => ({
      sizeBytes: SizeBytes ?? 0,
      mode: (Mode ?? 0) & permissionBits,
    })),
  };
}

const nanosecondsPerMillisecond = 1_000_000;

function duration(nanoseconds: number | null | undefined): string {
  return formatDuration((nanoseconds ?? 0) / nanosecondsPerMillisecond);
}

function nonEmpty<T>(list: T[] | null | undefined): T[] | null {
  return list && list.length > 0 ? list : null;
}

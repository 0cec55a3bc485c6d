import { isKnown } from "../../model/service/definition.ts";
import { familiarImage } from "../../text/image-name.ts";
import { orNone, stackLabel, type DeployedTask, type Settings } from "../fields/deployed-task.ts";
import { Field, isRecord, recordOf } from "../fields/field.ts";
import { knownItems } from "../fields/readings.ts";

/**
 * The task of a live service, as `docker stack deploy` would have asked for it, in the order in which Swarm has it.
 *
 * @param service - what `GET /services` gives: `docker service inspect` fills in defaults that Swarm does not have
 * @param networks - names of the swarm's networks by id, because a service refers to them by id; `undefined` if not known
 */
export function liveTask(service: unknown, networks: ReadonlyMap<string, string> | undefined): DeployedTask {
  const spec = new Field(service, "").get("Spec");
  const task = spec.get("TaskTemplate");
  const container = task.get("ContainerSpec");
  const placement = task.get("Placement");
  return {
    task: {
      image: textOf(container.get("Image"), familiarImage),
      entrypoint: optionalTexts(container.get("Command")),
      command: optionalTexts(container.get("Args")),
      hostname: textOf(container.get("Hostname")),
      user: textOf(container.get("User")),
      working_dir: textOf(container.get("Dir")),
      stop_signal: textOf(container.get("StopSignal")),
      stop_grace_period: duration(container.get("StopGracePeriod")),
      environment: texts(container.get("Env")),
      labels: pairs(container.get("Labels")),
      extra_hosts: texts(container.get("Hosts")).map((host) => host.split(" ").toReversed().join(":")),
      dns: texts(container.get("DNSConfig").get("Nameservers")),
      dns_search: texts(container.get("DNSConfig").get("Search")),
      tty: flag(container.get("TTY")),
      stdin_open: flag(container.get("OpenStdin")),
      read_only: flag(container.get("ReadOnly")),
      init: textOf(container.get("Init")),
      isolation: textOf(container.get("Isolation"), (name) => (name === "default" ? "" : name)) || undefined,
      oom_score_adj: count(container.get("OomScoreAdj")),
      sysctls: pairs(container.get("Sysctls")),
      cap_add: capabilities(container.get("CapabilityAdd")),
      cap_drop: capabilities(container.get("CapabilityDrop")),
      blocks: {
        dns: container.get("DNSConfig").isAbsent ? undefined : true,
        privileges: container.get("Privileges").isAbsent ? undefined : true,
        resources: task.get("Resources").isAbsent ? undefined : true,
        of_stack: isOfStack(container.get("Labels")),
      },
      others: orNone({
        ...unread(task, readOfTask),
        ...unread(container, readOfContainer),
        ...unread(container.get("Privileges"), ["CredentialSpec"]),
        ...unread(container.get("DNSConfig"), ["Nameservers", "Search"]),
      }),
      ulimits: ulimits(container.get("Ulimits")),
      credential_spec: credentialSpec(container),
      healthcheck: healthCheck(container.get("Healthcheck")),
      volumes: knownItems(container.get("Mounts")).map(mount),
      configs: files(container.get("Configs"), "ConfigName"),
      secrets: files(container.get("Secrets"), "SecretName"),
      networks: attachments(task.get("Networks"), networks),
      logging: driver(task.get("LogDriver"), "driver"),
      deploy: orNone({
        resources: orNone({
          limits: resources(task.get("Resources").get("Limits")),
          reservations: resources(task.get("Resources").get("Reservations")),
        }),
        restart_policy: restartPolicy(task.get("RestartPolicy")),
      }),
    },
    placement: {
      constraints: texts(placement.get("Constraints")),
      preferences: knownItems(placement.get("Preferences")).map((each) =>
        textOf(each.get("Spread").get("SpreadDescriptor")),
      ),
      max_replicas_per_node: count(placement.get("MaxReplicas")),
    },
    endpoint: {
      ports: ports(spec.get("EndpointSpec").get("Ports")),
      deploy: { endpoint_mode: textOf(spec.get("EndpointSpec").get("Mode")) ?? "vip" },
    },
  };
}

const readOfTask = "ContainerSpec Resources RestartPolicy Placement ForceUpdate Runtime Networks LogDriver".split(" ");

const readOfContainer = [
  ..."Image Labels Command Args Hostname Env Dir User TTY OpenStdin ReadOnly Mounts StopSignal StopGracePeriod".split(
    " ",
  ),
  ..."Healthcheck Hosts DNSConfig Secrets Configs Isolation Init Sysctls CapabilityAdd CapabilityDrop Ulimits".split(
    " ",
  ),
  ..."Privileges OomScoreAdj".split(" "),
];

/** What no stack file can ask for, and a deployment therefore takes away. */
function unread(field: Field, read: readonly string[]): Settings {
  const all = isRecord(field.value) ? Object.entries(field.value) : [];
  return recordOf(all.filter(([key, value]) => !read.includes(key) && !isEmpty(value)));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}

function isOfStack(labels: Field): true | undefined {
  return labels.get(stackLabel).isAbsent ? undefined : true;
}

function textOf(field: Field, change: (text: string) => string = (text) => text): string | undefined {
  const text = field.text();
  return isKnown(text) && text !== undefined && text !== "" ? change(text) : undefined;
}

function flag(field: Field): true | undefined {
  return field.value === true ? true : undefined;
}

function count(field: Field): number | undefined {
  const value = field.integer();
  return isKnown(value) ? value || undefined : undefined;
}

/** From nanoseconds to seconds. */
function duration(field: Field): number | undefined {
  const value = field.integer();
  return isKnown(value) && value !== undefined ? value / 1e9 : undefined;
}

function texts(field: Field): readonly string[] {
  return knownItems(field).map((item) => textOf(item) ?? "");
}

function optionalTexts(field: Field): readonly string[] | undefined {
  const all = texts(field);
  return all.length === 0 ? undefined : all;
}

function pairs(field: Field): Settings | undefined {
  if (!isRecord(field.value)) return undefined;
  const names = Object.keys(field.value).filter((name) => name !== stackLabel);
  if (names.length === 0) return undefined;
  return recordOf(names.toSorted().map((name) => [name, `=${textOf(field.get(name)) ?? ""}`] as const));
}

function capabilities(field: Field): readonly string[] {
  return texts(field).map((name) => name.replace(/^CAP_/u, ""));
}

function ulimits(field: Field): Settings | undefined {
  const limits = knownItems(field).map((limit) => {
    const sides = { soft: String(count(limit.get("Soft")) ?? 0), hard: String(count(limit.get("Hard")) ?? 0) };
    return [textOf(limit.get("Name")) ?? "", sides] as const;
  });
  return limits.length === 0 ? undefined : recordOf(limits);
}

function credentialSpec(container: Field): Settings | undefined {
  const spec = container.get("Privileges").get("CredentialSpec");
  const id = textOf(spec.get("Config"));
  const config = knownItems(container.get("Configs")).find((each) => textOf(each.get("ConfigID")) === id);
  return orNone({
    config: id === undefined ? undefined : config && textOf(config.get("ConfigName")),
    file: textOf(spec.get("File")),
    registry: textOf(spec.get("Registry")),
  });
}

function healthCheck(field: Field): Settings | undefined {
  if (field.isAbsent) return undefined;
  return {
    test: texts(field.get("Test")),
    interval: duration(field.get("Interval")) || undefined,
    timeout: duration(field.get("Timeout")) || undefined,
    retries: count(field.get("Retries")),
    start_period: duration(field.get("StartPeriod")) || undefined,
    start_interval: duration(field.get("StartInterval")) || undefined,
  };
}

function mount(field: Field): Settings {
  const options = field.get("VolumeOptions");
  const type = textOf(field.get("Type")) ?? "volume";
  const source = textOf(field.get("Source"));
  const isNamed = type === "volume" && source !== undefined;
  return {
    type,
    source,
    target: textOf(field.get("Target")),
    read_only: flag(field.get("ReadOnly")),
    bind: orNone({
      propagation: textOf(field.get("BindOptions").get("Propagation")),
      ...unread(field.get("BindOptions"), ["Propagation"]),
    }),
    volume:
      isNamed && !options.isAbsent
        ? {
            nocopy: flag(options.get("NoCopy")),
            of_stack: isOfStack(options.get("Labels")),
            ...unread(options, ["NoCopy", "Labels", "DriverConfig"]),
            labels: pairs(options.get("Labels")),
            driver: driver(options.get("DriverConfig"), "name"),
          }
        : undefined,
    tmpfs: field.get("TmpfsOptions").isAbsent
      ? undefined
      : {
          size: count(field.get("TmpfsOptions").get("SizeBytes")) ?? 0,
          ...unread(field.get("TmpfsOptions"), ["SizeBytes"]),
        },
  };
}

function driver(field: Field, name: "driver" | "name"): Settings | undefined {
  if (field.isAbsent) return undefined;
  return { [name]: textOf(field.get("Name")), options: pairs(field.get("Options")) };
}

function files(field: Field, name: "ConfigName" | "SecretName"): readonly Settings[] {
  return knownItems(field)
    .filter((item) => !item.get("File").isAbsent)
    .map((item) => ({
      source: textOf(item.get(name)),
      target: textOf(item.get("File").get("Name")),
      uid: textOf(item.get("File").get("UID")) ?? "0",
      gid: textOf(item.get("File").get("GID")) ?? "0",
      mode: count(item.get("File").get("Mode")),
    }));
}

/** `undefined` if the networks' names are not known. */
function attachments(field: Field, names: ReadonlyMap<string, string> | undefined): readonly Settings[] | undefined {
  if (names === undefined) return undefined;
  return knownItems(field).map((attachment) => {
    const id = textOf(attachment.get("Target")) ?? "";
    return {
      target: names.get(id) ?? id,
      aliases: texts(attachment.get("Aliases")),
      driver_opts: pairs(attachment.get("DriverOpts")),
    };
  });
}

function resources(field: Field): Settings | undefined {
  if (field.isAbsent) return undefined;
  return {
    cpus: (count(field.get("NanoCPUs")) ?? 0) / 1e9,
    memory: count(field.get("MemoryBytes")) ?? 0,
    pids: count(field.get("Pids")) ?? 0,
    generic_resources: knownItems(field.get("GenericResources")).map((each) => {
      const discrete = each.get("DiscreteResourceSpec");
      return { kind: textOf(discrete.get("Kind")), value: textOf(discrete.get("Value")) };
    }),
  };
}

function restartPolicy(field: Field): Settings | undefined {
  if (field.isAbsent) return undefined;
  return {
    condition: textOf(field.get("Condition")) ?? "any",
    delay: duration(field.get("Delay")),
    max_attempts: count(field.get("MaxAttempts")) ?? 0,
    window: duration(field.get("Window")),
  };
}

function ports(field: Field): readonly Settings[] {
  const all = knownItems(field).map((port) => ({
    target: count(port.get("TargetPort")),
    published: count(port.get("PublishedPort")),
    protocol: textOf(port.get("Protocol")) ?? "tcp",
    mode: textOf(port.get("PublishMode")) ?? "ingress",
  }));
  return all.toSorted((one, other) => (one.published ?? 0) - (other.published ?? 0));
}

import { isKnown, type Known, type DefinedPort, type ServiceDefinition } from "../../model/service/definition.ts";
import { familiarImage } from "../../text/image-name.ts";
import { orNone, sortedBy, type DeployedTask, type Settings } from "../fields/deployed-task.ts";
import { isRecord, recordOf, unknownPart, type Field } from "../fields/field.ts";
import { bytes, knownItems, seconds } from "../fields/readings.ts";
import type { Variables } from "./interpolation.ts";
import { readShortVolume } from "./short-forms.ts";
import { isExternal, nameIn, type StackScope } from "./top-level.ts";

/**
 * The task that `docker stack deploy` creates for a stack file's service. What is not known yet is a text that contains {@link
 * unknownPart}, and is equal only for the same variables.
 *
 * @see https://github.com/docker/cli/blob/master/cli/compose/convert/service.go (`Service`)
 */
export function stackTask(definition: ServiceDefinition, service: Field, scope: StackScope): DeployedTask {
  const deploy = service.get("deploy");
  const placement = deploy.get("placement");
  return {
    task: {
      image: textOf(service.get("image"), familiarImage),
      entrypoint: words(definition.command, service.get("entrypoint")),
      command: words(definition.args, service.get("command")),
      hostname: textOf(service.get("hostname")),
      user: textOf(service.get("user")),
      working_dir: textOf(service.get("working_dir")),
      stop_signal: textOf(service.get("stop_signal")),
      stop_grace_period: duration(service.get("stop_grace_period")),
      environment: environment(definition, service, scope.options.variables ?? {}),
      labels: pairs(service.get("labels")),
      extra_hosts: list(service.get("extra_hosts"), ":"),
      dns: list(service.get("dns"), ""),
      dns_search: list(service.get("dns_search"), ""),
      tty: flag(service.get("tty")),
      stdin_open: flag(service.get("stdin_open")),
      read_only: flag(service.get("read_only")),
      // The one flag that is sent as it is written: left out, the engine's own default holds.
      init: textOf(service.get("init")),
      isolation: textOf(service.get("isolation"), (name) => (name === "default" ? "" : name)) || undefined,
      oom_score_adj: count(service.get("oom_score_adj")),
      sysctls: pairs(service.get("sysctls")),
      ...capabilities(service),
      blocks: {
        dns: service.get("dns").isAbsent && service.get("dns_search").isAbsent ? undefined : true,
        privileges: true,
        resources: true,
        of_stack: true,
      },
      others: undefined,
      ulimits: ulimits(service.get("ulimits")),
      credential_spec: credentialSpec(service.get("credential_spec"), scope),
      healthcheck: healthCheck(service.get("healthcheck")),
      volumes: knownItems(service.get("volumes")).map((volume) => mount(volume, scope)),
      configs: files(service.get("configs"), "configs", scope),
      secrets: files(service.get("secrets"), "secrets", scope),
      networks: networks(definition.name, service.get("networks"), scope),
      logging: driver(service.get("logging")),
      deploy: orNone({
        resources: orNone({
          limits: resources(deploy.get("resources").get("limits")),
          reservations: resources(deploy.get("resources").get("reservations")),
        }),
        restart_policy: restartPolicy(deploy.get("restart_policy"), service.get("restart")),
      }),
    },
    placement: {
      constraints: texts(placement.get("constraints")),
      preferences: knownItems(placement.get("preferences")).map((preference) => textOf(preference.get("spread"))),
      max_replicas_per_node: count(placement.get("max_replicas_per_node")),
    },
    endpoint: {
      ports: ports(definition, service.get("ports")),
      deploy: { endpoint_mode: textOf(deploy.get("endpoint_mode"), (mode) => mode.toLowerCase()) ?? "vip" },
    },
  };
}

/** A scalar as text, with marks for what is not known; empty counts as absent. */
function textOf(field: Field, change: (text: string) => string = (text) => text): string | undefined {
  const text = field.rawText();
  if (!isKnown(text)) return unknownPart;
  return text === undefined || text === "" ? undefined : change(text);
}

function flag(field: Field): true | string | undefined {
  const value = field.flag();
  return isKnown(value) ? value || undefined : textOf(field);
}

function count(field: Field): number | string | undefined {
  const value = field.integer();
  return isKnown(value) ? value || undefined : textOf(field);
}

/** In seconds. */
function duration(field: Field): number | string | undefined {
  const value = seconds(field);
  return isKnown(value) ? value : textOf(field);
}

function texts(field: Field): readonly string[] {
  return knownItems(field).map((item) => textOf(item) ?? "");
}

function words(split: Known<readonly Known<string>[] | undefined>, field: Field): unknown {
  if (!isKnown(split) || split === undefined) return field.isAbsent ? undefined : [textOf(field)];
  if (split.every(isKnown)) return split.length === 0 ? undefined : split;
  return Array.isArray(field.value) ? texts(field) : [textOf(field)];
}

/** A mapping, also one written as a list of `key=value`, entry by entry: an empty value is a value. */
function pairs(field: Field): Settings | undefined {
  const all = keyValues(field);
  return all.length === 0 ? undefined : recordOf(sortedBy(all, ([key]) => key));
}

function keyValues(field: Field): readonly (readonly [string, string])[] {
  if (isRecord(field.value)) return keys(field).map((key) => [key, `=${textOf(field.get(key)) ?? ""}`]);
  return texts(field).map((text) => {
    const at = text.indexOf("=");
    return at < 0 ? [text, "="] : [text.slice(0, at), text.slice(at)];
  });
}

function keys(field: Field): readonly string[] {
  return isRecord(field.value) ? Object.keys(field.value) : [];
}

/** A list, also one written as a mapping or as one text. */
function list(field: Field, separator: string): readonly string[] {
  if (isRecord(field.value))
    return keys(field)
      .map((key) => `${key}${separator}${textOf(field.get(key)) ?? ""}`)
      .toSorted();
  return (Array.isArray(field.value) ? texts(field) : [textOf(field)]).filter((text) => text !== undefined);
}

/** With the variables of `env_file`, which the definition has read; what is empty or bare is filled in where it is deployed. */
function environment(
  { environment: known }: ServiceDefinition,
  service: Field,
  variables: Variables,
): readonly string[] {
  const field = service.get("environment");
  const written = new Map(keyValues(field));
  if (!isKnown(known)) {
    const files = service.get("env_file");
    const paths = isRecord(files.value) || !Array.isArray(files.value) ? [textOf(files)] : texts(files);
    return [
      ...[...written].map(([name, value]) => `${name}${value}`),
      ...paths.map((path) => `${unknownPart}${path ?? ""}`),
    ].toSorted();
  }
  const bare = new Set(
    Array.isArray(field.value) ? texts(field) : keys(field).filter((key) => field.get(key).isAbsent),
  );
  return Object.entries(known)
    .map(([name, value]) => {
      const set = Object.hasOwn(variables, name) ? variables[name] : undefined;
      if (bare.has(name)) return set === undefined ? `${name}${unknownPart}` : `${name}=${set}`;
      if (value === "" && set !== undefined) return `${name}=${set}`;
      return `${name}${isKnown(value) ? `=${value}` : (written.get(name) ?? unknownPart)}`;
    })
    .toSorted();
}

/** @see https://github.com/docker/cli/blob/master/opts/capabilities.go (`EffectiveCapAddCapDrop`) */
function capabilities(service: Field): Settings {
  const names = (key: string): readonly string[] => {
    const all = texts(service.get(key)).map((text) => text.toUpperCase().replace(/^CAP_/u, ""));
    return all.includes("ALL") ? ["ALL"] : [...new Set(all)].toSorted();
  };
  const added = names("cap_add");
  return { cap_add: added, cap_drop: names("cap_drop").filter((name) => !added.includes(name)) };
}

function ulimits(field: Field): Settings | undefined {
  if (!isRecord(field.value)) return undefined;
  return recordOf(
    keys(field).map((name) => {
      const limit = field.get(name);
      const [soft, hard] = isRecord(limit.value) ? [limit.get("soft"), limit.get("hard")] : [limit, limit];
      return [name, { soft: textOf(soft), hard: textOf(hard) }] as const;
    }),
  );
}

function credentialSpec(field: Field, scope: StackScope): Settings | undefined {
  const config = textOf(field.get("config"));
  return orNone({
    config: config && nameOf(scope, "configs", config),
    file: textOf(field.get("file")),
    registry: textOf(field.get("registry")),
  });
}

function healthCheck(field: Field): Settings | undefined {
  if (field.isAbsent) return undefined;
  if (field.get("disable").flag() === true) return { test: ["NONE"] };
  const test = field.get("test");
  return {
    test: Array.isArray(test.value) ? texts(test) : test.isAbsent ? [] : ["CMD-SHELL", textOf(test)],
    interval: duration(field.get("interval")) || undefined,
    timeout: duration(field.get("timeout")) || undefined,
    retries: count(field.get("retries")),
    start_period: duration(field.get("start_period")) || undefined,
    start_interval: duration(field.get("start_interval")) || undefined,
  };
}

/** A mount as it is written, in either form. */
interface WrittenMount {
  readonly type: string;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly readOnly: unknown;
  readonly propagation: string | undefined;
  readonly withoutCopy: unknown;
  readonly tmpfs: Settings | undefined;
}

/** @see https://github.com/docker/cli/blob/master/cli/compose/convert/volume.go */
function mount(field: Field, scope: StackScope): Settings {
  const written = isRecord(field.value) ? longMount(field) : shortMount(textOf(field) ?? "");
  const { type, source, target, readOnly, propagation, withoutCopy, tmpfs } = written;
  const declared = scope.root.get("volumes").get(source ?? "");
  const isNamed = type === "volume" && source !== undefined;
  return {
    type,
    source: isNamed ? nameOf(scope, "volumes", source) : source,
    target,
    read_only: readOnly,
    bind: orNone({ propagation }),
    // Docker gets options with every named volume, be they empty.
    volume: isNamed
      ? {
          nocopy: withoutCopy,
          ...(!isExternal(declared) && {
            of_stack: true,
            labels: pairs(declared.get("labels")),
            driver: volumeDriver(declared),
          }),
        }
      : undefined,
    tmpfs,
  };
}

function longMount(field: Field): WrittenMount {
  const tmpfs = field.get("tmpfs");
  return {
    type: textOf(field.get("type")) ?? "volume",
    source: textOf(field.get("source")),
    target: textOf(field.get("target")),
    readOnly: flag(field.get("read_only")),
    propagation: textOf(field.get("bind").get("propagation")),
    withoutCopy: flag(field.get("volume").get("nocopy")),
    // A size of nothing is no limit, and yet another thing than no block.
    tmpfs: tmpfs.isAbsent ? undefined : { size: memoryOf(tmpfs.get("size")) },
  };
}

function shortMount(text: string): WrittenMount {
  const { type, source, target, isReadOnly, isWithoutCopy, propagation } = readShortVolume(text);
  return {
    // A part with a variable is compared by its whole text.
    type: isKnown(type) && !text.includes(unknownPart) ? type : text,
    source: isKnown(source) ? source : text,
    target: isKnown(target) ? target : text,
    readOnly: isReadOnly || undefined,
    propagation,
    withoutCopy: isWithoutCopy || undefined,
    tmpfs: undefined,
  };
}

function volumeDriver(declared: Field): Settings | undefined {
  const options = declared.get("driver_opts");
  const name = textOf(declared.get("driver"));
  return name === undefined && options.isAbsent ? undefined : { name, options: pairs(options) };
}

function files(field: Field, section: "configs" | "secrets", scope: StackScope): readonly Settings[] {
  const all = knownItems(field).map((item) => {
    const isLong = isRecord(item.value);
    const key = (isLong ? textOf(item.get("source")) : textOf(item)) ?? "";
    return {
      source: nameOf(scope, section, key),
      target: (isLong ? textOf(item.get("target")) : undefined) ?? key,
      uid: (isLong ? textOf(item.get("uid")) : undefined) ?? "0",
      gid: (isLong ? textOf(item.get("gid")) : undefined) ?? "0",
      mode: isLong && !item.get("mode").isAbsent ? count(item.get("mode")) : readableByAll,
    };
  });
  return sortedBy(all, ({ source }) => source);
}

const readableByAll = 0o444;

/** With the service's own name, which the client adds to the aliases in each user-defined network. */
function networks(name: string, field: Field, scope: StackScope): readonly Settings[] {
  const listed = isRecord(field.value) ? keys(field) : texts(field);
  const names = listed.length === 0 ? ["default"] : listed;
  const all = names.map((key) => {
    const attachment = isRecord(field.value) ? field.get(key) : field.with(undefined);
    const target = nameOf(scope, "networks", key);
    const own = ["default", "bridge", "host", "none"].includes(target) ? [] : [name];
    return {
      target,
      aliases: [...texts(attachment.get("aliases")), ...own],
      driver_opts: pairs(attachment.get("driver_opts")),
    };
  });
  return sortedBy(all, ({ target }) => target);
}

function driver(field: Field): Settings | undefined {
  if (field.isAbsent) return undefined;
  return { driver: textOf(field.get("driver")), options: pairs(field.get("options")) };
}

function resources(field: Field): Settings | undefined {
  if (field.isAbsent) return undefined;
  const generic = knownItems(field.get("generic_resources")).map((item) => {
    const discrete = item.get("discrete_resource_spec");
    return { kind: textOf(discrete.get("kind")), value: textOf(discrete.get("value")) };
  });
  return {
    // Docker uses zero for none if the block exists.
    cpus: processors(textOf(field.get("cpus")) ?? "0"),
    memory: memoryOf(field.get("memory")),
    pids: count(field.get("pids")) ?? 0,
    generic_resources: generic,
  };
}

function memoryOf(field: Field): number | string {
  const value = bytes(field);
  return isKnown(value) ? (value ?? 0) : (textOf(field) ?? "");
}

/** A number, or a fraction such as `1/2`. */
function processors(text: string): number | string {
  const [count = Number.NaN, parts = 1] = text.split("/", 2).map(Number);
  return Number.isNaN(count / parts) ? text : count / parts;
}

/** @see https://github.com/docker/cli/blob/master/cli/compose/convert/service.go (`convertRestartPolicy`) */
function restartPolicy(field: Field, short: Field): Settings | undefined {
  if (!field.isAbsent) {
    return {
      condition: textOf(field.get("condition")) ?? "any",
      delay: duration(field.get("delay")),
      max_attempts: count(field.get("max_attempts")) ?? 0,
      window: duration(field.get("window")),
    };
  }
  const [name = "", attempts] = (textOf(short) ?? "").split(":");
  if (name === "" || name === "no") return undefined;
  const isAlways = name === "always" || name === "unless-stopped";
  return { condition: isAlways ? "any" : name, max_attempts: Number(attempts ?? 0) };
}

function ports({ ports: known }: ServiceDefinition, field: Field): readonly unknown[] {
  const all = isKnown(known) ? known : [];
  if (!isKnown(known) || all.some(({ targetPort, publishedPort }) => !isKnown(targetPort) || !isKnown(publishedPort)))
    return knownItems(field).map((item) =>
      isRecord(item.value) ? recordOf(keys(item).map((key) => [key, textOf(item.get(key))] as const)) : textOf(item),
    );
  const number = ({ publishedPort }: DefinedPort): number => (isKnown(publishedPort) ? (publishedPort ?? 0) : 0);
  return all
    .toSorted((one, other) => number(one) - number(other))
    .map(({ targetPort, publishedPort, protocol, publishMode }) => ({
      target: targetPort,
      published: publishedPort === 0 ? undefined : publishedPort,
      protocol: isKnown(protocol) ? (protocol ?? "tcp").toLowerCase() : unknownPart,
      mode: publishMode ?? "ingress",
    }));
}

function nameOf(scope: StackScope, section: Parameters<typeof nameIn>[1], key: string): string {
  const name = nameIn(scope, section, key);
  return isKnown(name) ? name : (textOf(scope.root.get(section).get(key).get("name")) ?? unknownPart);
}

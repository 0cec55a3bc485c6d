/** A service of a stack file, as Compose defines it. */
import { parseConstraint } from "../../model/placement/constraints.ts";
import {
  isKnown,
  notKnown,
  type DefinedHealthCheck,
  type DefinedPort,
  type Known,
  type Mount,
  type MountedFile,
  type Resources,
  type RestartPolicy,
  type ServiceDefinition,
  type ServiceField,
} from "../../model/service/definition.ts";
import { dockerCommandWords } from "../../text/docker-words.ts";
import { isRecord, unknownPart, type Field } from "../fields/field.ts";
import { bytes, modeByName, orElse, plainText, seconds } from "../fields/readings.ts";
import { noneIfZero, readMount, readPort, readProbes, readRestart, composeSpelling } from "../fields/spelling.ts";
import { environment } from "./environment.ts";
import { readImage, readPairs, readShortPort, readShortVolume } from "./short-forms.ts";
import { contentOf, declaredOptions, isExternal, nameIn, type StackScope } from "./top-level.ts";

/** Reads a service. */
export function readStackService(name: string, field: Field, scope: StackScope): ServiceDefinition {
  if (!isRecord(field.value)) field.mistake("a mapping");
  const deploy = field.get("deploy");
  const constraints = deploy.get("placement").get("constraints");
  return {
    id: field.path,
    origin: "stack file",
    name,
    image: readImage(field.get("image")),
    command: command(field.get("entrypoint")),
    args: command(field.get("command")),
    environment: environment(field, scope.options),
    user: plainText(field.get("user")),
    hostname: plainText(field.get("hostname")),
    workingDirectory: plainText(field.get("working_dir")),
    readOnlyRoot: field.get("read_only").flag(),
    mounts: mounts(field, scope),
    configs: field.get("configs").map((item) => configFile(item, scope)),
    secrets: field.get("secrets").map((item) => secretFile(item, scope)),
    constraints: constraints.map((item) => parseConstraint(orElse(item.rawText(), ""), unknownPart)),
    maxReplicasPerNode: deploy.get("placement").get("max_replicas_per_node").integer(),
    mode: modeByName(plainText(deploy.get("mode"))),
    replicas: orElse(deploy.get("replicas").integer(), 1),
    updateOrder: plainText(deploy.get("update_config").get("order")),
    rollbackOrder: plainText(deploy.get("rollback_config").get("order")),
    failureAction: plainText(deploy.get("update_config").get("failure_action")),
    healthCheck: healthCheck(field.get("healthcheck")),
    restart: restart(deploy.get("restart_policy"), field.get("restart")),
    limits: resources(deploy.get("resources").get("limits")),
    reservations: resources(deploy.get("resources").get("reservations")),
    stopSignal: plainText(field.get("stop_signal")),
    stopGraceSeconds: seconds(field.get("stop_grace_period")),
    endpointMode: plainText(deploy.get("endpoint_mode")),
    ports: ports(field.get("ports")),
    networks: networks(field.get("networks"), scope),
    labels: readPairs(deploy.get("labels"), ""),
    containerLabels: readPairs(field.get("labels"), ""),
    forceUpdate: 0,
    paths: {
      ...stackPaths(field.path),
      ...(deploy.get("restart_policy").isAbsent &&
        !field.get("restart").isAbsent && { restart: `${field.path}.restart` }),
    },
  };
}

function stackPaths(service: string): Readonly<Record<ServiceField, string>> {
  return {
    service,
    image: `${service}.image`,
    command: `${service}.entrypoint`,
    args: `${service}.command`,
    environment: `${service}.environment`,
    hostname: `${service}.hostname`,
    workingDirectory: `${service}.working_dir`,
    mounts: `${service}.volumes`,
    constraints: `${service}.deploy.placement.constraints`,
    mode: `${service}.deploy.mode`,
    replicas: `${service}.deploy.replicas`,
    updateOrder: `${service}.deploy.update_config.order`,
    rollbackOrder: `${service}.deploy.rollback_config.order`,
    failureAction: `${service}.deploy.update_config.failure_action`,
    healthCheck: `${service}.healthcheck`,
    restart: `${service}.deploy.restart_policy`,
    memoryLimit: `${service}.deploy.resources.limits.memory`,
    memoryReservation: `${service}.deploy.resources.reservations.memory`,
    stopSignal: `${service}.stop_signal`,
    stopGrace: `${service}.stop_grace_period`,
    ports: `${service}.ports`,
    configs: `${service}.configs`,
    labels: `${service}.deploy.labels`,
    containerLabels: `${service}.labels`,
  };
}

/** A command is a list, or one text that Docker's client splits; an empty one clears the image's own. */
function command(field: Field): Known<readonly Known<string>[] | undefined> {
  if (field.isAbsent) return undefined;
  const text = typeof field.value === "string" ? field.value : undefined;
  if (text === undefined) return field.texts();
  return dockerCommandWords(text).map((word) => (word.includes(unknownPart) ? notKnown : word));
}

function mounts(service: Field, scope: StackScope): Known<readonly Mount[]> {
  const listed = service.get("volumes").map((item) => mount(item, scope));
  const tmpfs = service.get("tmpfs");
  const inMemory = (typeof tmpfs.value === "string" ? tmpfs.with([tmpfs.value]) : tmpfs).map(tmpfsMount);
  return isKnown(listed) && isKnown(inMemory) ? [...listed, ...inMemory] : notKnown;
}

function tmpfsMount(field: Field): Mount {
  const text = field.rawText();
  const target = isKnown(text) ? (text ?? "").split(":")[0] : unknownPart;
  return {
    path: field.path,
    type: "tmpfs",
    source: undefined,
    target: target?.includes(unknownPart) === true ? notKnown : (target ?? ""),
    readOnly: false,
    volumeOptions: undefined,
    external: false,
  };
}

function mount(field: Field, scope: StackScope): Mount {
  if (isRecord(field.value)) return volumeNamed(readMount(field, composeSpelling), scope);
  const text = field.rawText();
  if (isKnown(text) && text !== undefined) {
    const { type, source, target, isReadOnly } = readShortVolume(text);
    return volumeNamed({ path: field.path, type, source, target, readOnly: isReadOnly }, scope);
  }
  return {
    path: field.path,
    type: notKnown,
    source: notKnown,
    target: notKnown,
    readOnly: notKnown,
    volumeOptions: notKnown,
    external: false,
  };
}

/** A named volume with what the top-level `volumes` say about it: `docker stack deploy` sends it along with each mount. */
function volumeNamed(mount: Omit<Mount, "volumeOptions" | "external">, scope: StackScope): Mount {
  const { type, source } = mount;
  if (!isKnown(source)) return { ...mount, volumeOptions: notKnown, external: false };
  if (type !== "volume" || source === undefined || source === "")
    return { ...mount, volumeOptions: undefined, external: false };
  const declared = scope.root.get("volumes").get(source);
  const external = isExternal(declared);
  return {
    ...mount,
    source: nameIn(scope, "volumes", source),
    external,
    // A volume that is declared without options gets the local driver's, also where another key gives its name others.
    volumeOptions: external || declared.isAbsent ? undefined : declaredOptions(declared),
  };
}

function configFile(field: Field, scope: StackScope): MountedFile {
  const { key, name, target } = namedFile(field, "configs", scope);
  if (!isKnown(key)) return { path: field.path, name, target: target ?? notKnown, content: notKnown };
  const content = contentOf(scope.root.get("configs").get(key), scope.options);
  return { path: field.path, name, target: target ?? `/${key}`, content };
}

/** Swarm puts a secret with a relative target under `/run/secrets`. */
function secretFile(field: Field, scope: StackScope): MountedFile {
  const { key, name, target = key } = namedFile(field, "secrets", scope);
  const path = isKnown(target) && !target.startsWith("/") ? `/run/secrets/${target}` : target;
  return { path: field.path, name, target: path, content: undefined };
}

/** A config or secret as a service names it. */
interface NamedFile {
  /** Its key among the file's own. */
  readonly key: Known<string>;
  readonly name: Known<string>;
  /** `undefined` if the service does not set a target. */
  readonly target: Known<string | undefined>;
}

function namedFile(field: Field, section: "configs" | "secrets", scope: StackScope): NamedFile {
  const isLong = isRecord(field.value);
  const key = orElse(plainText(isLong ? field.get("source") : field), "");
  const name = isKnown(key) ? nameIn(scope, section, key) : notKnown;
  return { key, name, target: isLong ? plainText(field.get("target")) : undefined };
}

function healthCheck(field: Field): DefinedHealthCheck | undefined {
  if (field.isAbsent) return undefined;
  const test = field.get("test");
  // One text is a shell's, also the text `NONE`.
  const written: DefinedHealthCheck["test"] =
    typeof test.value === "string" ? ["CMD-SHELL", orElse(test.text(), "")] : test.texts();
  return { test: field.get("disable").flag() === true ? ["NONE"] : written, ...readProbes(field, composeSpelling) };
}

/**
 * The policy under `deploy`; without one, `docker stack deploy` uses Compose's short form outside `deploy`.
 *
 * @see https://github.com/docker/cli/blob/master/cli/compose/convert/service.go (`convertRestartPolicy`)
 */
function restart(field: Field, short: Field): Known<RestartPolicy | undefined> {
  if (!field.isAbsent) return readRestart(field, composeSpelling);
  const text = plainText(short);
  if (!isKnown(text)) return notKnown;
  const rest = { windowSeconds: undefined, delaySeconds: undefined };
  if (text === "always" || text === "unless-stopped") return { condition: "any", maxAttempts: 0, ...rest };
  const match = /^on-failure(?::(?<attempts>\d{1,9}))?$/.exec(text ?? "");
  return match === null
    ? undefined
    : { condition: "on-failure", maxAttempts: Number(match.groups?.["attempts"] ?? 0), ...rest };
}

function resources(field: Field): Resources {
  const cpus = plainText(field.get("cpus"));
  return {
    memoryBytes: noneIfZero(bytes(field.get("memory"))),
    nanoCpus: isKnown(cpus) && cpus !== undefined ? Math.round(Number(cpus) * 1e9) || undefined : cpus,
  };
}

function ports(field: Field): Known<readonly DefinedPort[]> {
  const all = field.map((item): readonly DefinedPort[] => {
    if (isRecord(item.value)) return [readPort(item, composeSpelling, ["target", "published", "mode"])];
    const text = item.rawText();
    const short = isKnown(text) ? readShortPort(text ?? "") : undefined;
    if (short === undefined) item.mistake("a port such as 8080:80, or a mapping with target and published");
    return (short ?? []).map(({ target, published, protocol }) => ({
      path: item.path,
      targetPort: target,
      publishedPort: published,
      publishMode: undefined,
      protocol,
    }));
  });
  return isKnown(all) ? all.flat() : all;
}

function networks(field: Field, scope: StackScope): Known<readonly Known<string>[]> {
  const entries = Array.isArray(field.value) ? undefined : field.entries();
  const keys = entries === undefined ? field.texts() : isKnown(entries) ? entries.map(([key]) => key) : notKnown;
  return isKnown(keys) ? keys.map((key) => (isKnown(key) ? nameIn(scope, "networks", key) : key)) : keys;
}

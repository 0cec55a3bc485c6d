import { LineCounter, parseAllDocuments, type Document, type ScalarTag } from "yaml";
import { parseConstraint } from "../../model/placement/constraints.ts";
import {
  isKnown,
  notKnown,
  type Constraint,
  type DefinedHealthCheck,
  type Known,
  type Mount,
  type MountedFile,
  type DefinedPort,
  type RestartPolicy,
  type ServiceDefinition,
  type ServiceField,
  type VolumeDefinition,
  type VolumeOptions,
} from "../../model/service/definition.ts";
import { byteWords } from "../../text/byte-size.ts";
import { dockerCommandWords } from "../../text/docker-words.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { isSecretVariable } from "../../text/secret-names.ts";
import { requireFewAliases } from "../../text/yaml-aliases.ts";
import type { DeployedTask } from "../fields/deployed-task.ts";
import { Field, isRecord, recordOf, unknownPart, type Mistake } from "../fields/field.ts";
import { bytes, modeByName, orElse, plainText, seconds } from "../fields/readings.ts";
import { mergeDefinitions, resolveExtends } from "./extends.ts";
import { interpolate, type Variables } from "./interpolation.ts";
import { locatePath, type Position } from "./positions.ts";
import { readImage, readPairs, readShortPort, readShortVolume } from "./short-forms.ts";
import { stackTask } from "./task.ts";
import { isExternal, topLevelName } from "./top-level.ts";

/** What a stack file is read with. */
export interface StackFileOptions {
  /** The file's name, for errors and for files beside it. */
  readonly file: string;
  /** Values of the variables that the file uses; one that is not here and has no default is not known. */
  readonly variables?: Variables;
  /** Reads a file that the stack file names (`extends`, `env_file`, a config's `file`), relative to it; `undefined` when it cannot. */
  readonly readFile?: (path: string) => string | undefined;
  /**
   * The stack's name, which comes before the names of what the file makes; without it they are told by their keys. With it the
   * file is read as `docker stack deploy` reads it where Compose does otherwise: its first document alone, and the values of an
   * `env_file` with their quotation marks.
   */
  readonly stack?: string;
}

/** A stack file's services and volumes, and where each path is written. */
export interface StackFile {
  readonly services: readonly ServiceDefinition[];
  readonly volumes: readonly VolumeDefinition[];
  /** A service's task as `docker stack deploy` would ask for it. */
  readonly task: (service: string) => DeployedTask | undefined;
  /** What stands in the configs and secrets that the file makes, by kind and name, such as `config shop_redis`; never to be shown. */
  readonly contents: () => ReadonlyMap<string, string>;
  readonly locate: (path: string) => Position;
}

/**
 * Reads a stack or compose file: anchors, merge keys, `extends`, variables with their defaults, long and short forms. A later
 * document of a file comes on top of an earlier one, as Compose has it.
 *
 * @throws InputError when it is no YAML, or not in the form of a stack file
 * @see https://docs.docker.com/reference/compose-file/
 */
export function readStackFile(text: string, options: StackFileOptions): StackFile {
  const { documents: all, lines } = parse(text, options.file);
  const documents = options.stack === undefined ? all : all.slice(0, 1);
  const locate = (path: string): Position => locatePath(documents, lines, path);
  const mistake: Mistake = (path, expected, got) => {
    const { line, column } = locate(path);
    throw new InputError({
      path: `${options.file}:${line}:${column}${path === "" ? "" : `: ${path}`}`,
      expected,
      got:
        got === null || got === undefined
          ? "nothing"
          : Array.isArray(got)
            ? "a list"
            : typeof got === "object"
              ? "a mapping"
              : `${typeof got} ${printable(JSON.stringify(got).slice(0, 60))}`,
      fix: "Write it in the form of the Compose file reference",
    });
  };
  const root = new Field(interpolated(plainValue(documents, options.file), options), "", mistake);
  if (!isRecord(root.value)) mistake("", "a mapping with the key services", root.value);
  const written = root.get("services");
  // The key with nothing below it is a file without services.
  const services = isRecord(root.value) && root.value["services"] === null ? written.with({}) : written;
  if (!isRecord(services.value)) return mistake("services", "a mapping of services", services.value) as never;
  const context: Context = { root, options };
  const resolved = services.with(resolveExtends(services.value, (file) => otherServices(file, options), options.file));
  const entries = resolved.entries();
  const read = (isKnown(entries) ? entries : []).map(([name, field]) => {
    return { name, field, definition: readService(name, field, context) };
  });
  return {
    services: read.map(({ definition }) => definition),
    task: (service) => {
      const found = read.find(({ name }) => name === service);
      return (
        found &&
        stackTask(found.definition, found.field, { root, stack: options.stack, variables: options.variables ?? {} })
      );
    },
    contents: () => new Map([...contentsOf("config", context), ...contentsOf("secret", context)]),
    volumes: topLevelVolumes(context),
    locate,
  };
}

interface Context {
  readonly root: Field;
  readonly options: StackFileOptions;
}

/** `0400`, as people write a file's mode: YAML 1.1, which Docker reads, has it octal, and YAML 1.2 has not. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  format: "OCT",
  test: /^0[0-7]+$/,
  resolve: (text) => Number.parseInt(text, 8),
};

function parse(text: string, file: string): { documents: readonly Document.Parsed[]; lines: LineCounter } {
  if (text.length > mostCharacters) {
    throw new InputError({
      path: file,
      expected: `at most ${byteWords(mostCharacters)}`,
      got: byteWords(text.length),
      fix: "Divide the file into several stacks",
    });
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "silent",
    customTags: (tags) => [octal, ...tags],
  });
  // A text without any document has an empty list of a kind of its own.
  const documents = Array.isArray(parsed) ? parsed : [];
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new InputError({
      path: `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`,
      expected: "YAML",
      got: `a mistake: ${printable(error.message.split("\n")[0] ?? "")
        .slice(0, 120)
        .replace(/[.]$/, "")}`,
      fix: "Correct the file",
    });
  }
  requireFewAliases(documents, file);
  return { documents, lines };
}

/** More is no stack file: one with 2,000 services has about 200 KiB. */
const mostCharacters = 4 * 1024 * 1024;

/** The documents as plain data. An alias that is expanded too often is refused, as the library does against "billion laughs". */
function plainValue(documents: readonly Document.Parsed[], file: string): unknown {
  try {
    const values = documents.map((document): unknown => document.toJS({ maxAliasCount: 1000 }));
    return values.filter((value) => value !== null && value !== undefined).reduce(mergeDefinitions, undefined);
  } catch (error) {
    throw new InputError({
      path: file,
      expected: "YAML whose aliases can be resolved",
      got: printable(error instanceof Error ? error.message : String(error))
        .slice(0, 120)
        .replace(/[.]$/, ""),
      fix: "Correct the anchors and aliases",
    });
  }
}

/** Deeper than any stack file; an alias inside its own anchor would have no end. */
const deepest = 60;

/**
 * Where the values of all variables are read, to be compared: what stands there is shown as far as it is known to be harmless
 * (impact/redaction/property-values.ts, impact/redaction/command-line.ts). Elsewhere, in a constraint or a name, all is shown, and a variable that may be secret
 * is not known.
 */
const neverShownWhole = new Set("environment labels command entrypoint test driver_opts".split(" "));

function interpolated(value: unknown, options: StackFileOptions, depth = 0, isShown = true): unknown {
  if (depth > deepest) {
    throw new InputError({
      path: options.file,
      expected: `at most ${deepest} levels`,
      got: "more, or an alias that holds itself",
      fix: "Correct the anchors and aliases",
    });
  }
  const { variables = {} } = options;
  if (typeof value === "string") return interpolate(value, variables, isShown ? isSecretVariable : undefined);
  if (Array.isArray(value)) return value.map((item) => interpolated(item, options, depth + 1, isShown));
  if (!isRecord(value)) return value;
  return recordOf(
    Object.keys(value).map(
      (key) => [key, interpolated(value[key], options, depth + 1, isShown && !neverShownWhole.has(key))] as const,
    ),
  );
}

function otherServices(file: string, options: StackFileOptions): Readonly<Record<string, unknown>> | undefined {
  const text = options.readFile?.(file);
  if (text === undefined) return undefined;
  const value = interpolated(plainValue(parse(text, file).documents, file), options);
  return isRecord(value) && isRecord(value["services"]) ? value["services"] : undefined;
}

function readService(name: string, field: Field, context: Context): ServiceDefinition {
  const { options } = context;
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
    environment: environment(field, options),
    user: plainText(field.get("user")),
    hostname: plainText(field.get("hostname")),
    workingDirectory: plainText(field.get("working_dir")),
    readOnlyRoot: field.get("read_only").flag(),
    mounts: mounts(field, context),
    configs: mapItems(field.get("configs"), (item) => configFile(item, context)),
    secrets: mapItems(field.get("secrets"), (item) => secretFile(item, context)),
    constraints: mapItems(constraints, readConstraint),
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
    networks: networks(field.get("networks"), context),
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

function mapItems<T>(field: Field, read: (item: Field) => T): Known<readonly T[]> {
  const items = field.items();
  return isKnown(items) ? items.map(read) : items;
}

/** A command is a list, or one text that Docker's client splits; an empty one clears the image's own. */
function command(field: Field): Known<readonly Known<string>[] | undefined> {
  if (field.isAbsent) return undefined;
  const text = typeof field.value === "string" ? field.value : undefined;
  if (text === undefined) return field.texts();
  return dockerCommandWords(text).map((word) => (word.includes(unknownPart) ? notKnown : word));
}

function environment(service: Field, options: StackFileOptions): Known<Readonly<Record<string, Known<string>>>> {
  const own = readPairs(service.get("environment"), notKnown);
  const files = envFiles(service.get("env_file"));
  if (!isKnown(own) || !isKnown(files)) return notKnown;
  const read = files.map((file) => (isKnown(file) ? options.readFile?.(file) : undefined));
  // A file that cannot be read may hold any variable.
  if (read.includes(undefined)) return notKnown;
  return recordOf([...read.flatMap((text) => readEnvFile(text ?? "", options)), ...Object.entries(own)]);
}

function envFiles(field: Field): Known<readonly Known<string>[]> {
  if (typeof field.value === "string") return [orElse(field.text(), "")];
  return mapItems(field, (item) => orElse((isRecord(item.value) ? item.get("path") : item).text(), ""));
}

function readEnvFile(text: string, { stack, variables = {} }: StackFileOptions): [string, Known<string>][] {
  return stack === undefined ? composeVariables(text, variables) : deployedVariables(text, variables);
}

/** @see https://github.com/docker/cli/blob/master/opts/file.go (`parseKeyValueFile`) */
function deployedVariables(text: string, variables: Variables): [string, string][] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  return lines.flatMap((line): [string, string][] => {
    const [name = ""] = line.trimStart().split("=", 1);
    if (name === "" || name.startsWith("#")) return [];
    if (line.includes("=")) return [[name, line.slice(line.indexOf("=") + 1)]];
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    return value === undefined ? [] : [[name, value]];
  });
}

function composeVariables(text: string, variables: Variables): [string, Known<string>][] {
  return text.split(/\r?\n/).flatMap((line): [string, Known<string>][] => {
    const match = /^\s*(?:export\s+)?(?<key>[^#=\s][^=\s]*)=(?<value>.*)$/.exec(line);
    if (match === null) return [];
    const value = interpolate((match.groups?.["value"] ?? "").trim().replace(/^(["'])(.*)\1$/, "$2"), variables);
    return [[match.groups?.["key"] ?? "", value.includes(unknownPart) ? notKnown : value]];
  });
}

function mounts(service: Field, context: Context): Known<readonly Mount[]> {
  const listed = mapItems(service.get("volumes"), (item) => mount(item, context));
  const tmpfs = service.get("tmpfs");
  const inMemory = mapItems(typeof tmpfs.value === "string" ? tmpfs.with([tmpfs.value]) : tmpfs, (item) =>
    tmpfsMount(item),
  );
  return isKnown(listed) && isKnown(inMemory) ? [...listed, ...inMemory] : notKnown;
}

function tmpfsMount(field: Field): Mount {
  const text = field.rawText();
  const target = isKnown(text) && text !== undefined ? (text.split(":")[0] ?? "") : notKnown;
  return {
    path: field.path,
    type: "tmpfs",
    source: undefined,
    target: isKnown(target) && target.includes(unknownPart) ? notKnown : target,
    readOnly: false,
    volumeOptions: undefined,
    external: false,
  };
}

function mount(field: Field, context: Context): Mount {
  if (!isRecord(field.value)) {
    const text = field.rawText();
    if (!isKnown(text) || text === undefined) return unknownMount(field);
    const { type, source, target, isReadOnly } = readShortVolume(text);
    return { path: field.path, type, target, readOnly: isReadOnly, ...volumeNamed(type, source, context) };
  }
  const type = orElse(plainText(field.get("type")), "volume");
  return {
    path: field.path,
    type,
    target: orElse(plainText(field.get("target")), ""),
    readOnly: orElse(field.get("read_only").flag(), false),
    ...volumeNamed(type, plainText(field.get("source")), context),
  };
}

function unknownMount(field: Field): Mount {
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
function volumeNamed(
  type: Known<string>,
  source: Known<string | undefined>,
  { root, options }: Context,
): Pick<Mount, "source" | "volumeOptions" | "external"> {
  if (!isKnown(source)) return { source, volumeOptions: notKnown, external: false };
  if (type !== "volume" || source === undefined || source === "")
    return { source, volumeOptions: undefined, external: false };
  const declared = root.get("volumes").get(source);
  return {
    source: topLevelName(source, declared, options.stack),
    external: isExternal(declared),
    // A volume that is declared without options gets the local driver's, also where another key gives its name others.
    volumeOptions: isExternal(declared) || declared.isAbsent ? undefined : volumeOptions(declared),
  };
}

function volumeOptions(declared: Field): VolumeOptions {
  return {
    driver: plainText(declared.get("driver")),
    driverOptions: declared.get("driver_opts").textRecord(),
    labels: readPairs(declared.get("labels"), ""),
  };
}

function topLevelVolumes({ root, options }: Context): readonly VolumeDefinition[] {
  const entries = root.get("volumes").entries();
  if (!isKnown(entries)) return [];
  return entries
    .filter(([, declared]) => !isExternal(declared))
    .map(([key, declared]) => ({
      id: declared.path,
      origin: "stack file",
      path: declared.path,
      name: topLevelName(key, declared, options.stack),
      options: volumeOptions(declared),
      protect: undefined,
      retainOnDelete: undefined,
    }));
}

function configFile(field: Field, { root, options }: Context): MountedFile {
  const { key, target } = mountedFile(field);
  return {
    path: field.path,
    name: isKnown(key) ? topLevelName(key, root.get("configs").get(key), options.stack) : notKnown,
    target: target ?? (isKnown(key) ? `/${key}` : notKnown),
    content: configContent(key, root, options),
  };
}

/** The key of a config or secret among the file's own, and where it goes where the service says so. */
function mountedFile(field: Field): { key: Known<string>; target: Known<string | undefined> } {
  const isLong = isRecord(field.value);
  const key = plainText(isLong ? field.get("source") : field);
  return { key: key ?? "", target: isLong ? plainText(field.get("target")) : undefined };
}

function configContent(key: Known<string>, root: Field, options: StackFileOptions): Known<string | undefined> {
  return isKnown(key) ? contentOf(root.get("configs").get(key), options) : notKnown;
}

function contentOf(declared: Field, { readFile }: StackFileOptions): Known<string | undefined> {
  const content = declared.get("content").text();
  if (content !== undefined) return content;
  const file = plainText(declared.get("file"));
  return isKnown(file) && file !== undefined ? (readFile?.(file) ?? notKnown) : notKnown;
}

function contentsOf(kind: "config" | "secret", { root, options }: Context): readonly (readonly [string, string])[] {
  const entries = root.get(`${kind}s`).entries();
  return (isKnown(entries) ? entries : []).flatMap(([key, declared]) => {
    const name = topLevelName(key, declared, options.stack);
    const content = isExternal(declared) ? undefined : contentOf(declared, options);
    return isKnown(name) && isKnown(content) && content !== undefined ? [[`${kind} ${name}`, content] as const] : [];
  });
}

function secretFile(field: Field, { root, options }: Context): MountedFile {
  const { key, target = key } = mountedFile(field);
  return {
    path: field.path,
    name: isKnown(key) ? topLevelName(key, root.get("secrets").get(key), options.stack) : notKnown,
    target: isKnown(target) ? secretPath(target) : notKnown,
    content: undefined,
  };
}

/** Swarm puts a secret with a relative target under `/run/secrets`. */
function secretPath(target: string): string {
  return target.startsWith("/") ? target : `/run/secrets/${target}`;
}

function readConstraint(field: Field): Constraint {
  return parseConstraint(orElse(field.rawText(), ""), unknownPart);
}

function healthCheck(field: Field): Known<DefinedHealthCheck | undefined> {
  if (field.isAbsent) return undefined;
  const disabled = field.get("disable").flag();
  const test = field.get("test");
  return {
    test: disabled === true ? ["NONE"] : typeof test.value === "string" ? shellTest(test) : test.texts(),
    intervalSeconds: seconds(field.get("interval")),
    timeoutSeconds: seconds(field.get("timeout")),
    retries: field.get("retries").integer(),
    startPeriodSeconds: seconds(field.get("start_period")),
    startIntervalSeconds: seconds(field.get("start_interval")),
  };
}

/** One text is a shell's, also the text `NONE`. */
function shellTest(field: Field): Known<readonly Known<string>[]> {
  return ["CMD-SHELL", orElse(field.text(), "")];
}

/**
 * The policy under `deploy`; where there is none, `docker stack deploy` takes the short form that Compose has beside it.
 *
 * @see https://github.com/docker/cli/blob/master/cli/compose/convert/service.go (`convertRestartPolicy`)
 */
function restart(field: Field, short: Field): Known<RestartPolicy | undefined> {
  if (field.isAbsent) return shortRestart(plainText(short));
  return {
    condition: plainText(field.get("condition")),
    maxAttempts: field.get("max_attempts").integer(),
    windowSeconds: seconds(field.get("window")),
    delaySeconds: seconds(field.get("delay")),
  };
}

function shortRestart(text: Known<string | undefined>): Known<RestartPolicy | undefined> {
  if (!isKnown(text)) return notKnown;
  const always: RestartPolicy = {
    condition: "any",
    maxAttempts: 0,
    windowSeconds: undefined,
    delaySeconds: undefined,
  };
  if (text === "always" || text === "unless-stopped") return always;
  const match = /^on-failure(?::(?<attempts>\d{1,9}))?$/.exec(text ?? "");
  if (match === null) return undefined;
  return {
    condition: "on-failure",
    maxAttempts: Number(match.groups?.["attempts"] ?? 0),
    windowSeconds: undefined,
    delaySeconds: undefined,
  };
}

function resources(field: Field): ServiceDefinition["limits"] {
  const memoryBytes = bytes(field.get("memory"));
  const cpus = plainText(field.get("cpus"));
  return {
    memoryBytes: memoryBytes === 0 ? undefined : memoryBytes,
    nanoCpus: isKnown(cpus) && cpus !== undefined ? Math.round(Number(cpus) * 1e9) || undefined : cpus,
  };
}

function ports(field: Field): Known<readonly DefinedPort[]> {
  const items = field.items();
  if (!isKnown(items)) return items;
  return items.flatMap((item): readonly DefinedPort[] => {
    if (isRecord(item.value)) return [longPort(item)];
    const text = item.rawText();
    const short = isKnown(text) ? readShortPort(text ?? "") : undefined;
    if (short === undefined) {
      item.mistake("a port such as 8080:80, or a mapping with target and published");
      return [];
    }
    return short.map(({ target, published, protocol }) => ({
      path: item.path,
      targetPort: target,
      publishedPort: published,
      publishMode: undefined,
      protocol,
    }));
  });
}

function longPort(field: Field): DefinedPort {
  return {
    path: field.path,
    targetPort: orElse(field.get("target").integer(), 0),
    publishedPort: field.get("published").integer(),
    publishMode: plainText(field.get("mode")),
    protocol: plainText(field.get("protocol")),
  };
}

function networks(field: Field, { root, options }: Context): Known<readonly Known<string>[]> {
  const keys = Array.isArray(field.value) ? field.texts() : keysOf(field);
  if (!isKnown(keys)) return keys;
  return keys.map((key) => (isKnown(key) ? topLevelName(key, root.get("networks").get(key), options.stack) : key));
}

function keysOf(field: Field): Known<readonly string[]> {
  const entries = field.entries();
  return isKnown(entries) ? entries.map(([key]) => key) : entries;
}

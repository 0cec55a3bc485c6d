import { parseConstraint } from "../../model/placement/constraints.ts";
import {
  isKnown,
  notKnown,
  parseImageReference,
  unknownImage,
  visible,
  type Constraint,
  type DefinedHealthCheck,
  type ImageReference,
  type Known,
  type Mount,
  type MountedFile,
  type DefinedPort,
  type RestartPolicy,
  type ServiceDefinition,
  type ServiceField,
  type ServiceMode,
  type VolumeDefinition,
  type VolumeOptions,
} from "../../model/service/definition.ts";
import { Field, recordOf } from "../fields/field.ts";
import { bytes, orElse, plainText, seconds } from "../fields/readings.ts";
import { settlePulumiValue } from "./values.ts";

/** Types of the Docker provider's resources that say something about data. */
export const pulumiTypes = {
  service: "docker:index/service:Service",
  volume: "docker:index/volume:Volume",
  config: "docker:index/serviceConfig:ServiceConfig",
} as const;

/** A resource as Pulumi knows it: its inputs, and those of its options that are shown. */
export interface PulumiResource {
  readonly urn: string;
  readonly type: string;
  /** Raw property values; unknown and secret ones may be marked in any of Pulumi's ways. */
  readonly inputs: unknown;
  readonly protect: boolean | undefined;
  readonly retainOnDelete: boolean | undefined;
}

/** Contents of Swarm configs by their names. */
export type ConfigContents = ReadonlyMap<string, Known<string | undefined>>;

/** Where the provider's schema has each field. */
const pulumiPaths: Readonly<Record<ServiceField, string>> = {
  service: "taskSpec",
  image: "taskSpec.containerSpec.image",
  command: "taskSpec.containerSpec.commands",
  args: "taskSpec.containerSpec.args",
  environment: "taskSpec.containerSpec.env",
  hostname: "taskSpec.containerSpec.hostname",
  workingDirectory: "taskSpec.containerSpec.dir",
  mounts: "taskSpec.containerSpec.mounts",
  constraints: "taskSpec.placement.constraints",
  mode: "mode",
  replicas: "mode.replicated.replicas",
  updateOrder: "updateConfig.order",
  rollbackOrder: "rollbackConfig.order",
  failureAction: "updateConfig.failureAction",
  healthCheck: "taskSpec.containerSpec.healthcheck",
  restart: "taskSpec.restartPolicy",
  memoryLimit: "taskSpec.resources.limits.memoryBytes",
  memoryReservation: "taskSpec.resources.reservation.memoryBytes",
  stopSignal: "taskSpec.containerSpec.stopSignal",
  stopGrace: "taskSpec.containerSpec.stopGracePeriod",
  ports: "endpointSpec.ports",
  configs: "taskSpec.containerSpec.configs",
  labels: "labels",
  containerLabels: "taskSpec.containerSpec.labels",
};

/**
 * Reads the inputs of a `docker.Service`. Never throws: what is not in the provider's form is not known.
 *
 * @param configs - contents of the `docker.ServiceConfig`s seen so far
 */
export function readPulumiService(resource: PulumiResource, configs: ConfigContents): ServiceDefinition {
  const inputs = new Field(settlePulumiValue(resource.inputs), "");
  const taskSpec = inputs.get("taskSpec");
  const container = taskSpec.get("containerSpec");
  const limits = taskSpec.get("resources").get("limits");
  const reservation = taskSpec.get("resources").get("reservation");
  const name = plainText(inputs.get("name"));
  return {
    id: resource.urn,
    origin: "pulumi",
    name: isKnown(name) && name !== undefined ? name : resourceName(resource.urn),
    image: image(container.get("image")),
    command: optionalTexts(container.get("commands")),
    args: optionalTexts(container.get("args")),
    environment: container.get("env").textRecord(),
    user: plainText(container.get("user")),
    hostname: plainText(container.get("hostname")),
    workingDirectory: plainText(container.get("dir")),
    readOnlyRoot: container.get("readOnly").flag(),
    mounts: mapItems(container.get("mounts"), mount),
    configs: mapItems(container.get("configs"), (field) => configFile(field, configs)),
    secrets: mapItems(container.get("secrets"), secretFile),
    constraints: constraints(taskSpec.get("placement").get("constraints")),
    maxReplicasPerNode: taskSpec.get("placement").get("maxReplicas").integer(),
    mode: mode(inputs.get("mode")),
    replicas: orElse(inputs.get("mode").get("replicated").get("replicas").integer(), 1),
    updateOrder: plainText(inputs.get("updateConfig").get("order")),
    rollbackOrder: plainText(inputs.get("rollbackConfig").get("order")),
    failureAction: plainText(inputs.get("updateConfig").get("failureAction")),
    healthCheck: healthCheck(container.get("healthcheck")),
    restart: restart(taskSpec.get("restartPolicy")),
    limits: { memoryBytes: bytesOrNone(limits.get("memoryBytes")), nanoCpus: limits.get("nanoCpus").integer() },
    reservations: {
      memoryBytes: bytesOrNone(reservation.get("memoryBytes")),
      nanoCpus: reservation.get("nanoCpus").integer(),
    },
    stopSignal: plainText(container.get("stopSignal")),
    stopGraceSeconds: seconds(container.get("stopGracePeriod")),
    endpointMode: plainText(inputs.get("endpointSpec").get("mode")),
    ports: mapItems(inputs.get("endpointSpec").get("ports"), port),
    networks: mapItems(taskSpec.get("networksAdvanceds"), (field) => orElse(plainText(field.get("id")), "")),
    labels: pairs(inputs.get("labels")),
    containerLabels: pairs(container.get("labels")),
    forceUpdate: orElse(taskSpec.get("forceUpdate").integer(), 0),
    paths: pulumiPaths,
  };
}

/** Reads the inputs of a `docker.Volume`. Never throws. */
export function readPulumiVolume(resource: PulumiResource): VolumeDefinition {
  const inputs = new Field(settlePulumiValue(resource.inputs), "");
  return {
    id: resource.urn,
    origin: "pulumi",
    path: resourceName(resource.urn),
    name: orElse(plainText(inputs.get("name")), resourceName(resource.urn)),
    options: {
      driver: plainText(inputs.get("driver")),
      driverOptions: inputs.get("driverOpts").textRecord(),
      labels: pairs(inputs.get("labels")),
    },
    protect: resource.protect,
    retainOnDelete: resource.retainOnDelete,
  };
}

/** Name and content of a `docker.ServiceConfig`. */
export function readPulumiConfig(resource: PulumiResource): {
  name: string | undefined;
  content: Known<string | undefined>;
} {
  const inputs = new Field(settlePulumiValue(resource.inputs), "");
  const name = plainText(inputs.get("name"));
  const data = plainText(inputs.get("data"));
  return {
    name: isKnown(name) ? name : undefined,
    content: isKnown(data) && data !== undefined ? Buffer.from(data, "base64").toString("utf8") : notKnown,
  };
}

/** The name of a resource in its program: what follows the last `::` of its URN. */
export function resourceName(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 1).replace(/^:/, "");
}

function constraints(field: Field): Known<readonly Constraint[]> {
  const texts = field.texts();
  return isKnown(texts) ? texts.map((text) => parseConstraint(visible(text))) : texts;
}

function image(field: Field): ImageReference {
  const reference = plainText(field);
  return isKnown(reference) && reference !== undefined ? parseImageReference(reference) : unknownImage;
}

function optionalTexts(field: Field): Known<readonly Known<string>[] | undefined> {
  return field.isAbsent ? undefined : field.texts();
}

function mapItems<T>(field: Field, read: (item: Field) => T): Known<readonly T[]> {
  const items = field.items();
  return isKnown(items) ? items.map(read) : items;
}

function mount(field: Field): Mount {
  const options = field.get("volumeOptions");
  return {
    path: field.path,
    type: orElse(plainText(field.get("type")), "volume"),
    source: plainText(field.get("source")),
    target: orElse(plainText(field.get("target")), ""),
    readOnly: orElse(field.get("readOnly").flag(), false),
    volumeOptions: options.isAbsent ? undefined : isKnown(options.value) ? volumeOptions(options) : notKnown,
    external: false,
  };
}

function volumeOptions(field: Field): VolumeOptions {
  return {
    driver: plainText(field.get("driverName")),
    driverOptions: field.get("driverOptions").textRecord(),
    labels: pairs(field.get("labels")),
  };
}

function configFile(field: Field, configs: ConfigContents): MountedFile {
  const name = plainText(field.get("configName"));
  return {
    path: field.path,
    name,
    target: orElse(plainText(field.get("fileName")), ""),
    content: isKnown(name) && name !== undefined && configs.has(name) ? configs.get(name) : notKnown,
  };
}

function secretFile(field: Field): MountedFile {
  return {
    path: field.path,
    name: plainText(field.get("secretName")),
    target: orElse(plainText(field.get("fileName")), ""),
    content: undefined,
  };
}

function mode(field: Field): Known<ServiceMode> {
  const isGlobal = field.get("global").flag();
  if (!isKnown(isGlobal)) return notKnown;
  return isGlobal === true ? "global" : "replicated";
}

function healthCheck(field: Field): Known<DefinedHealthCheck | undefined> {
  if (field.isAbsent || !isKnown(field.value)) return field.isAbsent ? undefined : notKnown;
  return {
    test: field.get("tests").texts(),
    intervalSeconds: seconds(field.get("interval")),
    timeoutSeconds: seconds(field.get("timeout")),
    retries: field.get("retries").integer(),
    startPeriodSeconds: seconds(field.get("startPeriod")),
    // The provider has no property for it.
    startIntervalSeconds: undefined,
  };
}

function restart(field: Field): Known<RestartPolicy | undefined> {
  if (field.isAbsent || !isKnown(field.value)) return field.isAbsent ? undefined : notKnown;
  return {
    condition: plainText(field.get("condition")),
    maxAttempts: field.get("maxAttempts").integer(),
    windowSeconds: seconds(field.get("window")),
    delaySeconds: seconds(field.get("delay")),
  };
}

function port(field: Field): DefinedPort {
  return {
    path: field.path,
    targetPort: orElse(field.get("targetPort").integer(), 0),
    publishedPort: field.get("publishedPort").integer(),
    publishMode: plainText(field.get("publishMode")),
    protocol: plainText(field.get("protocol")),
  };
}

/** 0 bytes mean no limit, to the provider as to Swarm. */
function bytesOrNone(field: Field): Known<number | undefined> {
  const size = bytes(field);
  return size === 0 ? undefined : size;
}

/** The provider writes labels as a list of pairs. */
function pairs(field: Field): Known<Readonly<Record<string, Known<string>>>> {
  const items = field.items();
  if (!isKnown(items)) return items;
  const labels: [string, Known<string>][] = [];
  for (const item of items) {
    const label = plainText(item.get("label"));
    if (!isKnown(label)) return notKnown;
    if (label !== undefined) labels.push([label, orElse(item.get("value").text(), "")]);
  }
  return recordOf(labels);
}

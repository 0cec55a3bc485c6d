import { parseConstraint } from "../../model/placement/constraints.ts";
import {
  isKnown,
  notKnown,
  parseImageReference,
  unknownImage,
  visible,
  type Constraint,
  type ImageReference,
  type Known,
  type Mount,
  type MountedFile,
  type Resources,
  type ServiceDefinition,
  type ServiceField,
  type ServiceMode,
  type VolumeDefinition,
  type VolumeOptions,
} from "../../model/service/definition.ts";
import { Field, recordOf } from "../fields/field.ts";
import { bytes, orElse, plainText, seconds } from "../fields/readings.ts";
import { providerSpelling, noneIfZero, readMount, readPort, readProbes, readRestart } from "../fields/spelling.ts";
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
  const name = plainText(inputs.get("name"));
  return {
    id: resource.urn,
    origin: "pulumi",
    name: isKnown(name) && name !== undefined ? name : resourceName(resource.urn),
    image: image(container.get("image")),
    command: container.get("commands").optionalTexts(),
    args: container.get("args").optionalTexts(),
    environment: container.get("env").textRecord(),
    user: plainText(container.get("user")),
    hostname: plainText(container.get("hostname")),
    workingDirectory: plainText(container.get("dir")),
    readOnlyRoot: container.get("readOnly").flag(),
    mounts: container.get("mounts").map(mount),
    configs: container.get("configs").map((field) => configFile(field, configs)),
    secrets: container.get("secrets").map(secretFile),
    constraints: constraints(taskSpec.get("placement").get("constraints")),
    maxReplicasPerNode: taskSpec.get("placement").get("maxReplicas").integer(),
    mode: mode(inputs.get("mode")),
    replicas: orElse(inputs.get("mode").get("replicated").get("replicas").integer(), 1),
    updateOrder: plainText(inputs.get("updateConfig").get("order")),
    rollbackOrder: plainText(inputs.get("rollbackConfig").get("order")),
    failureAction: plainText(inputs.get("updateConfig").get("failureAction")),
    healthCheck: block(container.get("healthcheck"), (field) => ({
      test: field.get("tests").texts(),
      ...readProbes(field, providerSpelling),
    })),
    restart: block(taskSpec.get("restartPolicy"), (field) => readRestart(field, providerSpelling)),
    limits: resourcesOf(taskSpec.get("resources").get("limits")),
    reservations: resourcesOf(taskSpec.get("resources").get("reservation")),
    stopSignal: plainText(container.get("stopSignal")),
    stopGraceSeconds: seconds(container.get("stopGracePeriod")),
    endpointMode: plainText(inputs.get("endpointSpec").get("mode")),
    ports: inputs
      .get("endpointSpec")
      .get("ports")
      .map((field) => readPort(field, providerSpelling)),
    networks: taskSpec.get("networksAdvanceds").map((field) => orElse(plainText(field.get("id")), "")),
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

/** The content of a block; `undefined` if it is absent, not known if all of it is. */
function block<T>(field: Field, read: (field: Field) => T): Known<T | undefined> {
  if (field.isAbsent) return undefined;
  return isKnown(field.value) ? read(field) : notKnown;
}

function resourcesOf(field: Field): Resources {
  return { memoryBytes: noneIfZero(bytes(field.get("memoryBytes"))), nanoCpus: field.get("nanoCpus").integer() };
}

function mount(field: Field): Mount {
  return {
    ...readMount(field, providerSpelling),
    volumeOptions: block(field.get("volumeOptions"), volumeOptions),
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

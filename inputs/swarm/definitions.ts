import { parseConstraint } from "../../model/placement/constraints.ts";
import {
  isKnown,
  notKnown,
  parseImageReference,
  unknownImage,
  type Estate,
  type ImageFacts,
  type Known,
  type Mount,
  type MountedFile,
  type ServiceDefinition,
  type ServiceField,
  type ServiceMode,
  type SwarmNode,
  type VolumeDefinition,
  type VolumeOptions,
} from "../../model/service/definition.ts";
import { InputError } from "../../text/input-error.ts";
import { Field, isRecord, recordOf } from "../fields/field.ts";
import { orElse } from "../fields/readings.ts";
import { noneIfZero, engineSpelling, readMount, readPort, readProbes, readRestart } from "../fields/spelling.ts";

/** Answers of the Docker Engine API, as `docker … inspect` shows them. Each list may be left out when it was not asked for. */
export interface LiveSwarm {
  readonly services?: readonly unknown[];
  readonly nodes?: readonly unknown[];
  readonly volumes?: readonly unknown[];
  readonly images?: readonly unknown[];
  readonly configs?: readonly unknown[];
}

const container = "Spec.TaskTemplate.ContainerSpec";

/** Where the Engine API has each field. */
const livePaths: Readonly<Record<ServiceField, string>> = {
  service: "Spec",
  image: `${container}.Image`,
  command: `${container}.Command`,
  args: `${container}.Args`,
  environment: `${container}.Env`,
  hostname: `${container}.Hostname`,
  workingDirectory: `${container}.Dir`,
  mounts: `${container}.Mounts`,
  constraints: "Spec.TaskTemplate.Placement.Constraints",
  mode: "Spec.Mode",
  replicas: "Spec.Mode.Replicated.Replicas",
  updateOrder: "Spec.UpdateConfig.Order",
  rollbackOrder: "Spec.RollbackConfig.Order",
  failureAction: "Spec.UpdateConfig.FailureAction",
  healthCheck: `${container}.Healthcheck`,
  restart: "Spec.TaskTemplate.RestartPolicy",
  memoryLimit: "Spec.TaskTemplate.Resources.Limits.MemoryBytes",
  memoryReservation: "Spec.TaskTemplate.Resources.Reservations.MemoryBytes",
  stopSignal: `${container}.StopSignal`,
  stopGrace: `${container}.StopGracePeriod`,
  ports: "Spec.EndpointSpec.Ports",
  configs: `${container}.Configs`,
  labels: "Spec.Labels",
  containerLabels: `${container}.Labels`,
};

/**
 * Reads what a live swarm answered.
 *
 * @param live - `nodes` left out means that the nodes are not known, not that there are none
 * @throws InputError when a part is no list of objects
 */
export function readLiveSwarm(live: LiveSwarm): Estate {
  const configs = new Map(objects(live.configs, "configs").map((config) => configContent(config)));
  return {
    services: objects(live.services, "services").map((service) => readService(service, configs)),
    volumes: objects(live.volumes, "volumes").map(readVolume),
    nodes: live.nodes === undefined ? undefined : objects(live.nodes, "nodes").map(readNode),
    images: new Map(objects(live.images, "images").flatMap(readImage)),
    previous: new Map(),
  };
}

function objects(list: readonly unknown[] | undefined, path: string): readonly Field[] {
  const items: unknown = list ?? [];
  if (!Array.isArray(items) || !items.every(isRecord)) {
    throw new InputError({
      path,
      expected: "a list of objects as `docker inspect` prints them",
      got: "something else",
      fix: `Give the output of the Engine API for ${path}`,
    });
  }
  return items.map((item) => new Field(item, ""));
}

function readService(service: Field, configs: ReadonlyMap<string, string>): ServiceDefinition {
  const spec = service.get("Spec");
  const task = spec.get("TaskTemplate");
  const containerSpec = task.get("ContainerSpec");
  const placement = task.get("Placement");
  const health = containerSpec.get("Healthcheck");
  const restart = task.get("RestartPolicy");
  const name = text(spec.get("Name"));
  const reference = containerSpec.get("Image").text();
  return {
    id: text(service.get("ID")) || `service ${name}`,
    origin: "swarm",
    name,
    image: isKnown(reference) && reference !== undefined ? parseImageReference(reference) : unknownImage,
    command: containerSpec.get("Command").optionalTexts(),
    args: containerSpec.get("Args").optionalTexts(),
    environment: environment(containerSpec.get("Env")),
    user: containerSpec.get("User").text(),
    hostname: containerSpec.get("Hostname").text(),
    workingDirectory: containerSpec.get("Dir").text(),
    readOnlyRoot: containerSpec.get("ReadOnly").flag(),
    mounts: containerSpec.get("Mounts").map(mount),
    configs: containerSpec.get("Configs").map((field) => configFile(field, configs)),
    secrets: containerSpec.get("Secrets").map((field) => ({ ...file(field, "SecretName"), content: undefined })),
    constraints: placement.get("Constraints").map((field) => parseConstraint(orElse(field.text(), ""))),
    maxReplicasPerNode: placement.get("MaxReplicas").integer(),
    mode: mode(spec.get("Mode")),
    replicas: orElse(spec.get("Mode").get("Replicated").get("Replicas").integer(), 1),
    updateOrder: spec.get("UpdateConfig").get("Order").text(),
    rollbackOrder: spec.get("RollbackConfig").get("Order").text(),
    failureAction: spec.get("UpdateConfig").get("FailureAction").text(),
    healthCheck: health.isAbsent
      ? undefined
      : { test: health.get("Test").texts(), ...readProbes(health, engineSpelling) },
    restart: restart.isAbsent ? undefined : readRestart(restart, engineSpelling),
    limits: resources(task.get("Resources").get("Limits")),
    reservations: resources(task.get("Resources").get("Reservations")),
    stopSignal: containerSpec.get("StopSignal").text(),
    stopGraceSeconds: engineSpelling.seconds(containerSpec.get("StopGracePeriod")),
    endpointMode: spec.get("EndpointSpec").get("Mode").text(),
    ports: spec
      .get("EndpointSpec")
      .get("Ports")
      .map((field) => readPort(field, engineSpelling)),
    networks: task.get("Networks").map((field) => orElse(field.get("Target").text(), "")),
    labels: spec.get("Labels").textRecord(),
    containerLabels: containerSpec.get("Labels").textRecord(),
    forceUpdate: orElse(task.get("ForceUpdate").integer(), 0),
    paths: livePaths,
  };
}

function environment(field: Field): Known<Readonly<Record<string, Known<string>>>> {
  const texts = field.texts();
  if (!isKnown(texts)) return texts;
  return recordOf(
    texts.filter(isKnown).map((text) => {
      const [name = "", ...value] = text.split("=");
      return [name, value.join("=")] as const;
    }),
  );
}

function mount(field: Field): Mount {
  const options = field.get("VolumeOptions");
  return {
    ...readMount(field, engineSpelling),
    volumeOptions: options.isAbsent ? undefined : volumeOptions(options),
    external: false,
  };
}

function volumeOptions(field: Field): VolumeOptions {
  return {
    driver: field.get("DriverConfig").get("Name").text(),
    driverOptions: field.get("DriverConfig").get("Options").textRecord(),
    labels: field.get("Labels").textRecord(),
  };
}

function file(field: Field, nameKey: string): Omit<MountedFile, "content"> {
  return {
    path: field.path,
    name: field.get(nameKey).text(),
    target: absoluteTarget(
      orElse(field.get("File").get("Name").text(), ""),
      nameKey === "SecretName" ? "/run/secrets/" : "/",
    ),
  };
}

/** Swarm puts a secret with a relative name under `/run/secrets`, and a config under `/`. */
function absoluteTarget(target: Known<string>, folder: string): Known<string> {
  return isKnown(target) && !target.startsWith("/") ? `${folder}${target}` : target;
}

function configFile(field: Field, configs: ReadonlyMap<string, string>): MountedFile {
  const id = field.get("ConfigID").text();
  const content = isKnown(id) && id !== undefined ? configs.get(id) : undefined;
  return { ...file(field, "ConfigName"), content: content ?? notKnown };
}

function configContent(config: Field): [string, string] {
  return [text(config.get("ID")), Buffer.from(text(config.get("Spec").get("Data")), "base64").toString("utf8")];
}

function mode(field: Field): Known<ServiceMode> {
  if (!field.get("Global").isAbsent) return "global";
  if (!field.get("GlobalJob").isAbsent) return "global-job";
  return field.get("ReplicatedJob").isAbsent ? "replicated" : "replicated-job";
}

function resources(field: Field): ServiceDefinition["limits"] {
  return {
    memoryBytes: noneIfZero(field.get("MemoryBytes").integer()),
    nanoCpus: noneIfZero(field.get("NanoCPUs").integer()),
  };
}

function readVolume(volume: Field): VolumeDefinition {
  const name = orElse(volume.get("Name").text(), "");
  return {
    id: `volume ${isKnown(name) ? name : ""}`,
    origin: "swarm",
    path: "Options",
    name,
    options: {
      driver: volume.get("Driver").text(),
      driverOptions: volume.get("Options").textRecord(),
      labels: volume.get("Labels").textRecord(),
    },
    protect: undefined,
    retainOnDelete: undefined,
  };
}

function readNode(node: Field): SwarmNode {
  const description = node.get("Description");
  return {
    id: text(node.get("ID")),
    hostname: text(description.get("Hostname")),
    role: text(node.get("Spec").get("Role")),
    state: text(node.get("Status").get("State")),
    availability: text(node.get("Spec").get("Availability")),
    address: text(node.get("Status").get("Addr")),
    os: text(description.get("Platform").get("OS")),
    architecture: text(description.get("Platform").get("Architecture")),
    labels: plainRecord(node.get("Spec").get("Labels")),
    engineLabels: plainRecord(description.get("Engine").get("Labels")),
    ...ownResources(description.get("Resources")),
  };
}

function ownResources(field: Field): Pick<SwarmNode, "memoryBytes" | "nanoCpus"> {
  const { memoryBytes, nanoCpus } = resources(field);
  return {
    ...(isKnown(memoryBytes) && memoryBytes !== undefined && { memoryBytes }),
    ...(isKnown(nanoCpus) && nanoCpus !== undefined && { nanoCpus }),
  };
}

function text(field: Field): string {
  const value = field.text();
  return isKnown(value) ? (value ?? "") : "";
}

function plainRecord(field: Field): Readonly<Record<string, string>> {
  const entries = field.entries();
  if (!isKnown(entries)) return {};
  return recordOf(entries.map(([key, value]) => [key, text(value)]));
}

function knownTexts(field: Field): readonly string[] {
  const texts = field.texts();
  return isKnown(texts) ? texts.filter(isKnown) : [];
}

/** An image is found by each of its names. */
function readImage(image: Field): [string, ImageFacts][] {
  const volumes = image.get("Config").get("Volumes").entries();
  const names = [...knownTexts(image.get("RepoTags")), ...knownTexts(image.get("RepoDigests"))];
  const facts: ImageFacts = {
    volumes: isKnown(volumes) ? volumes.map(([path]) => path) : [],
    hasHealthCheck: !image.get("Config").get("Healthcheck").isAbsent,
  };
  return names.map((name) => [name, facts]);
}

import { fixedLabel, label } from "./objects.ts";
import {
  block,
  boolean,
  listOf,
  listOfStrings,
  mapOfStrings,
  number,
  optional,
  optionalComputed,
  required,
  setOf,
  setOfStrings,
  string,
  type Properties,
  type ResourceSchema,
} from "./property-schema.ts";
import { atLeast, duration, matches, ratio } from "./validators.ts";

const mount: Properties = {
  target: required(string),
  type: required(string, { valid: matches(/^(bind|volume|tmpfs)$/) }),
  source: optional(string),
  readOnly: optional(boolean),
  bindOptions: optional(
    block({
      propagation: optional(string, { valid: matches(/^(private|rprivate|shared|rshared|slave|rslave)$/) }),
    }),
  ),
  volumeOptions: optional(
    block({
      noCopy: optional(boolean),
      labels: optional(setOf(fixedLabel)),
      driverName: optional(string),
      driverOptions: optional(mapOfStrings),
    }),
  ),
  tmpfsOptions: optional(block({ sizeBytes: optional(number), mode: optional(number) })),
};

/** Where and how a secret or config appears in the container. */
const file: Properties = {
  fileName: required(string),
  fileUid: optional(string, { default: "0" }),
  fileGid: optional(string, { default: "0" }),
  fileMode: optional(number, { default: 0o444, valid: atLeast(0) }),
};

const healthcheck: Properties = {
  tests: optional(listOfStrings, { terraformName: "test" }),
  interval: optional(string, { default: "0s", valid: duration }),
  timeout: optional(string, { default: "0s", valid: duration }),
  startPeriod: optional(string, { default: "0s", valid: duration }),
  retries: optional(number, { default: 0, valid: atLeast(0) }),
};

const privileges: Properties = {
  credentialSpec: optional(block({ file: optional(string), registry: optional(string) })),
  seLinuxContext: optional(
    block({
      disable: optional(boolean),
      user: optional(string),
      role: optional(string),
      type: optional(string),
      level: optional(string),
    }),
  ),
};

/** `taskSpec.containerSpec` of a service (terraform-provider-docker: internal/provider/resource_docker_service.go). */
const containerSpec: Properties = {
  image: required(string),
  labels: optional(setOf(fixedLabel)),
  commands: optional(listOfStrings, { terraformName: "command" }),
  args: optional(listOfStrings),
  hostname: optional(string),
  env: optional(mapOfStrings),
  dir: optional(string),
  user: optional(string),
  groups: optional(listOfStrings),
  privileges: optional(block(privileges)),
  readOnly: optional(boolean),
  init: optionalComputed(boolean),
  capAdds: optional(listOfStrings, { terraformName: "cap_add" }),
  capDrops: optional(listOfStrings, { terraformName: "cap_drop" }),
  mounts: optional(setOf(mount)),
  stopSignal: optional(string),
  stopGracePeriod: optionalComputed(string, { valid: duration }),
  healthcheck: optionalComputed(block(healthcheck)),
  hosts: optional(setOf({ host: required(string, { forceNew: true }), ip: required(string, { forceNew: true }) }), {
    forceNew: true,
  }),
  dnsConfig: optionalComputed(
    block({
      nameservers: required(listOfStrings),
      searches: optional(listOfStrings, { terraformName: "search" }),
      options: optional(listOfStrings),
    }),
  ),
  secrets: optional(setOf({ secretId: required(string), secretName: optional(string), ...file })),
  configs: optional(setOf({ configId: required(string), configName: optional(string), ...file })),
  isolation: optional(string, { default: "default", valid: matches(/^(default|process|hyperv)$/) }),
  sysctl: optional(mapOfStrings, { forceNew: true }),
};

const resources: Properties = {
  limits: optional(block({ nanoCpus: optional(number), memoryBytes: optional(number) })),
  reservation: optional(
    block({
      nanoCpus: optional(number),
      memoryBytes: optional(number),
      genericResources: optional(
        block({
          namedResourcesSpecs: optional(setOfStrings, { terraformName: "named_resources_spec" }),
          discreteResourcesSpecs: optional(setOfStrings, { terraformName: "discrete_resources_spec" }),
        }),
      ),
    }),
  ),
};

const placement: Properties = {
  constraints: optional(setOfStrings),
  prefs: optional(setOfStrings),
  maxReplicas: optional(number, { valid: atLeast(0) }),
  platforms: optional(setOf({ architecture: required(string), os: required(string) })),
};

const networkAttachment: Properties = {
  id: optional(string, { forceNew: true }),
  name: optional(string, { forceNew: true, deprecated: "Use the id attribute." }),
  aliases: optional(setOfStrings, { forceNew: true }),
  driverOpts: optional(setOfStrings, { forceNew: true }),
};

const taskSpec: Properties = {
  containerSpec: required(block(containerSpec)),
  resources: optionalComputed(block(resources)),
  restartPolicy: optionalComputed(
    block({
      condition: optional(string, { valid: matches(/^(none|on-failure|any)$/) }),
      delay: optional(string, { valid: duration }),
      maxAttempts: optional(number, { valid: atLeast(0) }),
      window: optional(string, { valid: duration }),
    }),
  ),
  placement: optionalComputed(block(placement)),
  forceUpdate: optionalComputed(number, { valid: atLeast(0) }),
  runtime: optionalComputed(string, { valid: matches(/^(container|plugin)$/) }),
  networksAdvanceds: optional(setOf(networkAttachment), { terraformName: "networks_advanced" }),
  logDriver: optional(block({ name: required(string), options: optional(mapOfStrings) })),
};

/** How tasks are exchanged in an update or a rollback. */
const exchange = (failureActions: RegExp, orders: RegExp): Properties => ({
  parallelism: optional(number, { default: 1, valid: atLeast(0) }),
  delay: optional(string, { default: "0s", valid: duration }),
  failureAction: optional(string, { default: "pause", valid: matches(failureActions) }),
  monitor: optional(string, { default: "5s", valid: duration }),
  maxFailureRatio: optional(string, { default: "0.0", valid: ratio }),
  order: optional(string, { default: "stop-first", valid: matches(orders) }),
});

const port: Properties = {
  name: optional(string),
  protocol: optional(string, { default: "tcp", valid: matches(/^(tcp|udp|sctp)$/) }),
  targetPort: required(number),
  publishedPort: optionalComputed(number),
  publishMode: optional(string, { default: "ingress", valid: matches(/^(host|ingress)$/) }),
};

/** `docker:index/service:Service` (terraform-provider-docker: internal/provider/resource_docker_service.go). */
export const service: ResourceSchema = {
  version: 2,
  properties: {
    name: required(string, { forceNew: true, autoNamed: true }),
    labels: optionalComputed(setOf(label)),
    auth: optional(
      block({
        serverAddress: required(string, { forceNew: true }),
        username: optional(string, { forceNew: true, defaultFromEnvironment: "DOCKER_REGISTRY_USER" }),
        password: optional(string, {
          forceNew: true,
          sensitive: true,
          defaultFromEnvironment: "DOCKER_REGISTRY_PASS",
        }),
      }),
      { forceNew: true },
    ),
    taskSpec: required(block(taskSpec)),
    mode: optionalComputed(
      block({
        replicated: optionalComputed(block({ replicas: optional(number, { default: 1, valid: atLeast(0) }) }), {
          conflictsWith: ["mode.global"],
        }),
        global: optional(boolean, { default: false, conflictsWith: ["mode.replicated", "convergeConfig"] }),
      }),
      { forceNew: true },
    ),
    updateConfig: optional(block(exchange(/^(pause|continue|rollback)$/, /^(stop-first|start-first)$/))),
    rollbackConfig: optional(block(exchange(/(pause|continue)/, /(stop-first|start-first)/))),
    endpointSpec: optionalComputed(
      block({
        mode: optionalComputed(string, { valid: matches(/^(vip|dnsrr)$/) }),
        ports: optional(listOf(port)),
      }),
    ),
    convergeConfig: optional(
      block({
        delay: optional(string, { default: "7s", valid: duration }),
        timeout: optional(string, { default: "3m", valid: duration }),
      }),
      { conflictsWith: ["mode.global"] },
    ),
  },
};

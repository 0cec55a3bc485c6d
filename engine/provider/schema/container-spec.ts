import { fixedLabel } from "./label.ts";
import {
  block,
  boolean,
  listOfStrings,
  mapOfStrings,
  number,
  optional,
  optionalComputed,
  required,
  setOf,
  string,
  type Properties,
} from "./property-schema.ts";
import { atLeast, duration, matches } from "./validators.ts";

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
export const containerSpec: Properties = {
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

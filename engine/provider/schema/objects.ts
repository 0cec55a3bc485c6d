import {
  block,
  boolean,
  computed,
  mapOfStrings,
  optional,
  optionalComputed,
  required,
  setOf,
  string,
  type Properties,
  type ResourceSchema,
} from "./property-schema.ts";
import { base64, isOneOf } from "./validators.ts";

/**
 * A label. Those of containers, of a mount's volume and of everything but services are part of the thing's identity:
 * a change replaces the resource (terraform-provider-docker: internal/provider/helpers.go, `labelSchema`).
 */
export const fixedLabel: Properties = {
  label: required(string, { forceNew: true }),
  value: required(string, { forceNew: true }),
};

/** A label that can be changed in place: those of a service. */
export const label: Properties = { label: required(string), value: required(string) };

/** `docker:index/network:Network` (terraform-provider-docker: internal/provider/resource_docker_network.go). */
export const network: ResourceSchema = {
  version: 1,
  properties: {
    name: required(string, { forceNew: true, autoNamed: true }),
    labels: optional(setOf(fixedLabel), { forceNew: true }),
    driver: optionalComputed(string, { forceNew: true }),
    options: optionalComputed(mapOfStrings, { forceNew: true }),
    internal: optionalComputed(boolean, { forceNew: true }),
    attachable: optional(boolean, { forceNew: true }),
    ingress: optional(boolean, { forceNew: true }),
    ipv6: optional(boolean, { forceNew: true }),
    ipamDriver: optional(string, { forceNew: true, default: "default" }),
    ipamOptions: optional(mapOfStrings, { forceNew: true }),
    ipamConfigs: optionalComputed(
      setOf({
        subnet: optional(string, { forceNew: true }),
        ipRange: optional(string, { forceNew: true }),
        gateway: optional(string, { forceNew: true }),
        auxAddress: optional(mapOfStrings, { forceNew: true }),
      }),
      { forceNew: true, terraformName: "ipam_config" },
    ),
    scope: computed(string),
  },
};

/** `docker:index/secret:Secret` (terraform-provider-docker: internal/provider/resource_docker_secret.go). */
export const secret: ResourceSchema = {
  version: 1,
  properties: {
    name: required(string, { forceNew: true, autoNamed: true }),
    data: required(string, { forceNew: true, sensitive: true, valid: base64 }),
    labels: optional(setOf(fixedLabel), { forceNew: true }),
  },
};

/** `docker:index/serviceConfig:ServiceConfig` (terraform-provider-docker: internal/provider/resource_docker_config.go). */
export const serviceConfig: ResourceSchema = {
  version: 0,
  properties: {
    name: required(string, { forceNew: true, autoNamed: true }),
    data: optional(string, { forceNew: true, exactlyOneOf: ["data", "dataRaw"], valid: base64 }),
    dataRaw: optional(string, { forceNew: true, exactlyOneOf: ["data", "dataRaw"] }),
    labels: optional(setOf(fixedLabel), { forceNew: true }),
  },
};

/** `docker:index/volume:Volume` (terraform-provider-docker: internal/provider/resource_docker_volume.go). */
export const volume: ResourceSchema = {
  version: 1,
  properties: {
    name: optionalComputed(string, { forceNew: true, autoNamed: true }),
    driver: optionalComputed(string, { forceNew: true }),
    driverOpts: optional(mapOfStrings, { forceNew: true }),
    labels: optional(setOf(fixedLabel), { forceNew: true }),
    mountpoint: computed(string),
    cluster: optional(
      block({
        id: computed(string),
        scope: optional(string, { forceNew: true, default: "single", valid: isOneOf("single", "multi") }),
        sharing: optional(string, {
          forceNew: true,
          default: "none",
          valid: isOneOf("none", "readonly", "onewriter", "all"),
        }),
        type: optional(string, { forceNew: true, default: "block", valid: isOneOf("mount", "block") }),
        topologyPreferred: optional(string, { forceNew: true, default: "" }),
        topologyRequired: optional(string, { forceNew: true, default: "" }),
        requiredBytes: optional(string, { forceNew: true }),
        limitBytes: optional(string, { forceNew: true }),
        group: optional(string, { forceNew: true, default: "" }),
        availability: optional(string, { default: "active", valid: isOneOf("active", "pause", "drain") }),
      }),
      { forceNew: true },
    ),
  },
};

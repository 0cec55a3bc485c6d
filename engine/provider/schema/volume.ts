import { fixedLabel } from "./label.ts";
import {
  block,
  computed,
  mapOfStrings,
  optional,
  optionalComputed,
  setOf,
  string,
  type ResourceSchema,
} from "./property-schema.ts";
import { isOneOf } from "./validators.ts";

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

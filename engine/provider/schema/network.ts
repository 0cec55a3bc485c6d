import { fixedLabel } from "./label.ts";
import {
  boolean,
  computed,
  mapOfStrings,
  optional,
  optionalComputed,
  required,
  setOf,
  string,
  type ResourceSchema,
} from "./property-schema.ts";

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

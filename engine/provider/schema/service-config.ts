import { fixedLabel } from "./label.ts";
import { optional, required, setOf, string, type ResourceSchema } from "./property-schema.ts";
import { base64 } from "./validators.ts";

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

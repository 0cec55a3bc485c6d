import { fixedLabel } from "./label.ts";
import { optional, required, setOf, string, type ResourceSchema } from "./property-schema.ts";
import { base64 } from "./validators.ts";

/** `docker:index/secret:Secret` (terraform-provider-docker: internal/provider/resource_docker_secret.go). */
export const secret: ResourceSchema = {
  version: 1,
  properties: {
    name: required(string, { forceNew: true, autoNamed: true }),
    data: required(string, { forceNew: true, sensitive: true, valid: base64 }),
    labels: optional(setOf(fixedLabel), { forceNew: true }),
  },
};

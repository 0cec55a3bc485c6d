import { required, string, type Properties } from "./property-schema.ts";

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

/**
 * What the Docker provider knows of each resource type: pulumi-docker 5.2, which bridges terraform-provider-docker 4.5.
 * Names are the program's; `@pulumi/docker`'s own declarations say the same (test/engine/provider/schema/schema.test.ts).
 */
import { InputError, showValue } from "../../../text/input-error.ts";
import { network, secret, serviceConfig, volume } from "./objects.ts";
import type { PropertySchema, ResourceSchema } from "./property-schema.ts";
import { service } from "./service.ts";

const schemas: ReadonlyMap<string, ResourceSchema> = new Map([
  ["docker:index/network:Network", network],
  ["docker:index/secret:Secret", secret],
  ["docker:index/service:Service", service],
  ["docker:index/serviceConfig:ServiceConfig", serviceConfig],
  ["docker:index/volume:Volume", volume],
]);

/** The resource types that the embedded provider knows. */
export const resourceTypes: readonly string[] = [...schemas.keys()];

/**
 * Finds what the provider knows of a resource type.
 *
 * @throws InputError for any other type.
 */
export function resourceSchema(type: string): ResourceSchema {
  const schema = schemas.get(type);
  if (schema === undefined)
    throw new InputError({
      path: "resource type",
      expected: `one of ${resourceTypes.join(", ")}`,
      got: showValue(type),
      fix: "Use the Pulumi CLI for this type",
    });
  return schema;
}

/** The name of a property in Terraform's schema (pulumi-terraform-bridge: pkg/tfbridge/names.go). */
export function terraformName(name: string, schema: PropertySchema): string {
  return schema.terraformName ?? snakeCase(name);
}

/** `fileGid` as Terraform writes it: `file_gid`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

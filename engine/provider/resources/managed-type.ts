import type { Redact } from "../../../swarm/api/redaction.ts";
import type { CredentialsFor } from "../../../swarm/api/registry-credentials.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import type { Attributes } from "../../../swarm/service/attributes.ts";
import { Secret, Unknown, type PropertyMap, type PropertyValue } from "../../model/property-value.ts";
import type { OperationControl } from "../../model/resource-provider.ts";

/** What an operation on one resource may use. */
export interface OperationContext extends OperationControl {
  connection: EngineConnection;
  /** Credentials for an image, as the provider's configuration gives them. */
  credentialsFor: CredentialsFor;
  /** Masks what is secret in the output of containers. */
  redact: Redact;
}

/** A resource as it is on the swarm after an operation. */
export interface AppliedResource {
  id: string;
  /** What the provider's `Read` sets, in the program's property names. */
  attributes: Attributes;
  /** Why it is not in effect as declared, although it is there. */
  failure?: string;
}

/** How one resource type is made, changed, found, read and removed on a swarm; properties are planned and in clear text. */
export interface ManagedType {
  create: (context: OperationContext, planned: PlainProperties) => Promise<AppliedResource>;
  /** Missing where every change is a replacement; `known` is what the state has. */
  update?: (
    context: OperationContext,
    id: string,
    planned: PlainProperties,
    known: PlainProperties,
  ) => Promise<AppliedResource>;
  read: (
    connection: EngineConnection,
    id: string,
    known: PlainProperties,
  ) => Promise<Omit<AppliedResource, "failure"> | undefined>;
  remove: (context: OperationContext, id: string, known: PlainProperties) => Promise<void>;
  /** The id of what these properties would make, if it is there already. */
  find: (connection: EngineConnection, planned: PlainProperties) => Promise<string | undefined>;
}

/** Properties without marks: what is not known is null, as Terraform's SDK reads it. */
export type PlainProperties = Record<string, unknown>;

/** Takes the marks of secrets and unknowns off. */
export function plainProperties(properties: PropertyMap): PlainProperties {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, plain(value)]));
}

function plain(value: PropertyValue): unknown {
  if (value instanceof Unknown) return null;
  if (value instanceof Secret) return plain(value.reveal());
  if (Array.isArray(value)) return value.map(plain);
  // Outputs and references are resolved before a provider sees them, so what is left is a map.
  return typeof value === "object" && value !== null ? plainProperties(value as PropertyMap) : value;
}

import type { Urn } from "./resource-state.ts";

/** The type of the resource that every other one has as its last ancestor. */
export const stackType = "pulumi:pulumi:Stack";

/** The parts of a URN (Pulumi: sdk/go/common/resource/urn/urn.go). */
export interface UrnParts {
  stack: string;
  project: string;
  /** The types of the ancestors, stack excluded, and of the resource itself, joined by `$`. */
  qualifiedType: string;
  /** The resource's own type. */
  type: string;
  name: string;
}

/** Builds the URN of a resource; a parent that is the stack itself adds nothing to the qualified type. */
export function createUrn(stack: string, project: string, parent: Urn | undefined, type: string, name: string): Urn {
  const parentType = parent === undefined ? "" : parseUrn(parent).qualifiedType;
  const qualifiedType = parentType === "" || parentType === stackType ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualifiedType}::${name}`;
}

/** Takes a URN apart. Throws when it is none, which only a damaged state can bring about. */
export function parseUrn(urn: Urn): UrnParts {
  const [prefix, project, qualifiedType, ...name] = urn.split("::");
  if (!prefix?.startsWith("urn:pulumi:") || project === undefined || qualifiedType === undefined || name.length === 0)
    throw new Error(`not a URN: ${urn}`);
  return {
    stack: prefix.slice("urn:pulumi:".length),
    project,
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}

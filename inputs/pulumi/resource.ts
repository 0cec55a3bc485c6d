/**
 * Checks resources as Pulumi prints them, by hand: a preview may have thousands of them, and of each no more than this matters.
 */
import { isRecord } from "../fields/field.ts";
import type { PreviewedProperties, PreviewedState } from "./plan.ts";

/** What is wrong with a document; the reader that knows the file makes an error of it. */
export class WrongForm extends Error {
  /** Where, within the document. */
  readonly path: string;
  constructor(path: string) {
    super(path);
    this.path = path;
  }
}

/** Tells whether a document is a state: `pulumi stack export`, or a checkpoint of the file backend. */
export function isState(document: unknown): boolean {
  return isRecord(document) && ("deployment" in document || "checkpoint" in document);
}

/** A text that must be there. */
export function requireText(value: unknown, path: string): string {
  if (typeof value !== "string") throw new WrongForm(path);
  return value;
}

/** A text that may be missing. */
export function optionalText(value: unknown, path: string): string | undefined {
  return value === undefined || value === null ? undefined : requireText(value, path);
}

/** A mapping that must be there. */
export function requireMapping(value: unknown, path: string): PreviewedProperties {
  if (!isRecord(value)) throw new WrongForm(path);
  return value;
}

/** A mapping that may be missing. */
export function optionalMapping(value: unknown, path: string): PreviewedProperties | undefined {
  return value === undefined || value === null ? undefined : requireMapping(value, path);
}

/** A list that may be missing. */
export function optionalList(value: unknown, path: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new WrongForm(path);
  return value as readonly unknown[]; // `isArray` says no more than that.
}

/** A list of texts that may be missing. */
export function optionalTexts(value: unknown, path: string): readonly string[] | undefined {
  return optionalList(value, path)?.map((item, index) => requireText(item, `${path}.${index}`));
}

/**
 * Reads a resource.
 *
 * @param known - its URN and type where it does not say them itself; an aliased resource had another URN before
 * @throws WrongForm when it is none
 */
export function readResource(value: unknown, path: string, known?: { urn: string; type: string }): PreviewedState {
  const state = requireMapping(value, path);
  return {
    urn: optionalText(state["urn"], `${path}.urn`) ?? known?.urn ?? requireText(state["urn"], `${path}.urn`),
    type: known?.type ?? requireText(state["type"], `${path}.type`),
    id: optionalText(state["id"], `${path}.id`),
    inputs: optionalMapping(state["inputs"], `${path}.inputs`) ?? {},
    outputs: withoutBookkeeping(optionalMapping(state["outputs"], `${path}.outputs`) ?? {}),
    isProtected: state["protect"] === true,
    isRetained: state["retainOnDelete"] === true,
    isPendingReplacement: state["pendingReplacement"] === true,
    isToBeDeleted: state["delete"] === true,
    dependencies: optionalTexts(state["dependencies"], `${path}.dependencies`),
    created: optionalText(state["created"], `${path}.created`),
    modified: optionalText(state["modified"], `${path}.modified`),
  };
}

/** The provider's private data may be larger than everything else, and is irrelevant here. */
function withoutBookkeeping(outputs: PreviewedProperties): PreviewedProperties {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.startsWith("__")));
}

/**
 * Which paths of a resource differ between what is stored and what is planned, and whether a path forces a
 * replacement (pulumi-terraform-bridge: pkg/tfbridge/detailed_diff.go, `MakeDetailedDiffV2`).
 */
import { formatPropertyPath, type PropertyPath } from "../../model/property-path.ts";
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { equalValues, isPropertyMap, Unknown } from "../../model/property-value.ts";
import { changeOf, type DiffKind } from "../../model/resource-provider.ts";
import type { Properties, PropertySchema } from "../schema/property-schema.ts";
import { elementIdentity } from "./block-set.ts";
import { listEdits } from "./list-edits.ts";

type Change = "add" | "update" | "delete";
type Differences = Record<string, DiffKind>;

/** The place of a value: its path, its schema, and that of its container; a plain element of a map or list has no schema. */
interface Site {
  path: PropertyPath;
  schema: PropertySchema | undefined;
  holder: PropertySchema | undefined;
  /** The properties, if the value is a block. */
  properties: Properties | undefined;
}

/**
 * Compares a stored and a planned state.
 *
 * @param inputs - the program's inputs, whose order of a set's elements the paths follow
 * @param replaces - whether Terraform plans a replacement: reported at `__meta` if at no path
 */
export function detailedDiff(
  properties: Properties,
  prior: PropertyMap,
  planned: PropertyMap,
  inputs: PropertyMap,
  replaces: boolean,
): Differences {
  const found = diffMap({ path: [], schema: undefined, holder: undefined, properties }, prior, planned, inputs);
  if (!replaces) return Object.fromEntries(Object.entries(found).map(([path, kind]) => [path, changeOf(kind)]));
  return Object.values(found).some(isReplace) ? found : { ...found, __meta: "update-replace" };
}

const isReplace = (kind: DiffKind): boolean => kind.endsWith("-replace");

/** The bridge treats an empty list as absent, but not an empty map. */
function isPresent(value: PropertyValue): boolean {
  return value !== null && !(Array.isArray(value) && value.length === 0);
}

function diffValue(site: Site, before: PropertyValue, after: PropertyValue, inputs: PropertyValue): Differences {
  if (!isPresent(before) && !isPresent(after)) return {};
  if (!isPresent(before)) return one(site, "add", forces(site, after));
  if (!isPresent(after)) return one(site, "delete", forces(site, before));
  if (after instanceof Unknown) return one(site, "update", forcesItself(site) || forces(site, before));
  const kind = site.schema?.kind;
  if ((site.properties !== undefined || kind === "map") && isPropertyMap(before) && isPropertyMap(after))
    return diffMap(site, before, after, inputs);
  if (Array.isArray(before) && Array.isArray(after)) {
    if (kind === "strings") return diffStrings(site, before, after);
    if (kind === "blocks") return diffBlocks(site, before, after, inputs);
    if (kind === "stringSet" || kind === "blockSet") return diffSet(site, before, after, inputs);
  }
  return equalValues(before, after) ? {} : one(site, "update", forcesItself(site));
}

function one({ path }: Site, change: Change, replace: boolean): Differences {
  return { [formatPropertyPath(path)]: replace ? `${change}-replace` : change };
}

/** Whether a change of this very path forces a replacement: by its own schema or by that of what directly holds it. */
function forcesItself({ schema, holder }: Site): boolean {
  return schema?.forceNew === true || holder?.forceNew === true;
}

/** Whether the appearance or disappearance of a value forces a replacement: by anything in it. */
function forces(site: Site, value: PropertyValue): boolean {
  if (forcesItself(site)) return true;
  if (Array.isArray(value)) return value.some((element, index) => forces(elementSite(site, index), element));
  return isPropertyMap(value) && Object.entries(value).some(([name, item]) => forces(propertySite(site, name), item));
}

function propertySite(site: Site, name: string): Site {
  const schema = site.properties?.[name];
  return {
    path: [...site.path, name],
    schema,
    holder: site.schema,
    properties: schema?.kind === "block" ? schema.properties : undefined,
  };
}

function elementSite(site: Site, index: number): Site {
  const { schema } = site;
  return {
    path: [...site.path, index],
    schema: undefined,
    holder: schema,
    properties: schema !== undefined && "properties" in schema ? schema.properties : undefined,
  };
}

function diffMap(site: Site, before: PropertyMap, after: PropertyMap, inputs: PropertyValue): Differences {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return merge(
    names.map((name) =>
      diffValue(propertySite(site, name), before[name] ?? null, after[name] ?? null, memberOf(inputs, name)),
    ),
  );
}

function memberOf(inputs: PropertyValue, name: string): PropertyValue {
  return isPropertyMap(inputs) ? (inputs[name] ?? null) : null;
}

function elementOf(inputs: PropertyValue, index: number): PropertyValue {
  return Array.isArray(inputs) ? (inputs[index] ?? null) : null;
}

function diffStrings(site: Site, before: PropertyValue[], after: PropertyValue[]): Differences {
  const changes = new Map<number, Change>();
  for (const { change, index } of listEdits(before, after)) changes.set(index, changes.has(index) ? "update" : change);
  return merge(
    [...changes].map(([index, change]) => one(elementSite(site, index), change, site.schema?.forceNew === true)),
  );
}

function diffBlocks(site: Site, before: PropertyValue[], after: PropertyValue[], inputs: PropertyValue): Differences {
  return merge(
    Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      diffValue(elementSite(site, index), before[index] ?? null, after[index] ?? null, elementOf(inputs, index)),
    ),
  );
}

/**
 * Removed elements are reported at their old index, added ones at their index in the program's inputs; both at one index
 * are a change of that element. If the inputs cannot be matched to the planned elements, the whole set counts as changed.
 */
function diffSet(site: Site, before: PropertyValue[], after: PropertyValue[], inputs: PropertyValue): Differences {
  const { properties } = elementSite(site, 0);
  const identify = (elements: PropertyValue[]) => elements.map((element) => elementIdentity(element, properties));
  const [identitiesBefore, identitiesAfter] = [identify(before), identify(after)];
  const isIn = (identities: (string | undefined)[], identity: string | undefined) =>
    identity !== undefined && identities.includes(identity);
  const removed = [...before.keys()].filter((index) => !isIn(identitiesAfter, identitiesBefore[index]));
  const added = [...after.keys()].filter((index) => !isIn(identitiesBefore, identitiesAfter[index]));
  if (removed.length === 0 && added.length === 0) return {};

  const plannedByInput = matchInputs(Array.isArray(inputs) ? inputs : [], after, added, site);
  if (plannedByInput === undefined) return one(site, "update", site.schema?.forceNew === true);
  return merge(
    [...new Set([...removed, ...plannedByInput.keys()])].map((index) => {
      const planned = plannedByInput.get(index);
      return diffValue(
        elementSite(site, index),
        removed.includes(index) ? (before[index] ?? null) : null,
        planned === undefined ? null : (after[planned] ?? null),
        elementOf(inputs, index),
      );
    }),
  );
}

/** The planned element of each input; undefined unless every added element has an input. */
function matchInputs(
  inputs: PropertyValue[],
  after: PropertyValue[],
  added: number[],
  site: Site,
): Map<number, number> | undefined {
  if (inputs.length < after.length) return undefined;
  const plannedByInput = new Map<number, number>();
  for (const planned of added) {
    const input = inputs.findIndex(
      (candidate, index) =>
        !plannedByInput.has(index) && couldBePlanOf(elementSite(site, planned), candidate, after[planned] ?? null),
    );
    if (input >= 0) plannedByInput.set(input, planned);
  }
  return plannedByInput.size === added.length ? plannedByInput : undefined;
}

/**
 * Whether a planned value could come from an input: the same but for what the provider computes. The bridge does not
 * see through single blocks here, so an element with one matches no input (`validInputsFromPlan`).
 */
function couldBePlanOf(site: Site, input: PropertyValue, planned: PropertyValue): boolean {
  const kind = site.schema?.kind;
  if (site.schema?.computed === true && input === null) return true;
  if (kind === "block" || kind === "strings" || kind === "stringSet" || kind === "blocks" || kind === "blockSet") {
    if (input === null) return !isPresent(planned);
    if (!Array.isArray(input) || !Array.isArray(planned)) return false;
    return Array.from({ length: Math.max(input.length, planned.length) }, (_, index) => index).every((index) =>
      couldBePlanOf(elementSite(site, index), input[index] ?? null, planned[index] ?? null),
    );
  }
  if (kind === "map" || site.properties !== undefined) {
    if (input === null) return planned === null || (isPropertyMap(planned) && Object.keys(planned).length === 0);
    if (!isPropertyMap(input) || !isPropertyMap(planned)) return false;
    const names = new Set([...Object.keys(input), ...Object.keys(planned)]);
    names.delete("__defaults");
    return [...names].every((name) =>
      couldBePlanOf(propertySite(site, name), input[name] ?? null, planned[name] ?? null),
    );
  }
  return equalValues(input, planned) || (input instanceof Unknown && planned instanceof Unknown);
}

function merge(parts: Differences[]): Differences {
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
}

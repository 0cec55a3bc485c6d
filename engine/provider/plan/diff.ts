import { formatPropertyPath, type PropertyPath } from "../../model/property-path.ts";
import type { PropertyMap, PropertyValue } from "../../model/property-value.ts";
import { isPropertyMap, revealSecrets } from "../../model/property-value.ts";
import type { DiffKind, ResourceDiff } from "../../model/resource-provider.ts";
import { resourceSchema } from "../schema/index.ts";
import type { Properties } from "../schema/property-schema.ts";
import { detailedDiff } from "./detailed-diff.ts";
import { planUpdate } from "./plan.ts";

/**
 * Compares a resource's old outputs with its new, checked inputs, as the provider's `Diff` does
 * (pulumi-terraform-bridge: pkg/tfbridge/provider.go, `Diff`).
 *
 * @throws InputError when the type is not one the embedded provider knows.
 */
export function diffResource(
  type: string,
  request: { id: string; oldInputs: PropertyMap; oldOutputs: PropertyMap; news: PropertyMap; ignoreChanges: string[] },
): ResourceDiff {
  const schema = resourceSchema(type);
  const { prior, planned, replaces } = planUpdate(schema, request.oldOutputs, request.news, request.ignoreChanges);
  const warnings = keptValues(schema.properties, request.oldInputs, request.news, planned, []);
  if (planned === prior)
    return { changes: false, diffs: [], replaces: [], detailedDiff: {}, deleteBeforeReplace: false, warnings };

  const differences = detailedDiff(schema.properties, prior, planned, revealSecrets(request.news), replaces);
  const paths = Object.entries(differences);
  const replacing = paths.filter(([, kind]) => kind.endsWith("-replace")).map(([path]) => topLevel(path));
  return {
    changes: true,
    diffs: [...new Set(paths.map(([path]) => topLevel(path)))].sort(),
    // One entry for each path that forces it, as the provider answers.
    replaces: replacing.sort(),
    detailedDiff: sortByPath(differences),
    deleteBeforeReplace: replacing.length > 0 && isNamedByProgram(schema.properties, request.news),
    warnings,
  };
}

function topLevel(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? "";
}

function sortByPath(differences: Record<string, DiffKind>): Record<string, DiffKind> {
  return Object.fromEntries(Object.entries(differences).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A name that the program gave cannot be held by the old and the new one at once (`nameRequiresDeleteBeforeReplace`). */
function isNamedByProgram(properties: Properties, news: PropertyMap): boolean {
  const defaults = news["__defaults"];
  if (!Array.isArray(defaults)) return false;
  return Object.entries(properties).some(([name, schema]) => schema.autoNamed === true && !defaults.includes(name));
}

/** What the program no longer says and the provider leaves as it is, all the same. */
function keptValues(
  properties: Properties,
  oldInputs: PropertyValue,
  news: PropertyValue,
  planned: PropertyValue,
  path: PropertyPath,
): string[] {
  if (!isPropertyMap(oldInputs) || !isPropertyMap(news) || !isPropertyMap(planned)) return [];
  return Object.entries(properties).flatMap(([name, schema]) => {
    const here = [...path, name];
    const [before, after, kept] = [oldInputs[name] ?? null, news[name] ?? null, planned[name] ?? null];
    if (before !== null && after === null && kept !== null && schema.computed)
      return [
        `${formatPropertyPath(here)} was removed from the program, but the Docker provider keeps the existing value. ` +
          (schema.kind === "block" && schema.conflictsWith === undefined
            ? "Set it to an empty object to remove its contents."
            : "Give it the value that it shall have."),
      ];
    return "properties" in schema && schema.kind === "block"
      ? keptValues(schema.properties, before, after, kept, here)
      : [];
  });
}

/** What differs where no provider says so, and which differences call for a replacement (step_generator.go). */
import { containsPath, parsePropertyPath } from "../model/property-path.ts";
import { equalValues, type PropertyMap } from "../model/property-value.ts";
import { changeOf, type DiffKind, type ResourceDiff } from "../model/resource-provider.ts";

/** Given as the reason for a replacement that repairs an operation which failed half-way (`initErrorSpecialKey`). */
const initErrorKey = "#initerror";

/** The inputs of a provider that are the engine's and not configuration (`FilterProviderConfig`). */
const engineSettings = new Set(["__internal", "version", "pluginDownloadURL"]);

/** Whether a difference needs a new resource. */
export function mustReplace(diff: ResourceDiff): boolean {
  return diff.replaces.length > 0 || Object.values(diff.detailedDiff).some((kind) => kind.endsWith("-replace"));
}

/** A component differs when its inputs do; which of them is not reported. */
export function diffComponent(olds: PropertyMap, news: PropertyMap): ResourceDiff {
  return { ...noDifference, changes: !equalValues(olds, news) };
}

/** The difference between two configurations of a provider; none of the Docker provider's forces a replacement. */
export function diffConfiguration(olds: PropertyMap, news: PropertyMap): ResourceDiff {
  const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const diffs = names.filter((name) => !engineSettings.has(name) && !equalValues(olds[name], news[name]));
  const kind = (name: string): DiffKind => (!(name in olds) ? "add" : !(name in news) ? "delete" : "update");
  const detailedDiff = Object.fromEntries(diffs.map((name) => [name, kind(name)]));
  return { ...noDifference, changes: diffs.length > 0, diffs, detailedDiff };
}

const noDifference: ResourceDiff = {
  changes: false,
  diffs: [],
  replaces: [],
  detailedDiff: {},
  deleteBeforeReplace: false,
  warnings: [],
};

/**
 * The resource option `replaceOnChanges`: a listed property that differs forces a replacement, and so does an
 * operation that failed half-way where everything is listed (`applyReplaceOnChanges`).
 */
export function applyReplaceOnChanges(
  diff: ResourceDiff,
  paths: readonly string[],
  hasInitErrors: boolean,
): ResourceDiff {
  if ((!diff.changes && !hasInitErrors) || paths.length === 0) return diff;
  const patterns = paths.map(parsePropertyPath);
  const isListed = (path: string): boolean => {
    const differing = parsePropertyPath(path);
    return patterns.some((pattern) => containsPath(pattern, differing));
  };
  const listed = diff.diffs.filter(isListed);
  const detailedDiff = Object.fromEntries(
    Object.entries(diff.detailedDiff).map(([path, kind]) => [
      path,
      isListed(path) ? (`${changeOf(kind)}-replace` as const) : kind,
    ]),
  );
  const replaces = [...new Set([...diff.replaces, ...listed])];
  if (!hasInitErrors || !isListed(initErrorKey)) return { ...diff, detailedDiff, replaces };
  return {
    ...diff,
    changes: true,
    detailedDiff: { ...detailedDiff, [initErrorKey]: "update-replace" },
    replaces: [...replaces, initErrorKey],
  };
}

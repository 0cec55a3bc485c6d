import { isPropertyMap, Secret, Unknown, type PropertyMap, type PropertyValue } from "./property-value.ts";

/** A path to a property: names and array indices; `*` stands for every element (sdk/go/property/path.go). */
export type PropertyPath = (string | number)[];

/**
 * Parses `a.b[0]["c.d"].*`.
 *
 * @throws SyntaxError for an unclosed bracket or quote, or an empty name.
 */
export function parsePropertyPath(text: string): PropertyPath {
  const path: PropertyPath = [];
  const part = /(?:^|(?<=.)\.)([^.[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]/gy;
  while (part.lastIndex < text.length) {
    const at = part.lastIndex;
    const match = part.exec(text);
    if (match === null) throw new SyntaxError(`not a property path: ${text} (at character ${at + 1})`);
    const [, name, quoted, index] = match;
    if (name !== undefined) path.push(name);
    else if (quoted !== undefined) path.push(quoted.replaceAll(/\\(.)/g, "$1"));
    else path.push(index === "*" ? "*" : Number(index));
  }
  if (path.length === 0) throw new SyntaxError("not a property path: it is empty");
  return path;
}

/** Writes a path as Pulumi does: names with more than letters, digits and `_` are quoted (sdk/go/property/path.go). */
export function formatPropertyPath(path: PropertyPath): string {
  return path
    .map((element, index) => {
      if (typeof element === "number") return `[${String(element)}]`;
      if (!/^\w+$/.test(element)) return `["${element.replaceAll('"', '\\"')}"]`;
      return index === 0 ? element : `.${element}`;
    })
    .join("");
}

/** Whether `pattern` names `path` itself or something above it. */
export function containsPath(pattern: PropertyPath, path: PropertyPath): boolean {
  return pattern.length <= path.length && pattern.every((element, index) => element === "*" || element === path[index]);
}

/**
 * The new inputs with the properties at the given paths put back to what the old inputs say: `ignoreChanges`.
 *
 * A path that stands in neither is no error; one whose container is missing on one side leaves that property alone
 * (Pulumi: pkg/resource/deploy/step_generator.go, `processIgnoreChanges`).
 */
export function ignoreChanges(news: PropertyMap, olds: PropertyMap, paths: readonly string[]): PropertyMap {
  // A map in gives a map out: only its members are replaced.
  return paths.reduce<PropertyMap>((inputs, path) => reset(inputs, olds, parsePropertyPath(path)) as PropertyMap, news);
}

function reset(
  news: PropertyValue | undefined,
  olds: PropertyValue | undefined,
  path: PropertyPath,
): PropertyValue | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return olds;
  if (news instanceof Secret || olds instanceof Secret) {
    const inner = reset(plain(news), plain(olds), path);
    return inner === undefined ? undefined : new Secret(inner);
  }
  if (news instanceof Unknown) return olds === undefined ? news : reset(undefined, olds, path);
  if (head === "*") {
    const keys = new Set([...elementKeys(news), ...elementKeys(olds)]);
    return [...keys].reduce<PropertyValue | undefined>((value, key) => reset(value, olds, [key, ...rest]), news);
  }
  const oldElement = element(olds, head);
  if (typeof head === "number") {
    if (!Array.isArray(news) || head >= news.length) return news;
    const replaced = reset(news[head], oldElement, rest);
    return replaced === undefined ? news : news.with(head, replaced);
  }
  if (news !== undefined && !isPropertyMap(news)) return news;
  if (news === undefined && oldElement === undefined) return undefined;
  const { [head]: present, ...others } = news ?? {};
  const replaced = reset(present, oldElement, rest);
  return replaced === undefined ? (news === undefined ? undefined : others) : { ...others, [head]: replaced };
}

function plain(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? value.reveal() : value;
}

function element(value: PropertyValue | undefined, key: string | number): PropertyValue | undefined {
  const container = plain(value);
  if (Array.isArray(container)) return typeof key === "number" ? container[key] : undefined;
  return isPropertyMap(container) ? container[key] : undefined;
}

function elementKeys(value: PropertyValue | undefined): (string | number)[] {
  if (Array.isArray(value)) return [...value.keys()];
  return isPropertyMap(value) ? Object.keys(value) : [];
}

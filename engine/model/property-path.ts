import { isPropertyMap, Secret, type PropertyMap, type PropertyValue } from "./property-value.ts";

/** A path to a property: names and array indices; `*` means every element (sdk/go/property/path.go). */
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
 * The new inputs with the properties at the given paths put back to what the old inputs say: the resource option
 * `ignoreChanges` (Pulumi: pkg/resource/deploy/step_generator.go, `processIgnoreChanges`). What is no path is passed over.
 *
 * @throws Error that names the paths of which a part exists on one side only, or in lists of different lengths
 */
export function ignoreChanges(news: PropertyMap, olds: PropertyMap, paths: readonly string[]): PropertyMap {
  const missing: string[] = [];
  const inputs = paths.reduce<PropertyMap>((before, text) => {
    const path = pathOf(text);
    if (path === undefined) return before;
    const after = reset(before, olds, path, { oldIsSecret: false, newIsSecret: false });
    if (after === unreachable) missing.push(text);
    // A map in gives a map out: only its members are replaced.
    return after === unreachable ? before : (after as PropertyMap);
  }, news);
  if (missing.length === 0) return inputs;
  throw new Error(
    `cannot ignore changes to the following properties because one or more elements of the path are missing: ${JSON.stringify(missing.join(", "))}`,
  );
}

function pathOf(text: string): PropertyPath | undefined {
  try {
    return parsePropertyPath(text);
  } catch {
    return undefined;
  }
}

/** A path that can't be followed in both values. */
const unreachable = Symbol("unreachable");
type Reset = PropertyValue | typeof unreachable;

/** What the way to a value has led through. */
interface Marks {
  oldIsSecret: boolean;
  newIsSecret: boolean;
}

/** The new value with what the path names taken from the old one (sdk/go/common/resource/property_path.go, `reset`). */
function reset(news: PropertyValue, olds: PropertyValue | undefined, path: PropertyPath, marks: Marks): Reset {
  if (news instanceof Secret) {
    const inner = reset(news.reveal(), olds, path, { ...marks, newIsSecret: true });
    return inner === unreachable ? unreachable : new Secret(inner);
  }
  if (olds instanceof Secret) return reset(news, olds.reveal(), path, { ...marks, oldIsSecret: true });
  const [head = "*", ...rest] = path;
  if (head === "*") return resetAll(news, olds, rest, marks);
  return typeof head === "number"
    ? resetItem(news, olds, head, rest, marks)
    : resetMember(news, olds, head, rest, marks);
}

/** An old value where it takes its new place: what was secret stays so. */
function taken(value: PropertyValue, { oldIsSecret, newIsSecret }: Marks): PropertyValue {
  return oldIsSecret && !newIsSecret ? new Secret(value) : value;
}

function resetItem(
  news: PropertyValue,
  olds: PropertyValue | undefined,
  index: number,
  rest: PropertyPath,
  marks: Marks,
): Reset {
  if (!Array.isArray(news) && !Array.isArray(olds)) return news;
  if (!Array.isArray(news) || !Array.isArray(olds)) return unreachable;
  const [before, now] = [olds[index], news[index]];
  if (before === undefined && now === undefined && rest.length === 0) return news;
  if (before === undefined || now === undefined) return unreachable;
  const item = rest.length === 0 ? taken(before, marks) : reset(now, before, rest, marks);
  return item === unreachable ? unreachable : news.with(index, item);
}

function resetMember(
  news: PropertyValue,
  olds: PropertyValue | undefined,
  name: string,
  rest: PropertyPath,
  marks: Marks,
): Reset {
  const before = isPropertyMap(olds) ? olds[name] : undefined;
  if (rest.length === 0) {
    if (!isPropertyMap(news)) return before === undefined ? news : unreachable;
    const { [name]: _now, ...others } = news;
    return before === undefined ? others : { ...others, [name]: taken(before, marks) };
  }
  if (!isPropertyMap(news) && !isPropertyMap(olds)) return news;
  if (!isPropertyMap(news) || !isPropertyMap(olds)) return unreachable;
  const now = news[name];
  if (now === undefined) return before === undefined ? news : unreachable;
  const member = reset(now, before ?? null, rest, marks);
  return member === unreachable ? unreachable : { ...news, [name]: member };
}

/** Every item or member: a list can't change its length, and a map only where the path ends. */
function resetAll(news: PropertyValue, olds: PropertyValue | undefined, rest: PropertyPath, marks: Marks): Reset {
  if (Array.isArray(news) && Array.isArray(olds)) {
    if (news.length !== olds.length) return unreachable;
    return [...news.keys()].reduce<Reset>(
      (value, index) => (value === unreachable ? value : resetItem(value, olds, index, rest, marks)),
      news,
    );
  }
  if (isPropertyMap(news) && isPropertyMap(olds)) {
    const names = Object.keys(rest.length === 0 ? { ...news, ...olds } : olds);
    if (rest.length > 0 && names.some((name) => !(name in news))) return unreachable;
    return names.reduce<Reset>(
      (value, name) => (value === unreachable ? value : resetMember(value, olds, name, rest, marks)),
      news,
    );
  }
  return rest.length === 0 && (isPropertyMap(news) || Array.isArray(news)) ? news : unreachable;
}

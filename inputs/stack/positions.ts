import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node } from "yaml";

/** A place in a file; line and column begin at 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds where a path is written in a YAML file: in the document that has most of it, of several the last. What is not written there, such as a value that was left out or that comes from a
 * service that another extends, is found at the nearest thing above it.
 */
export function locatePath(documents: readonly Document.Parsed[], lines: LineCounter, path: string): Position {
  const keys = pathKeys(path);
  let best: Reached = { at: undefined, depth: -1 };
  for (const document of documents) {
    const reached = follow(document, keys);
    if (reached.depth >= best.depth) best = reached;
  }
  const { line, col } = lines.linePos(best.at?.range?.[0] ?? 0);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** How far into a document a path leads. */
interface Reached {
  readonly at: Node | undefined;
  readonly depth: number;
}

function follow(document: Document.Parsed, keys: readonly string[]): Reached {
  let node: Node | undefined = document.contents ?? undefined;
  let reached: Reached = { at: node, depth: 0 };
  for (const key of keys) {
    const found = step(node, key, document);
    if (found === undefined) break;
    node = found.value;
    reached = { at: found.at, depth: reached.depth + 1 };
  }
  return reached;
}

/** The keys of a path that `joinPath` wrote: words, `[3]`, and `["quoted keys"]`. */
function pathKeys(path: string): readonly string[] {
  const keys = path.matchAll(/\[(?<index>\d+)\]|\["(?<quoted>(?:[^"\\]|\\.)*)"\]|(?<word>[A-Za-z_][\w-]*)/g);
  return Array.from(keys, ({ groups }) => groups?.["index"] ?? groups?.["word"] ?? unescape(groups?.["quoted"] ?? ""));
}

function unescape(text: string): string {
  return text
    .replaceAll(/\\u(?<code>[0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll('\\"', '"');
}

interface Found {
  /** The node to point at: a pair's key, an item itself. */
  readonly at: Node;
  readonly value: Node | undefined;
}

/** The parser gives a merge key a symbol for its value. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.value === "<<" || (typeof key.value === "symbol" && key.value.description === "<<"));
}

function step(node: Node | undefined, key: string, document: Document.Parsed): Found | undefined {
  const held = isAlias(node) ? node.resolve(document) : node;
  if (isSeq(held)) {
    const item = held.items[Number(key)];
    // The parser's sequences hold nodes only; the library's type allows what programs put there.
    return item === undefined ? undefined : { at: item as Node, value: item as Node };
  }
  if (!isMap(held)) return undefined;
  for (const pair of held.items) {
    if (isScalar(pair.key) && String(pair.key.value) === key) {
      return { at: pair.key, value: (pair.value ?? undefined) as Node | undefined };
    }
  }
  for (const pair of held.items) {
    if (!isMergeKey(pair.key)) continue;
    // As above: values of parsed pairs are nodes.
    const merged = pair.value as Node | null;
    const sources = isSeq(merged) ? (merged.items as Node[]) : merged === null ? [] : [merged];
    for (const source of sources) {
      const found = step(source, key, document);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

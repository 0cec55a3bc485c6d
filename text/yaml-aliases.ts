import { visit, type Document } from "yaml";
import { InputError } from "./input-error.ts";

/** For each alias the library searches everything before it, so the time grows with the square of their number. */
const mostAliases = 2000;

/**
 * Refuses YAML with more aliases, or anchors, than anybody writes.
 *
 * @param file - what messages call it
 */
export function requireFewAliases(documents: readonly Document[], file: string): void {
  let [aliases, anchors] = [0, 0];
  for (const document of documents) {
    visit(document, {
      Alias: () => {
        aliases += 1;
      },
      Value: (_key, node) => {
        if (node.anchor !== undefined) anchors += 1;
      },
    });
  }
  const most = Math.max(aliases, anchors);
  if (most <= mostAliases) return;
  throw new InputError({
    path: file,
    expected: `at most ${mostAliases} anchors and aliases`,
    got: `${most}`,
    fix: "Write the values out, or split the file",
  });
}

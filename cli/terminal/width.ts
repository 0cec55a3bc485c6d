import { createRequire } from "node:module";
import { stripVTControlCharacters } from "node:util";
import type stringWidth from "string-width";

/** What takes one column each: ASCII, the lines of a tree, an ellipsis. */
const narrow = /^[ -~─-╿…]*$/u;

const require = createRequire(import.meta.url);

/** How many columns a text takes, colours not counted. */
export function visibleWidth(text: string): number {
  const bare = stripVTControlCharacters(text);
  if (narrow.test(bare)) return bare.length;
  // Loaded for the first text that needs it: that takes 40 ms. `require` does not know what it gives.
  const loaded = require("string-width") as { default: typeof stringWidth };
  return loaded.default(bare);
}

/** Fills a text with spaces up to a width. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - visibleWidth(text)));
}

/** Cuts an uncoloured text to a width, with an ellipsis where something is lost. */
export function cutTo(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text;
  let kept = "";
  let left = width - 1;
  for (const character of text) {
    left -= visibleWidth(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

import { stripVTControlCharacters } from "node:util";
import { visibleWidth } from "./width.ts";

/** A command between backquotes stays whole, so that it can be copied; what is longer than a line, too. */
const words = /\s+|(?:`[^`]*`|\S)+/gu;

/**
 * Breaks a line between words where the terminal ends, instead of within one.
 *
 * @returns lines of at most `columns` characters, but for words that are longer; those after the first further in
 */
export function wrappedLines(line: string, columns: number): string[] {
  if (visibleWidth(line) <= columns) return [line];
  const indent = `${/^\s*/u.exec(stripVTControlCharacters(line))?.[0] ?? ""}  `;
  const lines: string[] = [];
  let current = "";
  let width = 0;
  let space = "";
  for (const [text] of line.matchAll(words)) {
    if (text.trim() === "") {
      space = text;
      continue;
    }
    const length = visibleWidth(text);
    if (width > indent.length && width + space.length + length > columns) {
      lines.push(current);
      current = indent + text;
      width = indent.length + length;
    } else {
      current += space + text;
      width += space.length + length;
    }
    space = "";
  }
  return [...lines, current];
}

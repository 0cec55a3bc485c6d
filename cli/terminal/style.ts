import { stripVTControlCharacters } from "node:util";

/** Puts a colour or weight on a text, or leaves it as it is. */
export type Style = (format: "green" | "yellow" | "red" | "magenta" | "cyan" | "dim" | "bold", text: string) => string;

/** No colours: for files, pipes and `NO_COLOR`. */
export const plain: Style = (_format, text) => text;

/** How many columns a text takes, colours not counted. */
export function visibleWidth(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** Fills a text with spaces up to a width. */
export function padTo(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - visibleWidth(text)));
}

/** Cuts an uncoloured text to a width, with an ellipsis where something is lost. */
export function cutTo(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

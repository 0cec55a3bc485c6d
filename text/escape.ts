/**
 * Writes text that came from outside so that it cannot do anything where it is shown: names and labels are chosen by
 * strangers, and a terminal, a Markdown page, a browser and a SARIF viewer each obey some characters.
 */

/** Control and format characters (marks that reverse the direction of text among them), line separators, halves of characters. */
const unprintable = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\p{Surrogate}/gu;

/** Replaces each character that a terminal obeys or a reader cannot see by its escape, such as `\u001b`. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) =>
    Array.from({ length: character.length }, (_, index) => escapeUnit(character.charCodeAt(index))).join(""),
  );
}

/** {@link printable} for text of several lines: the ends of lines stay, tabs become spaces. */
export function printableLines(text: string): string {
  return text
    .split("\n")
    .map((line) => printable(line.replaceAll("\t", " ").replace(/(?<!\r)\r+$/, "")))
    .join("\n");
}

/** The colours and weights that this program puts on its own words. */
// eslint-disable-next-line no-control-regex -- it is about control characters
const ownStyle = /(\u001b\[(?:[012]|22|3[1-6]|39)m)/u;

/** {@link printableLines} that leaves colours and weights as they are: the last border before a terminal. */
export function printableStyled(text: string): string {
  return text
    .split(ownStyle)
    .map((part, index) => (index % 2 === 1 ? part : printableLines(part)))
    .join("");
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

/** A name between quotation marks, printable and at most 80 characters long. */
export function quoted(name: string): string {
  const shown = printable(name.length > 80 ? `${name.slice(0, 77)}...` : name);
  return `"${shown.replaceAll('"', '\\"')}"`;
}

/**
 * What GitHub and GitLab make a mention, a reference or a link of, also where Markdown has it escaped: they look at the text that
 * comes out (https://github.com/github/cmark-gfm/issues/181). GitLab refers with more characters (`!1`, `$1`, `&1`, `%"1.0"`, `~"x"`).
 */
const reference = /@|[#!$&%~^](?=[\w"])|\bGH-(?=\d)|\bwww(?=\.)|:(?=\/\/)/giu;

/** Marks where a reference is split while the text around it is escaped; printable text has none. */
const gap = "\0";

/** Writes printable text with each reference split by an invisible comment. */
function withoutReferences(text: string, escape: (text: string) => string): string {
  return escape(printable(text).replaceAll(reference, `$&${gap}`)).replaceAll(gap, "<!-- -->");
}

/** Text in a Markdown paragraph or table cell: nothing in it is a link, an image, a mention, HTML or emphasis. */
export function markdownText(text: string): string {
  return withoutReferences(text, (printed) =>
    printed
      .replaceAll(/[\\`*_{}[\]()#+!|~>$-]/g, "\\$&")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(":", "&#58;"),
  );
}

/** Text in a block of HTML within Markdown, such as a `summary`. */
export function markdownHtmlText(text: string): string {
  return withoutReferences(text, escapeHtml);
}

/** Text in HTML, and in an attribute between quotation marks. */
export function htmlText(text: string): string {
  return escapeHtml(printable(text));
}

function escapeHtml(printed: string): string {
  return printed
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/**
 * Text in a SARIF message, where `[text](target)` would be a link (SARIF 2.1.0, 3.11.6) and `{0}` a placeholder (3.11.5, after which
 * a brace is written twice).
 */
export function sarifText(text: string): string {
  return printable(text)
    .replaceAll(/[\\[\]]/g, "\\$&")
    .replaceAll(/[{}]/g, "$&$&");
}

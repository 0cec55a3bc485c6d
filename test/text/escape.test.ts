import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { markdownHtmlText, markdownText, printable, quoted, sarifText } from "../../text/escape.ts";
import { anyCharacter } from "../support/any-character.ts";

const anything = fc.oneof(fc.string({ unit: anyCharacter }), fc.string());

describe("text from outside", () => {
  it("holds nothing that a terminal obeys", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const shown = printable(text);
        assert.equal(stripVTControlCharacters(shown), shown);
        assert.doesNotMatch(shown, /[\r\n\t]|\p{Cc}|\p{Cf}|\p{Surrogate}/u);
        assert.equal(printable(shown), shown);
      }),
    );
  });

  it("is left as it is where there is nothing in it", () => {
    assert.equal(printable("Zürich – 東京 👍"), "Zürich – 東京 👍");
    assert.equal(printable("a\u001bb\u202ec"), "a\\u001bb\\u202ec");
  });

  it("in quotation marks ends at the last one, and is short", () => {
    assert.equal(quoted('a"b'), '"a\\"b"');
    assert.equal(quoted("x".repeat(100)).length, 82);
  });

  it("cannot leave a Markdown table or begin anything", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const escaped = markdownText(text).replaceAll("<!-- -->", "\0");
        assert.doesNotMatch(escaped, /(?<!\\)(?:\\\\)*[|`*_[\]<>]|:|@(?!\0)|&(?!amp;|lt;|#58;)/);
      }),
    );
    assert.equal(markdownText("a|b <i> @x"), "a\\|b &lt;i\\> @<!-- -->x");
    assert.equal(markdownText("#1, # 1 www.x"), "\\#<!-- -->1, \\# 1 www<!-- -->.x");
    assert.equal(markdownHtmlText("a-b & @x"), "a-b &amp; @<!-- -->x");
  });

  it("is no link and no placeholder in a SARIF message", () => {
    assert.equal(sarifText("[a](b)\\"), "\\[a\\](b)\\\\");
    assert.equal(sarifText("data-{{.Task.Slot}}{0}"), "data-{{{{.Task.Slot}}}}{{0}}");
  });
});

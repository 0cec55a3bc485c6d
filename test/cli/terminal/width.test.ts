import assert from "node:assert/strict";
import { cutTo, padTo, visibleWidth } from "../../../cli/terminal/width.ts";

describe("the width of a text", () => {
  it("is counted in columns, of which a wide character takes two and a colour none", () => {
    assert.equal(visibleWidth("\u001b[31mredis\u001b[39m"), 5);
    assert.equal(visibleWidth("├─ redis…"), 9);
    assert.equal(visibleWidth("データ"), 6);
    assert.equal(visibleWidth("e\u0301"), 1);
  });

  it("is what a text is filled or cut to", () => {
    assert.equal(padTo("データ", 8), "データ  ");
    assert.equal(cutTo("データベース", 7), "データ…");
    assert.equal(cutTo("データベース", 12), "データベース");
    assert.equal(cutTo("stateful", 5), "stat…");
  });
});

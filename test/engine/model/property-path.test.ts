import assert from "node:assert/strict";

import fc from "fast-check";

import { containsPath, ignoreChanges, parsePropertyPath } from "../../../engine/model/property-path.ts";
import { Secret, Unknown } from "../../../engine/model/property-value.ts";

describe("property paths", () => {
  it("reads names, indices, quoted names and wildcards", () => {
    assert.deepEqual(parsePropertyPath('a.b[0]["c.d"].*'), ["a", "b", 0, "c.d", "*"]);
  });

  for (const text of ["", "a..b", "a[", "a[x]", ".a", 'a["b']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePropertyPath(text), SyntaxError);
    });
  }

  it("reads back every path that is written down", () => {
    const name = fc.stringMatching(/^[a-z][A-Za-z0-9_]*$/);
    fc.assert(
      fc.property(name, fc.array(fc.oneof(name, fc.nat(99))), (first, rest) => {
        const text = first + rest.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
        assert.deepEqual(parsePropertyPath(text), [first, ...rest]);
      }),
    );
  });

  it("contains what lies below it, and lets a wildcard stand for any element", () => {
    assert.ok(containsPath(["a"], ["a", "b", 0]));
    assert.ok(containsPath(["a", "*", "c"], ["a", 3, "c"]));
    assert.ok(!containsPath(["a", "b", "c"], ["a", "b"]));
    assert.ok(!containsPath(["b"], ["a"]));
  });
});

describe("ignoreChanges", () => {
  it("puts a property back to its old value", () => {
    assert.deepEqual(ignoreChanges({ a: { b: 1, c: 2 } }, { a: { b: 9 } }, ["a.b"]), { a: { b: 9, c: 2 } });
  });

  it("removes what the old inputs do not have, and restores what the new ones lack", () => {
    assert.deepEqual(ignoreChanges({ a: 1, b: 2 }, { b: 2 }, ["a"]), { b: 2 });
    assert.deepEqual(ignoreChanges({ b: 2 }, { a: 1, b: 2 }, ["a"]), { a: 1, b: 2 });
  });

  it("reaches every element through a wildcard, and into secrets", () => {
    assert.deepEqual(ignoreChanges({ a: [{ b: 1 }, { b: 2 }] }, { a: [{ b: 8 }, { b: 9 }] }, ["a[*].b"]), {
      a: [{ b: 8 }, { b: 9 }],
    });
    const { a } = ignoreChanges({ a: new Secret({ b: 1 }) }, { a: new Secret({ b: 9 }) }, ["a.b"]);
    assert.ok(a instanceof Secret);
    assert.deepEqual(a.reveal(), { b: 9 });
  });

  it("answers an unknown with the old value", () => {
    assert.deepEqual(ignoreChanges({ a: Unknown.value }, { a: 1 }, ["a"]), { a: 1 });
  });

  it("leaves a path alone that stands nowhere, and what is no path", () => {
    assert.deepEqual(ignoreChanges({ a: 1 }, { a: 1 }, ["x.y[3].z", "a[", "b[0]"]), { a: 1 });
  });

  it("keeps secret what it takes from a secret", () => {
    const { a } = ignoreChanges({ a: { b: 1 } }, { a: new Secret({ b: 9 }) }, ["a.b"]);
    assert.ok(a !== null && typeof a === "object" && "b" in a && a.b instanceof Secret);
    assert.equal(a.b.reveal(), 9);
  });

  it("makes members of a map come and go, but no items of a list", () => {
    assert.deepEqual(ignoreChanges({ a: { b: 1, c: 2 } }, { a: { c: 9, d: 9 } }, ["a.*"]), { a: { c: 9, d: 9 } });
    const missing = /cannot ignore changes to the following properties because .* missing: "a\[0\], a\.\*"/;
    assert.throws(() => ignoreChanges({ a: [] }, { a: [1] }, ["a[0]", "a.*"]), missing);
  });

  it("refuses a path of which a part stands on one side only, by name", () => {
    assert.throws(() => ignoreChanges({}, { a: { b: 1 } }, ["a.b"]), /missing: "a.b"/);
    assert.throws(() => ignoreChanges({ a: Unknown.value }, { a: { b: 1 } }, ["a.b"]), /missing: "a.b"/);
    assert.throws(() => ignoreChanges({ a: 1 }, { a: { b: 1 } }, ["a.b"]), /missing: "a.b"/);
    assert.throws(() => ignoreChanges({ a: { b: { c: 1 } } }, { a: { b: 1, d: 1 } }, ["a.*.c"]), /missing: "a.\*.c"/);
  });
});

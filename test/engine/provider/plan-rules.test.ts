/** The rules of planning by themselves, on schemas made up for them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Unknown, type PropertyMap } from "../../../engine/model/property-value.ts";
import { elementIdentity, orderSet } from "../../../engine/provider/plan/block-set.ts";
import { detailedDiff } from "../../../engine/provider/plan/detailed-diff.ts";
import { listEdits } from "../../../engine/provider/plan/list-edits.ts";
import { planProperties, type Planning } from "../../../engine/provider/plan/plan-properties.ts";
import { fillZeros } from "../../../engine/provider/plan/prior-state.ts";
import {
  block,
  boolean,
  listOf,
  listOfStrings,
  mapOfStrings,
  number,
  optional,
  optionalComputed,
  required,
  setOf,
  setOfStrings,
  string,
  type Properties,
} from "../../../engine/provider/schema/property-schema.ts";

function plan(properties: Properties, prior: PropertyMap | undefined, config: PropertyMap) {
  const planning: Planning = {
    creating: prior === undefined,
    ignored: () => false,
    differs: false,
    replaces: false,
  };
  const planned = planProperties(properties, prior, config, planning);
  return { planned, differs: planning.differs, replaces: planning.replaces };
}

const nothing = { differs: false, replaces: false };

describe("planning by the rules of Terraform's SDK", () => {
  describe("a scalar", () => {
    it("that is removed goes, unless it is computed or already zero (diffString)", () => {
      const properties = { s: optional(string, { forceNew: true }), c: optionalComputed(string), z: optional(number) };
      const removed = plan(properties, { s: "x", c: "y", z: 0 }, {});
      assert.deepEqual(removed, { planned: { s: null, c: "y", z: 0 }, differs: true, replaces: true });
    });

    it("that is computed is open only on creation and in a changed set", () => {
      const properties = { c: optionalComputed(string), b: optional(block({ c: optionalComputed(string) })) };
      assert.equal(plan(properties, undefined, {}).planned["c"], Unknown.value);
      assert.deepEqual(plan(properties, { c: "x", b: null }, { b: {} }).planned["b"], { c: null });
    });

    it("takes the schema's default where the program says nothing", () => {
      assert.equal(plan({ s: optional(string, { default: "d" }) }, { s: "d" }, {}).differs, false);
      assert.equal(plan({ s: optional(string, { default: "d" }) }, { s: "x" }, {}).planned["s"], "d");
    });

    it("that is not known yet forces a replacement where any other would", () => {
      const properties = { s: required(string, { forceNew: true }) };
      assert.equal(plan(properties, { s: "x" }, { s: Unknown.value }).replaces, true);
    });
  });

  describe("strings", () => {
    it("given empty where there were none stay an empty list, but no set (normalizeNullValues)", () => {
      const properties = { l: optional(listOfStrings), s: optional(setOfStrings) };
      const empty = { planned: { l: [], s: null }, ...nothing };
      assert.deepEqual(plan(properties, { l: null, s: null }, { l: [], s: [] }), empty);
    });

    it("become empty when they are removed", () => {
      const properties = { l: optional(listOfStrings), s: optional(setOfStrings) };
      assert.deepEqual(plan(properties, { l: ["a"], s: ["b"] }, {}).planned, { l: [], s: [] });
    });

    it("of a set are the same in any order, of a list are not", () => {
      const properties = { l: optional(listOfStrings), s: optional(setOfStrings) };
      assert.equal(plan(properties, { l: ["a", "b"], s: ["a", "b"] }, { l: ["a", "b"], s: ["b", "a"] }).differs, false);
      assert.equal(plan(properties, { l: ["a", "b"], s: ["a", "b"] }, { l: ["b", "a"], s: ["a", "b"] }).differs, true);
    });
  });

  describe("a set of blocks", () => {
    const element: Properties = { name: required(string), note: optional(string), on: optional(boolean) };
    const given = (...names: string[]) => names.map((name) => ({ name, note: "", on: false }));

    it("that forces a replacement does so by its count, not by an element that does not (diffSet)", () => {
      const properties = { s: optional(setOf(element), { forceNew: true }) };
      assert.equal(plan(properties, { s: given("a") }, { s: given("a", "b") }).replaces, true);
      assert.equal(plan(properties, { s: given("a") }, { s: given("b") }).replaces, false);
    });

    it("takes null and zero for the same and keeps what is there", () => {
      const properties = { s: optional(setOf(element)) };
      assert.deepEqual(plan(properties, { s: given("a") }, { s: [{ name: "a" }] }), {
        planned: { s: given("a") },
        ...nothing,
      });
    });

    it("once changed, forgets the zeros of the elements that stay", () => {
      const properties = { s: optional(setOf(element)) };
      assert.deepEqual(plan(properties, { s: given("a") }, { s: [{ name: "b" }, { name: "a" }] }).planned["s"], [
        { name: "a", note: null, on: null },
        { name: "b", note: "", on: null },
      ]);
    });

    it("that is computed and not known yet stays what it is (finalizeDiff)", () => {
      const properties = { s: optionalComputed(setOf(element)), t: optional(setOf(element)) };
      const planned = plan(properties, { s: given("a"), t: given("a") }, { s: Unknown.value, t: Unknown.value });
      assert.deepEqual(planned.planned, { s: given("a"), t: Unknown.value });
    });
  });

  describe("blocks", () => {
    it("that force a replacement do so by coming and going, not by what is in them (diffList)", () => {
      const properties = { b: optional(block({ n: optional(number) }), { forceNew: true }) };
      assert.equal(plan(properties, { b: null }, { b: { n: 1 } }).replaces, true);
      assert.equal(plan(properties, { b: { n: 1 } }, {}).replaces, true);
      assert.equal(plan(properties, { b: { n: 1 } }, { b: { n: 2 } }).replaces, false);
    });

    it("that go take what forces a replacement in them into account", () => {
      const properties = { b: optional(listOf({ n: optional(number, { forceNew: true }) })) };
      assert.equal(plan(properties, { b: [{ n: 1 }] }, { b: [] }).replaces, true);
      assert.equal(plan(properties, { b: [{ n: 0 }] }, { b: [] }).replaces, false);
    });

    it("that are computed stay when the program drops them, and are open where there was nothing", () => {
      const properties = { b: optionalComputed(block({ n: optional(number) })) };
      assert.deepEqual(plan(properties, { b: { n: 1 } }, {}), { planned: { b: { n: 1 } }, ...nothing });
      assert.equal(plan(properties, undefined, {}).planned["b"], Unknown.value);
    });

    it("read with zeros for nulls where anything is stored in them, and as they are where nothing is", () => {
      const properties = { b: optional(block({ n: optional(number), l: optional(listOfStrings) })) };
      assert.deepEqual(fillZeros(properties, { b: { n: 1, l: null } }), { b: { n: 1, l: [] } });
      assert.deepEqual(fillZeros(properties, { b: { n: null, l: null } }), { b: { n: null, l: null } });
    });
  });
});

describe("the order of a set", () => {
  it("is that of the strings", () => {
    assert.deepEqual(orderSet(["b", "a", "b"], undefined), ["a", "b"]);
  });

  it("of blocks goes by their properties in Terraform's order: true before null, strings by themselves", () => {
    const properties: Properties = { readOnly: optional(boolean), anchor: optional(string) };
    const blocks = [
      { anchor: "b", readOnly: true },
      { anchor: "a", readOnly: null },
      { anchor: "a", readOnly: true },
    ];
    assert.deepEqual(orderSet(blocks, properties), [blocks[2], blocks[1], blocks[0]]);
  });

  it("does not depend on the order before, and an element equals itself and no unknown one", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (elements) => {
        assert.deepEqual(orderSet(elements.toReversed(), undefined), orderSet(elements, undefined));
      }),
    );
    assert.equal(elementIdentity("a", undefined), elementIdentity("a", undefined));
    assert.equal(elementIdentity({ n: Unknown.value }, { n: optional(string) }), undefined);
  });
});

describe("the edits from one list to another", () => {
  it("are as few as possible, the removal first where either would do", () => {
    assert.deepEqual(listEdits(["a", "b"], ["b", "a"]), [
      { change: "delete", index: 0 },
      { change: "add", index: 1 },
    ]);
    assert.deepEqual(listEdits(["a", "b"], ["x", "a", "b"]), [{ change: "add", index: 0 }]);
  });

  it("lead from the one to the other", () => {
    const letters = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 6 });
    fc.assert(
      fc.property(letters, letters, (before, after) => {
        const edits = listEdits(before, after);
        const indices = (change: string) => edits.filter((edit) => edit.change === change).map(({ index }) => index);
        const kept = before.filter((_, index) => !indices("delete").includes(index));
        assert.deepEqual(
          kept,
          after.filter((_, index) => !indices("add").includes(index)),
        );
      }),
    );
  });
});

describe("the paths of a difference", () => {
  const paths = (properties: Properties, before: PropertyMap, after: PropertyMap, inputs = after) =>
    detailedDiff(properties, before, after, inputs, true);

  it("force a replacement where what directly holds them does", () => {
    const map = { m: optional(mapOfStrings, { forceNew: true }) };
    assert.deepEqual(paths(map, { m: { "a.b": "1" } }, { m: { "a.b": "2" } }), { 'm["a.b"]': "update-replace" });
    const single = { b: optional(block({ n: optional(number) }), { forceNew: true }) };
    assert.deepEqual(paths(single, { b: { n: 1 } }, { b: { n: 2 } }), { "b.n": "update-replace" });
  });

  it("name no replacement where none is planned, and __meta where none of them forces one", () => {
    const properties = { n: optional(number) };
    assert.deepEqual(paths(properties, { n: 1 }, { n: 2 }), { n: "update", __meta: "update-replace" });
    const forcing = { n: optional(number, { forceNew: true }) };
    assert.deepEqual(detailedDiff(forcing, { n: 1 }, { n: 2 }, { n: 2 }, false), { n: "update" });
  });

  it("take an empty list for none, but not an empty map", () => {
    const properties = { l: optional(listOfStrings), m: optional(mapOfStrings), x: optional(number) };
    assert.deepEqual(detailedDiff(properties, { l: null, m: null }, { l: [], m: {} }, {}, false), { m: "add" });
  });

  it("are that of the whole set where the inputs do not tell its elements", () => {
    const properties = { s: optional(setOfStrings) };
    const change = (inputs: string[]) =>
      detailedDiff(properties, { s: ["a"] }, { s: ["a", "b"] }, { s: inputs }, false);
    assert.deepEqual(change(["b", "a"]), { "s[0]": "add" });
    assert.deepEqual(change(["b"]), { s: "update" });
  });
});

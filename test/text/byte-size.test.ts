import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSize, parseSize } from "../../text/byte-size.ts";

describe("sizes", () => {
  it("are read as Docker reads them", () => {
    for (const [text, bytes] of [
      ["100M", 104_857_600],
      ["100MB", 104_857_600],
      ["100MiB", 104_857_600],
      ["100 m", 104_857_600],
      ["1.5GiB", 1_610_612_736],
      ["4096", 4096],
      ["4096b", 4096],
    ] as const) {
      assert.equal(parseSize(text, "limit"), bytes, text);
    }
  });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        assert.equal(parseSize(formatSize(bytes), "limit"), bytes);
      }),
    );
  });

  it("are refused by one error that names the path and shows what was given", () => {
    assert.throws(() => parseSize("100 megabytes", "holdfast:memoryLimit"), {
      name: "InputError",
      message:
        'holdfast:memoryLimit: expected a size such as 100M, 100MiB or 1.5GiB, got "100 megabytes". Write a number and one of the units K, M, G, T (1M = 1MiB = 1,048,576 bytes, as in Docker).',
    });
    for (const text of ["", "M", "-1M", "1e3", "1.M", "1,5G", "1X", "9999999P", "i", "5ib"]) {
      assert.throws(() => parseSize(text, "limit"), { name: "InputError" }, text);
    }
  });
});

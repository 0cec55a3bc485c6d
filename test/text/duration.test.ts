import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../text/duration.ts";

describe("durations", () => {
  it("are read as Docker writes them", () => {
    for (const [text, milliseconds] of [
      ["30s", 30_000],
      ["1m30s", 90_000],
      ["500ms", 500],
      ["1.5h", 5_400_000],
      ["1.1s", 1100],
      ["0s", 0],
    ] as const) {
      assert.equal(parseDuration(text, "grace"), milliseconds, text);
    }
  });

  it("are written in the form that the provider reads back", () => {
    for (const [text, written] of [
      ["60s", "1m"],
      ["90s", "1m30s"],
      ["120m", "2h"],
      ["3661s", "1h1m1s"],
      ["1h0m5s", "1h0m5s"],
      ["1500ms", "1.5s"],
    ] as const) {
      assert.equal(formatDuration(parseDuration(text, "grace")), written);
    }
  });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e10 }), (milliseconds) => {
        assert.equal(parseDuration(formatDuration(milliseconds), "grace"), milliseconds);
      }),
    );
  });

  it("are refused by one error that names the path and shows what was given", () => {
    assert.throws(() => parseDuration("half a minute", "stopGrace"), {
      message:
        'stopGrace: expected a duration such as 30s, 1m30s or 500ms, got "half a minute". Write numbers with the units h, m, s or ms.',
    });
    for (const text of ["", "30", "s", "-1s", "1 s", "0.5ms", "30sec", "1d"]) {
      assert.throws(() => parseDuration(text, "grace"), { name: "InputError" }, text);
    }
  });
});

import assert from "node:assert/strict";
import { momentWords, parseMoment } from "../../text/moment.ts";

describe("a moment of the past", () => {
  const now = new Date("2026-11-30T21:45:53.400Z");
  const parse = (text: string) => momentWords(parseMoment(text, now, "--at"));

  it("is read in RFC 3339, with its zone", () => {
    assert.equal(parse("2026-11-30T21:45:50Z"), "2026-11-30T21:45:50Z");
    assert.equal(parse("2026-11-30 22:45:50.999+01:00"), "2026-11-30T21:45:50Z");
  });

  it("is read as how long ago it was", () => {
    assert.equal(parse("5m ago"), "2026-11-30T21:40:53Z");
    assert.equal(parse("1h30m ago"), "2026-11-30T20:15:53Z");
  });

  it("is read as a time of today on this machine's clock", () => {
    const local = new Date(now);
    local.setHours(0, 0, 7, 0);
    assert.equal(parse("00:00:07"), momentWords(local.getTime() / 1000));
    local.setSeconds(0);
    assert.equal(parse("00:00"), momentWords(local.getTime() / 1000));
  });

  for (const text of [
    "yesterday",
    "2026-11-30",
    "2026-11-30T21:45:50",
    "25:00",
    "5m",
    "-5m ago",
    "2026-02-30T99:00:00Z",
  ]) {
    it(`is not ${text}`, () => {
      assert.throws(() => parse(text), { name: "InputError", path: "--at" });
    });
  }

  it("has come", () => {
    assert.throws(() => parse("2026-11-30T21:45:54Z"), {
      message:
        '--at: expected a time that is over, got "2026-11-30T21:45:54Z", which is 2026-11-30T21:45:54Z. Name an earlier one.',
    });
  });
});

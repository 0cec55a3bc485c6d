import assert from "node:assert/strict";
import { reaches } from "../../../backup/check/delivered.ts";
import type { LogBase, LogPiece } from "../../../backup/repository/tags.ts";

describe("a place in the log", () => {
  const part = { id: "id", file: "file", by: "host.1", generation: "g", sha256: "", last: 1 };
  const piece = (seq: number, from: number, to: number, deliveredSeconds: number): LogPiece => ({
    ...{ ...part, kind: "log", seq, from, to, deliveredSeconds, running: "", first: 1 },
    ...{ times: "log", folded: false, after: undefined },
  });
  const base = (log: number, deliveredSeconds: number): LogBase => ({
    ...{ ...part, kind: "base", seq: log, log, deliveredSeconds, bytes: 1, name: "appendonly.aof" },
  });
  const at = (seq: number, offset: number, pieces: LogPiece[], bases = [base(1, 5)]) =>
    reaches({ seq, offset })({ generations: [{ name: "g", pieces, bases }] });

  it("is delivered once a piece comes up to it, or a later increment", () => {
    assert.equal(at(1, 100, [piece(1, 0, 50, 10), piece(1, 50, 99, 11)]), undefined);
    assert.equal(at(1, 100, [piece(1, 0, 50, 10), piece(1, 50, 100, 11), piece(1, 100, 120, 12)]), 11);
    assert.equal(at(1, 100, [piece(2, 0, 5, 12)]), 12);
  });

  it("is delivered at the beginning of an increment with the base that belongs to it", () => {
    assert.equal(at(1, 0, []), 5);
    assert.equal(at(2, 0, []), undefined);
    assert.equal(at(2, 0, [], [base(1, 5), base(2, 8)]), 8);
  });

  it("is not delivered without a base to begin from", () => {
    assert.equal(at(1, 100, [piece(1, 0, 100, 11)], []), undefined);
    assert.equal(reaches({ seq: 1, offset: 0 })({ generations: [] }), undefined);
  });
});

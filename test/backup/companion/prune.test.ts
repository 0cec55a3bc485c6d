import assert from "node:assert/strict";
import { planPrune } from "../../../backup/companion/prune.ts";
import { readCatalogue } from "../../../backup/repository/catalogue.ts";
import { fileName, tagsOf, type PartToStore } from "../../../backup/repository/tags.ts";

const digest = "ab".repeat(32);
const common = { by: "me", sha256: digest };

const base = (generation: string, log: number, last: number): PartToStore => ({
  ...{ kind: "base", generation, seq: log, log, bytes: 1000, last, name: "appendonly.aof", ...common },
});
const piece = (generation: string, seq: number, first: number, last: number): PartToStore => ({
  ...{ kind: "log", generation, seq, from: 0, to: 50, running: digest, first, last, times: "log", folded: false },
  ...{ after: seq === 1 ? undefined : { seq: seq - 1, offset: 50 }, ...common },
});
const proof: PartToStore = { kind: "proof", level: "load", result: "ok", point: 1, entries: 1, by: "me" };

const catalogueOf = (...parts: PartToStore[]) =>
  readCatalogue(
    parts.map((part, index) => ({
      ...{ id: `id-${index}`, time: new Date(1000 * index).toISOString(), hostname: "store" },
      tags: [...tagsOf(part)],
      paths: [`/${fileName(part, 7)}`],
      summary: { total_bytes_processed: part.kind === "log" ? 50 : "bytes" in part ? (part.bytes ?? 2) : 2 },
    })),
  );

describe("the plan of a prune", () => {
  const catalogue = catalogueOf(
    ...[base("20260101T000000Z-a", 1, 100), piece("20260101T000000Z-a", 1, 101, 110)],
    ...[base("20260102T000000Z-b", 1, 200), piece("20260102T000000Z-b", 1, 201, 210)],
    ...[base("20260102T000000Z-b", 2, 210), piece("20260102T000000Z-b", 2, 211, 220)],
    ...[proof, proof],
  );
  const from = Date.parse("2026-01-03T00:00:00Z") / 1000;

  it("counts what no restore from then on needs, and says what stays within reach", () => {
    const { ids, ...plan } = planPrune(catalogue, from);
    assert.equal(ids.length, 5);
    assert.deepEqual(
      { ...plan, ranges: plan.ranges.map(({ firstSeconds, lastSeconds }) => [firstSeconds, lastSeconds]) },
      { keptFromSeconds: from, generations: 1, bases: 2, pieces: 2, others: 1, bytes: 2100, ranges: [[210, 220]] },
    );
  });

  it("is empty where all of it is wanted", () => {
    const { ids, bytes, ranges } = planPrune(catalogue, 3);
    assert.deepEqual([ids, bytes, ranges.length], [[], 0, 2]);
  });
});

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  catalogueMistakes,
  chainFrom,
  foldableRuns,
  forgettable,
  measuredWindow,
  nameGeneration,
  planRestore,
  readCatalogue,
  restoreRanges,
  windowOf,
} from "../../../backup/repository/catalogue.ts";
import type { ResticSnapshot } from "../../../backup/repository/restic.ts";
import { fileName, readPart, tagsOf, type PartToStore } from "../../../backup/repository/tags.ts";

const digest = "ab".repeat(32);
const digests = { sha256: digest, running: digest };

type Piece = Extract<PartToStore, { kind: "log" }>;

const piece = (given: Partial<Piece>): Piece => ({
  ...{ kind: "log", generation: "g1", seq: 1, from: 0, to: 10, first: 100, last: 110, times: "log", folded: false },
  ...{ after: undefined, by: "me", ...digests, ...given },
});
const base = (given: Partial<Extract<PartToStore, { kind: "base" }>> = {}): PartToStore => ({
  ...{ kind: "base", generation: "g1", seq: 1, log: 1, bytes: 5, sha256: digest, last: 100, name: "appendonly.aof" },
  ...{ by: "me", ...given },
});

const copied = { copy: "ab12", copyFile: "g1.copy.tar", timeline: 1, system: "7714143332655527217", segmentBytes: 64 };

let ids = 0;
const stored = (part: PartToStore, bytes?: number): ResticSnapshot => ({
  id: String(ids++),
  time: "2026-11-30T12:00:00.5Z",
  hostname: "store",
  tags: [...tagsOf(part)],
  paths: [`/${fileName(part, 7)}`],
  summary: {
    total_bytes_processed:
      bytes ?? (part.kind === "log" ? part.to - part.from : "bytes" in part ? (part.bytes ?? 2) : 2),
  },
});
const catalogueOf = (...parts: PartToStore[]) => readCatalogue(parts.map((part) => stored(part)));

/** A log of one generation: sizes of pieces, and whether each begins a new increment. */
const logs = fc
  .array(
    fc.record({
      bytes: fc.integer({ min: 1, max: 50 }),
      begins: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 5 }),
    }),
    {
      minLength: 2,
      maxLength: 12,
    },
  )
  .map((steps) => {
    let at = { seq: 1, offset: 0 };
    let time = 100;
    return steps.map(({ bytes, begins, seconds }, index): Piece => {
      const isNew = begins && index > 0;
      const after = isNew ? at : undefined;
      const from = isNew ? 0 : at.offset;
      at = { seq: at.seq + (isNew ? 1 : 0), offset: from + bytes };
      const first = time;
      time += seconds;
      return piece({ seq: at.seq, from, to: at.offset, after, first, last: time });
    });
  });

describe("a part of a backup", () => {
  it("is read from its tags as it was written", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          logs.map(([first]) => first ?? piece({})),
          fc.string().map((name) => base({ name })),
          fc.constant(piece({ form: "wal" })),
          fc.constant(base({ wal: copied })),
          fc.constant<PartToStore>({ kind: "copy", generation: "g1", seq: 1, by: "me" }),
          fc.constant<PartToStore>({ kind: "snapshot", bytes: 3, sha256: digest, last: 5, by: "me" }),
          fc.constant(piece({ canary: 1_796_000_000_000, window: 1234, folded: true })),
          fc.constant<PartToStore>({ kind: "proof", level: "load", result: "ok", point: 9, entries: 12, by: "me" }),
          fc.string().map((node): PartToStore => {
            const drill = { level: "drill", result: "failed", node, took: 1.5, bytes: 7 } as const;
            return { kind: "proof", ...drill, point: 9, entries: undefined, by: "me" };
          }),
        ),
        (part) => {
          const { id, file, deliveredSeconds, ...read } = readPart(stored(part)) ?? assert.fail("not read");
          assert.deepEqual(read, part);
          assert.ok(
            id !== "" && file === fileName(part, 7) && deliveredSeconds === Date.parse("2026-11-30T12:00:00.5Z") / 1000,
          );
          assert.ok(!tagsOf(part).some((tag) => tag.includes(",")), "restic splits tags at commas");
        },
      ),
    );
  });

  it("tells how long its canary took to be delivered", () => {
    const canary = Date.parse("2026-11-30T12:00:00Z");
    const timed = (part: Piece, end: string): ResticSnapshot => ({
      ...stored(part),
      summary: { total_bytes_processed: part.to - part.from, backup_end: end },
    });
    const catalogue = readCatalogue([
      timed(piece({ canary }), "2026-11-30T12:00:02.5Z"),
      timed(piece({ from: 10, to: 20, canary: canary + 20_000, window: 4000, folded: true }), "2026-11-30T13:00:00Z"),
      timed(piece({ from: 20, to: 30 }), "2026-11-30T12:00:30Z"),
      timed(piece({ from: 30, to: 40, canary: canary + 40_000 }), "2026-11-30T12:00:41Z"),
    ]);
    assert.deepEqual(measuredWindow(catalogue), { canary: canary + 40_000, last: 1000, worst: 4000 });
    assert.deepEqual([windowOf(catalogue, canary), windowOf(catalogue, canary + 1)], [2500, undefined]);
    assert.equal(measuredWindow(catalogueOf(piece({}))), undefined);
  });

  it("is nothing when the tags are another's", () => {
    assert.equal(
      readPart({ id: "1", time: "2026-01-01T00:00:00Z", hostname: "h", tags: null, paths: ["/a"] }),
      undefined,
    );
    const strange = { ...stored(piece({})), tags: ["holdfast", "kind=log", "seq=x"] };
    assert.equal(readPart(strange), undefined);
  });
});

describe("the tags of a part", () => {
  const changed = (from: string, to: string) => {
    const snapshot = stored(piece({}));
    return { ...snapshot, tags: (snapshot.tags ?? []).map((tag) => (tag === from ? to : tag)) };
  };

  it("are known to be changed, and the part is then as good as not there", () => {
    for (const [from, to] of [
      ["last=110", "last=109"],
      ["times=log", "times=read"],
      ["to=10", "to=ten"],
    ] as const) {
      const { generations, unreadable } = readCatalogue([changed(from, to)]);
      assert.deepEqual(generations, []);
      assert.deepEqual(unreadable, [
        {
          part: "g1.log.00000001.0000000000000-0000000000010.aof",
          problem: "has tags that were changed since it was stored",
        },
      ]);
    }
  });

  it("may have others beside them, and none of a kind that is not known", () => {
    const snapshot = stored(piece({}));
    const added = { ...snapshot, tags: [...(snapshot.tags ?? []), "mine", "reason=audit"] };
    const newer = { ...snapshot, tags: ["holdfast", "kind=of a newer version", "from=1"] };
    const { generations, unreadable } = readCatalogue([added, newer]);
    assert.deepEqual(unreadable, []);
    assert.equal(generations[0]?.pieces.length, 1);
  });
});

describe("the name of a generation", () => {
  it("comes after the former one's, whatever the clock says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4e12 }), (first, second) => {
        const former = nameGeneration(undefined, first);
        const later = nameGeneration(former, second);
        assert.ok(later > former, `${former} ${later}`);
      }),
    );
    assert.match(nameGeneration(undefined, Date.UTC(2026, 10, 30, 12)), /^20261130T120000Z-[0-9a-f]{6}$/);
  });
});

describe("the chain of pieces", () => {
  it("ends where two pieces tell different logs", () => {
    const other = piece({ from: 10, to: 20, running: "cd".repeat(32) });
    const catalogue = catalogueOf(base(), piece({}), piece({ from: 10, to: 20 }), other);
    const [mistake] = catalogueMistakes(catalogue);
    assert.match(mistake?.problem ?? "", /^contradicts \d+ up to the same byte$/);
    assert.deepEqual(planRestore(catalogue, undefined), { kind: "none", mistake });
  });

  it("reaches the end, in whatever order they are listed, and with folded ones beside fine ones", () => {
    fc.assert(
      fc.property(logs, fc.nat(), fc.nat(), (log, one, other) => {
        const [begin, end] = [one % log.length, other % log.length].sort((a, b) => a - b);
        const run = log.slice(begin, (end ?? 0) + 1).filter(({ seq }, _, [first]) => seq === first?.seq);
        const folded = piece({ ...run[0], to: run.at(-1)?.to ?? 0, last: run.at(-1)?.last ?? 0, folded: true });
        const catalogue = catalogueOf(...[...log, base(), folded].reverse());
        const [generation = assert.fail()] = catalogue.generations;
        const chain = chainFrom(generation, 1);
        assert.equal(chain.gap, undefined);
        assert.deepEqual(chain.end, { seq: log.at(-1)?.seq, offset: log.at(-1)?.to });
        // Every byte once.
        const sum = chain.links.reduce((bytes, { piece: { from, to }, skipBytes }) => bytes + to - from - skipBytes, 0);
        assert.equal(
          sum,
          log.reduce((bytes, { from, to }) => bytes + to - from, 0),
        );
        assert.deepEqual(catalogueMistakes(catalogue), []);
      }),
    );
  });

  it("names what is missing when any piece but the last is", () => {
    fc.assert(
      fc.property(logs, fc.nat(), (log, which) => {
        const missing = which % (log.length - 1);
        const catalogue = catalogueOf(base(), ...log.toSpliced(missing, 1));
        const [mistake] = catalogueMistakes(catalogue);
        const lost = log[missing];
        // The end of an increment is where the gap begins when its successor is missing from its beginning.
        const end = lost?.from === 0 && lost.seq > 1 ? lost.after : { seq: lost?.seq, offset: lost?.from };
        assert.equal(mistake?.part, `log ${end?.seq} of generation g1, from byte ${end?.offset}`);
        assert.deepEqual(planRestore(catalogue, undefined), { kind: "none", mistake });
      }),
    );
  });

  it("takes a piece whose upload was cut off for missing, and says so", () => {
    const catalogue = readCatalogue([stored(base()), stored(piece({})), stored(piece({ from: 10, to: 30 }), 12)]);
    assert.deepEqual(catalogueMistakes(catalogue), [
      { part: "g1.log.00000001.0000000000010-0000000000030.aof", problem: "holds 12 of 20 bytes" },
    ]);
    const plan = planRestore(catalogue, undefined);
    assert.ok(plan.kind === "log" && plan.links.length === 1);
  });
});

describe("a restore", () => {
  const log = [
    piece({ to: 10, first: 100, last: 110 }),
    piece({ from: 10, to: 20, first: 110, last: 120 }),
    piece({ seq: 2, to: 5, first: 120, last: 130, after: { seq: 1, offset: 20 } }),
  ];
  const catalogue = catalogueOf(base(), base({ seq: 2, log: 2, last: 121 }), ...log);

  it("takes the newest base that is not after the time, and cuts within a piece", () => {
    const plans = [100, 115, 120, 121, 125, 999, undefined].map((seconds) => planRestore(catalogue, seconds));
    assert.deepEqual(
      plans.map((plan) => plan.kind === "log" && [plan.base.seq, plan.links.length, plan.cutAfter, plan.point]),
      [
        [1, 1, 100, 100],
        [1, 2, 115, 115],
        [1, 3, 120, 120],
        [2, 1, 121, 121],
        [2, 1, 125, 125],
        [2, 1, undefined, 130],
        [2, 1, undefined, 130],
      ],
    );
  });

  it("says when the backup begins after the time", () => {
    const none = (problem: string) => ({ kind: "none", mistake: { part: "the backup", problem } });
    assert.deepEqual(planRestore(catalogue, 99), none("begins at 1970-01-01T00:01:40.000Z, after the requested time"));
    assert.deepEqual(planRestore(readCatalogue([]), undefined), none("holds no state yet: no base has been delivered"));
  });

  it("counts whole pieces where the log has no times", () => {
    const read = log.map((each) => ({ ...each, times: "read" as const }));
    const plan = planRestore(catalogueOf(base(), ...read), 125);
    assert.ok(plan.kind === "log" && plan.links.length === 2 && plan.cutAfter === undefined && plan.point === 120);
  });

  it("reaches the times of its ranges", () => {
    const newer = [base({ generation: "g2", last: 200 }), piece({ generation: "g2", first: 200, last: 220 })];
    const ranges = restoreRanges(catalogueOf(base(), ...log, ...newer));
    assert.deepEqual(
      ranges.map(({ generation, firstSeconds, lastSeconds }) => [generation, firstSeconds, lastSeconds]),
      [
        ["g1", 100, 130],
        ["g2", 200, 220],
      ],
    );
  });
});

describe("what may be folded", () => {
  const mebibyte = 1024 ** 2;
  const run = (...bytes: number[]): Piece[] => {
    let at = 0;
    return bytes.map((size) => piece({ from: at * mebibyte, to: (at += size) * mebibyte }));
  };
  const folded = (pieces: readonly Piece[]) => {
    const [generation = assert.fail()] = catalogueOf(...pieces).generations;
    return foldableRuns(generation.pieces).map((found) => found.map(({ from }) => from / mebibyte));
  };

  it("is what follows each other in one increment, up to 64 MiB, and is small", () => {
    assert.deepEqual(folded(run(1, 2, 3)), [[0, 1, 3]]);
    assert.deepEqual(folded(run(15, 15, 15, 15, 15, 1)), [
      [0, 15, 30, 45],
      [60, 75],
    ]);
    assert.deepEqual(folded(run(20, 1, 20, 1, 1)), [[41, 42]]);
    assert.deepEqual(folded([...run(1, 1), piece({ seq: 2, to: 5, after: { seq: 1, offset: 2 * mebibyte } })]), [
      [0, 1],
    ]);
  });

  it("is not what was folded already, where the log has no times", () => {
    const read = run(1, 1, 1).map((each, index): Piece => ({ ...each, times: "read", folded: index === 0 }));
    assert.deepEqual(folded(read), [[1, 2]]);
  });
});

describe("what may be forgotten", () => {
  const old = [
    base(),
    piece({ to: 10, last: 110 }),
    base({ seq: 2, log: 2, last: 150 }),
    piece({ seq: 2, to: 5, first: 110, last: 160, after: { seq: 1, offset: 10 } }),
    base({ seq: 3, log: 3, last: 190 }),
    piece({ seq: 3, to: 5, first: 160, last: 200, after: { seq: 2, offset: 5 } }),
  ];
  const files = (seconds: number, ...parts: PartToStore[]) => {
    const snapshots = parts.map((part) => stored(part));
    const ids = forgettable(readCatalogue(snapshots), seconds);
    return snapshots.filter(({ id }) => ids.includes(id)).map(({ paths }) => paths[0]);
  };

  it("is what no restore from a time on needs", () => {
    assert.deepEqual(files(149, ...old), []);
    assert.deepEqual(files(150, ...old), ["/g1.base.00000001", "/g1.log.00000001.0000000000000-0000000000010.aof"]);
    assert.equal(files(9999, ...old).length, 4);
    assert.equal(files(250, ...old, base({ generation: "g2", last: 240 })).length, old.length);
  });

  it("leaves every state from that time on as it was", () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 100, max: 170 }), (log, seconds) => {
        const bases = log
          .filter(({ from }) => from === 0)
          .map(({ seq, first }) => base({ seq, log: seq, last: first }));
        const snapshots = [...log, ...bases].map((part) => stored(part));
        const ids = forgettable(readCatalogue(snapshots), seconds);
        const before = readCatalogue(snapshots);
        const after = readCatalogue(snapshots.filter(({ id }) => !ids.includes(id)));
        for (let time = seconds; time < 180; time += 5)
          assert.deepEqual(planRestore(after, time), planRestore(before, time));
        assert.deepEqual(catalogueMistakes(after), []);
      }),
    );
  });

  it("is a copy of a server whose base is, or never came", () => {
    const copy = (seq: number): PartToStore => ({ kind: "copy", generation: "g1", seq, by: "me" });
    const copies = [
      stored(copy(1)),
      stored(copy(2)),
      { ...stored(copy(3)), time: "2026-11-30T11:00:00Z" },
      stored(copy(4)),
    ];
    const [old, kept, abandoned] = copies.map(({ id }) => id);
    const of = (id: string | undefined, seq: number, last: number) =>
      stored(base({ seq, log: seq, last, wal: { ...copied, copy: id ?? "" } }));
    const bases = [of(old, 1, 100), of(kept, 2, 150)];
    const log = [piece({ to: 64 }), piece({ seq: 2, to: 64, after: { seq: 1, offset: 64 } })];
    const ids = forgettable(readCatalogue([...copies, ...bases, ...log.map((part) => stored(part))]), 160);
    assert.ok(ids.includes(old ?? "") && ids.includes(abandoned ?? ""));
    assert.ok(!ids.includes(kept ?? "") && !ids.includes(copies[3]?.id ?? ""));
  });

  it("is what was folded, what is torn, and old proofs but the newest", () => {
    const fine = [piece({ to: 10 }), piece({ from: 10, to: 20 })];
    assert.equal(files(0, base(), ...fine, piece({ to: 20, folded: true })).length, 2);
    const torn = [stored(base()), stored(piece({}), 3)];
    assert.deepEqual(forgettable(readCatalogue(torn), 0), [torn[1]?.id]);
    const proof: PartToStore = { kind: "proof", level: "load", result: "ok", point: 9, entries: 12, by: "me" };
    assert.equal(files(Date.now() / 1000 + 1e9, proof, proof).length, 1);
  });
});

describe("a volume that was restored to a time", () => {
  // Followed from 100 on; at 200 the state of 150 is restored, and followed as a generation of its own from the old base on.
  const [before, after] = ["19700101T000140Z-aaaaaa", "19700101T000320Z-bbbbbb"];
  const parts = [
    base({ generation: before, last: 90 }),
    piece({ generation: before, to: 100, first: 90, last: 190 }),
    base({ generation: after, last: 90 }),
    piece({ generation: after, to: 50, first: 90, last: 150 }),
    piece({ generation: after, from: 50, to: 70, first: 150, last: 260 }),
  ];
  const generationAt = (seconds: number | undefined, given = parts) => {
    const plan = planRestore(catalogueOf(...given), seconds);
    return plan.kind === "log" && plan.generation;
  };

  it("can still be restored to what was undone, and is its new self from then on", () => {
    assert.deepEqual(
      [95, 120, 180].map((seconds) => generationAt(seconds)),
      [before, before, before],
    );
    assert.deepEqual(
      [200, 250, 999, undefined].map((seconds) => generationAt(seconds)),
      [after, after, after, after],
    );
  });

  it("tells what was before where nothing else does", () => {
    assert.deepEqual(
      [120, 195].map((seconds) => generationAt(seconds, parts.slice(2))),
      [after, after],
    );
  });

  it("keeps what was undone as long as it is to be kept", () => {
    const snapshots = parts.map((part) => stored(part));
    assert.deepEqual(forgettable(readCatalogue(snapshots), 180), []);
    assert.equal(forgettable(readCatalogue(snapshots), 201).length, 2);
  });
});

describe("an increment without a write", () => {
  it("is no gap, also for a base that stands at its beginning", () => {
    const after = { seq: 1, offset: 10 };
    const catalogue = catalogueOf(
      base(),
      base({ seq: 2, log: 2, last: 115 }),
      piece({}),
      piece({ seq: 3, to: 4, after }),
    );
    assert.deepEqual(catalogueMistakes(catalogue), []);
    const plan = planRestore(catalogue, undefined);
    assert.ok(plan.kind === "log" && plan.base.log === 2 && plan.links.length === 1);
  });
});

import assert from "node:assert/strict";
import { backupLines } from "../../../../cli/commands/backup/list.ts";
import { progressPrinter, progressWords } from "../../../../cli/commands/backup/progress.ts";
import type { BackupCondition } from "../../../../live/backup/condition.ts";
import { plain } from "../../../../text/style.ts";

const second = (text: string) => Date.parse(`2026-11-30T${text}Z`) / 1000;

describe("the lines about a backup", () => {
  const backup: BackupCondition = {
    ...{ service: "shop", companion: "shop-backup", store: "shop/prod/redis", repository: "s3:https://s3/b" },
    ...{ kind: "log", late: undefined, problem: undefined, drill: undefined },
    list: {
      ...{ type: "result", command: "list", store: "shop/prod/redis" },
      ranges: [
        {
          kind: "log",
          generation: "g",
          firstSeconds: second("10:00:00"),
          lastSeconds: second("12:00:00"),
          toTheSecond: true,
        },
      ],
      ...{ newestSeconds: second("12:00:00"), deliveredSeconds: second("12:00:02") },
      ...{ pieces: 1, bases: 2, bytes: 2048, proofs: [], mistakes: [] },
    },
  };
  const lines = (more: Partial<BackupCondition> = {}) =>
    backupLines({ ...backup, ...more }, second("12:00:42"), { style: plain });

  it("say which states can be restored, and that none was proved", () => {
    assert.deepEqual(lines(), [
      "shop  shop/prod/redis in s3:https://s3/b",
      "  restore points 2026-11-30T10:00:00Z to 2026-11-30T12:00:00Z, every second",
      "  newest write   2026-11-30T12:00:00Z, 42 s ago",
      "  delivered      2026-11-30T12:00:02Z, 40 s ago",
      "  size           2 KiB in 1 piece of the log and 2 bases",
      "  unproved       no server has ever loaded it: run `npx holdfast backup verify`",
    ]);
  });

  it("say what was proved, and what is late or missing", () => {
    assert.ok(backup.list);
    const proof = {
      level: "load",
      result: "ok",
      seconds: second("12:00:30"),
      point: second("12:00:00"),
      entries: 7,
    } as const;
    const canary = second("11:59:58") * 1000;
    const found = lines({
      late: "shop-backup is starting",
      list: {
        ...backup.list,
        window: { canary, last: 1432, worst: 4210 },
        proofs: [{ ...proof, canary, mistakes: [] }],
        mistakes: [{ part: "log 3 of generation g, from byte 7", problem: "is missing up to log 4" }],
      },
    });
    assert.deepEqual(found.slice(1, 3), [
      "  error          Late: shop-backup is starting",
      "  error          Part of it is missing: log 3 of generation g, from byte 7 is missing up to log 4",
    ]);
    assert.equal(
      found.at(-1),
      "  proofs         ok at level load on 2026-11-30T12:00:30Z: the state of 2026-11-30T12:00:00Z, 7 keys, canary of 2026-11-30T11:59:58Z",
    );
    assert.ok(
      found.includes("  loss window    1.4 s from a write to its delivery on 2026-11-30T11:59:58Z, 4.2 s at most"),
    );
    assert.deepEqual(lines({ list: undefined, problem: "no answer" }), [
      "shop  shop/prod/redis in s3:https://s3/b",
      "  error          Its repository cannot be read: no answer",
    ]);
  });
});

describe("progress in words", () => {
  it("has bytes, the rate and the time left", () => {
    const line = { type: "progress", words: "reading", doneBytes: 3 * 1024 ** 2, allBytes: 11 * 1024 ** 2 } as const;
    assert.equal(progressWords(line, 1024 ** 2, 2), "reading: 3 MiB of 11 MiB, 1 MiB/s, 8 s left");
    assert.equal(progressWords({ type: "progress", words: "loading" }, 0, 2), "loading");
    assert.equal(progressWords({ ...line, doneBytes: 0 }, 0, 2), "reading: 0 B of 11 MiB");
  });

  it("begins to measure with the first bytes, and is one line for each step or every ten seconds in a log", () => {
    const [printed, clock]: [string[], { ms: number }] = [[], { ms: 0 }];
    const show = progressPrinter({ terminal: undefined, print: (...lines) => printed.push(...lines) }, () => clock.ms);
    const mebibytes = (count: number) => count * 1024 ** 2;
    show({ type: "progress", words: "starting" });
    for (let second = 60; second <= 75; second++) {
      clock.ms = second * 1000;
      const [words, doneBytes, allBytes] = [`part ${second}`, mebibytes(second - 60), mebibytes(20)];
      show({ type: "progress", words, doneBytes, allBytes });
    }
    show({ type: "progress", words: "loading", doneBytes: mebibytes(20), allBytes: mebibytes(20) });
    assert.deepEqual(printed, [
      "  ...   starting",
      "  ...   part 60: 0 B of 20 MiB",
      "  ...   part 70: 10 MiB of 20 MiB, 1 MiB/s, 10 s left",
      "  ...   loading: 20 MiB of 20 MiB, 1.3 MiB/s",
    ]);
  });

  it("is one line on a terminal, which is drawn again in place and fits", () => {
    const written: string[] = [];
    const terminal = { columns: 24, rows: 24, write: (text: string) => written.push(text) };
    const show = progressPrinter({ terminal, print: () => assert.fail("A line was printed.") });
    show({ type: "progress", words: "waiting" });
    show({ type: "progress", words: "a name that is longer than the line" });
    assert.deepEqual(written, ["\r\u001B[0J  ...   waiting\n", "\u001B[1A\r\u001B[0J  ...   a name that is…\n"]);
  });
});

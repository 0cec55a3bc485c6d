import assert from "node:assert/strict";
import type { BackupProof } from "../../../backup/protocol.ts";
import { backupErrors, conditionWords, standingFailure, type BackupCondition } from "../../../live/backup/condition.ts";
import { backupMetrics } from "../../../live/backup/metrics.ts";

const now = Date.parse("2026-12-01T12:00:00Z") / 1000;

function proof(level: BackupProof["level"], result: BackupProof["result"], ago: number): BackupProof {
  return { level, result, seconds: now - ago, point: now - ago - 1, mistakes: [] };
}

function condition(
  proofs: readonly BackupProof[] = [],
  more: Partial<BackupCondition> = {},
  list: Partial<BackupCondition["list"]> = {},
): BackupCondition {
  return {
    ...{ service: "shop", companion: "shop-backup", store: "shop/prod/redis", kind: "log", repository: "s3:h/b" },
    ...{ late: undefined, problem: undefined, drill: undefined },
    list: {
      ...{ type: "result", command: "list", store: "shop/prod/redis", ranges: [], pieces: 1, bases: 1, bytes: 7 },
      ...{ newestSeconds: now - 5, deliveredSeconds: now - 3, proofs: [...proofs], mistakes: [], ...list },
    },
    ...more,
  };
}

const drill = { service: "shop-drill", level: "drill", everySeconds: 86_400, sinceSeconds: now - 1_000_000 } as const;

describe("the condition of a backup", () => {
  it("has no error when it is in time, readable and whole; nobody's having proved it is none", () => {
    assert.deepEqual(backupErrors(condition(), now), []);
    assert.deepEqual(backupErrors(condition([proof("load", "ok", 9)]), now), []);
    assert.equal(
      conditionWords(condition()),
      "everything up to 2026-12-01T11:59:55Z, in s3:h/b; unproved: no state of it was ever loaded",
    );
    assert.equal(
      conditionWords(condition([proof("check", "ok", 3), { ...proof("drill", "ok", 10), node: "node-3" }])),
      "everything up to 2026-12-01T11:59:55Z, in s3:h/b; the state of 2026-12-01T11:59:49Z was loaded on 2026-12-01T11:59:50Z (drill on node-3)",
    );
  });

  it("has one for all that keeps it from bringing data back", () => {
    const mistakes = [{ part: "log 3", problem: "is missing" }];
    assert.deepEqual(
      backupErrors(condition([proof("load", "failed", 60)], { late: "it is away" }, { mistakes }), now),
      [
        "Late: it is away",
        "Its last proof failed, on 2026-12-01T11:59:00Z at level load",
        "Part of it is missing: log 3 is missing",
      ],
    );
    assert.deepEqual(backupErrors(condition([], { list: undefined, problem: "no answer" }), now), [
      "Its repository cannot be read: no answer",
    ]);
    assert.deepEqual(backupErrors(condition([], {}, { newestSeconds: undefined }), now), [
      "It holds no state that can be restored",
    ]);
  });

  it("keeps the error of a failed proof until one that shows as much went well", () => {
    const failed = proof("check", "failed", 100);
    assert.equal(standingFailure([failed, proof("load", "ok", 200)]), failed);
    assert.equal(standingFailure([proof("digest", "ok", 10), failed]), failed);
    assert.equal(standingFailure([proof("check", "ok", 10), failed]), undefined);
    assert.equal(standingFailure([proof("load", "ok", 10), failed]), undefined);
    assert.equal(standingFailure([proof("load", "ok", 10), proof("drill", "failed", 20)]), undefined);
  });

  it("has one where a drill is declared and none is done, counted from the last one or from its service", () => {
    const of = (ago: number, sinceSeconds: number) =>
      backupErrors(condition([proof("drill", "ok", ago)], { drill: { ...drill, sinceSeconds } }), now);
    assert.deepEqual(of(133_000, drill.sinceSeconds), []);
    assert.deepEqual(of(134_000, drill.sinceSeconds), [
      "shop-drill is to drill it every 24h, and has finished no drill since 2026-11-29T22:46:40Z",
    ]);
    assert.deepEqual(of(134_000, now - 60), []);
    assert.equal(backupErrors(condition([proof("load", "ok", 5)], { drill }), now).length, 1);
  });
});

describe("the metrics of backups", () => {
  it("have a sample for each backup and for each level that was proved", () => {
    const proofs = [
      proof("load", "failed", 60),
      { ...proof("drill", "ok", 120), entries: 5 },
      proof("load", "ok", 600),
    ];
    const odd = { service: 'a"b\\c\nd', list: undefined, problem: "no answer" };
    const window = { canary: 1000 * (now - 10), last: 1400, worst: 4200 };
    const text = backupMetrics([condition(proofs, {}, { window }), condition([], odd)], now);
    const of = (name: string) => text.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
    const labels = 'service="shop",store="shop/prod/redis"';
    assert.deepEqual(of("holdfast_backup_ok"), [
      `holdfast_backup_ok{${labels}} 0`,
      'holdfast_backup_ok{service="a\\"b\\\\c\\nd",store="shop/prod/redis"} 0',
    ]);
    assert.deepEqual(of("holdfast_backup_last_proof_ok"), [
      `holdfast_backup_last_proof_ok{${labels},level="load"} 0`,
      `holdfast_backup_last_proof_ok{${labels},level="drill"} 1`,
    ]);
    assert.deepEqual(of("holdfast_backup_last_proof_timestamp_seconds"), [
      `holdfast_backup_last_proof_timestamp_seconds{${labels},level="load"} ${now - 60}`,
      `holdfast_backup_last_proof_timestamp_seconds{${labels},level="drill"} ${now - 120}`,
    ]);
    assert.deepEqual(of("holdfast_backup_last_delivery"), [
      `holdfast_backup_last_delivery_timestamp_seconds{${labels}} ${now - 3}`,
    ]);
    assert.deepEqual(of("holdfast_backup_loss_window"), [`holdfast_backup_loss_window_seconds{${labels}} 1.4`]);
    assert.equal(of("holdfast_backup_readable")[1]?.at(-1), "0");
    assert.ok(text.endsWith(`holdfast_backup_asked_timestamp_seconds ${now}\n`));
    assert.match(backupMetrics([], now), /^# HELP holdfast_backup_asked_timestamp_seconds/u);
  });
});

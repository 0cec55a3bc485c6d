import assert from "node:assert/strict";
import { gate, acceptanceNote } from "../../../impact/gate.ts";
import { analyse, withRestorePoints } from "../../../impact/report.ts";
import { minutesToAct } from "../../../impact/verdict/acceptance.ts";
import { restorePointOf, whyBackupGoes, type BackupEvidence } from "../../../impact/verdict/restore-point.ts";
import { renderText } from "../../../impact/render/text.ts";
import { readDigest } from "../../../inputs/pulumi/preview.ts";
import type { Plan } from "../../../model/plan/plan.ts";
import { previewOf, type Change } from "../changes.ts";

const now = Date.parse("2026-12-01T12:00:00Z") / 1000;
const hour = 3600;

const backup: BackupEvidence = {
  ...{ service: "stateful", companion: "stateful-backup", volume: "foobarstore" },
  repository: { address: "s3:https://s3.example.com/b", source: undefined, isOfOneNode: false },
  newestSeconds: now - 5,
  proof: { level: "load", seconds: now - hour, point: now - 2 * hour },
  problem: undefined,
  verifiedWithinSeconds: 24 * hour,
  isTakenNow: false,
  isFollowed: true,
};

function planOf(change: Change): Plan {
  return readDigest(JSON.parse(previewOf(change)), "plan", "pulumi");
}

const nothing: Plan = { ...planOf({ operation: "same" }), steps: [] };
const stateful = { subject: "service", name: "stateful" } as const;

/** A change of the companion, beside what happens to the data. */
function companionChange(change: Change): Plan {
  return planOf({
    ...change,
    was: (inputs) => {
      inputs.name = "stateful-backup";
      inputs.taskSpec.containerSpec["env"] = { HOLDFAST_BACKUP: '{"repository":"s3:https://s3.example.com/b"}' };
      inputs.taskSpec.containerSpec["secrets"] = [{ fileName: "/run/secrets/p", secretId: "1", secretName: "p-1" }];
      inputs.taskSpec.containerSpec.mounts = [
        { type: "volume", source: "foobarstore", target: "/data", readOnly: true },
        { type: "volume", source: "repository", target: "/repository" },
      ];
      inputs.taskSpec.placement = { constraints: ["node.hostname==a"] };
      change.was?.(inputs);
    },
  });
}

describe("the restore point of a loss", () => {
  const covers = (more: Partial<BackupEvidence>, plan = nothing) =>
    restorePointOf(stateful, plan, [{ ...backup, ...more }], now);

  it("covers it where a state that was loaded is as young as the program wants", () => {
    assert.deepEqual(covers({}), {
      words:
        "2026-12-01T11:59:55Z, in s3:https://s3.example.com/b; the state of 2026-12-01T10:00:00Z was proved on 2026-12-01T11:00:00Z (load). What is written after the restore point is lost.",
      covers: true,
      canBeTaken: true,
      command: "npx holdfast restore stateful",
    });
  });

  const refused: readonly (readonly [string, Partial<BackupEvidence>, RegExp, canBeTaken: boolean])[] = [
    ["the program does not say how young", { verifiedWithinSeconds: undefined }, /does not say `verifiedWithin`/, true],
    [
      "the proved state is older",
      { proof: { level: "load", seconds: now - hour, point: now - 25 * hour } },
      /is 25h old, and the program wants one of the last 24h\.$/,
      true,
    ],
    [
      "the proved state is of an earlier incarnation of the data",
      { presentSinceSeconds: now - hour },
      /is of an earlier log: the present one begins on 2026-12-01T11:00:00Z\.$/,
      true,
    ],
    [
      "a clock is ahead",
      { proof: { level: "load", seconds: now + hour, point: now - hour } },
      /a time that has not come yet/,
      true,
    ],
    ["no state was ever loaded", { proof: undefined }, /Nobody knows whether it can be restored\.$/, true],
    ["it is late", { problem: "stateful-backup is scaled to 0" }, /scaled to 0\.$/, false],
    ["it holds nothing", { newestSeconds: undefined, proof: undefined }, /^none\. /, false],
    [
      "the repository is in the data's volume",
      { repository: { address: "foobarstore", source: "foobarstore", isOfOneNode: true } },
      /^none\. This is the backup of stateful/,
      false,
    ],
  ];
  for (const [why, more, words, canBeTaken] of refused)
    it(`does not cover it where ${why}`, () => {
      const point = restorePointOf(
        { ...stateful, name: why.includes("volume") ? "foobarstore" : "stateful" },
        nothing,
        [{ ...backup, ...more }],
        now,
      );
      assert.equal(point.covers, false);
      assert.match(point.words, words);
      assert.equal(point.canBeTaken, canBeTaken);
    });

  it("counts a state that nothing was written after as of its proof", () => {
    const point = now - 72 * hour;
    const old = { newestSeconds: point, proof: { level: "drill", seconds: now - hour, point } };
    assert.equal(covers(old).covers, true);
    assert.equal(covers({ ...old, proof: { ...old.proof, seconds: now - 30 * hour } }).covers, false);
    // What a service has written since its last file, the backup does not know; nor can it have another one written.
    const { covers: isCovered, canBeTaken } = covers({ ...old, isFollowed: false });
    assert.deepEqual([isCovered, canBeTaken], [false, false]);
  });

  it("covers it by a backup that was taken for this plan, whatever the program says", () => {
    assert.equal(covers({ isTakenNow: true, verifiedWithinSeconds: undefined }).covers, true);
    assert.equal(covers({ isTakenNow: true, problem: "Its last proof failed" }).covers, false);
  });

  it("is none for a service without a backup, and for the backup itself", () => {
    assert.match(restorePointOf(stateful, nothing, [], now).words, /^none\. No backup of it is declared/);
    const own = restorePointOf({ subject: "service", name: "stateful-backup" }, nothing, [backup], now);
    assert.equal(own.covers, false);
    assert.match(own.words, /all its restore points are lost with it/);
    // The volume with the data counts as its service.
    assert.equal(restorePointOf({ subject: "volume", name: "foobarstore" }, nothing, [backup], now).covers, true);
  });
});

describe("a plan that takes the backup along", () => {
  const local = { ...backup, repository: { address: "repository", source: "repository", isOfOneNode: true } };
  const why = (change: Change, of: BackupEvidence = local) => whyBackupGoes(companionChange(change), of);

  it("covers nothing: the companion is deleted or replaced, or finds another repository", () => {
    assert.match(why({ operation: "delete" }) ?? "", /^This plan deletes stateful-backup/);
    assert.match(why({ operation: "replace" }) ?? "", /^This plan replaces stateful-backup/);
    const changes: Change["service"][] = [
      ({ taskSpec }) => (taskSpec.containerSpec["env"] = { HOLDFAST_BACKUP: "{}" }),
      ({ taskSpec }) => (taskSpec.containerSpec["secrets"] = []),
      ({ taskSpec }) =>
        taskSpec.containerSpec.mounts.splice(1, 1, { type: "volume", source: "b", target: "/repository" }),
      ({ taskSpec }) => (taskSpec.placement = { constraints: ["node.hostname==b"] }),
    ];
    for (const service of changes) assert.match(why({ service: (inputs) => service?.(inputs) }) ?? "", /is not known$/);
    // A value that is not known yet may be anything.
    const hidden: Change = { was: ({ taskSpec }) => (taskSpec.containerSpec["env"] = { HOLDFAST_BACKUP: "[secret]" }) };
    assert.match(why(hidden) ?? "", /is not known$/);
    assert.match(
      whyBackupGoes(planOf({ operation: "same", volume: "deleted" }), {
        ...local,
        volume: "other",
        repository: { ...local.repository, source: "foobarstore" },
      }) ?? "",
      /^This plan deletes the volume foobarstore, in which the repository is$/,
    );
  });

  it("is not one that only points the companion at the service's new volume", () => {
    const service: Change["service"] = ({ taskSpec }) =>
      taskSpec.containerSpec.mounts.splice(0, 1, { type: "volume", source: "new", target: "/data", readOnly: true });
    assert.equal(why({ service }), undefined);
    // Where the repository is at an address, the companion may move.
    const move: Change["service"] = ({ taskSpec }) => (taskSpec.placement = { constraints: ["node.hostname==b"] });
    assert.equal(why({ service: move }, backup), undefined);
  });
});

describe("the gate with a backup", () => {
  const lost = planOf({ operation: "delete", volume: "deleted" });
  const window = { now: new Date(now * 1000), minutes: minutesToAct };
  const judged = (more: Partial<BackupEvidence>) =>
    withRestorePoints(analyse(lost), lost, [{ ...backup, ...more }], now);

  it("lets a covered loss pass and writes the restore point into the history", () => {
    const answer = gate(judged({}).verdicts, [], false, window);
    assert.match(
      acceptanceNote(answer) ?? "",
      /^data loss covered by a backup: stateful \(destroyed\), restore point 2026-12-01T11:59:55Z, /,
    );
  });

  it("refuses one that is not, and says whether a backup would do", () => {
    for (const [more, can] of [
      [{ verifiedWithinSeconds: undefined }, true],
      [{ problem: "late" }, false],
    ] as const) {
      const answer = gate(judged(more).verdicts, [], false, window);
      assert.ok(!answer.allowed);
      assert.equal(answer.refusals[0]?.canBeBackedUp, can);
    }
  });

  it("is told with each verdict", () => {
    assert.match(
      renderText(judged({})),
      /^ {4}Restore point: 2026-12-01T11:59:55Z, [^]*^ {6}\$ npx holdfast restore stateful$/m,
    );
  });
});

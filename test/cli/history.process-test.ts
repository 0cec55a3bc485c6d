import assert from "node:assert/strict";
import { mkdirSync, readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { StackState } from "../../engine/state/stack-state.ts";
import { StateProject } from "../engine/state/state-project.ts";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

describe("history", function () {
  this.timeout(60_000);

  it("tells that a record cannot be read, and counts it", async () => {
    using project = new StateProject("empty");
    const holdfast = (...words: string[]) =>
      execa(process.execPath, [entry, "history", ...words], { cwd: project.directory, reject: false });
    const update = async (): Promise<void> => {
      await using state = await StackState.open(await project.stack({}), { lock: true });
      await state.finish({ kind: "update", message: "", startTime: 0, result: "succeeded", resourceChanges: {} });
    };
    for (let count = 0; count < 3; count++) await update();
    const folder = project.file(".pulumi/history/shop/dev");
    const records = readdirSync(folder).filter((name) => /history\.json$/u.test(name));
    const [first = "", second = "", third = ""] = records.map((name) => join(folder, name));
    const versions = async () =>
      (JSON.parse((await holdfast("--json")).stdout) as { version: number; error?: string }[]).map(
        ({ version, error }) => (error === undefined ? version : `${version}: ${error}`),
      );
    const unreadable = (number: number, path: string, why: string) =>
      `${number}: its record cannot be read: ${relative(project.directory, path)} (${why})`;
    writeFileSync(third, "{");
    unlinkSync(first);
    mkdirSync(first);
    const told = [unreadable(3, third, "it is no record of an update"), 2, unreadable(1, first, "a folder")];
    assert.deepEqual(await versions(), told);
    assert.equal((await holdfast()).stdout.split("\n")[0], String(told[0]).replace(":", " "));
    await update();
    assert.deepEqual(await versions(), [4, ...told]);
    // What no calendar has is no time.
    writeFileSync(second, JSON.stringify({ kind: "update", result: "succeeded", startTime: 1e300 }));
    assert.equal((await holdfast()).exitCode, 0);
  });

  it("tells each update, and removes what is kept of old ones only with a yes and the lock", async () => {
    using project = new StateProject("empty");
    const holdfast = (...words: string[]) =>
      execa(process.execPath, [entry, "history", ...words], { cwd: project.directory, reject: false });
    const update = async (result: "succeeded" | "failed", message = ""): Promise<void> => {
      await using state = await StackState.open(await project.stack({}), { lock: true });
      const startTime = Date.UTC(2026, 0, 2, 3, 4, 5);
      await state.finish({ kind: "update", message, startTime, result, resourceChanges: { create: 2, same: 1 } });
    };
    assert.match((await holdfast()).stdout, /^The stack dev has no history: /u);
    await update("succeeded", "gave up a\u001b[2Jcache");
    for (let count = 0; count < 3; count++) await update("failed");

    const { stdout } = await holdfast();
    const lines = stdout.split("\n");
    assert.match(lines[0] ?? "", /^4 {2}update failed {2}2026-01-02T03:04:05Z, took \d+ s {2}2 created$/u);
    assert.match(lines[3] ?? "", /^1 {2}update succeeded /u);
    assert.match(lines[4] ?? "", /^ {4}gave up a.*cache$/u);
    assert.ok(!stdout.includes("\u001b"), "what others have written does nothing to a terminal");

    const kept = () =>
      readdirSync(project.file(".pulumi/history/shop/dev")).filter((name) => /history\.json$/u.test(name)).length;
    const unasked = await holdfast("--keep", "2");
    assert.deepEqual([unasked.exitCode, kept()], [3, 4]);
    assert.match(
      unasked.stderr,
      /Removing the records, states and backups of 1 update needs confirmation, but there is no terminal/u,
    );
    {
      await using held = new AsyncDisposableStack();
      held.use(await (await project.stack({})).hold());
      assert.deepEqual([(await holdfast("--keep", "2", "--yes")).exitCode, kept()], [2, 4]);
    }
    const removed = await holdfast("--keep", "2", "--yes", "--json");
    assert.deepEqual([removed.exitCode, JSON.parse(removed.stdout), kept()], [0, { removed: 1 }, 3]);
    const versions = JSON.parse((await holdfast("--json")).stdout) as { version: number; result: string }[]; // Our own output.
    assert.deepEqual(
      versions.map(({ version, result }) => [version, result]),
      [
        [4, "failed"],
        [3, "failed"],
        [1, "succeeded"],
      ],
    );
    assert.equal((await holdfast("--keep", "0", "--yes")).exitCode, 2);

    const mistyped = /stack dve: expected one of the project's stacks: dev, got one .*\. Name the one .* -s dev\.$/u;
    for (const words of [[], ["--keep", "2", "--yes"]]) {
      const { exitCode, stderr } = await holdfast("-s", "dve", ...words);
      assert.match(stderr, mistyped);
      assert.equal(exitCode, 2);
    }
    const cancel = ["cancel", "-s", "dve"];
    const cancelled = await execa(process.execPath, [entry, ...cancel], { cwd: project.directory, reject: false });
    assert.match(cancelled.stderr, mistyped);
    assert.deepEqual(readdirSync(project.file(".pulumi/locks/organization/shop")), ["dev"]);
  });
});

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { Secret } from "../../../engine/model/property-value.ts";
import type { ResourceState } from "../../../engine/model/resource-state.ts";
import { createSecretsManager } from "../../../engine/state/secrets-manager.ts";
import { exportStack, importStack } from "../../../engine/state/stack-export.ts";
import { StackState } from "../../../engine/state/stack-state.ts";
import { pruneHistory, readHistory } from "../../../engine/state/state-copies.ts";
import { resource } from "../../support/resource.ts";
import { StateProject, assertSameText, compact } from "./state-project.ts";
import { updateStack } from "./update-stack.ts";

const recordedState = ".pulumi/stacks/recording/dev.json";
const state = ".pulumi/stacks/shop/dev.json";
const record = {
  kind: "update" as const,
  message: "try",
  startTime: Date.parse("2026-11-22T22:00:00Z"),
  result: "succeeded" as const,
  resourceChanges: { same: 7 },
};

/** Adds one more update to the history of `dev`: the files of the last one, some nanoseconds later. */
function copyLastUpdate(project: StateProject): void {
  const folders = ["history", "backups"].map((folder) => project.file(`.pulumi/${folder}/shop/dev`));
  const stampOf = (name: string): string => /\d{19}/u.exec(name)?.[0] ?? "";
  const [last = ""] = readdirSync(folders[0] ?? "")
    .map(stampOf)
    .sort()
    .reverse();
  for (const folder of folders)
    for (const name of readdirSync(folder).filter((each) => stampOf(each) >= last))
      cpSync(`${folder}/${name}`, `${folder}/${name.replace(/\d{19}/u, (stamp) => String(BigInt(stamp) + 2n))}`);
}

/** A state's text but for the time in its manifest. */
function timeless(text: string): string {
  return compact(text).replace(/"time":"[^"]*"/, "");
}

describe("the state of a stack", function () {
  this.timeout(20_000);

  it("that Pulumi wrote is as it was after an update that changed nothing, but for the manifest's time", async () => {
    using project = new StateProject("recorded");
    const before = project.read(recordedState);
    {
      await using opened = await StackState.open(await project.stack(), { lock: true });
      await opened.save(opened.loaded.resources);
      await opened.finish(record);
    }
    const after = project.read(recordedState);
    assertSameText(timeless(after), timeless(before));
    assert.notEqual(compact(after), compact(before));
    assert.equal(project.read(`${recordedState}.bak`), before);
    assert.deepEqual(readdirSync(project.file(".pulumi/locks/organization/recording/dev")), []);
  });

  it("takes one lock for several operations where it is held, and gives it back to others only then", async () => {
    using project = new StateProject("recorded");
    const stack = await project.stack();
    {
      using lock = await stack.hold();
      await assert.rejects(
        StackState.open(await project.stack(), { lock: true }),
        /^SituationError: The stack dev is locked by /,
      );
      await assert.rejects((await project.stack()).requireUnlocked(), /^SituationError: The stack dev is locked by /);
      for (let operation = 0; operation < 2; operation++) {
        await using opened = await StackState.open(stack, { lock });
        await opened.save(opened.loaded.resources);
      }
      await assert.rejects(
        StackState.open(await project.stack(), { lock: true }),
        /^SituationError: The stack dev is locked by /,
      );
    }
    await stack.requireUnlocked();
    await (await StackState.open(stack, { lock: true })).close();
  });

  it("is laid out as Pulumi's file backend does it", async () => {
    using project = new StateProject("empty");
    writeFileSync(project.file("Pulumi.dev.yaml"), "config:\n  image: redis:7\n");
    await updateStack(project.directory, ["a"]);
    using recorded = new StateProject("recorded");
    const pulumi = new Set(filesOf(recorded).map(withoutNames));
    for (const file of filesOf(project)) assert.ok(pulumi.has(withoutNames(file)), file);
    assert.equal(project.read(".pulumi/meta.yaml"), "version: 1\n");

    const [checkpoint = "", , history = ""] = readdirSync(project.file(".pulumi/history/shop/dev")).sort();
    assert.match(history, /^dev-\d{19}\.history\.json$/);
    assert.equal(checkpoint, history.replace(".history.", ".checkpoint."));
    const [backup = ""] = readdirSync(project.file(".pulumi/backups/shop/dev")).sort();
    assert.match(backup, /^dev\.\d{19}\.json$/);
    for (const copy of [`history/shop/dev/${checkpoint}`, `backups/shop/dev/${backup}`])
      assert.equal(project.read(`.pulumi/${copy}`), project.read(state));
    const entry = JSON.parse(project.read(`.pulumi/history/shop/dev/${history}`)) as Record<string, unknown>; // ours
    const recordedHistory = ".pulumi/history/recording/dev/dev-1795388435359702627.history.json";
    assert.deepEqual(Object.keys(entry), Object.keys(JSON.parse(recorded.read(recordedHistory)) as object));
    assert.deepEqual(entry["config"], { "shop:image": "redis:7" });
    assert.equal(entry["result"], "succeeded");
  });

  it("tells what is being done before it is done, and what came of it", async () => {
    using project = new StateProject("empty");
    const stack = await project.stack();
    const begun = { type: "creating" as const, resource: resource("a") };
    {
      await using opened = await StackState.open(stack, { lock: true });
      await opened.begin(begun);
      const { loaded } = await StackState.open(stack, { lock: false });
      assert.deepEqual(loaded, { resources: [], pendingOperations: [begun] });
      await opened.end(begun, [resource("a", { id: "1" })]);
    }
    const { loaded } = await StackState.open(stack, { lock: false });
    assert.deepEqual(loaded, { resources: [resource("a", { id: "1" })], pendingOperations: [] });
  });

  it("has on the disk whatever of overlapping operations is said to be", async () => {
    using project = new StateProject("empty");
    const stack = await project.stack();
    await using opened = await StackState.open(stack, { lock: true });
    const resources: ResourceState[] = [];
    const create = async (name: string): Promise<void> => {
      const begun = { type: "creating" as const, resource: resource(name) };
      await opened.begin(begun);
      resources.push(resource(name, { id: name }));
      await opened.end(begun, resources);
      const { loaded } = await StackState.open(stack, { lock: false });
      assert.ok(loaded.resources.some(({ id }) => id === name));
    };
    const names = Array.from({ length: 30 }, (_, index) => `r${String(index)}`);
    await Promise.all(names.map(create));
    const { loaded } = await StackState.open(stack, { lock: false });
    assert.deepEqual([loaded.resources.length, loaded.pendingOperations.length], [30, 0]);
  });

  it("gets a passphrase and a salt with its first secret, and not before", async () => {
    using project = new StateProject("empty");
    const stack = await project.stack({});
    {
      await using opened = await StackState.open(stack, { lock: true });
      await opened.save([resource("a", { id: "1" })]);
      assert.ok(!existsSync(project.file("Pulumi.dev.yaml")) && !existsSync(project.file(".holdfast")));
      await opened.save([resource("a", { id: "1", outputs: { password: new Secret("hunter2") } })]);
    }
    const text = project.read(state);
    assert.doesNotMatch(text, /hunter2/);
    assert.match(text, /"secrets_providers":\{"type":"passphrase","state":\{"salt":"(v1:[^"]*)"\}\}/);
    assert.ok(text.includes(project.read("Pulumi.dev.yaml").trim().replace("encryptionsalt: ", "")));
    const { loaded } = await StackState.open(await project.stack({}), { lock: false });
    const password = loaded.resources[0]?.outputs["password"];
    assert.equal(password instanceof Secret && password.reveal(), "hunter2");
  });

  it("is encrypted anew where the settings have another salt by now", async () => {
    using project = new StateProject("recorded");
    const { salt } = await createSecretsManager("x");
    writeFileSync(project.file("Pulumi.dev.yaml"), `encryptionsalt: ${salt}\n`);
    const [, old = ""] = /"ciphertext": "([^"]*)"/.exec(project.read(recordedState)) ?? [];
    {
      await using opened = await StackState.open(await project.stack(), { lock: true });
      await opened.save(opened.loaded.resources);
    }
    const text = project.read(recordedState);
    assert.ok(text.includes(`"salt":"${salt}"`) && !text.includes(old));
    const { loaded } = await StackState.open(await project.stack(), { lock: false });
    const data = loaded.resources.find(({ type }) => type === "docker:index/secret:Secret")?.inputs["data"];
    assert.equal(data instanceof Secret && data.reveal(), "aHVudGVyMg==");
  });

  it("is not opened by a wrong passphrase, and is left as it is", async () => {
    using project = new StateProject("recorded");
    const before = project.read(recordedState);
    const stack = await project.stack({ PULUMI_CONFIG_PASSPHRASE: "y" });
    await assert.rejects(StackState.open(stack, { lock: true }), { message: /^PULUMI_CONFIG_PASSPHRASE: expected/ });
    assert.equal(project.read(recordedState), before);
    assert.deepEqual(await stack.releaseLocks(), []);
  });

  describe("that is damaged", () => {
    const damages: [what: string, damage: (path: string) => void][] = [
      [
        "cut short",
        (path): void => {
          truncateSync(path, 5000);
        },
      ],
      [
        "empty",
        (path): void => {
          truncateSync(path, 0);
        },
      ],
      [
        "edited to nonsense",
        (path): void => {
          writeFileSync(path, "{}");
        },
      ],
    ];
    for (const [what, damage] of damages)
      it(`(${what}) is refused with its newest good backup and the command that restores it`, async () => {
        using project = new StateProject("recorded");
        damage(project.file(recordedState));
        const before = project.read(recordedState);
        const stack = await project.stack();
        const restore =
          /^(\S+dev\.json): expected .* Restore its newest good backup, of 2026-11-22T23:00:35\.357731077Z, with `cp (\S+) \1`\.$/;
        const error: unknown = await StackState.open(stack, { lock: true }).catch((caught: unknown) => caught);
        assert.ok(error instanceof Error);
        const [, , backup = ""] = restore.exec(error.message) ?? assert.fail(error.message);
        assert.match(backup, /backups\/recording\/dev\/dev\.1795388435360878975\.json$/);
        assert.equal(project.read(recordedState), before);
        assert.deepEqual(await stack.releaseLocks(), []);
        await assert.rejects(exportStack(stack), { message: restore });
      });

    it("and whose newer backups are, too, is refused with an older good one", async () => {
      using project = new StateProject("recorded");
      for (const path of [recordedState, ".pulumi/backups/recording/dev/dev.1795388435360878975.json"])
        truncateSync(project.file(path), 100);
      rmSync(project.file(".pulumi/history"), { recursive: true });
      await assert.rejects(StackState.open(await project.stack(), { lock: false }), {
        message: /of 2026-11-22T23:00:35\.259618303Z, with `cp \S+dev\.json\.bak /,
      });
      rmSync(project.file(`${recordedState}.bak`));
      await assert.rejects(StackState.open(await project.stack(), { lock: false }), {
        message: /It has no good backup: restore it from your own backups/,
      });
    });

    it("in a single bit is refused wherever it stands, until the digest beside it is taken away", async () => {
      using project = new StateProject("recorded");
      const stack = await project.stack();
      const whole = readFileSync(project.file(recordedState));
      // Of the last write alone, as after a run that was killed: no copy says the same.
      for (const folder of ["backups", "history"]) rmSync(project.file(`.pulumi/${folder}`), { recursive: true });
      rmSync(project.file(`${recordedState}.bak`));
      for (let at = 0; at < whole.length; at += 97) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
        writeFileSync(project.file(recordedState), damaged);
        await assert.rejects(StackState.open(stack, { lock: false }), { message: /by its digest in dev\.json\.attrs/ });
      }
      writeFileSync(project.file(recordedState), project.read(recordedState).trim().replace("redis", "Redis"));
      await assert.rejects(StackState.open(stack, { lock: false }), {
        message: /If it was changed on purpose, delete \S+dev\.json\.attrs\./,
      });
      rmSync(project.file(`${recordedState}.attrs`));
      writeFileSync(project.file(recordedState), whole);
      await (await StackState.open(stack, { lock: false })).close();
    });

    it("is not what one is that its own copy says, too, whatever digest stands beside it", async () => {
      using project = new StateProject("recorded");
      const stack = await project.stack();
      // A kill between the two, a digest that Pulumi did not write anew (`?metadata=skip`), one that is cut.
      for (const digest of ['{"md5":"AAAAAAAAAAAAAAAAAAAAAA=="}', "", '{"md5":']) {
        writeFileSync(project.file(`${recordedState}.attrs`), digest);
        await (await StackState.open(stack, { lock: false })).close();
      }
      cpSync(project.file(`${recordedState}.bak`), project.file(recordedState));
      await (await StackState.open(stack, { lock: false })).close();
    });

    it("is restored from the newest copy, also after the clock went back", async () => {
      using project = new StateProject("empty");
      const stack = await project.stack({});
      const clock = Date.now;
      try {
        for (const [index, time] of ["2026-12-01", "2026-11-01", "2026-11-15"].entries()) {
          Date.now = () => Date.parse(time);
          await updateStack(
            project.directory,
            Array.from({ length: index + 1 }, (_, each) => `r${each}`),
          );
        }
      } finally {
        Date.now = clock;
      }
      const newest = project.read(state);
      writeFileSync(project.file(state), "{}");
      const error: unknown = await StackState.open(stack, { lock: false }).catch((caught: unknown) => caught);
      const [, copy = ""] = /`cp (\S+) /.exec(String(error)) ?? assert.fail(String(error));
      assert.equal(readFileSync(copy, "utf8"), newest);
    });

    it("can be replaced by an import", async () => {
      using project = new StateProject("recorded");
      const exported = await exportStack(await project.stack());
      truncateSync(project.file(recordedState), 100);
      await importStack(await project.stack(), exported, "export.json");
      assertSameText(timeless(await exportStack(await project.stack())), timeless(exported));
    });
  });

  it("keeps the copies of fifty updates and the last that succeeded", async () => {
    using project = new StateProject("empty");
    const stack = await project.stack({});
    const update = async (result: "succeeded" | "failed"): Promise<void> => {
      await using opened = await StackState.open(stack, { lock: true });
      await opened.finish({ ...record, result });
    };
    await update("failed");
    await update("succeeded");
    const [, , , good] = readdirSync(project.file(".pulumi/history/shop/dev")).filter(
      (name) => !name.endsWith(".attrs"),
    );
    for (let count = 0; count < 3; count++) await update("failed");
    // Each real update waits for the disk many times: most are copies of the last.
    for (let count = 0; count < 48; count++) copyLastUpdate(project);
    for (let count = 0; count < 2; count++) await update("failed");
    const history = readdirSync(project.file(".pulumi/history/shop/dev"));
    assert.equal(history.length, 51 * 4);
    assert.ok(good !== undefined && history.includes(good));
    assert.equal(readdirSync(project.file(".pulumi/backups/shop/dev")).length, 51 * 2);
    assert.partialDeepStrictEqual((await readHistory(stack.files)).at(-1), { result: "succeeded" });

    assert.equal(await pruneHistory(stack.files, 1), 49);
    assert.deepEqual(
      (await readHistory(stack.files)).map((update) => [update.version, "result" in update && update.result]),
      [
        [55, "failed"],
        [2, "succeeded"],
      ],
    );
    // Where none of what would stay is whole, nothing goes.
    for (let count = 0; count < 3; count++) await update("failed");
    for (const folder of ["backups", "history"])
      for (const name of readdirSync(project.file(`.pulumi/${folder}/shop/dev`)).filter((each) =>
        /\d\.(checkpoint\.)?json$/.test(each),
      ))
        truncateSync(project.file(`.pulumi/${folder}/shop/dev/${name}`), 10);
    assert.equal(await pruneHistory(stack.files, 1), 0);
  });

  it("that is gone while its previous version has resources is asked about, not begun anew", async () => {
    using project = new StateProject("recorded");
    rmSync(project.file(recordedState));
    await assert.rejects(StackState.open(await project.stack(), { lock: true }), {
      message:
        /^The stack's state \S+dev\.json is missing, but its previous version lists 8 resources\. Restore it with `cp /,
    });
    rmSync(project.file(`${recordedState}.bak`));
    assert.deepEqual((await StackState.open(await project.stack(), { lock: false })).loaded.resources, []);
  });

  it("that only Pulumi can read is left to it", async () => {
    using project = new StateProject("recorded");
    const refused = async (message: RegExp): Promise<void> => {
      await assert.rejects(StackState.open(await project.stack(), { lock: false }), { message });
    };
    mkdirSync(project.file(".pulumi/journal/recording/dev"), { recursive: true });
    writeFileSync(project.file(".pulumi/journal/recording/dev/0000000001.journal.json"), "{}");
    await refused(
      /^An update by Pulumi was interrupted, and its journal in \S+journal\/recording\/dev .*Run `pulumi refresh` once/,
    );
    rmSync(project.file(".pulumi/journal"), { recursive: true });
    writeFileSync(project.file(`${recordedState}.gz`), "");
    await refused(/^The state is compressed, .*dev\.json\.gz\. Use /);
    rmSync(project.file(`${recordedState}.gz`));
    writeFileSync(project.file(".pulumi/meta.yaml"), "version: 2\n");
    await refused(/meta\.yaml: expected version: 1, got version: 2/);
  });

  it("goes out and in as pulumi stack export and import do it, pending operations included", async () => {
    using project = new StateProject("recorded");
    const stack = await project.stack();
    const [first] = (await StackState.open(stack, { lock: false })).loaded.resources;
    assert.ok(first !== undefined);
    {
      await using opened = await StackState.open(stack, { lock: true });
      await opened.begin({ type: "updating", resource: first });
    }
    const exported = await exportStack(stack);
    assert.match(exported, /^\{\n {4}"version": 3,\n {4}"deployment": \{\n {8}"manifest"/);
    assert.match(exported, /"pending_operations": \[/);
    assert.doesNotMatch(exported, /aHVudGVyMg/);

    rmSync(project.file(".pulumi"), { recursive: true });
    await importStack(stack, exported, "export.json");
    assertSameText(timeless(await exportStack(stack)), timeless(exported));

    using other = new StateProject("empty");
    await assert.rejects(importStack(await other.stack(), exported, "export.json"), {
      message: /^export\.json: expected resources of the stack dev of shop, got "urn:pulumi:dev::recording::/,
    });
    const advice = "Give what `npx holdfast export` or `pulumi stack export` has written.";
    for (const [text, got] of [
      ["garbage\n  more\n", "text that is no JSON"],
      [exported.slice(0, 200), "JSON that is cut off or broken"],
    ] as const)
      await assert.rejects(importStack(await other.stack(), text, "standard input"), {
        message: `standard input: expected the whole of a JSON document, got ${got}. ${advice}`,
      });
    assert.ok(!existsSync(other.file(state)));
    assert.match(await exportStack(await other.stack()), /"version": 3/);
  });
});

function filesOf(project: StateProject): string[] {
  const files = readdirSync(project.file(".pulumi"), { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => `${parentPath}/${name}`.replace(project.directory, ""));
}

function withoutNames(path: string): string {
  return path.replaceAll(/recording|shop/g, "project").replaceAll(/\d{19}/g, "time");
}

import assert from "node:assert/strict";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { PassphraseKeeper } from "../../../engine/state/passphrase.ts";
import { createSecretsManager } from "../../../engine/state/secrets-manager.ts";
import { StateProject } from "./state-project.ts";

const made = createSecretsManager("hunter2");

describe("the passphrase of a stack", function () {
  this.timeout(20_000);

  it("comes from PULUMI_CONFIG_PASSPHRASE, a file, or .holdfast/passphrase", async () => {
    using project = new StateProject("empty");
    const { salt } = await made;
    const file = project.file("phrase.txt");
    writeFileSync(file, " hunter2\n");
    for (const environment of [{ PULUMI_CONFIG_PASSPHRASE: "hunter2" }, { PULUMI_CONFIG_PASSPHRASE_FILE: file }])
      assert.equal(
        (await new PassphraseKeeper(project.directory, environment).open(salt, "Pulumi.dev.yaml")).salt,
        salt,
      );
    mkdirSync(project.file(".holdfast"));
    writeFileSync(project.file(".holdfast/passphrase"), "hunter2\n");
    assert.equal((await new PassphraseKeeper(project.directory, {}).open(salt, "Pulumi.dev.yaml")).salt, salt);
  });

  it("is asked for where there are secrets but none is set", async () => {
    using project = new StateProject("empty");
    await assert.rejects(new PassphraseKeeper(project.directory, {}).open((await made).salt, "Pulumi.dev.yaml"), {
      name: "SituationError",
      message:
        /^The secrets in Pulumi\.dev\.yaml are encrypted, but no passphrase is set\. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE/,
    });
    assert.ok(!existsSync(project.file(".holdfast")));
  });

  it("is refused when it is wrong, with the source that has the right one, and never shown", async () => {
    using project = new StateProject("empty");
    const { salt } = await made;
    const wrong = { PULUMI_CONFIG_PASSPHRASE: "hunter3" };
    await assert.rejects(
      new PassphraseKeeper(project.directory, wrong).open(salt, "Pulumi.dev.yaml"),
      (error: Error) => {
        assert.match(error.message, /^PULUMI_CONFIG_PASSPHRASE: expected the passphrase .*, got another one\. Set /);
        assert.doesNotMatch(error.message, /hunter/);
        return true;
      },
    );
    mkdirSync(project.file(".holdfast"));
    writeFileSync(project.file(".holdfast/passphrase"), "hunter2\n");
    await assert.rejects(new PassphraseKeeper(project.directory, wrong).open(salt, "Pulumi.dev.yaml"), {
      message: /that of \.holdfast\/passphrase is right\. Unset PULUMI_CONFIG_PASSPHRASE/,
    });
  });

  it("is refused when its file is missing", async () => {
    using project = new StateProject("empty");
    const environment = { PULUMI_CONFIG_PASSPHRASE_FILE: project.file("nowhere") };
    await assert.rejects(new PassphraseKeeper(project.directory, environment).create(), {
      message: /^PULUMI_CONFIG_PASSPHRASE_FILE: .*nowhere, which does not exist/,
    });
  });

  it("is generated once for a stack without secrets, for this user's eyes only", async () => {
    using project = new StateProject("empty");
    const { salt } = await new PassphraseKeeper(project.directory, {}).create();
    assert.equal(statSync(project.file(".holdfast/passphrase")).mode & 0o777, 0o600);
    assert.match(project.read(".holdfast/passphrase"), /^[A-Za-z0-9_-]{43}\n$/);
    const later = new PassphraseKeeper(project.directory, {});
    assert.equal((await later.open(salt, "Pulumi.dev.yaml")).salt, salt);
    assert.notEqual((await later.create()).salt, salt);
  });

  it("is not generated where one is set, be it empty", async () => {
    using project = new StateProject("empty");
    await new PassphraseKeeper(project.directory, { PULUMI_CONFIG_PASSPHRASE: "" }).create();
    assert.ok(!existsSync(project.file(".holdfast")));
  });

  it("does not help with a damaged salt", async () => {
    using project = new StateProject("empty");
    const keeper = new PassphraseKeeper(project.directory, { PULUMI_CONFIG_PASSPHRASE: "x" });
    await assert.rejects(keeper.open("v1:abc", "Pulumi.dev.yaml"), { message: /^Pulumi\.dev\.yaml: expected a salt/ });
  });
});

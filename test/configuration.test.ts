import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { DataVolume } from "../components/index.ts";
import { type Configuration, readConfiguration, withBackup } from "../configuration.ts";

const image = `redis:7@sha256:${"0123456789abcdef".repeat(4)}`;
const needed = { image, node: "vm", password: "correct horse battery" };

/** Stands for a volume, which only a running program can make. */
const theVolume = Object.create(DataVolume.prototype) as DataVolume;

function read(settings: Record<string, string>): Configuration {
  const entries = Object.entries(settings).map(([key, value]) => [`holdfast:${key}`, value]);
  pulumi.runtime.setAllConfig(Object.fromEntries(entries) as Record<string, string>, ["holdfast:password"]);
  return readConfiguration();
}

function mistakesIn(settings: Record<string, string>): string[] {
  try {
    read(settings);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), "Pulumi shows the stack of any other error");
    return error.message.split("\n");
  }
  return [];
}

describe("the configuration", () => {
  it("has the tutorial's values where nothing else is said", () => {
    const { password, ...settings } = read(needed);
    assert.ok(pulumi.Output.isInstance(password));
    assert.deepEqual(settings, {
      service: "stateful",
      image,
      port: 10000,
      publishMode: "host",
      volume: "foobarstore",
      volumeCreatedBy: "provider",
      node: "vm",
      memoryLimit: "100M",
      scripts: false,
      persistence: "durable",
    });
  });

  it("names each missing setting, and the command that sets it", () => {
    assert.deepEqual(mistakesIn({}), [
      "holdfast:image: expected a value, got nothing. Set it by `pulumi config set holdfast:image <name>@sha256:<digest>`; `npx holdfast up` does it by itself where the choice is clear.",
      "holdfast:node: expected a value, got nothing. Set it by `pulumi config set holdfast:node <hostname>`; `npx holdfast up` does it by itself where the choice is clear.",
      "holdfast:password: expected a value, got nothing. Set it by `pulumi config set --secret holdfast:password`; `npx holdfast up` does it by itself where the choice is clear.",
    ]);
  });

  it("makes a backup of what is said about it, in words or into a repository", async () => {
    const backupImage = image.replace("redis:7", "example/holdfast-backup:8");
    const made: string[] = [];
    const backupOf = (settings: Record<string, string>) => {
      const { backup, ...others } = withBackup(read({ ...needed, ...settings }), (volumeName) => {
        made.push(volumeName);
        return theVolume;
      });
      assert.ok(!("backupTo" in others) && !("backupPassword" in others));
      return backup;
    };
    assert.equal(backupOf({}), undefined);
    assert.equal(backupOf({ backup: "restic, every night" }), "restic, every night");
    const into = { backup: "none: a test", backupImage, backupPassword: "battery staple horse" };
    const volume = backupOf({ ...into, backupTo: "redis-backup" });
    assert.ok(typeof volume === "object");
    assert.deepEqual([volume.to.volume, volume.image, made], [theVolume, backupImage, ["redis-backup"]]);
    const backupCredentials = "AWS_ACCESS_KEY_ID=one AWS_SECRET_ACCESS_KEY=t/w+o=";
    const bucket = backupOf({ ...into, backupTo: "s3:https://s3.example.com/bucket", backupCredentials });
    assert.ok(typeof bucket === "object");
    assert.deepEqual([bucket.to.repository, bucket.to.volume], ["s3:https://s3.example.com/bucket", undefined]);
    const credentials = await new Promise((resolve) => pulumi.output(bucket.to.credentials).apply(resolve));
    assert.deepEqual(credentials, { AWS_ACCESS_KEY_ID: "one", AWS_SECRET_ACCESS_KEY: "t/w+o=" });
    assert.equal(made.length, 1);
  });

  it("says what a backup lacks, and shows no key", () => {
    assert.deepEqual(mistakesIn({ ...needed, backupTo: "redis-backup" }), [
      "holdfast:backupImage: expected an image that makes backups, got nothing. Build one (docs/backup.md), and set it by `pulumi config set holdfast:backupImage <name>@sha256:<digest>`.",
      "holdfast:backupPassword: expected a password, got nothing. Set one by `pulumi config set --secret holdfast:backupPassword`, and keep a copy elsewhere.",
    ]);
    assert.deepEqual(mistakesIn({ ...needed, backupCredentials: "the key" }), [
      "holdfast:backupCredentials: expected names and values such as AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…, with a blank between two, got something else. Set them by `pulumi config set --secret holdfast:backupCredentials`.",
    ]);
    assert.match(
      mistakesIn({ ...needed, backupTo: "s3:https://me:key@s3.example.com/b" }).join(),
      /^holdfast:backupTo: expected a repository without a password in it, got one with a name and a password/u,
    );
  });

  it("names every mistake at once, each in one line", () => {
    const wrong = {
      service: "a b",
      image: "redis:7",
      port: "http",
      publishMode: "both",
      volume: "/srv",
      volumeCreatedBy: "me",
      node: "two nodes",
      memoryLimit: "100 megabytes",
      scripts: "maybe",
      persistence: "cache",
      firstStartUntil: "soon",
      operationsPassword: "hunter2",
    };
    const mistakes = mistakesIn({ ...needed, ...wrong });
    assert.deepEqual(
      mistakes.map((line) => /^holdfast:(?<key>\w+): expected .+, got .+\. .+\.$/u.exec(line)?.groups?.["key"]),
      Object.keys(wrong),
    );
  });

  it("shows no password, not even a wrong one", () => {
    const [mistake] = mistakesIn({ ...needed, password: "hunter2" });
    assert.equal(
      mistake,
      "holdfast:password: expected at least 16 characters, got 7. Set a longer one by `pulumi config set --secret holdfast:password`.",
    );
  });

  it("has no settings that nothing reads, and says which was meant", () => {
    assert.deepEqual(mistakesIn({ ...needed, memorylimit: "200M", service: "a b", colour: "red" }), [
      "holdfast:service: expected at most 63 letters, digits, '-' and '_', with a letter or digit at both ends, got \"a b\". Choose a name that is valid in DNS.",
      "holdfast:memorylimit: expected a setting of this program, got another. Did you mean memoryLimit?",
      "holdfast:colour: expected a setting of this program, got another. The settings are service, image, port, publishMode, volume, volumeCreatedBy, identity, nodes, node, memoryLimit, scripts, persistence, backup, backupTo, backupImage, firstStartUntil, password, previousPassword, operationsPassword, previousOperationsPassword, backupPassword, backupCredentials.",
    ]);
  });

  it("warns of a password in clear text", () => {
    const { warn } = pulumi.log;
    const warned: string[] = [];
    Object.assign(pulumi.log, { warn: (message: string) => warned.push(message) });
    try {
      read({ ...needed, operationsPassword: "another long password" });
    } finally {
      Object.assign(pulumi.log, { warn });
    }
    assert.deepEqual(warned, [
      "holdfast:operationsPassword: expected an encrypted value, got one in clear text in the stack's settings. Set a new one by `pulumi config set --secret holdfast:operationsPassword`.",
    ]);
  });

  it("hands passwords on as secrets", async () => {
    const { password, previousPassword, operationsPassword } = read({ ...needed, previousPassword: "older" });
    assert.ok(await pulumi.isSecret(password));
    assert.ok(previousPassword !== undefined && (await pulumi.isSecret(previousPassword)));
    assert.equal(operationsPassword, undefined);
  });

  it("refuses a limit in which Redis has no room, and says why a plain tag is no image", () => {
    assert.deepEqual(mistakesIn({ ...needed, memoryLimit: "8M" }), [
      "holdfast:memoryLimit: expected at least 32MiB, got 8MiB. Raise it.",
    ]);
    assert.match(mistakesIn({ ...needed, image: "redis:7" })[0] ?? "", /with a plain tag the second `up` .* restarts/u);
  });
});

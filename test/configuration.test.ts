import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { type Configuration, readConfiguration } from "../configuration.ts";

const image = `redis:7@sha256:${"0123456789abcdef".repeat(4)}`;
const needed = { image, node: "vm", password: "correct horse battery" };

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
      "holdfast:colour: expected a setting of this program, got another. The settings are service, image, port, publishMode, volume, volumeCreatedBy, identity, nodes, node, memoryLimit, scripts, persistence, backup, firstStartUntil, password, previousPassword, operationsPassword, previousOperationsPassword.",
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

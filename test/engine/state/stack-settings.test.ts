import assert from "node:assert/strict";
import { statSync, symlinkSync, writeFileSync, chmodSync, lstatSync } from "node:fs";
import { StateProject } from "./state-project.ts";

const settings = `# Of the team that owns it.
config:
    # where it runs
    shop:node: vm1 # pinned
    image: redis:7

    shop:port: 10000
    shop:debug: &debug true
    shop:trace: *debug
    shop:mounts:
        - target: /data
          size: 1.50
    docker:host: unix:///run/docker.sock
`;

describe("a stack's settings", function () {
  this.timeout(20_000);

  it("give the configuration as the language host passes it, by full key", async () => {
    using project = new StateProject("empty");
    writeFileSync(project.file("Pulumi.dev.yaml"), settings);
    assert.deepEqual(Object.fromEntries(await (await project.stack()).config()), {
      "shop:node": { value: "vm1", secret: false },
      "shop:image": { value: "redis:7", secret: false },
      "shop:port": { value: "10000", secret: false },
      "shop:debug": { value: "true", secret: false },
      "shop:trace": { value: "true", secret: false },
      "shop:mounts": { value: '[{"size":1.5,"target":"/data"}]', secret: false },
      "docker:host": { value: "unix:///run/docker.sock", secret: false },
    });
  });

  it("are nothing for a stack without a file, but for the project's defaults", async () => {
    using project = new StateProject("empty");
    writeFileSync(
      project.file("Pulumi.yaml"),
      "name: shop\nruntime: nodejs\nconfig:\n  image: redis:7\n  other:a:\n    value: [1]\n  limit:\n    type: integer\n    default: 100\n",
    );
    const stack = await project.stack();
    assert.deepEqual(
      [...(await stack.config())].map(([key, { value }]) => `${key}=${value}`),
      ["shop:image=redis:7", "other:a=[1]", "shop:limit=100"],
    );
    await stack.setConfig("image", "redis:8");
    assert.equal((await stack.getConfig("shop:image"))?.value, "redis:8");
  });

  it("keep comments, order and indentation when a value is set or removed", async () => {
    using project = new StateProject("empty");
    writeFileSync(project.file("Pulumi.dev.yaml"), settings);
    const stack = await project.stack();
    await stack.setConfig("port", "10001");
    await stack.setConfig("image", "redis:8");
    await stack.setConfig("new", "a".repeat(200));
    await stack.removeConfig("docker:host");
    await stack.removeConfig("never:set");
    assert.equal(
      project.read("Pulumi.dev.yaml"),
      settings
        .replace("shop:port: 10000", 'shop:port: "10001"')
        .replace("redis:7", "redis:8")
        .replace("    docker:host: unix:///run/docker.sock\n", `    shop:new: ${"a".repeat(200)}\n`),
    );
    assert.equal((await stack.getConfig("port"))?.value, "10001");
    assert.equal(await stack.getConfig("docker:host"), undefined);
  });

  it("are written as texts where Pulumi would read something else, with the comment that stands beside them", async () => {
    using project = new StateProject("empty");
    const line = "  firstStartUntil: 2026-11-30T08:47:35+01:00 # the first hour\n";
    writeFileSync(project.file("Pulumi.dev.yaml"), `config:\n${line}  octal: 0400\n`);
    const stack = await project.stack();
    await assert.rejects(stack.config(), {
      name: "InputError",
      message:
        /Pulumi\.dev\.yaml:2: firstStartUntil: expected quotation marks around a text .*, got 2026-11-30T08:47:35\+01:00\. Write "2026-11-30T08:47:35\+01:00"\.$/,
    });
    await stack.setConfig("firstStartUntil", "2026-11-30T09:00:00Z");
    await stack.setConfig("limit", "1e3");
    assert.equal(
      project.read("Pulumi.dev.yaml"),
      'config:\n  firstStartUntil: "2026-11-30T09:00:00Z" # the first hour\n  octal: 0400\n  shop:limit: "1e3"\n',
    );
    assert.deepEqual(
      [...(await stack.config()).values()].map(({ value }) => value),
      ["2026-11-30T09:00:00Z", "256", "1e3"],
    );
  });

  it("keep secrets encrypted, in the salt of the first one", async () => {
    using project = new StateProject("empty");
    const stack = await project.stack();
    await stack.setConfig("password", "hunter2", { secret: true });
    const text = project.read("Pulumi.dev.yaml");
    assert.match(text, /^encryptionsalt: v1:\S+\nconfig:\n {2}shop:password:\n {4}secure: v1:\S+\n$/);
    assert.doesNotMatch(text, /hunter2/);
    await stack.setConfig("other", "hunter3", { secret: true });
    assert.equal(project.read("Pulumi.dev.yaml").split("\n")[0], text.split("\n")[0]);

    const again = await project.stack();
    assert.deepEqual(await again.getConfig("password"), { value: "hunter2", secret: true });
    assert.deepEqual(again.storedConfig()["shop:password"], { secure: /secure: (.*)/.exec(text)?.[1] });
    const wrong = await project.stack({ PULUMI_CONFIG_PASSPHRASE: "y" });
    await assert.rejects(wrong.config(), { message: /^PULUMI_CONFIG_PASSPHRASE: expected the passphrase/ });
  });

  it("decrypt secrets within an object, which is a secret then", async () => {
    using project = new StateProject("empty");
    const stack = await project.stack();
    await stack.setConfig("password", "hunter2", { secret: true });
    const text = project.read("Pulumi.dev.yaml");
    const secure = /secure: (.*)/.exec(text)?.[1] ?? "";
    writeFileSync(
      project.file("Pulumi.dev.yaml"),
      `${text}  shop:user: { name: a, passwords: [{ secure: "${secure}" }] }\n`,
    );
    const value = '{"name":"a","passwords":["hunter2"]}';
    assert.deepEqual(await (await project.stack()).getConfig("user"), { value, secret: true });
  });

  it("are encrypted under the salt that the state has already", async () => {
    using project = new StateProject("recorded");
    const salt = project.read("Pulumi.dev.yaml").trim();
    writeFileSync(project.file("Pulumi.dev.yaml"), "config: {}\n");
    await (await project.stack()).setConfig("password", "hunter2", { secret: true });
    assert.equal(project.read("Pulumi.dev.yaml").split("\n")[0], salt);
  });

  it("stay the same file: mode, and the target of a link", async () => {
    using project = new StateProject("empty");
    writeFileSync(project.file("real.yaml"), "config:\n  a: b\n");
    chmodSync(project.file("real.yaml"), 0o640);
    symlinkSync("real.yaml", project.file("Pulumi.dev.yaml"));
    await (await project.stack()).setConfig("a", "c");
    assert.ok(lstatSync(project.file("Pulumi.dev.yaml")).isSymbolicLink());
    assert.equal(project.read("real.yaml"), "config:\n  a: c\n");
    assert.equal(statSync(project.file("real.yaml")).mode & 0o777, 0o640);
  });

  describe("are refused, with file, line and key,", () => {
    const cases: [what: string, text: string, message: RegExp][] = [
      ["when they are not YAML", "config:\n  a: [b\n", /Pulumi\.dev\.yaml:\d: expected valid YAML/],
      [
        "when a key is there twice",
        "config:\n  a: b\n  a: c\n",
        /Pulumi\.dev\.yaml:3: expected each key once, got "a" twice/,
      ],
      ["when they are a list", "- a\n", /Pulumi\.dev\.yaml:1: expected keys and values/],
      ["when the configuration is a list", "config:\n  - a\n", /Pulumi\.dev\.yaml:2: config: expected keys and values/],
      ["for a key without a value", "config:\n  a: b\n  c:\n", /Pulumi\.dev\.yaml:3: c: expected a value, got none/],
      ["for a time within a list", "config:\n  a:\n    - 1\n    - 2026-11-30\n", /:4: a\[1\]: .*got 2026-11-30\./],
      ["for a key that is no text", "config:\n  a: { ~: 1 }\n", /:2: a: expected texts as keys, .*got ~/],
      ["for a merge key", "config:\n  a: { <<: { b: 1 } }\n", /:2: a: expected .*no merge key, got <</],
      ["for a tag", "config:\n  a: !!int '5'\n", /:2: a: expected a value without a tag, got .*int/],
      ["for a secrets provider of a cloud", "secretsprovider: awskms://x\n", /:1: secretsprovider: .*got "awskms:/],
      ["for a Pulumi environment", "environment: [prod]\n", /:1: environment: .*got \["prod"\]/],
      ["for a secret without a salt", "config:\n  a:\n    secure: v1:x:y\n", /expected `encryptionsalt`/],
    ];
    for (const [what, text, message] of cases)
      it(what, async () => {
        using project = new StateProject("empty");
        writeFileSync(project.file("Pulumi.dev.yaml"), text);
        await assert.rejects(
          project.stack().then((stack) => stack.config()),
          { name: "InputError", message },
        );
      });
  });
});

describe("a project", () => {
  it("has its state in its own folder, or where the backend's URL says", async () => {
    using project = new StateProject("empty");
    const stateOf = async (environment: NodeJS.ProcessEnv): Promise<string> =>
      (await project.stack(environment)).project.stateDirectory;
    assert.equal(await stateOf({}), project.file(".pulumi"));
    assert.equal(await stateOf({ PULUMI_BACKEND_URL: "file://." }), project.file(".pulumi"));
    assert.equal(await stateOf({ PULUMI_BACKEND_URL: "file:///srv/state?no_tmp_dir=true" }), "/srv/state/.pulumi");
    assert.match(await stateOf({ PULUMI_BACKEND_URL: "file://~" }), /^\/(?!~).*\.pulumi$/);
    writeFileSync(project.file("Pulumi.yaml"), "name: shop\nruntime: nodejs\nbackend:\n  url: file:///srv/other\n");
    assert.equal(await stateOf({}), "/srv/other/.pulumi");
    await assert.rejects(stateOf({ PULUMI_BACKEND_URL: "s3://bucket" }), {
      message: /^PULUMI_BACKEND_URL: expected a folder, .*got "s3:\/\/bucket"/,
    });
  });

  it("is refused when its file is missing or says nonsense", async () => {
    using project = new StateProject("empty");
    writeFileSync(project.file("Pulumi.yaml"), "name: a b\nruntime: nodejs\n");
    await assert.rejects(project.stack(), {
      message: /Pulumi\.yaml:1: name: expected a name of at most 100 letters.*got "a b"/,
    });
    writeFileSync(project.file("Pulumi.yaml"), "name: shop\n");
    await assert.rejects(project.stack(), { message: /Pulumi\.yaml:1: runtime: / });
    using other = new StateProject("empty");
    await assert.rejects(
      (async () => {
        const { openStack } = await import("../../../engine/state/stack.ts");
        await openStack({ projectDirectory: other.file("nowhere"), stackName: "dev" }, {});
      })(),
      { message: /Pulumi\.yaml: expected a Pulumi project, got no such file/ },
    );
  });
});

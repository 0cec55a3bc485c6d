import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { locateStack } from "../../cli/context/project.ts";
import { previewStack } from "../../engine/operations.ts";
import { AttackedProject, mustRefuse, refusal, someResources } from "./attacked-project.ts";
import type { AttackCase } from "./case.ts";
import { oddities } from "./locks.ts";

const group = "inputs";
const data = join(import.meta.dirname, "../data/inputs");

// What others have collected, as JSON of our own making.
const naughty = JSON.parse(readFileSync(join(data, "naughty-strings.json"), "utf8")) as string[];
const documents = JSON.parse(readFileSync(join(data, "yaml-test-suite.json"), "utf8")) as {
  name: string;
  yaml: string;
}[];

/** Several attacks that go through a list, each through a part of it. */
function inParts<T>(name: string, all: readonly T[], count: number, tryOne: (items: readonly T[]) => Promise<void>) {
  const length = Math.ceil(all.length / count);
  return Array.from({ length: count }, (_, part): AttackCase => ({
    group,
    name: `${name}, part ${part + 1} of ${count}`,
    run: () => tryOne(all.slice(part * length, (part + 1) * length)),
  }));
}

const foreignNames = [
  ...[".", "..", "-", "-x", "--yes", "a/b", "../x", "/etc/passwd", "organization/shop/dev", "a b", " dev", "dev ", ""],
  ...[
    "x".repeat(101),
    "x".repeat(100_000),
    "a\0b",
    "\0",
    "a\nb",
    "a\tb",
    "é",
    "Ω",
    "😀",
    "ﬁ",
    "dev\u202e",
    "a\\b",
    "~",
  ],
  ...["*", "$(id)", "`id`", "a;b", "a|b", "a&b", "%2e%2e", "a:b", "a@b", "a=b", "'", '"', "a,b", "[a]", "{a}", "#"],
];

const refusedNames = foreignNames.map((name): AttackCase => ({
  group,
  name: `a stack called ${JSON.stringify(name.slice(0, 24))}${name.length > 24 ? ` and ${name.length - 24} more` : ""}`,
  sample: name === "..",
  async run() {
    using project = new AttackedProject();
    const before = project.names(".");
    await mustRefuse(() => project.stack(name), /^stack: expected a name of at most 100 letters/u);
    // eslint-disable-next-line @typescript-eslint/require-await -- a refusal is a promise's
    await mustRefuse(async () => locateStack({ cwd: project.directory, stack: name }), /^--stack: expected a name/u);
    const environment = { PULUMI_STACK: name };
    // eslint-disable-next-line @typescript-eslint/require-await -- a refusal is a promise's
    await mustRefuse(async () => locateStack({ cwd: project.directory }, environment), /^PULUMI_STACK: expected/u);
    assert.deepEqual(project.names("."), before);
  },
}));

const oddNames = [
  "0",
  "_",
  "...",
  "a.b-c_d",
  "x".repeat(100),
  "CON",
  "constructor",
  "__proto__",
  "dev.json",
  "dev.json.bak",
];

const takenNames = oddNames.map((name): AttackCase => ({
  group,
  name: `a stack called ${name.slice(0, 24)} beside the stack dev: neither touches the other`,
  async run() {
    using project = new AttackedProject();
    await project.save(someResources(2));
    const stack = await project.stack(name);
    await stack.setConfig("key", "value");
    assert.equal((await project.stack(name).then((opened) => opened.getConfig("key")))?.value, "value");
    const lock = await stack.hold();
    await project.save(someResources(3));
    lock[Symbol.dispose]();
    assert.equal((await project.open()).length, 3);
    assert.deepEqual(
      project.names(".").filter((each) => each.startsWith("Pulumi.")),
      ["Pulumi.yaml", `Pulumi.${name}.yaml`].sort(),
    );
  },
}));

const values = [
  ...inParts("naughty strings as settings come back as they were", naughty, 8, async (texts) => {
    using project = new AttackedProject();
    for (const text of texts) {
      const refused = await refusal(async () => {
        await (await project.stack()).setConfig("key", text);
        assert.equal((await (await project.stack()).getConfig("key"))?.value, text);
      });
      assert.equal(refused, undefined, `${JSON.stringify(text)}: ${refused?.message ?? ""}`);
    }
  }),
  ...inParts("naughty strings as names of settings are taken or refused by a line", naughty, 4, async (texts) => {
    using project = new AttackedProject();
    for (const text of texts) {
      rmSync(project.file("Pulumi.dev.yaml"), { force: true });
      await refusal(async () => {
        await (await project.stack()).setConfig(text, "value");
        await (await project.stack()).config();
      });
    }
  }),
  ...inParts("naughty strings as names of stacks are taken or refused by a line", naughty, 4, async (texts) => {
    using project = new AttackedProject();
    for (const text of texts) await refusal(() => project.stack(text));
  }),
];

/** Settings that are read within seconds, or refused by one line. */
function settings(name: string, text: string | Buffer, words?: RegExp): AttackCase {
  return {
    group,
    name: `settings: ${name}`,
    limitSeconds: 60,
    async run() {
      using project = new AttackedProject();
      project.write("Pulumi.dev.yaml", text);
      const read = async () => (await project.stack()).config();
      if (words === undefined) await refusal(read);
      else await mustRefuse(read, words);
    },
  };
}

/** Aliases of aliases: each line is as much as nine of the one before. */
const bomb = Array.from({ length: 12 }, (_, level) =>
  level === 0
    ? "  a0: &a0 [lol]"
    : `  a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(",")}]`,
).join("\n");

const files = [
  settings("a bomb of aliases", `config:\n${bomb}\n`, /at most 100000 values/u),
  settings(
    "a bomb of aliases in a list",
    `x: &x [1,1]\ny: &y [*x,*x]\nconfig: { a: [${"*y,".repeat(60_000)}] }\n`,
    /at most/u,
  ),
  settings("an alias of what it stands in", "config:\n  a: &a [*a]\n", /at most 100 deep/u),
  settings("an alias of the whole", "&top\nconfig:\n  a: *top\n", /at most 100 deep/u),
  settings("an alias of nothing", "config:\n  a: *nobody\n"),
  settings("lists a hundred thousand deep", `config:\n  a: ${"[".repeat(100_000)}\n`),
  settings("lists two hundred deep", `config:\n  a: ${"[".repeat(200)}${"]".repeat(200)}\n`, /at most 100 deep/u),
  settings(
    "maps a thousand deep",
    `config:\n${Array.from({ length: 1000 }, (_, level) => `${" ".repeat(level + 1)}a:`).join("\n")} 1\n`,
  ),
  settings(
    "fifty thousand anchors",
    `config:\n${Array.from({ length: 50_000 }, (_, index) => `  k${index}: &n${index} v`).join("\n")}\n`,
  ),
  settings(
    "fifty thousand anchors of one name",
    `config:\n${Array.from({ length: 50_000 }, (_, index) => `  k${index}: &n v`).join("\n")}\n`,
  ),
  settings(
    "twenty thousand settings",
    `config:\n${Array.from({ length: 20_000 }, (_, index) => `  k${index}: v`).join("\n")}\n`,
  ),
  settings(
    "a key twice among ten thousand",
    `config:\n${Array.from({ length: 10_000 }, (_, index) => `  k${index % 9_999}: v`).join("\n")}\n`,
    /each key once/u,
  ),
  settings("a value of four megabytes", `config:\n  a: ${"x".repeat(4_000_000)}\n`),
  settings("a key of four hundred kilobytes", `config:\n  ${"k".repeat(400_000)}: v\n`),
  settings("bytes that are no text", Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256))),
  settings("nothing but zeros", Buffer.alloc(10_000)),
  settings("a byte order mark", "\ufeffconfig:\n  a: b\n"),
  settings("the ends of lines of everybody", "config:\r\n  a: b\r  c: d\u2028  e: f\u0085"),
  settings("tabs", "config:\n\ta: b\n"),
  settings("two documents", "config: {}\n---\nconfig: {}\n"),
  settings("a merge key", "x: &x { a: 1 }\nconfig:\n  a: { <<: *x }\n", /merge key/u),
  settings("a tag that makes objects", 'config:\n  a: !!python/object/apply:os.system ["id"]\n'),
  settings("a tag that makes functions", 'config:\n  a: !!js/function "function(){}"\n'),
  settings("binary", "config:\n  a: !!binary aGVsbG8=\n", /without a tag/u),
  settings(
    "keys of prototypes",
    "config:\n  __proto__: { polluted: yes }\n  constructor: { prototype: { polluted: yes } }\n",
  ),
  settings("a list in place of all", "- a\n- b\n", /keys and values/u),
  settings("a text in place of all", "hello\n", /keys and values/u),
  settings(
    "a salt that is none",
    "encryptionsalt: v1:!!:!!\nconfig:\n  a: { secure: v1:x:y }\n",
    /salt|secret|passphrase/iu,
  ),
  settings(
    "a salt of another passphrase",
    "encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\nconfig:\n  a: { secure: v1:x:y }\n",
    /passphrase/u,
  ),
  settings("a quotation mark that is never closed", 'config:\n  a: "b\n', /valid YAML/u),
  {
    group,
    name: "settings: a folder in the file's place",
    async run() {
      using project = new AttackedProject();
      mkdirSync(project.file("Pulumi.dev.yaml"));
      await mustRefuse(() => project.stack(), /expected a file/u);
    },
  },
  ...inParts("settings: documents of the YAML test suite", documents, 8, async (all) => {
    using project = new AttackedProject();
    for (const { yaml } of all) {
      project.write("Pulumi.dev.yaml", yaml);
      await refusal(async () => (await project.stack()).config());
      project.write("Pulumi.dev.yaml", `config:\n  shop:a:\n${yaml.replaceAll(/^/gmu, "    ")}\n`);
      await refusal(async () => (await project.stack()).config());
    }
  }),
] satisfies readonly AttackCase[];

/** Projects that are no project. */
function projectFile(name: string, text: string, words?: RegExp): AttackCase {
  return {
    group,
    name: `Pulumi.yaml: ${name}`,
    async run() {
      using project = new AttackedProject();
      project.write("Pulumi.yaml", text);
      const open = () => project.stack();
      if (words === undefined) await refusal(open);
      else await mustRefuse(open, words);
    },
  };
}

const projects = [
  projectFile("the project is called ..", "name: ..\nruntime: nodejs\n", /a name of at most 100 letters/u),
  projectFile("the project is called .", "name: .\nruntime: nodejs\n", /a name of at most 100 letters/u),
  projectFile("the project is a folder elsewhere", "name: ../../etc\nruntime: nodejs\n", /a name of at most/u),
  projectFile("no name", "runtime: nodejs\n", /Pulumi\.yaml/u),
  projectFile("the runtime is a list", "name: shop\nruntime: [nodejs]\n", /Pulumi\.yaml/u),
  projectFile(
    "the state is in a cloud",
    "name: shop\nruntime: nodejs\nbackend: { url: s3://bucket }\n",
    /a folder, such as/u,
  ),
  projectFile(
    "the state's folder is no address",
    'name: shop\nruntime: nodejs\nbackend: { url: "file://%zz" }\n',
    /backend\.url/u,
  ),
  projectFile(
    "the state's folder holds a zero",
    'name: shop\nruntime: nodejs\nbackend: { url: "file://a%00b" }\n',
    /backend\.url/u,
  ),
  projectFile(
    "settings of every kind",
    "name: shop\nruntime: nodejs\nconfig: { a: [1], b: { default: { c: 1 } }, c: null, d: { type: x } }\n",
  ),
  projectFile("it is empty", "", /Pulumi\.yaml/u),
  projectFile("a bomb of aliases", `name: shop\nruntime: nodejs\nx:\n${bomb}\n`, /at most 100000 values/u),
];

/** What Node itself reads to run a program: it would wait for a FIFO, and keep a device's bytes. */
const programFiles = [
  ...Object.entries(oddities).flatMap(([what, put]) =>
    ["package.json", "index.ts"].map((name): AttackCase => ({
      group,
      name: `the project's ${name} is ${what}: the command ends`,
      limitSeconds: 60,
      async run() {
        using project = new AttackedProject();
        project.program();
        rmSync(project.file(name));
        await put(project.file(name));
        await refusal(() => project.up());
      },
    })),
  ),
  ...["/dev/zero", "/dev/ptmx", "../../../../../../../dev/zero", "a\0b"].map((main): AttackCase => ({
    group,
    name: `Pulumi.yaml: the program is ${JSON.stringify(main)}`,
    sample: main === "/dev/zero",
    limitSeconds: 60,
    async run() {
      using project = new AttackedProject();
      const options = "{ name: nodejs, options: { typescript: false } }";
      project.write("Pulumi.yaml", `name: shop\nruntime: ${options}\nmain: ${JSON.stringify(main)}\n`);
      await mustRefuse(() => project.up(), /expected the program/u);
    },
  })),
];

const long: AttackCase[] = [
  {
    group,
    name: "a value of two megabytes and a secret of three hundred kilobytes reach the program",
    sample: true,
    async run() {
      using project = new AttackedProject();
      const stack = await project.stack();
      await stack.setConfig("long", "é".repeat(1_000_000));
      await (await project.stack()).setConfig("secret", "s".repeat(300_000), { secret: true });
      project.write(
        "index.ts",
        `import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
export const lengths = [config.require("long").length, config.requireSecret("secret").apply((text) => text.length)];
`,
      );
      const { succeeded, outputs } = await previewStack(
        { projectDirectory: project.directory, stackName: "dev" },
        { environment: { ...process.env, PULUMI_CONFIG_PASSPHRASE: "x" }, onEvent: () => undefined },
      );
      assert.ok(succeeded);
      assert.match(JSON.stringify(outputs["lengths"]), /^\[1000000,/u);
    },
  },
  {
    group,
    name: "nothing that was tried has left a file outside of its project",
    async run() {
      using project = new AttackedProject();
      for (const name of foreignNames) await refusal(() => project.stack(name));
      assert.deepEqual(
        readdirSync(project.directory).filter(
          (name) => !["Pulumi.yaml", "package.json", "node_modules"].includes(name),
        ),
        [],
      );
      await Promise.resolve();
    },
  },
];

/** What people, and those who would break something, write into names, settings and files. */
export const cases: readonly AttackCase[] = [
  refusedNames,
  takenNames,
  values,
  files,
  projects,
  programFiles,
  long,
].flat();

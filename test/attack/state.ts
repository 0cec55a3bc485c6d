import assert from "node:assert/strict";
import { createServer } from "node:http";
import { cpSync, mkdirSync, rmSync, truncateSync } from "node:fs";
import { createDockerProvider } from "../../engine/provider/docker-provider.ts";
import { StackLockedError } from "../../engine/state/lock.ts";
import { pruneHistory, readHistory } from "../../engine/state/state-copies.ts";
import { connectEngine } from "../../swarm/engine/connection.ts";
import { AttackedProject, mustRefuse, refusal, someResources } from "./attacked-project.ts";
import type { AttackCase } from "./case.ts";

const group = "state";
const state = ".pulumi/stacks/shop/dev.json";

/** A project with a state that was written, and no copy that says the same. */
async function lonelyState(): Promise<AttackedProject> {
  const project = new AttackedProject();
  await project.save(someResources(12));
  for (const folder of ["backups", "history"]) rmSync(project.file(`.pulumi/${folder}`), { recursive: true });
  rmSync(project.file(`${state}.bak`), { force: true });
  return project;
}

/** A content with one bit turned over, at every `step`th byte of one of so many `parts`. */
function* flippedIn(content: Buffer, part: number, parts: number, step: number): Generator<Buffer> {
  const length = Math.ceil(content.length / parts);
  for (let at = part * length; at < Math.min(content.length, (part + 1) * length); at += step) {
    const damaged = Buffer.from(content);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    yield damaged;
  }
}

const parts = 20;

const bits = Array.from({ length: parts }, (_, part): AttackCase => ({
  group,
  name: `single bits turn over in part ${part + 1} of ${parts} of a state`,
  sample: part === 7,
  async run() {
    using project = await lonelyState();
    const whole = Buffer.from(project.read(state));
    for (const damaged of flippedIn(whole, part, parts, 13)) {
      project.write(state, damaged);
      await mustRefuse(() => project.open(), /digest|JSON/u);
    }
    project.write(state, whole);
    assert.equal((await project.open()).length, 12);
  },
}));

const digests: AttackCase[] = [
  ...[0, 1, 2, 3].map((part): AttackCase => ({
    group,
    name: `single bits turn over in part ${part + 1} of 4 of a digest: the state is read as it is, or refused`,
    async run() {
      using project = new AttackedProject();
      await project.save(someResources(3));
      const whole = Buffer.from(project.read(`${state}.attrs`));
      for (const damaged of flippedIn(whole, part, 4, 3)) {
        project.write(`${state}.attrs`, damaged);
        await refusal(async () => {
          assert.equal((await project.open()).length, 3);
        });
      }
    },
  })),
  {
    group,
    name: "a backup is copied over the state, without its digest",
    async run() {
      using project = new AttackedProject();
      await project.save(someResources(1));
      await project.save(someResources(2));
      const [oldest = ""] = project.names(".pulumi/backups/shop/dev");
      cpSync(project.file(`.pulumi/backups/shop/dev/${oldest}`), project.file(state));
      assert.equal((await project.open()).length, 1);
      await project.save(someResources(5));
      assert.equal((await project.open()).length, 5);
    },
  },
  {
    group,
    name: "the digest is an empty file, a folder's worth of JSON, or gone",
    async run() {
      using project = new AttackedProject();
      await project.save(someResources(2));
      for (const text of ["", "[]", "null", '{"md5":null}', '{"md5":7}', "{".repeat(50_000)]) {
        project.write(`${state}.attrs`, text);
        await refusal(() => project.open());
      }
      rmSync(project.file(`${state}.attrs`));
      assert.equal((await project.open()).length, 2);
    },
  },
];

const cuts = [0, 1, 2, 10, 50, 90, 99].map((percent): AttackCase => ({
  group,
  name: `the state is cut after ${percent} % of its length, with its digest gone`,
  sample: percent === 50,
  async run() {
    using project = new AttackedProject();
    await project.save(someResources(4));
    rmSync(project.file(`${state}.attrs`));
    truncateSync(project.file(state), Math.floor((project.read(state).length * percent) / 100));
    await mustRefuse(() => project.open(), /Restore its newest good backup, of \S+, with `cp /u);
    await mustRefuse(() => project.open(true), /Restore its newest good backup/u);
  },
}));

/** A whole state with something in it that does not fit, and no digest that says so. */
function edited(name: string, change: (text: string) => string): AttackCase {
  return {
    group,
    name: `the state is edited: ${name}`,
    async run() {
      using project = await lonelyState();
      const before = project.read(state);
      const after = change(before);
      assert.notEqual(after, before);
      project.write(state, after);
      rmSync(project.file(`${state}.attrs`));
      await mustRefuse(() => project.open());
    },
  };
}

const edits = [
  edited("a resource has no id", (text) => text.replace('"id":"volume-3",', "")),
  edited("a resource has an empty id", (text) => text.replace('"id":"volume-3"', '"id":""')),
  edited("a resource is there twice", (text) => text.replace("::r3", "::r2")),
  edited("a URN is none", (text) => text.replace("urn:pulumi:dev::shop", "urn:pulum:dev::shop")),
  edited("a component has an id", (text) => text.replace('"custom":true', '"custom":false')),
  edited("the version is another", (text) => text.replace('"version":3', '"version":9')),
  edited("the magic number is another", (text) => text.replace(/"magic":"../u, '"magic":"00')),
  edited("a key is one that nobody knows", (text) => text.replace('"custom":true', '"custom":true,"extra":1')),
  edited("the resources are a text", (text) =>
    text.replace(/"resources":\[.*\],"metadata"/su, '"resources":"","metadata"'),
  ),
  edited("it is a list", (text) => `[${text}]`),
  edited("it is null", () => "null"),
  edited("it is deeper than any stack", () => "[".repeat(200_000)),
];

const ids = ["../../v1.41/info", "..", "a/../../info", "x?force=true", "%2e%2e/info", "a b", "a\nb", ""];

const foreignIds = [
  ...["service:Service", "secret:Secret", "serviceConfig:ServiceConfig", "network:Network", "volume:Volume"],
].map((type): AttackCase => ({
  group,
  name: `ids of the state that lead elsewhere: ${type}`,
  sample: true,
  async run() {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    try {
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const host = `tcp://127.0.0.1:${port}`;
      const provider = createDockerProvider({}, connectEngine({ host, source: "DOCKER_HOST", setting: "DOCKER_HOST" }));
      const identity = { urn: "urn:pulumi:dev::shop::x::y", type: `docker:index/${type}`, name: "y" };
      const control = { onProgress: () => undefined, signal: new AbortController().signal };
      for (const id of ids) {
        await mustRefuse(() => provider.read(identity, { id, inputs: {}, outputs: {} }), /expected an id or a name/u);
        await mustRefuse(
          () => provider.delete(identity, { id, inputs: {}, outputs: {}, ...control }),
          /expected an id/u,
        );
      }
      assert.deepEqual(asked, []);
    } finally {
      server.close();
    }
  },
}));

const unwritable = [
  [".pulumi", ".pulumi"],
  ["the folder of states", ".pulumi/stacks"],
  ["the folder of this project's states", ".pulumi/stacks/shop"],
  ["the folder of backups", ".pulumi/backups"],
  ["the folder of the history", ".pulumi/history"],
  ["the folder of locks", ".pulumi/locks"],
] as const;

const readOnly = unwritable.map(([what, path]): AttackCase => ({
  group,
  name: `${what} is on a file system that is mounted read-only: nothing is begun`,
  sample: path === ".pulumi",
  async run() {
    using project = new AttackedProject();
    project.program();
    await project.save([]);
    project.makeReadOnly(path);
    await mustRefuse(() => project.up(), /read-only file system.*Mount the file system for writing/u);
    assert.ok(!project.names(".").includes("has-run"), "the program has run");
    project.makeWritable(path);
    assert.deepEqual(await project.up(), { succeeded: true, errors: [] });
  },
}));

const full: AttackCase[] = [
  ["no space", "size=64k"],
  ["no inodes", "size=8m,nr_inodes=9"],
].map(([what = "", options = ""]) => ({
  group,
  name: `the file system of .pulumi has ${what}: nothing is begun`,
  async run() {
    using project = new AttackedProject();
    project.program();
    project.mountSmall(".pulumi", options);
    await mustRefuse(() => project.up(), /ENOSPC.*Free some space/u);
    assert.ok(!project.names(".").includes("has-run"), "the program has run");
  },
}));

/** Something that goes wrong between two resources. */
const inTheMiddle = [
  ["backups become read-only", ".pulumi/backups", /The changes were made and are in the state, but .*backups/u],
  ["the history becomes read-only", ".pulumi/history", /The changes were made and are in the state, but .*history/u],
  ["the states become read-only", ".pulumi/stacks", /The state on disk does not include the last changes/u],
] as const;

const laterReadOnly = inTheMiddle.map(([what, path, words], index): AttackCase => ({
  group,
  name: `in the middle of an update ${what}: it has failed, and says what was done`,
  sample: index === 0,
  async run() {
    using project = new AttackedProject();
    await project.save([]);
    // Mounted before, so that the program has only to turn it.
    project.makeReadOnly(path);
    project.makeWritable(path);
    project.program(`execFileSync("mount", ["-o", "remount,bind,ro", ${JSON.stringify(project.file(path))}]);`);
    const { succeeded, errors } = await project.up();
    assert.equal(succeeded, false);
    assert.match(errors.join("\n"), words);
    project.makeWritable(path);
    project.program();
    assert.deepEqual(await project.up(), { succeeded: true, errors: [] });
    assert.deepEqual(
      (await project.open()).map(({ urn }) => urn.split("::").at(-1)),
      ["shop-dev", "one", "two"],
    );
  },
}));

const laterFull: AttackCase = {
  group,
  name: "in the middle of an update the disk is full: it has failed, and says what was done",
  async run() {
    using project = new AttackedProject();
    project.mountSmall(".pulumi", "size=4m");
    project.program(`try { writeFileSync(".pulumi/filler", Buffer.alloc(8e6)); } catch {}`);
    const { succeeded, errors } = await project.up();
    assert.equal(succeeded, false);
    assert.match(errors.join("\n"), /ENOSPC/u);
    rmSync(project.file(".pulumi/filler"));
    project.program();
    assert.deepEqual(await project.up(), { succeeded: true, errors: [] });
  },
};

/** Runs something at another time. */
async function at(time: string, work: () => Promise<void>): Promise<void> {
  const clock = Date.now;
  try {
    Date.now = () => Date.parse(time);
    await work();
  } finally {
    Date.now = clock;
  }
}

const clocks = [
  ["an hour back", ["2026-11-30T12:00:00Z", "2026-11-30T11:00:00Z"]],
  ["back to 1970", ["2026-11-30T12:00:00Z", "1970-01-01T00:00:01Z"]],
  ["a century on, and back", ["2026-11-30T12:00:00Z", "2126-11-30T12:00:00Z", "2026-11-30T12:00:01Z"]],
  ["nowhere: it stands still", ["2026-11-30T12:00:00Z", "2026-11-30T12:00:00Z", "2026-11-30T12:00:00Z"]],
] as const;

const clock = clocks.map(([what, times]): AttackCase => ({
  group,
  name: `the clock goes ${what}: the newest copy is the one that is offered, and the one that stays`,
  async run() {
    using project = new AttackedProject();
    for (const [index, time] of times.entries()) await at(time, () => project.save(someResources(index + 1)));
    const newest = project.read(state);
    project.write(state, "{}");
    const refused = await refusal(() => project.open());
    const [, copy = ""] = /`cp (\S+) /u.exec(refused?.message ?? "") ?? [];
    assert.equal(project.read(copy.slice(copy.indexOf(".pulumi"))), newest);
    project.write(state, newest);
    await pruneHistory((await project.stack()).files, 1);
    const [kept = "", ...others] = project.names(".pulumi/backups/shop/dev").filter((name) => name.endsWith(".json"));
    assert.equal(project.read(`.pulumi/backups/shop/dev/${kept}`), newest);
    assert.deepEqual(others, []);
  },
}));

const history: AttackCase[] = [
  {
    group,
    name: "sixty updates leave the copies of fifty",
    async run() {
      using project = new AttackedProject();
      for (let count = 0; count < 60; count++) await project.save(someResources(1));
      assert.equal(project.names(".pulumi/backups/shop/dev").length, 100);
      assert.equal(project.names(".pulumi/history/shop/dev").length, 200);
    },
  },
  {
    group,
    name: "a removal of old copies was killed in the middle: the next ends it",
    async run() {
      using project = new AttackedProject();
      for (let count = 0; count < 6; count++) await project.save(someResources(1));
      const [first = "", second = ""] = project.names(".pulumi/backups/shop/dev");
      rmSync(project.file(`.pulumi/backups/shop/dev/${first}`));
      const record = project.names(".pulumi/history/shop/dev").find((name) => name.includes(".history.json"));
      rmSync(project.file(`.pulumi/history/shop/dev/${record ?? ""}`));
      assert.ok(second.endsWith(".attrs"));
      const { files } = await project.stack();
      await pruneHistory(files, 2);
      assert.equal((await readHistory(files)).length, 2);
      assert.equal(project.names(".pulumi/backups/shop/dev").length, 4);
    },
  },
  {
    group,
    name: "all copies that would stay are damaged: none is removed",
    async run() {
      using project = new AttackedProject();
      for (let count = 0; count < 5; count++) await project.save(someResources(1));
      const names = project.names(".pulumi/backups/shop/dev").filter((name) => name.endsWith(".json"));
      const checkpoints = project.names(".pulumi/history/shop/dev").filter((name) => name.endsWith(".checkpoint.json"));
      for (const name of names.slice(1)) truncateSync(project.file(`.pulumi/backups/shop/dev/${name}`), 5);
      for (const name of checkpoints.slice(1)) truncateSync(project.file(`.pulumi/history/shop/dev/${name}`), 5);
      assert.equal(await pruneHistory((await project.stack()).files, 2), 0);
      assert.equal((await readHistory((await project.stack()).files)).length, 5);
    },
  },
  {
    group,
    name: "the only update that succeeded is old: it stays",
    async run() {
      using project = new AttackedProject();
      await project.save(someResources(1));
      for (let count = 0; count < 5; count++) await project.save(someResources(2), "failed");
      const { files } = await project.stack();
      await pruneHistory(files, 2);
      assert.deepEqual(
        (await readHistory(files)).map((update) => "result" in update && update.result),
        ["failed", "failed", "succeeded"],
      );
    },
  },
  {
    group,
    name: "the folders of copies hold what nobody has written there",
    async run() {
      using project = new AttackedProject();
      await project.save(someResources(1));
      mkdirSync(project.file(".pulumi/backups/shop/dev/dev.1795388435360878975.json"));
      mkdirSync(project.file(".pulumi/history/shop/dev/dev-1795388435360878975.history.json"));
      project.write(".pulumi/backups/shop/dev/dev.999999999999999999999999999999.json", "{}");
      project.write(".pulumi/history/shop/dev/notes.txt", "mine");
      await project.save(someResources(2));
      project.write(state, "");
      await mustRefuse(() => project.open(), /Restore its newest good backup/u);
      assert.ok(project.names(".pulumi/history/shop/dev").includes("notes.txt"));
    },
  },
  {
    group,
    name: "eight updates at once: one writes, the others say who does",
    async run() {
      using project = new AttackedProject();
      await project.save(someResources(1));
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => project.save(someResources(2))));
      const refused = outcomes.filter(({ status }) => status === "rejected");
      for (const outcome of refused)
        assert.ok(outcome.status === "rejected" && outcome.reason instanceof StackLockedError);
      assert.ok(refused.length < 8);
      assert.equal((await project.open()).length, 2);
    },
  },
];

/** What happens to a state and to the folders that it is kept in. */
export const cases: readonly AttackCase[] = [
  ...[bits, digests, cuts, edits, foreignIds, readOnly, full, laterReadOnly, [laterFull], clock, history].flat(),
];

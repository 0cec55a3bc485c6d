/** Damage in the middle of what a command asks, with a real swarm and a Redis that runs behind it: all other answers are good. */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ProjectCopy, type Ended, type Running } from "../cli/project-copy.ts";
import { sharedSandbox, type SharedSandbox } from "../support/sandbox.ts";
import { atEnd, shared, type AttackCase } from "./case.ts";
import { damagedEngine, type Damage, type Target } from "./damaged-engine.ts";

const service = "attacked-midway";
/** A machine that has other things to do takes a minute for an `up`. */
const limitSeconds = 240;

/** A stack that is up. */
interface Estate {
  readonly sandbox: SharedSandbox;
  readonly project: ProjectCopy;
}

const estate = shared(async (): Promise<Estate> => {
  const sandbox = await sharedSandbox();
  const project = await ProjectCopy.make({ DOCKER_HOST: sandbox.dockerHost, CI: "true" });
  atEnd(() => project[Symbol.asyncDispose]());
  await setLimit({ sandbox, project }, 100);
  await writeFile(join(project.directory, "stack.yaml"), `services:\n  ${service}:\n    image: redis:7\n`);
  const { code, stderr } = await project.run(["up", "--yes"]);
  assert.equal(code, 0, stderr);
  return { sandbox, project };
});

const port = 10_000 + randomInt(1000, 9000);

async function setLimit({ sandbox, project }: Estate, mebibytes: number): Promise<void> {
  const settings = { service, volume: service, port, memoryLimit: `${mebibytes}M`, image: sandbox.redisImage };
  const lines = Object.entries(settings).map(([key, value]) => `  holdfast:${key}: ${JSON.stringify(String(value))}\n`);
  // What `config` adds to a project of its own, such as the salt, is kept.
  const file = join(project.directory, "Pulumi.dev.yaml");
  const others = existsSync(file)
    ? (await readFile(file, "utf8"))
        .split("\n")
        .filter((line) => !/^config:|holdfast:(?:service|volume|port|memoryLimit|image):/u.test(line))
    : [];
  const [own, top] = [others.filter((line) => line.startsWith("  ")), others.filter((line) => /^\w/u.test(line))];
  await writeFile(file, [...top, "config:", ...own, lines.join("")].join("\n"));
}

/** What asks an engine and changes nothing. */
const commands: readonly (readonly string[])[] = [
  ["preview"],
  ["refresh", "--yes"],
  ["redis", "ping"],
  ["policy", "--swarm"],
  ["impact", "stack.yaml", "--swarm"],
  ["audit"],
  ["doctor"],
  ["rescue"],
];

const taskList = /^GET \S*\/tasks/u;

const places: Readonly<Record<string, RegExp>> = {
  "/info": /^GET \S*\/info$/u,
  "/services": /^GET \S*\/services/u,
  "/tasks": taskList,
  "/volumes": /^GET \S*\/volumes/u,
  "/nodes": /^GET \S*\/nodes/u,
  "/images": /^GET \S*\/images/u,
};

/** What is done there, by turns. */
const damages: readonly Damage[] = ["cuts the body", "answers with null", "hangs up", "answers with broken JSON"];

let count = 0;

async function through(
  target: Target,
  damage: Damage,
  use: (host: string, engine: { readonly count: number }) => Promise<void>,
): Promise<void> {
  const { sandbox } = await estate();
  await using engine = await damagedEngine({
    socket: join(sandbox.directory, `midway-${++count}.sock`),
    engine: sandbox.dockerHost.replace("unix://", ""),
    damage,
    target,
  });
  await use(engine.host, engine);
}

/** Makes sure that a command ended by itself, and where it failed, with words for people. */
export function mustHaveEnded({ code, stdout, stderr }: Ended): void {
  const all = stdout + stderr;
  assert.ok(code !== null && [0, 1, 2, 3, 4].includes(code), `exit code ${code}: ${all}`);
  assert.doesNotMatch(all, /unsettled|\n {4}at |error: \[|is not a function|undefined \(reading/u);
  if (code !== 0) assert.notEqual(stderr.trim() + stdout.trim(), "", "it ends without a word");
}

async function mustHaveEndedDamaged(running: Running, engine: { readonly count: number }): Promise<void> {
  const ended = await running.ended;
  mustHaveEnded(ended);
  assert.ok(engine.count > 0, `nothing was damaged: ${ended.stdout}${ended.stderr}`);
}

const readers: AttackCase[] = commands.flatMap((command, row) =>
  Object.entries(places).map(([place, target], column): AttackCase => {
    const damage = damages[(row + column) % damages.length] ?? "hangs up";
    return {
      group: "hanging engines",
      name: `${command[0] ?? ""} ends with words where of the answers only those about ${place.slice(1)} are hurt: the engine ${damage}`,
      limitSeconds,
      run: async () => {
        const { project } = await estate();
        await through(target, damage, async (host) => {
          mustHaveEnded(await project.run(command, "", { DOCKER_HOST: host }));
        });
      },
    };
  }),
);

/** `sandbox status` asks the socket of its own sandbox: the damaged way takes its place. */
const ownSandbox: AttackCase[] = (["cuts the body", "answers with null", "redirects"] as const).map((damage) => ({
  group: "hanging engines",
  name: `sandbox status ends with words where its engine ${damage}`,
  limitSeconds,
  run: async () => {
    const { sandbox, project } = await estate();
    const socket = sandbox.dockerHost.replace("unix://", "");
    const folder = join(project.directory, ".holdfast");
    await mkdir(folder, { recursive: true });
    if (!existsSync(join(folder, "sandbox"))) await symlink(sandbox.directory, join(folder, "sandbox"));
    await rename(socket, `${socket}.real`);
    try {
      await using engine = await damagedEngine({
        socket,
        engine: `${socket}.real`,
        damage,
        target: "all but the ping",
      });
      mustHaveEnded(await project.run(["sandbox", "status"]));
      assert.ok(engine.count > 0, "nothing was damaged");
    } finally {
      await rename(`${socket}.real`, socket);
    }
  },
}));

/** Hits the nth answer about tasks from when the service has been told to change, and that alone or all after it. */
function inUpdate(nth: number, andAllAfter = false): (request: string) => boolean {
  let hasBegun = false;
  let asked = 0;
  return (request) => {
    hasBegun ||= /^POST \S*\/services\/[^/]+\/update/u.test(request);
    if (!hasBegun || !taskList.test(request)) return false;
    asked += 1;
    return asked === nth || (andAllAfter && asked > nth);
  };
}

let limit = 100;

function updateCase(
  name: string,
  damage: Damage,
  attack: (running: Running, engine: { readonly count: number }) => Promise<void>,
  target: () => Target,
): AttackCase {
  return {
    group: "hanging engines",
    name,
    limitSeconds,
    run: async () => {
      const here = await estate();
      limit += 8;
      await setLimit(here, limit);
      await through(target(), damage, async (host, engine) => {
        await attack(here.project.start(["up", "--yes"], "", { DOCKER_HOST: host }), engine);
      });
      const locks = join(here.project.directory, ".pulumi/locks");
      const left = (await readdir(locks, { recursive: true })).filter((file) => file.endsWith(".json"));
      assert.deepEqual(left, [], "a lock is left");
      const { code, stdout, stderr } = await here.project.run(["up", "--yes"]);
      assert.equal(code, 0, `the next up: ${stdout}${stderr}`);
    },
  };
}

const updates: AttackCase[] = [
  ...([1, 2, 5] as const).map((nth) =>
    updateCase(
      `up goes on or says why where answer ${nth} of /tasks in the middle of an update is cut`,
      "cuts the body",
      mustHaveEndedDamaged,
      () => inUpdate(nth),
    ),
  ),
  updateCase(
    "up says why where every answer of /tasks is cut from the middle of an update on",
    "cuts the body",
    mustHaveEndedDamaged,
    () => inUpdate(1, true),
  ),
  updateCase(
    "up is ended by a second Ctrl-C, and takes its lock along, where /tasks falls silent in the middle of an update",
    "never answers",
    async (running, engine) => {
      const began = performance.now();
      while (engine.count === 0) {
        assert.ok(performance.now() - began < 90_000, "nothing was damaged");
        await sleep(50);
      }
      await sleep(1000);
      running.kill("SIGINT");
      await sleep(500);
      running.kill("SIGINT");
      const asked = performance.now();
      const { code } = await running.ended;
      assert.equal(code, 130);
      assert.ok(performance.now() - asked < 8000, "it went on");
    },
    () => inUpdate(2),
  ),
];

/** Damage in the middle, of what reads and of what changes. */
export const midway: readonly AttackCase[] = [...readers, ...ownSandbox, ...updates];

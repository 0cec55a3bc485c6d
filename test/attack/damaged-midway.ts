/** Damage in the middle of what a command asks, with a real swarm and a Redis that runs behind it: all other answers are good. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ended, Running } from "../cli/project-copy.ts";
import type { AttackCase } from "./case.ts";
import { damagedEngine, type Damage, type Target } from "./damaged-engine.ts";
import { changeLimit, estate, lostVolume, service, through } from "./estate.ts";

/** A machine that has other things to do takes a minute for an `up`. */
const limitSeconds = 240;

/** What asks an engine and changes nothing. */
export const commands: readonly (readonly string[])[] = [
  ["preview"],
  ["refresh"],
  ["redis", "ping"],
  ["policy", "--swarm"],
  ["impact", "stack.yaml", "--swarm"],
  ["audit"],
  ["doctor"],
  ["verify", service],
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

/** Makes sure that a command ended by itself, and where it failed, with words for people. */
export function mustHaveEnded({ code, stdout, stderr }: Ended): void {
  const all = stdout + stderr;
  assert.ok(code !== null && [0, 1, 2, 3, 4].includes(code), `exit code ${code}: ${all}`);
  assert.doesNotMatch(all, /^error: command line/mu, "it was never tried");
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

/** What falls silent midway, and for whom: a list, and what is sent as a stream or takes Docker long. */
const silences: readonly (readonly [place: string, command: readonly string[], target: RegExp])[] = [
  ["tasks", ["preview"], taskList],
  ["a volume", ["preview"], /^GET \S*\/volumes/u],
  ["a service", ["refresh"], /^GET \S*\/services/u],
  ["tasks", ["redis", "ping"], taskList],
  ["nodes", ["redis", "ping"], /^GET \S*\/nodes/u],
  ["services", ["policy", "--swarm"], /^GET \S*\/services/u],
  ["configs", ["policy", "--swarm"], /^GET \S*\/configs/u],
  ["tasks", ["impact", "stack.yaml", "--swarm"], taskList],
  ["what a container uses", ["impact", "stack.yaml", "--swarm"], /^GET \S*\/stats/u],
  ["containers", ["audit"], /^GET \S*\/containers\/json/u],
  ["a volume's files", ["audit"], /^GET \S*\/archive/u],
  ["configs", ["doctor"], /^GET \S*\/configs/u],
  ["what the disk holds", ["doctor"], /^GET \S*\/system\/df/u],
  ["tasks", ["verify", service], taskList],
  ["a command in a container", ["verify", service], /^POST \S*\/exec\/\S+\/start/u],
  ["services", ["rescue"], /^GET \S*\/services/u],
  ["a volume's files", ["rescue", lostVolume, "--to", "attacked-found", "--yes"], /^GET \S*\/archive/u],
];

const silenceName = ([command = ""]: readonly string[], place: string): string =>
  `${command} ends with words where the answer about ${place} stops in its middle, and nothing follows`;

let allSilent: ReadonlyMap<string, Promise<void>> | undefined;

/** All of them wait at the same time, but do not start at the same time: their engine is to answer whatever is not damaged. */
async function endSilent(name: string): Promise<void> {
  const { project } = await estate();
  allSilent ??= new Map(
    silences.map(([place, command, target], index) => {
      const ended = sleep(index * 1500).then(() =>
        through(target, "falls silent midway", async (host, engine) => {
          // A machine that has no time even for a ping keeps a command from what is damaged.
          for (let tries = 0; tries < 3 && engine.count === 0; tries += 1) {
            await sleep(tries * 10_000);
            mustHaveEnded(await project.run(command, "", { DOCKER_HOST: host }));
          }
          assert.ok(engine.count > 0, "nothing was damaged");
        }),
      );
      // Whoever asks for it is told.
      ended.catch(() => undefined);
      return [silenceName(command, place), ended] as const;
    }),
  );
  await allSilent.get(name);
}

const silent: AttackCase[] = silences.map(([place, command]): AttackCase => {
  const name = silenceName(command, place);
  return { group: "hanging engines", name, limitSeconds, run: () => endSilent(name) };
});

/** `sandbox status` asks the socket of its own sandbox: the damaged way takes its place. */
const ownSandbox: AttackCase[] = (
  ["cuts the body", "answers with null", "redirects", "falls silent midway"] as const
).map((damage) => ({
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

function updateCase(
  name: string,
  damage: Damage,
  attack: (running: Running, engine: { readonly count: number }) => Promise<void>,
  target: () => Target,
  command: readonly string[] = ["up", "--yes"],
): AttackCase {
  return {
    group: "hanging engines",
    name,
    limitSeconds,
    run: async () => {
      const here = await estate();
      await changeLimit(here);
      await through(target(), damage, async (host, engine) => {
        await attack(here.project.start(command, "", { DOCKER_HOST: host }), engine);
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
    "up says why where the answer about tasks stops in its middle from the middle of an update on",
    "falls silent midway",
    mustHaveEndedDamaged,
    () => inUpdate(1, true),
  ),
  updateCase(
    "down says why where the answer to the removal of the service stops in its middle",
    "falls silent midway",
    mustHaveEndedDamaged,
    () => /^DELETE \S*\/services/u,
    ["down", "--yes"],
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
export const midway: readonly AttackCase[] = [...readers, ...silent, ...ownSandbox, ...updates];

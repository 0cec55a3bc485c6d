/** Every command that runs an operation, on a real swarm: it stands still in the middle, and another user tries what it has opened. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { labIdentity } from "../../lab/host/identity.ts";
import { findOwnedProcesses } from "../../lab/host/owned-process.ts";
import { stopSandbox, type Sandbox } from "../../lab/sandbox.ts";
import type { Running } from "../cli/project-copy.ts";
import { testCacheDirectory } from "../support/sandbox.ts";
import { newFolder, type AttackCase } from "./case.ts";
import { doorsOf, openToStrangers, processTree, type Door } from "./doors.ts";
import { changeLimit, estate, service, through } from "./estate.ts";
import { asStrangerIn } from "./stranger.ts";

const limitSeconds = 240;

/** What a command has open during a second, of which another user must not get through any. */
async function triedDoors(pid: number): Promise<Door[]> {
  const seen = new Map<string, Door>();
  for (let look = 0; look < 5; look += 1) {
    const doors = await doorsOf(await processTree(pid));
    for (const door of doors) seen.set(JSON.stringify(door), door);
    assert.deepEqual(await openToStrangers(doors), []);
    await sleep(100);
  }
  return [...seen.values()];
}

async function until(isTrue: () => boolean, running: Running): Promise<void> {
  let ended: string | undefined;
  void running.ended.then(({ stdout, stderr }) => (ended = stdout + stderr));
  while (!isTrue()) {
    if (ended !== undefined) throw new Error(`it ended before it stood still: ${ended}`);
    await sleep(50);
  }
}

/** What is asked when a command stands still, and how many sockets it has for its program and its packs then. */
const stops: readonly (readonly [command: readonly string[], request: RegExp, sockets: number])[] = [
  [["up", "--yes", "--policy-pack", "policies"], /^POST \S*\/services\/[^/]+\/update/u, 3],
  [["refresh"], /^GET \S*\/services/u, 0],
  [["down", "--yes"], /^DELETE \S*\/services/u, 0],
  [["policy", "--swarm"], /^GET \S*\/services/u, 0],
  [["redis", "ping"], /^GET \S*\/tasks/u, 0],
  [["verify", service], /^POST \S*\/exec/u, 0],
  [["rescue"], /^GET \S*\/services/u, 0],
];

const standing = stops.map(([command, request, sockets]): AttackCase => ({
  group: "access",
  name: `every port and socket of \`${command.join(" ")}\` is closed to another user`,
  limitSeconds,
  async run() {
    const there = await estate();
    const changes = ["up", "down"].includes(command[0] ?? "");
    if (changes) await changeLimit(there);
    await through(request, "never answers", async (host, engine) => {
      const running = there.project.start(command, "", { DOCKER_HOST: host });
      await until(() => engine.count > 0, running);
      assert.equal((await triedDoors(running.pid)).length, sockets);
      running.kill("SIGINT");
      await sleep(300);
      running.kill("SIGINT");
      await running.ended;
    });
    if (!changes) return;
    const { code, stdout, stderr } = await there.project.run(["up", "--yes"]);
    assert.equal(code, 0, stdout + stderr);
  },
}));

const preview: AttackCase = {
  group: "access",
  name: "every port and socket of `preview --policy-pack policies` is closed to another user",
  limitSeconds,
  async run() {
    const { project } = await estate();
    const [program, reached, goOn] = ["index.ts", "reached", "go-on"].map((name) => join(project.directory, name));
    assert.ok(program !== undefined && reached !== undefined && goOn !== undefined);
    const whole = await readFile(program, "utf8");
    await appendFile(
      program,
      `import { existsSync, writeFileSync } from "node:fs";
writeFileSync("reached", "");
while (!existsSync("go-on")) await new Promise((resolve) => setTimeout(resolve, 50));
`,
    );
    try {
      const running = project.start(["preview", "--policy-pack", "policies"]);
      await until(() => existsSync(reached), running);
      assert.equal((await triedDoors(running.pid)).length, 3);
      await writeFile(goOn, "");
      const { code, stderr } = await running.ended;
      assert.equal(code, 0, stderr);
    } finally {
      await writeFile(program, whole);
    }
  },
};

/** In a network of its own, so that it meets no other sandbox of this machine; its ports are those of `holdfast sandbox start`. */
const sandbox: AttackCase = {
  group: "access",
  name: "of a sandbox that starts and runs, another user gets at its registry and the swarm's ports alone, and none is Docker's",
  limitSeconds,
  async run() {
    const directory = join(await newFolder(), "sandbox");
    const start = `
      const { startSandbox } = await import(${JSON.stringify(join(import.meta.dirname, "../../lab/sandbox.ts"))});
      console.log(JSON.stringify(await startSandbox(${JSON.stringify({ directory, cacheDirectory: testCacheDirectory })})));
      process.stdin.resume();`;
    const child = spawn(
      "unshare",
      ["--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", process.execPath, "-e", start],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    try {
      const printed = text(child.stdout);
      let made: Sandbox | undefined;
      child.stdout.on("data", (data: Buffer) => {
        // This file's own words.
        made = JSON.parse(data.toString()) as Sandbox;
      });
      const pid = child.pid ?? 0;
      const allDoors = async (): Promise<Door[]> => {
        const owned = await findOwnedProcesses(labIdentity(directory).id);
        return doorsOf([...(await processTree(pid)), ...owned.map((process) => process.pid)]);
      };
      const open = new Map<string, Door>();
      const tryAll = async (): Promise<void> => {
        for (const door of await openToStrangers(await allDoors(), pid)) open.set(nameOf(door), door);
      };
      while (made === undefined) {
        assert.equal(child.exitCode, null, "it did not start");
        await tryAll();
      }
      await tryAll();
      const { registryAddress } = made;
      assert.deepEqual(
        [...open.keys()].sort(),
        [`tcp ${registryAddress}`, "tcp 127.0.0.1:2377", "tcp 127.0.0.1:7946", "udp 127.0.0.1:7946"].sort(),
      );
      for (const { kind, ...door } of open.values())
        if (kind === "tcp" && "port" in door)
          assert.notEqual(
            await asStrangerIn(pid, askDocker, String(door.port)),
            "200",
            `port ${door.port} is Docker's`,
          );
      child.stdin.end();
      await printed;
    } finally {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      await stopSandbox(directory);
    }
  },
};

const askDocker = `
  fetch("http://127.0.0.1:" + process.argv[1] + "/v1.41/containers/json", { signal: AbortSignal.timeout(3000) })
    .then(({ status }) => console.log(status), () => console.log("no answer"));
`;

function nameOf(door: Door): string {
  return door.kind === "unix" ? `unix ${door.path}` : `${door.kind} ${door.host}:${door.port}`;
}

export const commandsDoors: readonly AttackCase[] = [...standing, preview, sandbox];

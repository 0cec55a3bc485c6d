import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { readLocks, StackLockedError, takeLock } from "../../engine/state/lock.ts";
import { StackState } from "../../engine/state/stack-state.ts";
import { openStack } from "../../engine/state/stack.ts";
import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { atEnd, newFolder, type AttackCase } from "./case.ts";

const entry = fileURLToPath(new URL("../../cli/holdfast.ts", import.meta.url));

/** What may stand where a file is expected, by what puts it there. */
export const oddities: Readonly<Record<string, (path: string) => unknown>> = {
  "a link to nothing": (path) => symlink("/nowhere/at/all", path),
  "a folder": (path) => mkdir(path),
  "a FIFO": (path) => execFileSync("mkfifo", [path]),
  "a device without an end": (path) => symlink("/dev/zero", path),
  "a terminal": (path) => symlink("/dev/ptmx", path),
  "a socket": async (path) => {
    const server = createServer();
    // The path of a socket has at most 107 bytes (unix(7)), that of a file more.
    const short = join(await newFolder(), "socket");
    await new Promise<void>((resolve) => server.listen(short, resolve));
    await rename(short, path);
    atEnd(() => server.close());
  },
  "a file of a tebibyte": async (path) => {
    await writeFile(path, "");
    await truncate(path, 1024 ** 4);
  },
  "a link to itself": (path) => symlink(path, path),
};

async function newProject(): Promise<string> {
  const folder = await newFolder();
  await writeFile(join(folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
  return folder;
}

const locks = ".pulumi/locks/organization/shop/dev";

function isLocked(error: unknown): boolean {
  assert(error instanceof StackLockedError, String(error));
  assert(!error.message.includes("\n"));
  return true;
}

function isMistake(error: unknown): boolean {
  assert(error instanceof InputError || error instanceof SituationError, String(error));
  assert(!error.message.includes("\n"));
  return true;
}

/** Opens a stack and reads its state, as every command does. */
async function open(folder: string): Promise<void> {
  const environment = { PULUMI_CONFIG_PASSPHRASE: "attacked" };
  const stack = await openStack({ projectDirectory: folder, stackName: "dev" }, environment);
  await using state = await StackState.open(stack, { lock: false });
  assert(state);
}

/** Locks and files that cannot be read: nothing is taken, nothing is waited for, and one line says what and where. */
export const cases: readonly AttackCase[] = [
  ...Object.entries(oddities).flatMap(([what, put]) => [
    ...["holdfast.json", "0d7ec0b6-7ad3-4c9d-9bc4-2f6d2d9ff2b6.json"].flatMap((name): AttackCase[] => [
      {
        group: "locks",
        name: `a stack is not taken whose lock ${name} is ${what}`,
        limitSeconds: 60,
        async run() {
          const folder = join(await newProject(), locks);
          await mkdir(folder, { recursive: true });
          await put(join(folder, name));
          await assert.rejects(takeLock(folder, "dev"), isLocked);
          assert.deepEqual(await readdir(folder), [name]);
        },
      },
      {
        group: "locks",
        name: `whoever looks is told of a lock ${name} that is ${what}`,
        limitSeconds: 60,
        async run() {
          const folder = join(await newProject(), locks);
          await mkdir(folder, { recursive: true });
          await put(join(folder, name));
          const [holder, ...others] = await readLocks(folder);
          assert(holder?.unreadable !== undefined && !holder.gone && others.length === 0);
        },
      },
    ]),
    ...["Pulumi.dev.yaml", ".pulumi/stacks/shop/dev.json", ".pulumi/meta.yaml"].map((name): AttackCase => ({
      group: "locks",
      name: `${name} that is ${what} is an error in one line`,
      limitSeconds: 60,
      async run() {
        const folder = await newProject();
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await put(join(folder, name));
        await assert.rejects(open(folder), isMistake);
      },
    })),
  ]),
  ...[
    { whose: "of a living process", lock: { pid: process.pid, hostname: hostname() } },
    { whose: "of another machine", lock: { pid: 1, hostname: "elsewhere" } },
    { whose: "that tells nothing", lock: {} },
  ].map(({ whose, lock }): AttackCase => ({
    group: "locks",
    name: `cancel does not release a lock ${whose} without a yes`,
    sample: whose === "of a living process",
    async run() {
      const folder = await newProject();
      await mkdir(join(folder, locks), { recursive: true });
      const text = JSON.stringify({ ...lock, username: "somebody", timestamp: new Date().toISOString() });
      await writeFile(join(folder, locks, "holdfast.json"), text);
      const cancel = (...options: string[]) =>
        execa(process.execPath, [entry, "cancel", ...options], { cwd: folder, stdin: "ignore", reject: false });
      assert.equal((await cancel()).exitCode, 3);
      assert.equal((await readdir(join(folder, locks))).length, 1);
      assert.equal((await cancel("--yes")).exitCode, 0);
      assert.deepEqual(await readdir(join(folder, locks)), []);
    },
  })),
];

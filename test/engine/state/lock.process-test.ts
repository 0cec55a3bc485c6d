import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StackLockedError, readLocks, releaseLock, releaseLocks, takeLock } from "../../../engine/state/lock.ts";
import { StateProject, data } from "./state-project.ts";

const recordedLock = join(data, "file-backend/dot-pulumi/locks/organization/recording/dev");

/** A process that takes the lock and gives it back when told to; says `held`, `refused`, `released`. */
const contender = `
import { createInterface } from "node:readline";
import { takeLock, releaseLock } from ${JSON.stringify(join(import.meta.dirname, "../../../engine/state/lock.ts"))};
const [folder] = process.argv.slice(1);
console.log("ready");
let lock;
for await (const line of createInterface(process.stdin)) {
  try {
    if (line === "take") lock = await takeLock(folder, "dev");
    else if (lock) lock = releaseLock(lock);
    console.log(line === "take" ? "held" : "released");
  } catch (error) {
    console.log(error.name === "SituationError" ? "refused" : "failed " + error.stack);
  }
}`;

function symlinkTo(target: string): (path: string) => void {
  return (path) => {
    symlinkSync(target, path);
  };
}

function makeLarge(path: string): void {
  writeFileSync(path, "");
  truncateSync(path, 1024 ** 4);
}

class Contender implements Disposable {
  readonly #process;
  #answer: (line: string) => void = () => undefined;

  constructor(folder: string) {
    const flags = ["--input-type=module-typescript", "--eval", contender, folder];
    this.#process = spawn(process.execPath, flags, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdout.setEncoding("utf8").on("data", (line: string) => {
      this.#answer(line.trim());
    });
  }

  next(): Promise<string> {
    return new Promise((resolve) => (this.#answer = resolve));
  }

  tell(order: "take" | "release"): Promise<string> {
    const answer = this.next();
    this.#process.stdin.write(`${order}\n`);
    return answer;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }

  [Symbol.dispose](): void {
    this.#process.kill("SIGKILL");
  }
}

describe("the lock of a stack", function () {
  this.timeout(30_000);

  it("is refused to a second, who learns who has it, since when, and how to release it", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/shop/dev");
    const lock = await takeLock(folder, "dev");
    const content = JSON.parse(readFileSync(lock.path, "utf8")) as Record<string, unknown>; // as written by takeLock
    assert.equal(content["pid"], process.pid);
    assert.equal(content["hostname"], hostname());
    await assert.rejects(takeLock(folder, "dev"), (error: unknown) => {
      assert.ok(error instanceof StackLockedError);
      assert.match(
        error.message,
        /^The stack dev is locked by \S+dev\/holdfast\.json: there is a lock of \S+@\S+ \(process \d+\) since 20\d\d-\S+Z\. Wait until .* release it with `npx holdfast cancel`\.$/,
      );
      assert.equal(error.holders[0]?.gone, false);
      return true;
    });
    releaseLock(lock);
    releaseLock(await takeLock(folder, "dev"));
    assert.deepEqual(readdirSync(folder), []);
    assert.deepEqual(readdirSync(join(folder, "..")), ["dev"], "no temporary file is left");
  });

  it("is had by exactly one of several processes that want it at the same time", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/shop/dev");
    using a = new Contender(folder);
    using b = new Contender(folder);
    using c = new Contender(folder);
    const contenders = [a, b, c];
    await Promise.all(contenders.map((each) => each.next()));
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(contenders.map((each) => each.tell("take")));
      assert.deepEqual(answers.sort(), ["held", "refused", "refused"], `round ${String(round)}`);
      await Promise.all(contenders.map((each) => each.tell("release")));
      assert.deepEqual(await readLocks(folder), []);
    }
  });

  it("of Pulumi counts, and is left alone", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/recording/dev");
    cpSync(recordedLock, folder, { recursive: true });
    await assert.rejects(takeLock(folder, "dev"), {
      message: /34813862-\S+\.json: there is a lock of root@vm \(process 16422\) since 2026-11-22T22:11:12\.46541779Z/,
    });
    assert.deepEqual(readdirSync(folder), readdirSync(recordedLock));
  });

  it("is told in words that a terminal does not obey, whoever wrote it", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/shop/dev");
    mkdirSync(folder, { recursive: true });
    const hostile = { pid: 1, username: "\u001b]0;t\u0007a", hostname: "h\nerror: b", timestamp: "\u009b2J" };
    writeFileSync(join(folder, "x.json"), JSON.stringify(hostile));
    const [holder] = await releaseLocks(await readLocks(folder));
    assert.deepEqual(
      [holder?.username, holder?.hostname, holder?.since],
      ["\\u001b]0;t\\u0007a", "h\\u000aerror: b", "\\u009b2J"],
    );
  });

  it("of a process that was killed is recognised, and released only by who asks for it", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/shop/dev");
    using killed = new Contender(folder);
    await killed.next();
    assert.equal(await killed.tell("take"), "held");
    await killed.kill();
    await assert.rejects(takeLock(folder, "dev"), {
      message:
        /there is a lock of \S+ \(process \d+\) since \S+, a process that is no longer running\. Release the lock with `npx holdfast cancel`/,
    });
    assert.deepEqual(
      (await releaseLocks(await readLocks(folder))).map(({ pid, gone }) => [pid, gone]),
      [[killed.pid, true]],
    );
    releaseLock(await takeLock(folder, "dev"));
  });

  it("is known to be left over when its pid belongs to another process by now", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks");
    mkdirSync(folder);
    const lock = { pid: process.pid, username: "a", hostname: hostname(), timestamp: "2026-01-01T00:00:00Z" };
    const write = (name: string, change: object): void => {
      writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...lock, ...change }));
    };
    write("1-pulumi-before-this-process-began", {});
    write("2-pulumi-since", { timestamp: new Date().toISOString() });
    write("3-ours-of-another-start", { processStart: "boot/1" });
    write("4-elsewhere", { hostname: "elsewhere" });
    writeFileSync(join(folder, "5-empty.json"), "");
    assert.deepEqual(
      (await readLocks(folder)).map(({ gone }) => gone),
      [true, false, true, false, false],
    );
  });

  it("is known to be left over where its process is dead and its parent does not reap it", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks");
    mkdirSync(folder);
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(line.toString());
      const lock = { pid, username: "a", hostname: hostname(), timestamp: new Date().toISOString() };
      writeFileSync(join(folder, "pulumi.json"), JSON.stringify(lock));
      assert.deepEqual(
        (await readLocks(folder)).map(({ gone }) => gone),
        [false],
      );
      process.kill(pid, "SIGKILL");
      while (!/\) Z /u.test(readFileSync(`/proc/${pid}/stat`, "utf8"))) await sleep(5);
      assert.deepEqual(
        (await readLocks(folder)).map(({ gone }) => gone),
        [true],
      );
    } finally {
      parent.kill("SIGKILL");
    }
  });

  const oddities: readonly (readonly [string, (path: string) => unknown, RegExp])[] = [
    ["a link to nothing", symlinkTo("/nowhere/at/all"), /which is a link to nothing\./],
    ["a folder", (path) => mkdirSync(path, { recursive: true }), /which is a folder\./],
    ["a FIFO", (path) => execFileSync("mkfifo", [path]), /which is a FIFO\./],
    ["a link to a device", symlinkTo("/dev/zero"), /which is a symbolic link\.|a device\./],
    ["a file without an end", makeLarge, /which is more than 64 KiB\./],
  ];
  for (const name of ["holdfast.json", "0d7ec0b6-7ad3-4c9d-9bc4-2f6d2d9ff2b6.json"]) {
    for (const [what, make, words] of oddities) {
      it(`that is ${what} called ${name} is never taken, and told in one line`, async () => {
        using project = new StateProject("empty");
        const folder = project.file("locks/organization/shop/dev");
        mkdirSync(folder, { recursive: true });
        make(join(folder, name));
        await assert.rejects(takeLock(folder, "dev"), (error: unknown) => {
          assert.ok(error instanceof StackLockedError);
          assert.match(error.message, words);
          assert.match(error.message, new RegExp(`a lock that cannot be read, \\S+${name}, which`, "u"));
          return true;
        });
        assert.deepEqual(readdirSync(folder), [name]);
      });
    }
  }

  it("cannot be taken where its folder is a file, and that is told", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks");
    writeFileSync(folder, "");
    await assert.rejects(takeLock(folder, "dev"), /locks, cannot be used: .*EEXIST/);
    await assert.rejects(
      readLocks(folder),
      /^SituationError: The folder for the stack's locks, \S+locks, cannot be used: ENOTDIR/,
    );
  });

  it("that has become another's since it was looked at stays", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/shop/dev");
    const first = await takeLock(folder, "dev");
    const seen = await readLocks(folder);
    releaseLock(first);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await takeLock(folder, "dev");
    assert.deepEqual(await releaseLocks(seen), []);
    assert.equal((await readLocks(folder)).length, 1);
    releaseLock(second);
  });

  it("that was released by hand and taken by another is not released a second time", async () => {
    using project = new StateProject("empty");
    const folder = project.file("locks/organization/shop/dev");
    const first = await takeLock(folder, "dev");
    await releaseLocks(await readLocks(folder));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await takeLock(folder, "dev");
    releaseLock(first);
    assert.equal((await readLocks(folder)).length, 1);
    releaseLock(second);
  });
});

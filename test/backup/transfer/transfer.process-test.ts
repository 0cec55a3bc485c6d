import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { appendFile, chmod, mkdir, mkdtemp, open, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { startScript } from "../../../model/service/start-guard.ts";
import { until } from "../../support/lab-service.ts";

const program = fileURLToPath(new URL("../../../backup/main.ts", import.meta.url));
const store = "shop/test/redis";
const own = ["--exclude=.holdfast-*"];

/** A program, and all that it has said. */
class Started {
  readonly #process;
  #said = "";

  constructor(file: string, words: readonly string[], env: Record<string, string>) {
    this.#process = execa(file, words, { env, reject: false, all: true });
    this.#process.all.on("data", (part: Buffer) => (this.#said += part.toString()));
  }

  /** Waits until it has said something. */
  async says(text: string, limitMs = 60_000): Promise<void> {
    const wait = until(() => Promise.resolve(this.#said.includes(text)), `it says ${text}`, limitMs);
    await wait.catch((error: unknown) => {
      throw new Error(`${String(error)}; it said: ${this.#said}`);
    });
  }

  async end(): Promise<{ exitCode: number | undefined; said: string }> {
    const { exitCode } = await this.#process;
    return { exitCode, said: this.#said };
  }

  signal(signal: "SIGSTOP" | "SIGTERM"): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process;
  }
}

/** Two folders in place of volumes, with the two sides of a move as programs of their own, and servers that append to a file. */
class Rig {
  readonly #root: string;
  readonly #running: Started[] = [];
  readonly #port = 20_000 + Math.floor(Math.random() * 20_000);
  readonly from: string;
  readonly to: string;

  private constructor(root: string) {
    this.#root = root;
    this.from = join(root, "from");
    this.to = join(root, "to");
  }

  static async create(): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), "holdfast-transfer-")));
    await mkdir(rig.from);
    await mkdir(rig.to);
    await writeFile(join(rig.#root, "key"), randomBytes(32).toString("hex"));
    await writeFile(join(rig.#root, "other-key"), randomBytes(32).toString("hex"));
    await writeFile(join(rig.from, ".holdfast-store"), `${store}\n`);
    for (const folder of [rig.from, rig.to])
      await writeFile(
        join(rig.#root, `start-${folder === rig.from ? "from" : "to"}`),
        startScript({ identity: store, dataPaths: [folder] }),
      );
    return rig;
  }

  side(command: "send" | "receive", { key = "key", identity = store } = {}) {
    const order = {
      ...{ move: "0123abcd", store: identity, destination: "volume on node", receiver: "127.0.0.1", port: this.#port },
      ...{ folder: command === "send" ? this.from : this.to, secret: join(this.#root, key) },
    };
    return this.#start([process.execPath, program, command], { HOLDFAST_MOVE: JSON.stringify(order) });
  }

  /** A server behind its start guard, which appends numbers to its log until it is ended. */
  server(side: "from" | "to") {
    const folder = side === "from" ? this.from : this.to;
    const work = `echo started; trap 'exit 0' TERM; number=0; while :; do number=$((number + 1)); echo ${side} $number >> ${folder}/log; sleep 0.005; done`;
    return this.#start(["sh", join(this.#root, `start-${side}`), "sh", "-c", work], {});
  }

  #start([file = "", ...words]: string[], env: Record<string, string>): Started {
    const started = new Started(file, words, env);
    this.#running.push(started);
    return started;
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.map((each) => each.kill()));
    await rm(this.#root, { recursive: true, force: true });
  }
}

async function differences(rig: Rig): Promise<string> {
  const { stdout } = await execa("diff", ["-r", "--no-dereference", ...own, rig.from, rig.to], { reject: false });
  return stdout;
}

describe("a move of a volume", function () {
  this.timeout(120_000);
  this.slow(20_000);
  let rig: Rig;
  beforeEach(async () => {
    rig = await Rig.create();
  });
  afterEach(async () => {
    await rig.end();
  });

  it("hands everything over while a server writes, and fences what it leaves", async () => {
    const folder = join(rig.from, "folder");
    await mkdir(folder);
    await writeFile(join(folder, "large"), randomBytes(3_000_000));
    await writeFile(join(folder, "secret"), "x", { mode: 0o600 });
    await chmod(folder, 0o2750);
    await symlink("folder/large", join(rig.from, "link"));
    await writeFile(Buffer.concat([Buffer.from(`${rig.from}/name `), Buffer.from([0xff, 0xfe])]), "bytes");
    const sparse = await open(join(rig.from, "sparse"), "w");
    await sparse.truncate(50_000_000);
    await sparse.write("end", 49_000_000);
    await sparse.close();
    const old = rig.server("from");
    await old.says("started");
    rig.side("receive");
    const sender = rig.side("send");
    await sender.says('"level"');
    await appendFile(join(folder, "large"), "and more");
    await rm(join(folder, "secret"));
    const next = rig.server("to");
    await next.says("waiting for the rest");
    assert.match((await readdir(rig.to)).join(), /holdfast-arriving/u);
    old.signal("SIGTERM");
    await next.says("started");
    next.signal("SIGSTOP");
    assert.match((await sender.end()).said, /"command":"send"/u);
    await rig.server("from").says("before it was moved to volume on node");
    const { stdout: log } = await execa("cat", [join(rig.from, "log")]);
    const { stdout: moved } = await execa("cat", [join(rig.to, "log")]);
    assert.ok(log.split("\n").length > 10);
    assert.ok(moved.startsWith(log), "the log there begins with all of the log here");
    await writeFile(join(rig.to, "log"), `${log}\n`);
    assert.equal(await differences(rig), "");
    assert.equal((await stat(join(rig.to, "folder"))).mode & 0o7777, 0o2750);
    assert.ok((await stat(join(rig.to, "sparse"))).blocks * 512 < 5_000_000, "holes stay holes");
    const times = await Promise.all([rig.from, rig.to].map((side) => stat(join(side, "folder/large"))));
    assert.equal(times[0]?.mtimeMs.toFixed(0), times[1]?.mtimeMs.toFixed(0));
  });

  it("goes on after kills of either side, before and after a server waits", async () => {
    await writeFile(join(rig.from, "large"), randomBytes(40_000_000));
    const old = rig.server("from");
    await old.says("started");
    let receiver = rig.side("receive");
    let sender = rig.side("send");
    const restart = async (): Promise<void> => {
      await sender.kill();
      sender = rig.side("send");
      await receiver.kill();
      receiver = rig.side("receive");
    };
    await until(async () => (await readdir(rig.to)).includes("large"), "something has come");
    await restart();
    await sender.says('"level"');
    const next = rig.server("to");
    await next.says("waiting for the rest");
    await restart();
    old.signal("SIGTERM");
    await restart();
    await next.says("started");
    next.signal("SIGSTOP");
    await sender.end();
    const [log, moved] = await Promise.all([rig.from, rig.to].map((side) => execa("cat", [join(side, "log")])));
    assert.ok(log && moved?.stdout.startsWith(log.stdout));
    await writeFile(join(rig.to, "log"), `${log.stdout}\n`);
    assert.equal(await differences(rig), "");
  });

  it("keeps the data where it is as long as the old server has it", async () => {
    const old = rig.server("from");
    await old.says("started");
    rig.side("receive");
    const sender = rig.side("send");
    await sender.says('"level"');
    const next = rig.server("to");
    await sender.says("the old server still has the data");
    assert.ok((await readdir(rig.from)).includes(".holdfast-store"));
    next.signal("SIGTERM");
    await next.end();
    assert.ok(
      !(await readdir(rig.to)).includes(".holdfast-wanted"),
      "a server that is ended asks for nothing any more",
    );
  });

  it("gives nothing to who does not know the secret", async () => {
    await writeFile(join(rig.from, "large"), randomBytes(1000));
    rig.side("receive");
    const stranger = rig.side("send", { key: "other-key" });
    await stranger.says("cannot be reached");
    assert.ok(!(await readdir(rig.to)).includes("large"));
  });

  it("does not touch a volume with other data, and starts no server on what never arrives", async () => {
    const waiting = rig.side("receive");
    await waiting.says("ready");
    await waiting.kill();
    const foreign = await rig.side("receive", { identity: "another/store" }).end();
    assert.equal(foreign.exitCode, 2, foreign.said);
    assert.match(foreign.said, /being moved to/u);
    const refused = await rig.server("to").end();
    assert.equal(refused.exitCode, 78, refused.said);
    assert.match(refused.said, /got none for 20 s/u);
    await rm(join(rig.to, ".holdfast-arriving"));
    await writeFile(join(rig.to, "other"), "data");
    const occupied = await rig.side("receive").end();
    assert.equal(occupied.exitCode, 2, occupied.said);
    assert.match(occupied.said, /holds other/u);
  });
});

/** What the backup of a file must survive that a real SQLite writes for it. */
import assert from "node:assert/strict";
import { appendFile, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Rig, type Ran, type RigOptions } from "../rig.ts";

const file = { path: "backup/app.db", restoreAs: "app.db", maxAgeSeconds: 3600 };

/** A service with an SQLite database, of which it writes a copy for its backup. */
class Service implements Disposable {
  readonly #database: DatabaseSync;
  readonly #copy: string;

  private constructor(database: DatabaseSync, copy: string) {
    this.#database = database;
    this.#copy = copy;
  }

  static async start(data: string): Promise<Service> {
    await mkdir(join(data, "backup"));
    const database = new DatabaseSync(join(data, "app.db"));
    database.exec("PRAGMA journal_mode = WAL; CREATE TABLE note (text)");
    return new Service(database, join(data, file.path));
  }

  insert(rows: number): void {
    const insert = this.#database.prepare("INSERT INTO note VALUES (?)");
    for (let row = 0; row < rows; row++) insert.run(`note ${Math.random()}`);
  }

  async writeCopy(): Promise<void> {
    await rm(`${this.#copy}.new`, { force: true });
    this.#database.exec(`VACUUM INTO '${this.#copy}.new'`);
    await rename(`${this.#copy}.new`, this.#copy);
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

function errorOf({ last }: Ran): string {
  return last.type === "error" ? last.message : JSON.stringify(last);
}

async function delivered(rig: Rig, options: RigOptions = {}): Promise<void> {
  const ran = await rig.run(["now"], options);
  assert.equal(ran.exitCode, 0, errorOf(ran));
}

async function bases(rig: Rig): Promise<number> {
  const { last } = await rig.run(["list"]);
  assert.ok(last.type === "result" && last.command === "list");
  assert.deepEqual(last.mistakes, []);
  return last.bases;
}

/** Each copy is delivered once, also through a kill of the companion, and restored as the database. */
export async function followsCopies(): Promise<void> {
  await using rig = await Rig.create({ file });
  await rig.makeRepository();
  using service = await Service.start(rig.data);
  const companion = rig.follow({}, "status", { hasOwnGroup: true });
  service.insert(100);
  await service.writeCopy();
  await delivered(rig);
  const first = Math.ceil((await stat(join(rig.data, file.path))).mtimeMs / 1000);
  companion.killGroup();
  service.insert(50);
  await sleep(1100);
  await service.writeCopy();
  const next = rig.follow();
  await delivered(rig);
  // The same again is no other state.
  await service.writeCopy();
  await sleep(2500);
  assert.equal(await bases(rig), 2);
  const { last } = await rig.run(["verify"]);
  assert.ok(last.type === "result" && last.command === "verify" && last.level === "load", JSON.stringify(last));
  assert.equal(last.entries, 150);
  for (const [words, rows] of [
    [["--at", new Date(first * 1000).toISOString()], 100],
    [[], 150],
  ] as const) {
    const folder = join(rig.folder, `restored-${rows}`);
    const ran = await rig.run(["restore", "--to", folder, ...words]);
    assert.equal(ran.exitCode, 0, errorOf(ran));
    assert.ok(ran.last.type === "result" && ran.last.command === "restore" && ran.last.entries === rows);
    using database = new DatabaseSync(join(folder, file.restoreAs));
    assert.equal(database.prepare("SELECT count(*) AS rows FROM note").get()?.["rows"], rows);
  }
  assert.equal(await next.stop(), 0, next.said());
}

/** A service may write faster than the companion looks: each file that was found is whole all the same. */
export async function followsQuickWriter(): Promise<void> {
  await using rig = await Rig.create({ file });
  await rig.makeRepository();
  using service = await Service.start(rig.data);
  service.insert(1);
  await service.writeCopy();
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted) {
      service.insert(1);
      await service.writeCopy();
      await sleep(150);
    }
  })();
  const companion = rig.follow();
  for (let times = 0; times < 2; times++) await delivered(rig);
  stop.abort();
  await writing;
  assert.ok((await bases(rig)) >= 2, companion.said());
  const { last } = await rig.run(["verify"]);
  assert.ok(last.type === "result" && last.command === "verify" && last.result === "ok" && (last.entries ?? 0) > 1);
  await companion.stop();
}

/** A file that is written in its place is taken when it rests; one that is no longer written is late. */
export async function tellsUnwrittenFile(): Promise<void> {
  const path = "dump.txt";
  const quick = { path, restoreAs: path, maxAgeSeconds: 4 };
  await using rig = await Rig.create({ file: quick, lateAfterSeconds: 4 });
  await rig.makeRepository();
  const companion = rig.follow();
  for (let line = 0; line < 40; line++) {
    await appendFile(join(rig.data, path), `line ${line}\n`);
    await sleep(100);
  }
  await delivered(rig);
  assert.equal(await bases(rig), 1);
  const words = /The service has not written dump\.txt since \S+Z; it may be 4s old/u;
  for (let left = 200; left > 0 && !words.test(companion.said()); left--) await sleep(100);
  assert.match(companion.said(), words);
  let health = await rig.run(["health"]);
  for (let left = 40; left > 0 && health.exitCode === 0; left--) health = await rig.run(["health"]);
  assert.match(errorOf(health), words);
  // A companion that starts again does not forget it, and has the file all the same.
  await companion.stop();
  await writeFile(join(rig.data, `${path}.new`), "another one\n");
  await rename(join(rig.data, `${path}.new`), join(rig.data, path));
  await sleep(5000);
  const again = rig.follow();
  for (let left = 200; left > 0 && !words.test(again.said()); left--) await sleep(100);
  assert.equal((await rig.run(["health"])).exitCode, 1);
  assert.equal(await bases(rig), 2);
  const { last } = await rig.run(["verify"]);
  assert.ok(last.type === "result" && last.command === "verify" && last.level === "digest", JSON.stringify(last));
  await again.stop();
  await writeFile(join(rig.data, path), gzipSync("a third one\n"));
  const third = rig.follow();
  await delivered(rig);
  const packed = await rig.run(["verify"]);
  assert.ok(packed.last.type === "result" && packed.last.command === "verify" && packed.last.level === "check");
  await third.stop();
}

/** What the backup of a PostgreSQL must survive, on a real server with a real restic. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ran } from "../rig.ts";
import { PostgresqlRig } from "./rig.ts";

const table = "CREATE TABLE written (number int, at timestamptz)";
const count = "SELECT count(*) FROM written";

function errorOf({ last }: Ran): string {
  return last.type === "error" ? last.message : JSON.stringify(last);
}

/** Restores into a folder, and gives what a server on it has. */
async function restored(rig: PostgresqlRig, question: string, ...words: string[]): Promise<string> {
  const folder = join(rig.folder, `restored-${Math.random()}`);
  const ran = await rig.run("restore", "--to", folder, ...words);
  assert.equal(ran.exitCode, 0, errorOf(ran));
  const server = await rig.startServer(join(folder, "pgdata"));
  const answer = await rig.sql(question);
  await rig.stopServer(server, "SIGINT");
  return answer;
}

/**
 * Followed under writers, the companion and the server killed with -9; then a table is dropped, and brought back: with all rows of the second
 * before, and none of a later one.
 */
export async function undoesDropAfterKills(kills: number): Promise<void> {
  await using rig = await PostgresqlRig.create();
  let server = await rig.startServer();
  await rig.sql(table);
  let companion = rig.follow();
  await rig.delivered(companion);
  for (let kill = 0; kill < kills; kill++) {
    const writer = rig.write();
    await sleep(1000 + Math.random() * 2000);
    await companion.stop("SIGKILL");
    await rig.sql(
      "SELECT pg_switch_wal(); DROP TABLE IF EXISTS filler; CREATE TABLE filler AS SELECT generate_series(1, 200000)",
    );
    companion = rig.follow();
    if (kill % 2 === 1) await sleep(Math.random() * 3000);
    await rig.stopServer(server, "SIGKILL");
    const acknowledged = await writer.stop();
    server = await rig.startServer();
    assert.ok(Number(await rig.sql(count)) >= acknowledged);
  }
  const writer = rig.write();
  await sleep(2500);
  await writer.stop();
  const at = Number(await rig.sql("SELECT floor(extract(epoch FROM max(at))) - 1 FROM written"));
  const before = await rig.sql(`${count} WHERE at < to_timestamp(${at + 1})`);
  const all = await rig.sql(count);
  assert.ok(Number(before) > 0 && Number(before) < Number(all), `${before} of ${all}`);
  await rig.sql("DROP TABLE written");
  await rig.delivered(companion);
  assert.equal(await companion.stop(), 0, companion.said());
  assert.doesNotMatch(companion.said(), /generation \S+ begins/u);
  await rig.stopServer(server, "SIGKILL");
  assert.equal(await restored(rig, count, "--at", new Date(at * 1000).toISOString()), before);
  const list = (await rig.run("list")).last;
  assert.ok(list.type === "result" && list.command === "list");
  assert.deepEqual(list.mistakes, []);
}

/** The newest state, also where nothing was committed up to the time that is asked for; and each level of proof. */
export async function provesNewest(): Promise<void> {
  await using rig = await PostgresqlRig.create();
  const server = await rig.startServer();
  await rig.sql(table);
  const companion = rig.follow();
  await rig.delivered(companion);
  await rig.sql("INSERT INTO written SELECT n, now() FROM generate_series(1, 1000) n");
  await rig.delivered(companion);
  // What is written without a commit ends no recovery.
  await sleep(2100);
  await rig.sql("SELECT pg_logical_emit_message(false, 'nothing', 'at all'); CHECKPOINT");
  await rig.delivered(companion);
  assert.equal(await companion.stop(), 0, companion.said());
  await rig.stopServer(server, "SIGINT");
  const at = new Date(Date.now() - 1500).toISOString();
  assert.equal(await restored(rig, count, "--at", at), "1000");
  for (const level of ["digest", "check", "load"]) {
    const { exitCode, last } = await rig.run("verify", "--level", level);
    assert.equal(exitCode, 0, JSON.stringify(last));
    assert.ok(last.type === "result" && last.command === "verify");
    assert.equal(last.entries, level === "load" ? 1000 : undefined);
  }
}

/** The companion was away for so long that the server has removed its log; a restored server is another one. */
export async function beginsAnewWhereLogIsLost(): Promise<void> {
  await using rig = await PostgresqlRig.create();
  let server = await rig.startServer();
  await rig.sql(table);
  let companion = rig.follow();
  await rig.delivered(companion);
  await companion.stop();
  await rig.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '16MB'");
  await rig.sql("SELECT pg_reload_conf()");
  for (let segment = 0; segment < 6; segment++)
    await rig.sql(`INSERT INTO written VALUES (${segment}, now()); SELECT pg_switch_wal()`);
  await rig.sql("CHECKPOINT");
  companion = rig.follow();
  await rig.delivered(companion);
  assert.match(companion.said(), /The server has not kept the log that comes next: generation \S+ begins/u);
  await companion.stop();
  const folder = join(rig.folder, "again");
  assert.equal((await rig.run("restore", "--to", folder)).exitCode, 0);
  await rig.stopServer(server, "SIGINT");
  server = await rig.startServer(join(folder, "pgdata"));
  companion = rig.follow();
  await rig.delivered(companion);
  assert.match(companion.said(), /The server is on timeline 2, as after a restore: generation \S+ begins/u);
  await rig.sql("INSERT INTO written VALUES (6, now())");
  await rig.delivered(companion);
  await companion.stop();
  await rig.stopServer(server, "SIGINT");
  assert.equal(await restored(rig, count), "7");
}

/** Tables in a tablespace of their own are in no backup: it says so from then on, and recovers when they are gone. A second is one of the universal time, whatever the server's zone is. */
export async function refusesTablespace(): Promise<void> {
  await using rig = await PostgresqlRig.create();
  const zone = ["timezone=Asia/Kathmandu", "log_timezone=Asia/Kathmandu"];
  const server = await rig.startServer(undefined, zone);
  const place = join(rig.folder, "elsewhere");
  await mkdir(place);
  await rig.sql(`CREATE TABLESPACE elsewhere LOCATION '${place}'`);
  const companion = rig.follow();
  const words = /Only the tablespace that every database has can be backed up/u;
  for (let left = 300; left > 0 && !words.test(companion.said()); left--) await sleep(100);
  assert.match(companion.said(), words);
  await rig.sql("DROP TABLESPACE elsewhere");
  await rig.delivered(companion);
  await rig.sql(table);
  const writer = rig.write();
  await sleep(3500);
  await writer.stop();
  const at = Number(await rig.sql("SELECT floor(extract(epoch FROM max(at))) - 1 FROM written"));
  const before = await rig.sql(`${count} WHERE at < to_timestamp(${at + 1})`);
  await rig.delivered(companion);
  await companion.stop();
  await rig.stopServer(server, "SIGINT");
  assert.equal(await restored(rig, count, "--at", new Date(at * 1000).toISOString()), before);
}

/** A companion that may not sign in says so, and is not healthy. */
export async function tellsWrongPassword(): Promise<void> {
  await using rig = await PostgresqlRig.create();
  await rig.startServer();
  await rig.setPassword("another one");
  const companion = rig.follow();
  for (let left = 150; left > 0 && !companion.said().includes("does not answer"); left--) await sleep(100);
  const words = /The server 127\.0\.0\.1 does not answer the backup: password authentication failed.*its start script/u;
  assert.match(companion.said(), words);
  const health = await rig.run("health");
  assert.equal(health.exitCode, 1);
  assert.match(errorOf(health), words);
}

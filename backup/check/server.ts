import { access, constants, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { countKeys } from "../../model/redis/key-count.ts";
import { canaryKey } from "../../model/redis/canary.ts";
import { SituationError } from "../../text/situation-error.ts";
import { readLogManifest, writeLogManifest } from "../log/manifest.ts";
import type { Loaded } from "../product.ts";
import { NotJudgedError } from "./not-judged.ts";

const pollMs = 100;

/**
 * Lets the server's own program check files.
 *
 * @param file - the manifest of a log, or a snapshot
 * @returns what it found wrong; undefined when all is well
 */
export async function checkFiles(kind: "log" | "snapshot", file: string): Promise<string | undefined> {
  const program = await findServerProgram(kind === "log" ? "check-aof" : "check-rdb");
  const { failed, all, signal } = await execa(program, [file], { reject: false, all: true, extendEnv: true });
  if (signal === "SIGKILL") throw new NotJudgedError("The server's own check");
  return failed ? lastWords(all) : undefined;
}

/**
 * Lets a server without network load files, and counts the keys. The files are only read: the server works in a folder of its own that
 * has links to them, and what it might append goes into an increment that is there alone.
 *
 * @param file - the manifest of a log, or a snapshot
 * @throws SituationError when it does not load them
 */
export async function loadFiles(kind: "log" | "snapshot", file: string, temporaryFolder: string): Promise<Loaded> {
  const folder = await mkdtemp(join(temporaryFolder, "holdfast-load-"));
  try {
    const settings = kind === "log" ? await linkLog(file, folder) : await linkSnapshot(file, folder);
    return await loadedBy(folder, settings);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function linkSnapshot(file: string, folder: string): Promise<readonly string[]> {
  await symlink(file, join(folder, "dump.rdb"));
  return ["--appendonly", "no", "--dbfilename", "dump.rdb"];
}

async function linkLog(file: string, folder: string): Promise<readonly string[]> {
  const { base, increments } = readLogManifest(await readFile(file, "utf8"));
  const links = join(folder, "log");
  await mkdir(links);
  for (const { name } of [...(base ? [base] : []), ...increments])
    await symlink(join(dirname(file), name), join(links, name));
  const last = increments.at(-1)?.seq ?? 0;
  const own = { name: "load.incr.aof", seq: last + 1 };
  await writeFile(join(links, own.name), "");
  await writeFile(join(links, "load.manifest"), writeLogManifest({ base, increments: [...increments, own] }));
  return [
    "--appendonly",
    "yes",
    "--appendfilename",
    "load",
    "--appenddirname",
    "log",
    "--auto-aof-rewrite-percentage",
    "0",
  ];
}

async function loadedBy(folder: string, settings: readonly string[]): Promise<Loaded> {
  const socket = join(folder, "s");
  const server = execa(
    await findServerProgram("server"),
    ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--daemonize", "no", ...settings],
    { reject: false, all: true, extendEnv: true, cwd: folder },
  );
  const ended = new AbortController();
  void server.then(() => {
    ended.abort();
  });
  try {
    while (!ended.signal.aborted) {
      const entries = countKeys(await answerTo(socket, "INFO"));
      if (entries !== undefined) return { entries, canary: readCanary(await answerTo(socket, `GET ${canaryKey}`)) };
      await sleep(pollMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    const { all, signal } = await server;
    if (signal === "SIGKILL") throw new NotJudgedError("The server that loads it");
    const said = lastWords(all);
    throw new SituationError({
      what: `A server did not load it: ${said}`,
      fix: /RDB format version/u.test(said)
        ? "Use an image whose server is not older than the one that wrote it"
        : "Take another time; `verify` says which part is damaged",
    });
  } finally {
    server.kill("SIGKILL");
    await server;
  }
}

/** What a server answers; something else than a text, or nothing at all, is read as nothing, such as while it does not listen yet. */
async function answerTo(socket: string, command: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const connection = createConnection(socket, () => connection.write(`${command}\r\n`));
    connection.setEncoding("utf8").setTimeout(10_000, () => connection.destroy());
    connection.on("data", (text: string) => {
      answer += text;
      const [header = "", length] = /^\$(-?\d+)\r\n/u.exec(answer) ?? [];
      const isWhole = length !== undefined && answer.length >= header.length + Number(length);
      if (answer.startsWith("-") || isWhole) connection.destroy();
    });
    connection.on("error", () => undefined);
    connection.on("close", () => {
      resolve(answer);
    });
  });
}

function readCanary(answer: string): number | undefined {
  const [, canary] = /^\$13\r\n(\d{13})/u.exec(answer) ?? [];
  return canary === undefined ? undefined : Number(canary);
}

async function findServerProgram(name: string): Promise<string> {
  const names = [`redis-${name}`, `valkey-${name}`];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    for (const each of names) {
      const path = join(folder, each);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  throw new SituationError({
    what: `The image has no ${names.join(" and no ")}`,
    fix: "Use an image with the store's server",
  });
}

/** What a program said last that says something. */
function lastWords(output: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^\d+:\w .*? [#*] /u, "").trim());
  const telling = lines.filter((line) => /fatal|error|can't|bad|not valid|fail|unexpected|wrong|corrupt/iu.test(line));
  return telling.at(-1) ?? lines.findLast((line) => line !== "") ?? "it ended without a message";
}

import { once } from "node:events";
import { mkdir, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Product } from "../product.ts";
import type { BackupConfiguration } from "../protocol.ts";
import { NotJudgedError } from "../check/not-judged.ts";
import { reaches } from "../check/delivered.ts";
import type { LogBase } from "../repository/tags.ts";
import { bytesOf, type PartReader, type WholePlan } from "../restore/assemble.ts";
import { SituationError } from "../../text/situation-error.ts";
import type { PartMistake } from "../repository/catalogue.ts";
import { FollowedPostgresql } from "./followed.ts";
import { lastSaid, programEnvironment } from "./programs.ts";
import { recover } from "./recovery.ts";
import { Server } from "./server.ts";
import { placeInLog, segmentName } from "./wal.ts";

/** Where the segments of the log are put for a server that plays them back. */
const logFolder = ".holdfast-wal";

/** PostgreSQL: copies by `pg_basebackup`, and the log that `pg_receivewal` gets. */
export const postgresqlProduct: Product = {
  follow: (configuration, delivery) => new FollowedPostgresql(new Server(configuration), delivery, tmpdir()),
  async newest(configuration) {
    const { flushed, segmentBytes } = await new Server(configuration).state();
    return reaches(placeInLog(flushed, segmentBytes));
  },
  written: (configuration) => [firstFolder(serverFolder(configuration)), logFolder],
  async assemble(reader, plan, configuration, folder) {
    const { base, links, cutAfter } = requirePostgresql(plan);
    const data = serverFolder(configuration);
    const mistakes = await readCopy(reader, base, folder === undefined ? undefined : join(folder, data));
    const log = folder === undefined ? undefined : join(folder, logFolder);
    if (log !== undefined) await mkdir(log, { mode: 0o700 });
    for (const [seq, ofSegment] of Map.groupBy(links, ({ piece }) => piece.seq)) {
      const name = segmentName(base.wal.timeline, seq, base.wal.segmentBytes);
      await using handle = log === undefined ? undefined : await open(join(log, name), "w");
      // What was not received of a segment is zeros to a server, as at the end of its own.
      await handle?.truncate(base.wal.segmentBytes);
      for (const { piece } of ofSegment) {
        let at = piece.from;
        const write = async (chunk: Buffer): Promise<void> => {
          await handle?.write(chunk, 0, chunk.length, at);
          at += chunk.length;
        };
        mistakes.push(...(await reader.read(piece, write)));
      }
    }
    const point = Math.max(base.last, cutAfter ?? links.at(-1)?.piece.last ?? 0);
    return { files: [data], parts: links.length + 1, bytes: bytesOf(plan), point, mistakes };
  },
  async check({ folder, files: [data = ""] }) {
    const { failed, stderr, signal } = await execa(
      "pg_verifybackup",
      ["--quiet", "--no-parse-wal", "--exit-on-error", join(folder, data)],
      { env: await programEnvironment(), extendEnv: false, reject: false, stdin: "ignore" },
    );
    if (signal === "SIGKILL") throw new NotJudgedError("The server's own check");
    return failed ? lastSaid(stderr) : undefined;
  },
  async load({ plan, folder, files: [data = ""] }, temporaryFolder, progress) {
    const began = performance.now();
    const telling = setInterval(() => {
      const seconds = Math.round((performance.now() - began) / 1000);
      progress(`a server plays the log back, for ${seconds} s`, bytesOf(plan), bytesOf(plan));
    }, tellEveryMs);
    const log = join(folder, logFolder);
    try {
      const lastSecond = requirePostgresql(plan).cutAfter;
      const entries = await recover({ data: join(folder, data), log, lastSecond }, temporaryFolder);
      for (const path of [log, join(folder, data, "backup_manifest"), join(folder, data, "backup_label.old")])
        await rm(path, { recursive: true, force: true });
      return { entries };
    } finally {
      clearInterval(telling);
    }
  },
};

const tellEveryMs = 10_000;

/** Puts the files of a copy into their folder. */
async function readCopy(
  reader: PartReader,
  { wal, ...base }: WalBase,
  folder: string | undefined,
): Promise<PartMistake[]> {
  const part = { ...base, id: wal.copy, file: wal.copyFile };
  if (folder === undefined) return reader.read(part, () => undefined);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tar = execa("tar", ["-x", "-f", "-", "-C", folder], { reject: false, stdin: "pipe", stdout: "ignore" });
  // Where it has ended, its own words tell why.
  tar.stdin.on("error", () => undefined);
  const mistakes = await reader.read(part, async (chunk) => {
    if (!tar.stdin.write(chunk)) await Promise.race([once(tar.stdin, "drain"), tar]);
  });
  tar.stdin.end();
  const { failed, stderr } = await tar;
  if (failed && mistakes.length === 0) mistakes.push({ part: part.file, problem: `cannot be unpacked: ${stderr}` });
  return mistakes;
}

type WalBase = LogBase & { readonly wal: NonNullable<LogBase["wal"]> };

function requirePostgresql(plan: WholePlan): Extract<WholePlan, { kind: "log" }> & { readonly base: WalBase } {
  if (plan.kind === "log" && plan.base.wal) return { ...plan, base: { ...plan.base, wal: plan.base.wal } };
  throw new SituationError({
    what: "The backup is none of a PostgreSQL",
    fix: "Give the store the name that it had, or this one another",
  });
}

/** Where a server's files are below the folder of its volume. */
function serverFolder({ server }: BackupConfiguration): string {
  return server?.folder ?? "data";
}

function firstFolder(path: string): string {
  return path.split("/", 1)[0] ?? path;
}

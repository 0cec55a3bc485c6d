import { readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { SituationError } from "../../text/situation-error.ts";

/** Where Debian keeps the programs of each major version; what it has in /usr/bin chooses among them by a script. */
const debianFolder = "/usr/lib/postgresql";

/** The environment of PostgreSQL's programs, in which they find each other and speak English. */
export async function programEnvironment(): Promise<Record<string, string>> {
  const versions = await readdir(debianFolder).catch(() => []);
  const [newest] = versions.filter((name) => /^\d+$/u.test(name)).sort((one, other) => Number(other) - Number(one));
  const path = process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  const library = process.env["LD_LIBRARY_PATH"];
  return {
    PATH: newest === undefined ? path : [join(debianFolder, newest, "bin"), path].join(delimiter),
    LC_ALL: "C",
    ...(library !== undefined && { LD_LIBRARY_PATH: library }),
  };
}

/** The major version of PostgreSQL's programs here. */
export async function programVersion(): Promise<number> {
  const { stdout } = await execa("postgres", ["--version"], { env: await programEnvironment(), extendEnv: false });
  return majorIn(stdout);
}

/** Reads the major version in what a program says of itself, such as `postgres (PostgreSQL) 17.6 (Debian 17.6-1)`. */
export function majorIn(words: string): number {
  return Number(/\(PostgreSQL\) (\d+)/u.exec(words)?.[1] ?? Number.NaN);
}

/**
 * Refuses a server of another major version than that of the programs: they could follow some of these, and load none.
 *
 * @throws SituationError that names both
 */
export function requireSameVersion(server: number, programs: number): void {
  if (server === programs) return;
  throw new SituationError({
    what: `The server is PostgreSQL ${server}, and the image of its backup has the programs of PostgreSQL ${programs}`,
    fix: `Give the backup an image that was built with SERVER=postgres:${server}`,
  });
}

/** The last thing that a program of PostgreSQL has said. */
export function lastSaid(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const telling = lines.filter((line) => /(?:error|fatal|panic):/iu.test(line));
  return (telling.at(-1) ?? lines.findLast((line) => line !== "") ?? "it ended without a word")
    .replace(/^.*?(?:error|fatal|panic):\s+/iu, "")
    .replace(/^connection to server at .*? failed: (?:FATAL:\s+)?/u, "");
}

import type { ChildProcess } from "node:child_process";
import { existsSync, statSync, type Stats } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { z } from "zod";
import { kindOf } from "../../swarm/engine/regular-file.ts";
import { byteWords } from "../../text/byte-size.ts";
import { InputError } from "../../text/input-error.ts";
import { SituationError } from "../../text/situation-error.ts";
import { spawnBound } from "./bound-process.ts";
import { lazySdk } from "./lazy-sdk.ts";
import { leanHeap } from "./lean-heap.ts";
import { leanResources } from "./lean-resources.ts";
import type { SocketFolder } from "./socket-folder.ts";

/** One run of the user's program under the SDK's own runner. */
export interface ProgramRun {
  projectDirectory: string;
  /** The entry that Pulumi.yaml names, relative to the project. */
  main: string;
  project: string;
  stack: string;
  /** Where `ResourceMonitor` and `Engine` are served. */
  monitorAddress: string;
  engineAddress: string;
  /** Where the program serves what the engine calls back. */
  sockets: SocketFolder;
  config: ReadonlyMap<string, { value: string; secret: boolean }>;
  dryRun: boolean;
  parallel: number;
  environment: NodeJS.ProcessEnv;
  onOutput(line: string, stream: "stdout" | "stderr"): void;
}

/** A running program. */
export interface RunningProgram {
  /** Its exit code; 128 and the signal's number where a signal ended it. */
  exit: Promise<number>;
  /** Ends it at once; no error when it has ended. */
  kill(): void;
}

/** The organisation that the file backend gives every stack. */
export const organization = "organization";

/** The exit code of an SDK that has reported the error itself (@pulumi/pulumi/cmd/run/index.js). */
export const exitedAfterReporting = 32;

/**
 * Starts the program as Pulumi's language host does: same runner, same flags, configuration in the environment
 * (pulumi: sdk/nodejs/cmd/pulumi-language-nodejs/main.go).
 *
 * @throws InputError when the project has no SDK
 */
export function startProgram(run: ProgramRun): RunningProgram {
  requireProgram(run.projectDirectory, run.main);
  const runner = findRunner(run.projectDirectory);
  const child = spawnBound(
    [
      ...leanHeap,
      "--import",
      lazySdk,
      ...(isOwnSdk(runner) ? ["--import", leanResources] : []),
      runner,
      `--monitor=${run.monitorAddress}`,
      `--engine=${run.engineAddress}`,
      `--organization=${organization}`,
      `--project=${run.project}`,
      `--stack=${run.stack}`,
      `--root-directory=${run.projectDirectory}`,
      `--pwd=${run.projectDirectory}`,
      ...(run.dryRun ? ["--dry-run"] : []),
      `--parallel=${run.parallel}`,
      run.main,
    ],
    {
      cwd: run.projectDirectory,
      sockets: run.sockets,
      handedOver: {
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries([...run.config].map(([key, entry]) => [key, entry.value]))),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(
          [...run.config].flatMap(([key, entry]) => (entry.secret ? [key] : [])),
        ),
      },
      env: {
        ...run.environment,
        PULUMI_NODEJS_TYPESCRIPT: "false",
        // For hooks of the components, which leave to this engine what it does by itself.
        HOLDFAST_ENGINE: "embedded",
      },
    },
  );
  forwardLines(child.stdout, (line) => {
    run.onOutput(line, "stdout");
  });
  forwardLines(child.stderr, (line) => {
    run.onOutput(line, "stderr");
  });
  return { exit: exitOf(child), kill: () => child.kill("SIGKILL") };
}

/** Whether a program has exactly the SDK whose internals {@link leanResources} changes. */
function isOwnSdk(runner: string): boolean {
  const versions = [import.meta.url, runner].map((from) =>
    sdkManifest.parse(createRequire(from)("@pulumi/pulumi/package.json")),
  );
  return versions[0]?.version === versions[1]?.version;
}

const sdkManifest = z.looseObject({ version: z.string() });

/** A package.json is smaller by far; Node takes all of a larger one into memory. */
const manifestLimitBytes = 16 * 1024 * 1024;

/** What may follow `main` in the name of the program. */
const programNames = ["", ".ts", ".js", "/index.ts", "/index.js"];

/** Refuses what Node would wait for a writer of, read without an end, or report with a stack trace. */
function requireProgram(projectDirectory: string, main: string): void {
  for (const name of programNames) {
    const path = resolve(projectDirectory, `${main}${name}`);
    const got = oddity(path, (found) => (found.isFile() || found.isDirectory() ? undefined : kindOf(found)));
    if (got === undefined) continue;
    throw new InputError({
      path,
      expected: "the program, a file of TypeScript or JavaScript",
      got,
      fix: "Put the program there, or name another in `main` of Pulumi.yaml",
    });
  }
  if (
    ![...programNames, ".mjs", ".cjs", ".json"].some((name) => existsSync(resolve(projectDirectory, `${main}${name}`)))
  )
    throw new SituationError({
      what: `The program ${resolve(projectDirectory, main)} does not exist`,
      fix: "Create it, or name another one in `main` of Pulumi.yaml",
    });
  const manifest = join(projectDirectory, "package.json");
  const got = oddity(manifest, (found) => {
    if (!found.isFile()) return kindOf(found);
    return found.size > manifestLimitBytes ? `one of ${byteWords(found.size)}` : undefined;
  });
  if (got === undefined) return;
  throw new InputError({
    path: manifest,
    expected: `a file of at most ${byteWords(manifestLimitBytes)}`,
    got,
    fix: "Put the project's own package.json there",
  });
}

/** What is wrong with the file at a path, if there is one. */
function oddity(path: string, judge: (found: Stats) => string | undefined): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && judge(found);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function findRunner(projectDirectory: string): string {
  try {
    return createRequire(`${projectDirectory}/package.json`).resolve("@pulumi/pulumi/cmd/run/index.js");
  } catch {
    throw new SituationError({
      what: `The package @pulumi/pulumi is not installed in ${projectDirectory}`,
      fix: "Run `npm ci` there, or `npm install @pulumi/pulumi` if package.json does not list it",
    });
  }
}

function forwardLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on("line", onLine);
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // "close" comes after the last line of output, "exit" may come before it.
    child.once("close", (code, signal) => {
      resolve(code ?? 128 + (signal === "SIGKILL" ? 9 : 15));
    });
  });
}

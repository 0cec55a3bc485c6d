import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { openStack } from "../engine/state/stack.ts";
import { allowedImports } from "../lint/room-imports.ts";
import type { Work } from "./paired.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** A project in a temporary folder, on which the `holdfast` command of this checkout is timed. */
export interface StackUnderTest {
  directory: string;
  holdfast(...args: string[]): Promise<string>;
  /** One run of the command, as something to be timed. */
  work(...args: string[]): Work;
  /** The command where no engine answers. */
  holdfastWithoutEngine(...args: string[]): Promise<string>;
  /** Runs the command and says how much memory its largest process needed, and all of them together. */
  peak(...args: string[]): Promise<string>;
  /** Sets a value of the configuration, in this process, so that it is not timed. */
  set(key: string, value: string): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Lays out a project: this one's program, or another's source.
 *
 * @param dockerHost the engine that it works on
 * @param program source of its index.ts; undefined takes this project's program
 */
export async function layOutStack(dockerHost: string, program?: string): Promise<StackUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
  if (program === undefined)
    for (const part of ["index.ts", "configuration.ts", "components", ...(allowedImports["components"] ?? [])])
      await cp(join(root, part), join(directory, part), { recursive: true });
  else await writeFile(join(directory, "index.ts"), program);
  await cp(join(root, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  const env = { ...process.env, DOCKER_HOST: dockerHost, PULUMI_CONFIG_PASSPHRASE: "bench" };
  const command = join(root, "bin/holdfast.js");
  const holdfast = async (environment: NodeJS.ProcessEnv, args: readonly string[]) => {
    const { stdout } = await run(process.execPath, [command, ...args], {
      cwd: directory,
      env: environment,
      maxBuffer: 2 ** 28,
    });
    return stdout;
  };
  return {
    directory,
    holdfast: (...args) => holdfast(env, args),
    work:
      (...args) =>
      async () => {
        await holdfast(env, args);
      },
    holdfastWithoutEngine: (...args) =>
      holdfast({ ...env, DOCKER_HOST: `unix://${join(directory, "no-engine.sock")}` }, args),
    peak: (...args) => peakOf([command, ...args], { cwd: directory, env }),
    set: async (key, value) => {
      const opened = await openStack({ projectDirectory: directory, stackName: "dev" }, env);
      await opened.setConfig(key, value);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** How often the memory of a command's processes is looked at. */
const sampleMs = 20;

async function peakOf(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<string> {
  const child = spawn(process.execPath, args, { ...options, stdio: "ignore" });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${args.join(" ")} ended with ${code ?? "a signal"}`));
    });
  });
  let [largest, together] = [0, 0];
  const timer = setInterval(() => {
    const all = memoryOf(child.pid);
    largest = Math.max(largest, ...all.map(({ peak }) => peak));
    together = Math.max(
      together,
      all.reduce((sum, { now }) => sum + now, 0),
    );
  }, sampleMs);
  try {
    await ended;
  } finally {
    clearInterval(timer);
  }
  return `${largest} MB, with all processes ${together} MB`;
}

/** What a process and all below it hold, in megabytes; those that have ended hold nothing. */
function memoryOf(pid: number | string | undefined): { peak: number; now: number }[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    // A process that has ended and was not waited for yet has no such line.
    const megabytes = (name: string) =>
      Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`, "u").exec(status)?.[1] ?? 0) / 1024);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    return [{ peak: megabytes("VmHWM"), now: megabytes("VmRSS") }, ...children.flatMap(memoryOf)];
  } catch {
    return [];
  }
}

import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { openStack } from "../engine/state/stack.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** A project in a folder of its own, on which the `holdfast` command of this checkout is timed. */
export interface StackUnderTest {
  directory: string;
  holdfast(...args: string[]): Promise<string>;
  /** Sets a value of the configuration, in this process: no part of what is timed. */
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
    for (const part of ["index.ts", "components", "model", "swarm", "configuration.ts"])
      await cp(join(root, part), join(directory, part), { recursive: true });
  else await writeFile(join(directory, "index.ts"), program);
  await cp(join(root, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  const env = { ...process.env, DOCKER_HOST: dockerHost, PULUMI_CONFIG_PASSPHRASE: "bench" };
  const holdfast = async (...args: string[]) => {
    const { stdout } = await run(process.execPath, [join(root, "bin/holdfast.js"), ...args], {
      cwd: directory,
      env,
      maxBuffer: 2 ** 28,
    });
    return stdout;
  };
  return {
    directory,
    holdfast,
    set: async (key, value) => {
      const opened = await openStack({ projectDirectory: directory, stackName: "dev" }, env);
      await opened.setConfig(key, value);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

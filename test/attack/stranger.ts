import { once } from "node:events";
import { execa } from "execa";

/** User and group of somebody else on the machine: `nobody`, who owns nothing. */
export const strangerId = 65_534;

const asNobody = {
  uid: strangerId,
  gid: strangerId,
  cwd: "/",
  // The folder of temporary files is that by which a run's processes are found.
  env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"] },
  extendEnv: false,
} as const;

/**
 * Runs a script of JavaScript (CommonJS) as another user of this machine, with nothing of this process' environment, and answers what
 * it printed.
 *
 * @throws Error when it did not end by itself
 */
export async function asStranger(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa(process.execPath, ["-e", script, "--", ...args], {
    ...asNobody,
    timeout: 20_000,
  });
  return stdout;
}

/** The same in the network of a process. */
export async function asStrangerIn(pid: number, script: string, ...args: string[]): Promise<string> {
  const user = ["--reuid", String(strangerId), "--regid", String(strangerId), "--clear-groups"];
  const command = [process.execPath, "-e", script, "--", ...args];
  const { stdout } = await execa("nsenter", ["--target", String(pid), "--net", "setpriv", ...user, ...command], {
    cwd: "/",
    env: asNobody.env,
    extendEnv: false,
    timeout: 20_000,
  });
  return stdout;
}

/** Starts a script as {@link asStranger} does and waits until it prints something; it ends when it is disposed of. */
export async function holdAsStranger(script: string, ...args: string[]): Promise<AsyncDisposable> {
  const child = execa(process.execPath, ["-e", script, "--", ...args], { ...asNobody, reject: false });
  await once(child.stdout, "data");
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child;
    },
  };
}

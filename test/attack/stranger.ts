import { execa } from "execa";

/** Another user of the machine: `nobody`, who owns nothing. */
const stranger = { uid: 65_534, gid: 65_534 };

/**
 * Runs a script of JavaScript (CommonJS) as another user of this machine, with nothing of this process' environment, and answers what
 * it printed.
 *
 * @throws Error when it did not end by itself
 */
export async function asStranger(script: string, ...args: string[]): Promise<string> {
  const { stdout } = await execa(process.execPath, ["-e", script, "--", ...args], {
    ...stranger,
    cwd: "/",
    env: { PATH: process.env["PATH"] },
    extendEnv: false,
    timeout: 20_000,
  });
  return stdout;
}

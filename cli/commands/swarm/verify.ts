import { redisPaths } from "../../../components/redis/redis-spec.ts";
import { takeInventory } from "../../../live/inventory.ts";
import type { RedisLogin } from "../../../live/verify/task-redis.ts";
import { verifyService, type VerifyResult } from "../../../live/verify/verify.ts";
import { readNamedFile } from "../../../swarm/engine/regular-file.ts";
import { InputError } from "../../../text/input-error.ts";
import { taskWords } from "../../../text/task-state.ts";
import { openContext } from "../../context/context.ts";
import { findProject } from "../../context/project.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { openOutput } from "../../terminal/output.ts";
import { servicesOf } from "../redis/client.ts";
import type { SwarmQuestionOptions } from "./doctor.ts";
import { enginesToAsk } from "./engines-to-ask.ts";

/** Options of `holdfast verify`. */
export interface VerifyCommandOptions extends SwarmQuestionOptions {
  stack?: string | undefined;
  user?: string | undefined;
  passwordFile?: string | undefined;
  timeout: number;
}

/** `holdfast verify SERVICE`: checks that it keeps its data when its task is replaced; ends with 1 when it does not. */
export async function verify(name: string, options: VerifyCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  const login = options.passwordFile === undefined ? await loginOfStack(name, options) : readLogin(options);
  if (login.password !== undefined) output.conceal(login.password);
  const inventory = await takeInventory(await enginesToAsk(options));
  const result = await verifyService(inventory, name, {
    ...login,
    timeoutSeconds: options.timeout,
    onProgress: (message) => {
      // The first word is that of the canary.
      noteChange();
      output.print(`  ...   ${message}`);
    },
  });
  if (output.json) output.document({ ...result, predicted: result.predicted.fate });
  output.print(...lines(result));
  if (!result.passed) throw new Exit(exitCode.failed);
}

const outcomes = {
  kept: "The canary was read back: the data survived the replacement of the task.",
  lost: "The canary is gone: the new task does not have the old one's data.",
  "not readable": "No new task answered in time.",
} as const;

function lines({ service, passed, canary, outageSeconds, predicted, tasks, isRemoved }: VerifyResult): string[] {
  return [
    `${service}: ${passed ? "passed" : "FAILED"}`,
    `  ${outcomes[canary]}`,
    `  downtime   ${outageSeconds === undefined ? "not over yet" : `${outageSeconds.toFixed(1)} s`}`,
    `  predicted  ${predicted.fate}`,
    ...tasks.map(({ node, state, error }) => `  task       on ${node || "no node"}: ${taskWords(state, error)}`),
    ...(isRemoved ? [] : ["  The removal of the canary could not be confirmed; it expires within an hour."]),
  ];
}

function readLogin({ user, passwordFile = "-" }: VerifyCommandOptions): RedisLogin {
  return { username: user, password: readPassword(passwordFile) };
}

/** How to sign in to a service of the stack that the current folder has; to another one without a password. */
async function loginOfStack(name: string, options: VerifyCommandOptions): Promise<RedisLogin> {
  const { stack, cwd, user } = options;
  if (findProject(cwd) === undefined) return { username: user };
  const context = openContext({ stack, cwd });
  const service = (await servicesOf(context)).find((each) => each.name === name);
  if (service === undefined) return { username: user };
  const { username, password, authority } = service;
  return {
    username: user ?? username,
    password,
    ...(authority !== undefined && { authorityFile: redisPaths.authority }),
  };
}

function readPassword(file: string): string {
  try {
    return readNamedFile(file).replace(/\r?\n$/, "");
  } catch (error) {
    throw new InputError({
      path: "--password-file",
      expected: "a file that can be read",
      got: error instanceof Error ? ("code" in error ? String(error.code) : error.message) : "an error",
      fix: "Name a file that holds the password, or - for standard input",
    });
  }
}

/**
 * Advised commands match what the user ran: `npm run up` if they typed that, otherwise `npx holdfast up`, with the stack that was
 * named; and `pulumi` for a program that runs without Holdfast's command line, which passes this on to its child processes
 * through the environment.
 */

import { shellWord } from "./shell-words.ts";

/** How the command line was started. */
const startedBy = "HOLDFAST_STARTED_BY";

/** The stack that was named to it. */
const namedStack = "HOLDFAST_NAMED_STACK";

/** How to reach the engine that the command works on, if `docker` would otherwise ask another one. */
const dockerCommand = "HOLDFAST_DOCKER";

/** What package.json has a script for. */
const scripts: readonly string[] = ["up", "preview", "down", "redis", "sandbox"];

/** Commands that are about a stack. */
const ofStack: readonly string[] = [
  ...["up", "preview", "down", "refresh", "outputs", "redis"],
  ...["config", "export", "import", "cancel"],
];

/** Records how Holdfast is run, for this process and its children; `stack` if one was named. */
export function rememberHowStarted(stack: string | undefined, environment: NodeJS.ProcessEnv = process.env): void {
  environment[startedBy] ??= scripts.includes(environment["npm_lifecycle_event"] ?? "") ? "npm" : "npx";
  if (stack !== undefined) environment[namedStack] = stack;
}

/**
 * A command of Holdfast to be typed, such as ``advised("config set", "port <number>")``.
 *
 * @param command - without arguments and options
 * @param rest - these
 */
export function advised(command: string, rest = "", environment: NodeJS.ProcessEnv = process.env): string {
  const [own = ""] = command.split(" ", 1);
  const stack = ofStack.includes(own) ? environment[namedStack] : undefined;
  const words = [stack === undefined ? "" : `-s ${stack}`, rest].filter(Boolean).join(" ");
  if (environment[startedBy] === "npm" && scripts.includes(own)) {
    const after = [command.slice(own.length + 1), words].filter(Boolean).join(" ");
    return `npm run ${own}${after === "" ? "" : ` -- ${after}`}`;
  }
  return ["npx holdfast", command, words].filter(Boolean).join(" ");
}

/**
 * Says to this process and to those that it starts that the engine is not the one that `docker` asks.
 *
 * @param program - the docker CLI
 * @param host - the engine, as DOCKER_HOST takes it
 */
export function rememberDocker(program: string, host: string, environment: NodeJS.ProcessEnv = process.env): void {
  environment[dockerCommand] = `${shellWord(program)} -H ${shellWord(host)}`;
}

/** A command of the docker CLI to be typed as it is, such as ``advisedDocker("service ps cart")``, which reaches the engine that is meant. */
export function advisedDocker(rest: string, environment: NodeJS.ProcessEnv = process.env): string {
  return `${environment[dockerCommand] ?? "docker"} ${rest}`;
}

/**
 * The command that sets a setting of the stack: Pulumi's own where no command line of Holdfast has started the program.
 *
 * @param rest - as in `--secret holdfast:password`
 */
export function advisedSetting(rest: string, environment: NodeJS.ProcessEnv = process.env): string {
  return environment[startedBy] === undefined ? `pulumi config set ${rest}` : advised("config set", rest, environment);
}

/** The command that updates the state to match what is deployed, and continues: Pulumi's own if Holdfast's command line did not start the program. */
export function advisedRepair(environment: NodeJS.ProcessEnv = process.env): string {
  return environment[startedBy] === undefined ? "pulumi up --refresh" : advised("up", "--refresh", environment);
}

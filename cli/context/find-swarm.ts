import { existsSync } from "node:fs";
import { relative } from "node:path";
import type { Sandbox } from "../../lab/sandbox.ts";
import type { EngineConnection, SwarmMembership } from "../../swarm/engine/connection.ts";
import { rememberDocker } from "../../text/advised-command.ts";
import { SituationError } from "../../text/situation-error.ts";
import { stepsDisplay } from "../display/steps.ts";
import { askYesNo, canAsk } from "../terminal/prompt.ts";
import type { CommandContext } from "./context.ts";
import { sandboxDirectory } from "./project.ts";

/** A Docker engine that manages a swarm, ready to be used. */
export interface FoundSwarm {
  readonly connection: EngineConnection;
  readonly membership: SwarmMembership;
  /** Set when it is a sandbox of this project. */
  readonly sandbox: Sandbox | undefined;
  /** Whether the sandbox was made just now, so that nothing of an earlier one is left. */
  readonly isNew: boolean;
}

/**
 * Finds the swarm to work on: `DOCKER_HOST`, else this project's sandbox where there is one, else the engine that the docker
 * CLI would use; where nothing is set and nothing answers, root gets a sandbox.
 *
 * @throws EngineError (an InputError) when an engine was named and cannot be used
 */
export async function findSwarm(context: CommandContext, options: { sandbox: boolean }): Promise<FoundSwarm> {
  const { output } = context;
  const { findEngine, requireManager, EngineError, initSwarm } = await import("../../swarm/engine/connection.ts");
  if (options.sandbox) return enterSandbox(context, "--sandbox");
  if (hasSandbox(context) && !process.env["DOCKER_HOST"]) return enterSandbox(context, "made by an earlier run");
  const connection = findEngine();
  try {
    const membership = await requireManager(connection);
    output.print(`Swarm: ${connection.setting} (${connection.host}), node ${membership.hostname}`);
    return { connection, membership, sandbox: undefined, isNew: false };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.problem === "not in a swarm" && canAsk() && !output.json) {
      output.warn(error.message);
      if (!(await askYesNo(`Initialise a swarm on ${connection.host}?`, output))) throw error;
      await initSwarm(connection);
      return { connection, membership: await requireManager(connection), sandbox: undefined, isNew: false };
    }
    const isUnset = error.problem === "not reachable" && connection.source === "default socket";
    if (!isUnset || process.getuid?.() !== 0) throw error;
    return enterSandbox(context, "no Docker engine answers");
  }
}

/** The engine to read from: as {@link findSwarm}, but nothing is started, asked or refused. */
export function findEngineToRead({ location }: Pick<CommandContext, "location">): Promise<EngineConnection> {
  return engineOfFolder(location.projectDirectory);
}

/**
 * The engine that commands in a folder work on, be it a project or not: `DOCKER_HOST`, else the sandbox of the folder or of one
 * above it, whether that runs or not, else the engine that the docker CLI would use.
 */
export async function engineOfFolder(folder: string): Promise<EngineConnection> {
  const { findEngine } = await import("../../swarm/engine/connection.ts");
  const directory = sandboxDirectory({ projectDirectory: folder });
  if (process.env["DOCKER_HOST"] || !existsSync(directory)) return findEngine();
  const { sandboxStatus } = await import("../../lab/sandbox.ts");
  const { sandbox } = await sandboxStatus(directory);
  return sandbox === undefined ? findEngine() : sandboxEngine(sandbox);
}

async function sandboxEngine({ dockerHost: host, directory, dockerProgram }: Sandbox): Promise<EngineConnection> {
  const [{ connectEngine }, { findProgram }] = await Promise.all([
    import("../../swarm/engine/connection.ts"),
    import("../../lab/host/toolbox.ts"),
  ]);
  // As it has to be typed: by its name where the shell finds one.
  const found = await findProgram({ PATH: process.env["PATH"] ?? "" }, "docker");
  rememberDocker(found === undefined ? (dockerProgram ?? "docker") : "docker", host);
  return connectEngine({ host, source: "sandbox", setting: `the sandbox in ${directory}` });
}

/** The host to give to the Docker provider; undefined where it finds the engine by itself. */
export function providerHost({ source, host }: EngineConnection): string | undefined {
  return source === "DOCKER_HOST" ? undefined : host;
}

function hasSandbox({ location }: CommandContext): boolean {
  return existsSync(sandboxDirectory(location));
}

async function enterSandbox(context: CommandContext, reason: string): Promise<FoundSwarm> {
  const { output, location } = context;
  const [{ startSandbox, sandboxStatus }, { requireManager }] = await Promise.all([
    import("../../lab/sandbox.ts"),
    import("../../swarm/engine/connection.ts"),
  ]);
  const directory = sandboxDirectory(location);
  if (process.env["DOCKER_HOST"])
    throw new SituationError({
      what: `--sandbox uses its own engine, but DOCKER_HOST=${process.env["DOCKER_HOST"]} names another`,
      fix: "Unset DOCKER_HOST, or leave out --sandbox",
    });
  const isNew = (await sandboxStatus(directory)).sandbox === undefined;
  output.print(`Swarm: the sandbox in ${relative(location.projectDirectory, directory)} (${reason})`);
  const sandbox = await startSandbox({ directory, onStep: stepsDisplay(output) });
  const connection = await sandboxEngine(sandbox);
  return { connection, membership: await requireManager(connection), sandbox, isNew };
}

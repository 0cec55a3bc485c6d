import type { SandboxStatus } from "../../../lab/sandbox.ts";
import { advised } from "../../../text/advised-command.ts";
import { locateStack, sandboxDirectory } from "../../context/project.ts";
import { stepsDisplay } from "../../display/steps.ts";
import { openOutput } from "../../terminal/output.ts";

/** Options of `holdfast sandbox`. */
export interface SandboxCommandOptions {
  cwd?: string | undefined;
  json?: true | undefined;
}

/** `holdfast sandbox start`: a private engine, registry and Redis image under `.holdfast/sandbox`. */
export async function start(options: SandboxCommandOptions): Promise<void> {
  const { output, directory } = open(options);
  const { startSandbox } = await import("../../../lab/sandbox.ts");
  const sandbox = await startSandbox({ directory, onStep: stepsDisplay(output) });
  if (output.json) output.document(sandbox);
  output.print(
    `The sandbox is running: node ${sandbox.nodeHostname}, registry ${sandbox.registryAddress}.`,
    `Its engine is at DOCKER_HOST=${sandbox.dockerHost}`,
    ...(sandbox.dockerProgram === undefined ? [] : [`A docker CLI for it is at ${sandbox.dockerProgram}`]),
  );
}

/** `holdfast sandbox stop`: ends it and removes every trace; asks first where volumes with data go with it. */
export async function stop(options: SandboxCommandOptions & { yes?: true | undefined }): Promise<void> {
  const { output, directory } = open(options);
  const { sandboxStatus, sandboxVolumes, stopSandbox } = await import("../../../lab/sandbox.ts");
  const { state, sandbox } = await sandboxStatus(directory);
  if (state !== "absent") {
    const { confirmEnd } = await import("../../context/throwaway-data.ts");
    const nodes = [{ name: sandbox?.nodeHostname ?? "its node", volumes: await sandboxVolumes(directory) }];
    await confirmEnd(output, { command: "sandbox stop", nodes, yes: options.yes ?? false });
  }
  await stopSandbox(directory);
  if (output.json) output.document({ before: state, state: "absent" });
  output.print(state === "absent" ? "There is no sandbox." : "The sandbox is gone, with everything in it.");
}

/** `holdfast sandbox status`: which parts are running. */
export async function status(options: SandboxCommandOptions): Promise<void> {
  const { output, directory } = open(options);
  const { sandboxStatus } = await import("../../../lab/sandbox.ts");
  const found = await sandboxStatus(directory);
  if (output.json) output.document(found);
  output.print(...statusLines(found));
}

/** Describes a sandbox. */
export function statusLines(found: SandboxStatus): string[] {
  const { state, directory, sandbox, engineRuns, swarmRuns, registryRuns, processes } = found;
  if (state === "absent") return ["There is no sandbox."];
  const runs = (isRunning: boolean) => (isRunning ? "running" : "not running");
  const isStuck = !engineRuns && processes.some(({ command }) => command === "dockerd");
  const engine = isStuck
    ? "does not answer"
    : `${runs(engineRuns)}${engineRuns && !swarmRuns ? ", not in a swarm" : ""}`;
  return [
    `The sandbox in ${directory}: ${state}`,
    `  engine     ${engine}${sandbox === undefined ? "" : `, ${sandbox.dockerHost}`}`,
    `  registry   ${runs(registryRuns)}${sandbox === undefined ? "" : `, ${sandbox.registryAddress}`}`,
    ...(sandbox === undefined ? [] : [`  node       ${sandbox.nodeHostname}, ${sandbox.nodeAddress}`]),
    ...(sandbox === undefined ? [] : [`  image      ${sandbox.redisImage}`]),
    `  processes  ${processes.length}`,
    ...(state === "running"
      ? []
      : [`Start it again with \`${advised("sandbox start")}\`, or remove it with \`${advised("sandbox stop")}\`.`]),
  ];
}

function open(options: SandboxCommandOptions) {
  return { output: openOutput(options.json ?? false), directory: sandboxDirectory(locateStack(options)) };
}

import type { LabStatus } from "../../../lab/lab.ts";
import { advised } from "../../../text/advised-command.ts";
import { labDirectory, locateStack } from "../../context/project.ts";
import { stepsDisplay } from "../../display/steps.ts";
import { openOutput } from "../../terminal/output.ts";

/** Options of `holdfast lab`. */
export interface LabCommandOptions {
  cwd?: string | undefined;
  json?: true | undefined;
}

/** `holdfast lab start`: several engines, a registry and a Redis image under `.holdfast/lab`. */
export async function runStart(
  options: LabCommandOptions & {
    nodes?: number | undefined;
    managers?: number | undefined;
    storage?: true | undefined;
  },
): Promise<void> {
  const { output, directory } = open(options);
  const { startLab } = await import("../../../lab/lab.ts");
  const lab = await startLab({
    directory,
    ...(options.nodes !== undefined && { nodes: options.nodes }),
    ...(options.managers !== undefined && { managers: options.managers }),
    ...(options.storage !== undefined && { storage: options.storage }),
    onStep: stepsDisplay(output),
  });
  if (output.json) output.document(lab);
  output.print(
    `The lab is running: ${lab.nodes.map(({ name }) => name).join(", ")}; registry ${lab.registryAddress}.`,
    `A manager is at DOCKER_HOST=${lab.nodes[0]?.dockerHost ?? ""}`,
    ...(lab.dockerProgram === undefined ? [] : [`A docker CLI for it is at ${lab.dockerProgram}`]),
    `An image to try: ${lab.redisImage}`,
    ...(lab.storageDirectory === undefined
      ? []
      : [`Every node has the network file system at ${lab.storageDirectory}`]),
  );
}

/** `holdfast lab stop` and `clean`: ends it and removes every trace; asks first where volumes with data go with it. */
export async function runStop(options: LabCommandOptions & { yes?: true | undefined }): Promise<void> {
  const { output, directory } = open(options);
  const { labStatus, stopLab } = await import("../../../lab/lab.ts");
  const { state, lab, nodes, runningNodes } = await labStatus(directory);
  if (state !== "absent") {
    const { confirmEnd } = await import("../../context/throwaway-data.ts");
    // If the first start failed, only running engines can hold data; without a record the contents are unknown.
    const isKnown = lab !== undefined || nodes.length > 0;
    const asked = lab?.nodes ?? nodes.filter(({ name }) => runningNodes.includes(name));
    await confirmEnd(output, { command: "lab stop", nodes: isKnown ? asked : undefined, yes: options.yes ?? false });
  }
  await stopLab(directory);
  if (output.json) output.document({ state: "absent" });
  output.print("The lab is gone, with everything in it.");
}

/** `holdfast lab status`: which parts are running. */
export async function runStatus(options: LabCommandOptions): Promise<void> {
  const { output, directory } = open(options);
  const { labStatus } = await import("../../../lab/lab.ts");
  const found = await labStatus(directory);
  if (output.json) output.document(found);
  output.print(...statusLines(found));
}

/** What {@link disturb} can do to a node: the function of lab/nodes/node.ts, and the result in words. */
const disturbances = {
  stop: ["stopNode", "has been shut down"],
  kill: ["killNode", "has been killed"],
  start: ["startNode", "is running"],
  partition: ["partitionNode", "is cut off"],
  heal: ["healNode", "is connected again"],
  fill: ["fillNode", "has no space left on its disk"],
  free: ["freeNode", "has its disk space back"],
} as const;

/** `holdfast lab node stop|kill|start|partition|heal|fill|free NAME`. */
export async function disturb(
  what: keyof typeof disturbances,
  name: string,
  options: LabCommandOptions,
): Promise<void> {
  const { output, directory } = open(options);
  const [act, happened] = disturbances[what];
  await (await import("../../../lab/nodes/node.ts"))[act](directory, name);
  if (output.json) output.document({ node: name, done: what });
  output.print(`${name} ${happened}.`);
}

/** `holdfast lab node slow NAME [KILOBITS]`. */
export async function slow(name: string, kilobits: number | undefined, options: LabCommandOptions): Promise<void> {
  const { output, directory } = open(options);
  const { slowNode } = await import("../../../lab/nodes/node.ts");
  await slowNode(directory, name, kilobits);
  if (output.json) output.document({ node: name, kilobitsPerSecond: kilobits ?? null });
  output.print(`${name} receives ${kilobits === undefined ? "at full speed" : `at most ${kilobits} kbit/s`}.`);
}

function statusLines(status: LabStatus): string[] {
  const { state, directory, lab, nodes, registryRuns, storageRuns, processCount } = status;
  if (state === "absent") return [`There is no lab. Start one with \`${advised("lab start")}\`.`];
  const nodeState = (name: string) => {
    if (!status.runningNodes.includes(name)) return "not running";
    const troubles = [
      ...(status.partitionedNodes.includes(name) ? ["cut off"] : []),
      ...(status.filledNodes.includes(name) ? ["disk full"] : []),
    ];
    return ["running", ...troubles].join(", ");
  };
  return [
    `The lab in ${directory}: ${state}`,
    ...nodes.map(
      ({ name, role, address, dockerHost }) =>
        `  ${name}     ${nodeState(name).padEnd(15)} ${role.padEnd(7)} ${address}  ${dockerHost}`,
    ),
    `  registry   ${registryRuns ? "running" : "not running"}${lab === undefined ? "" : `, ${lab.registryAddress}`}`,
    ...(storageRuns === undefined
      ? []
      : [`  storage    ${storageRuns ? "running" : "not running"}, ${lab?.storageDirectory ?? ""} on each node`]),
    ...(lab === undefined ? [] : [`  image      ${lab.redisImage}`]),
    `  processes  ${processCount}`,
    ...(state === "running"
      ? []
      : [`Start what is missing with \`${advised("lab start")}\`, or remove it with \`${advised("lab stop")}\`.`]),
  ];
}

function open(options: LabCommandOptions) {
  return { output: openOutput(options.json ?? false), directory: labDirectory(locateStack(options)) };
}

import { InvalidArgumentError, Option, type Command } from "@commander-js/extra-typings";

/** Registers `holdfast lab`; what it needs is loaded when it runs. */
export function registerLab(program: Command): void {
  const cwd = new Option("-C, --cwd <folder>", "the project folder, or a folder inside it");
  const json = new Option("-j, --json", "print one JSON document");
  const verbose = new Option("--verbose", "show the stack trace of an error");

  const lab = program.command("lab").description("Start, stop or disrupt a throwaway swarm of several nodes.");
  lab
    .command("status", { isDefault: true })
    .description("Show which parts are running.")
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { runStatus } = await import("./run.ts");
      await runStatus(options);
    });
  lab
    .command("start")
    .description("Start the lab, or whichever parts are not running; needs root on Debian or Ubuntu.")
    .option("--nodes <count>", "number of nodes, 1 to 9 (default: 3)", wholeNumber)
    .option("--managers <count>", "number of nodes that are managers (default: 1)", wholeNumber)
    .option("--storage", "add a network file system that every node mounts; needs FUSE")
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { runStart } = await import("./run.ts");
      await runStart(options);
    });
  for (const [name, description] of [
    ["stop", "Stop the lab and remove it completely, including its data."],
    ["clean", "Remove what a crash or reboot left behind; the same as stop."],
  ] as const) {
    lab
      .command(name)
      .description(description)
      .option("-y, --yes", "answer yes to every prompt")
      .addOption(cwd)
      .addOption(json)
      .addOption(verbose)
      .action(async (options) => {
        const { runStop } = await import("./run.ts");
        await runStop(options);
      });
  }

  const node = lab.command("node").description("Stop, kill, start or disrupt one node.");
  for (const [name, description] of [
    ["stop", "Shut it down gracefully."],
    ["kill", "Kill it at once, as in a crash; its disk is kept."],
    ["start", "Boot it again with the data on its disk."],
    ["partition", "Cut it off from the other nodes; its tasks keep running."],
    ["heal", "Reconnect it."],
    ["fill", "Fill up its disk, until `free` or its next boot."],
    ["free", "Free the space that `fill` took."],
  ] as const) {
    node
      .command(name)
      .description(description)
      .argument("<name>", "the node, for example node-2")
      .addOption(cwd)
      .addOption(json)
      .addOption(verbose)
      .action(async (nodeName, options) => {
        const { disturb } = await import("./run.ts");
        await disturb(name, nodeName, options);
      });
  }
  node
    .command("slow")
    .description("Limit the bandwidth of what it receives.")
    .argument("<name>", "the node, for example node-2")
    .argument("[kilobits]", "kilobits per second; leave it out to lift the limit", wholeNumber)
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (nodeName, kilobits, options) => {
      const { slow } = await import("./run.ts");
      await slow(nodeName, kilobits, options);
    });
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a whole number");
}

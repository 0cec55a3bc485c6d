import { InvalidArgumentError, Option, type Command } from "@commander-js/extra-typings";

/** Registers `holdfast lab`; what it needs is loaded when it runs. */
export function registerLab(program: Command): void {
  const cwd = new Option("-C, --cwd <folder>", "the project's folder, or one below it");
  const json = new Option("-j, --json", "print one machine-readable document");
  const verbose = new Option("--verbose", "show where an unexpected error arose");

  const lab = program.command("lab").description("Start, stop or disturb a throwaway swarm of several nodes.");
  lab
    .command("status", { isDefault: true })
    .description("Say what of it runs.")
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { status } = await import("./run.ts");
      await status(options);
    });
  lab
    .command("start")
    .description("Start it, or what of it does not run; needs root on Debian or Ubuntu.")
    .option("--nodes <count>", "how many nodes, 1 to 9 (default: 3)", wholeNumber)
    .option("--managers <count>", "how many of them are managers (default: 1)", wholeNumber)
    .option("--storage", "with a network file system that all nodes mount; needs FUSE")
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { start } = await import("./run.ts");
      await start(options);
    });
  for (const [name, description] of [
    ["stop", "End it and remove every trace, the data in it included."],
    ["clean", "Remove what a crash or a reboot left of it; the same as stop."],
  ] as const) {
    lab
      .command(name)
      .description(description)
      .option("-y, --yes", "answer yes to what would be asked")
      .addOption(cwd)
      .addOption(json)
      .addOption(verbose)
      .action(async (options) => {
        const { stop } = await import("./run.ts");
        await stop(options);
      });
  }

  const node = lab.command("node").description("Do something to one node.");
  for (const [name, description] of [
    ["stop", "Shut it down in good order."],
    ["kill", "End it at once, as a crash does; what it has on disk stays."],
    ["start", "Boot it again, with the data that it had."],
    ["partition", "Cut it off from the other nodes; its tasks go on."],
    ["heal", "Connect it again."],
    ["fill", "Take all free space of its disk, until `free` or its next boot."],
    ["free", "Give the space back."],
  ] as const) {
    node
      .command(name)
      .description(description)
      .argument("<name>", "the node, such as node-2")
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
    .description("Limit what it receives.")
    .argument("<name>", "the node, such as node-2")
    .argument("[kilobits]", "kilobits a second; without it the limit is lifted", wholeNumber)
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

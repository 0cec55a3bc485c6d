import { Option, type Command } from "@commander-js/extra-typings";
import { declare, numberParser, ofFolder, yes } from "../../options.ts";

/** Registers `holdfast lab`; what it needs is loaded when it runs. */
export function registerLab(program: Command): void {
  const lab = program.command("lab").description("Start, stop or disrupt a throwaway swarm of several nodes.");
  declare(lab.command("status", { isDefault: true }).description("Show which parts are running."), ...ofFolder).action(
    async (options) => (await import("./run.ts")).runStatus(options),
  );
  declare(
    lab
      .command("start")
      .description("Start the lab, or whichever parts are not running; needs root on Debian or Ubuntu."),
    new Option("--nodes <count>", "number of nodes, 1 to 9 (default: 3)").argParser(numberParser(true)),
    new Option("--managers <count>", "number of nodes that are managers (default: 1)").argParser(numberParser(true)),
    new Option("--storage", "add a network file system that every node mounts; needs FUSE"),
    ...ofFolder,
  ).action(async (options) => (await import("./run.ts")).runStart(options));
  for (const [name, description] of [
    ["stop", "Stop the lab and remove it completely, including its data."],
    ["clean", "Remove what a crash or reboot left behind; the same as stop."],
  ] as const)
    declare(lab.command(name).description(description), yes, ...ofFolder).action(async (options) =>
      (await import("./run.ts")).runStop(options),
    );

  const node = lab.command("node").description("Stop, kill, start or disrupt one node.");
  for (const [name, description] of [
    ["stop", "Shut it down gracefully."],
    ["kill", "Kill it at once, as in a crash; its disk is kept."],
    ["start", "Boot it again with the data on its disk."],
    ["partition", "Cut it off from the other nodes; its tasks keep running."],
    ["heal", "Reconnect it."],
    ["fill", "Fill up its disk, until `free` or its next boot."],
    ["free", "Free the space that `fill` took."],
  ] as const)
    declare(
      node.command(name).description(description).argument("<name>", "the node, for example node-2"),
      ...ofFolder,
    ).action(async (nodeName, options) => (await import("./run.ts")).disturb(name, nodeName, options));
  declare(
    node
      .command("slow")
      .description("Limit the bandwidth of what it receives.")
      .argument("<name>", "the node, for example node-2")
      .argument("[kilobits]", "kilobits per second; leave it out to lift the limit", numberParser(true)),
    ...ofFolder,
  ).action(async (nodeName, kilobits, options) => (await import("./run.ts")).slow(nodeName, kilobits, options));
}

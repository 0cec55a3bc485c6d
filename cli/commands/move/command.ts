import { Option, type Command } from "@commander-js/extra-typings";
import { declare, ofFolder, repeatable, yes } from "../../options.ts";

const engine = repeatable(
  "--engine <host>",
  "the engine to ask, in the form of DOCKER_HOST or context:NAME; of several the first manager",
  "the engine that up would use",
);
const to = new Option("--to <node>", "where (default: the node with the fewest tasks that can take it)");
const image = new Option(
  "--image <reference>",
  "the image of the tasks that copy (default: that of a backup in the swarm, else holdfast:backupImage)",
);
const dryRun = new Option("--dry-run", "show what would be done, and change nothing");
const moving = [to, image, dryRun, yes, engine, ...ofFolder] as const;

/** Registers the commands that move data between nodes; what they need is loaded when they run. */
export function registerMove(program: Command): void {
  declare(
    program
      .command("move")
      .description("Move a service with its data to another node; the data is copied while the service runs.")
      .argument("<service>", "the service"),
    ...moving,
  ).action(async (service, options) => (await import("./move.ts")).move(service, options));
  declare(
    program
      .command("drain")
      .description("Move every service with data away from a node, one after the other.")
      .argument("<node>", "the node, by hostname or id"),
    ...moving,
  ).action(async (node, options) => (await import("./drain.ts")).drain(node, options));
}

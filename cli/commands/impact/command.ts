import { Option, type Command } from "@commander-js/extra-typings";
import { cwd, json, repeatable, verbose } from "../../options.ts";

function declared(program: Command) {
  return program
    .command("impact")
    .description("Show what a planned change does to the data of each stateful service.")
    .argument(
      "[file]",
      "the output of pulumi preview --json, a stack file with --swarm, or the earlier of two states or stack files; - for standard input (default)",
    )
    .argument("[after]", "the later state or stack file")
    .option("--swarm", "take the live swarm into account: its nodes, tasks, volumes and images")
    .option(
      "--nodes <pattern>",
      "with --swarm: also look at the volumes of other nodes; an engine address with {hostname} or {address} in it",
    )
    .option("--facts <path>", "use a file written by --save-facts instead of the live swarm")
    .option("--save-facts <path>", "write what --swarm found to this file")
    .addOption(
      new Option("--engine <name>", "the engine that will carry out the change")
        .choices(["pulumi", "embedded"] as const)
        .default("pulumi" as const),
    )
    .addOption(repeatable("--image <name=entry>", "an image under another name, as in corp/cache=redis"))
    .option("--prune", "for stack files: treat missing services as removed, as docker stack deploy --prune does")
    .option("--stack-name <name>", "for a stack file with --swarm: the stack's name in the swarm")
    .addOption(json)
    .option("--markdown [path]", "print a comment for a pull request, or write it to a file")
    .option("--previous <path>", "the previous run's comment, so that new findings are marked")
    .option("--sarif [path]", "print a SARIF 2.1.0 log, or write it to a file")
    .option("--sarif-location <file>", "the source file that the SARIF log attaches findings to", "index.ts")
    .option("--html <path>", "write an HTML page with a diagram")
    .option(
      "--fail-on <what>",
      "exit with code 1 at this fate or worse: interrupted, at-risk (which includes unknown), left-behind, destroyed or never; or on these diagnostic codes; separated by commas",
      "never",
    )
    .addOption(
      repeatable("--accept-data-loss <word>", "exempt a change from --fail-on: the word that the failing run printed"),
    )
    .addOption(cwd)
    .addOption(verbose);
}

/** Options of `holdfast impact`. */
export type ImpactOptions = ReturnType<ReturnType<typeof declared>["opts"]>;

/** Registers `holdfast impact`; what it needs is loaded when it runs. */
export function registerImpact(program: Command): void {
  declared(program).action(async (file, after, options) => (await import("./run.ts")).impact(file, after, options));
}

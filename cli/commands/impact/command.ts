import { Option, type Command } from "@commander-js/extra-typings";

/** Registers `holdfast impact`; what it needs is loaded when it runs. */
export function registerImpact(program: Command): void {
  program
    .command("impact")
    .description("Say what a planned change does to the data of each stateful service.")
    .argument(
      "[file]",
      "what pulumi preview --json printed, a stack file with --swarm, or the state or stack file of before; - for standard input (default)",
    )
    .argument("[after]", "the state or stack file of after")
    .option("--swarm", "look at the live swarm: its nodes, tasks, volumes and images")
    .option(
      "--nodes <pattern>",
      "with --swarm: look also at the volumes of other nodes; each engine's address with {hostname} or {address} in it",
    )
    .option("--facts <path>", "what an earlier --save-facts has written, in place of the live swarm")
    .option("--save-facts <path>", "write what --swarm has found")
    .addOption(
      new Option("--engine <name>", "what will carry the change out")
        .choices(["pulumi", "embedded"] as const)
        .default("pulumi" as const),
    )
    .option("--prune", "for stack files: services that are left out are removed, as by docker stack deploy --prune")
    .option("--stack-name <name>", "for a stack file with --swarm: the stack's name in the swarm")
    .option("-j, --json", "print one machine-readable document")
    .option("--markdown [path]", "print, or write, a comment for a pull request")
    .option("--previous <path>", "the comment of the last run, to tell new findings from known ones")
    .option("--sarif [path]", "print, or write, a SARIF 2.1.0 log")
    .option("--sarif-location <file>", "the file that the SARIF log shows findings at", "index.ts")
    .option("--html <path>", "write a page with a picture")
    .option(
      "--fail-on <what>",
      "what makes the exit code 1: interrupted, at-risk (unknown counts as it), left-behind, destroyed or never, and codes of diagnostics, with commas between them",
      "never",
    )
    .option(
      "--accept-data-loss <word>",
      "what does not count for --fail-on: the word that a run prints that fails at it (repeatable)",
      repeated,
      [] as string[],
    )
    .option("-C, --cwd <folder>", "the project's folder, or one below it")
    .option("--verbose", "show where an unexpected error arose")
    .action(async (file, after, options) => {
      const { impact } = await import("./run.ts");
      await impact(file, after, options);
    });
}

function repeated(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

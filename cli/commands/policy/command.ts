import { Option, type Command } from "@commander-js/extra-typings";

/** Registers `holdfast policy`; what it needs is loaded when it runs. */
export function registerPolicy(program: Command): void {
  program
    .command("policy")
    .description("Find definitions of stateful services that would lose data.")
    .argument(
      "[file...]",
      "stack or compose files, a Pulumi state, a plan of pulumi preview --json; - for standard input",
    )
    .option(
      "--swarm",
      "judge the services of the live swarm; with files, judge them against its nodes, volumes and images",
    )
    .option("-j, --json", "print one machine-readable document")
    .option("--sarif [path]", "print, or write, a SARIF 2.1.0 log")
    .option("--markdown", "print a Markdown table")
    .option("--all", "show one by one what could not be verified")
    .addOption(
      new Option("--fail-on <level>", "what makes the exit code 1")
        .choices(["error", "warning", "never"] as const)
        .default("error" as const),
    )
    .option("--baseline <path>", "leave out the findings of this file")
    .option("--write-baseline <path>", "write today's findings into this file")
    .option(
      "--image <name=entry>",
      "an image under another name, as in corp/cache=redis (repeatable)",
      repeated,
      [] as string[],
    )
    .option("-C, --cwd <folder>", "the project's folder, or one below it")
    .option("--verbose", "show where an unexpected error arose")
    .action(async (files, options) => {
      const { policy } = await import("./run.ts");
      await policy(files, options);
    });
}

function repeated(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

import { Option, type Command } from "@commander-js/extra-typings";

/** Registers `holdfast policy`; what it needs is loaded when it runs. */
export function registerPolicy(program: Command): void {
  program
    .command("policy")
    .description("Find definitions of stateful services that would lose data.")
    .argument(
      "[file...]",
      "stack or compose files, a Pulumi state, the output of pulumi preview --json; - for standard input",
    )
    .option(
      "--swarm",
      "check the services of the live swarm; with files, check the files against its nodes, volumes and images",
    )
    .option("-j, --json", "print one JSON document")
    .option("--sarif [path]", "print a SARIF 2.1.0 log, or write it to a file")
    .option("--markdown", "print a Markdown table")
    .option("--all", "list each check that could not be verified")
    .addOption(
      new Option("--fail-on <level>", "exit with code 1 on a finding of this level or above")
        .choices(["error", "warning", "never"] as const)
        .default("error" as const),
    )
    .option("--baseline <path>", "leave out the findings listed in this file")
    .option("--write-baseline <path>", "write the current findings to this file")
    .option(
      "--image <name=entry>",
      "treat an image as a known one, for example corp/cache=redis (repeatable)",
      repeated,
      [] as string[],
    )
    .option("-C, --cwd <folder>", "the project folder, or a folder inside it")
    .option("--verbose", "show the stack trace of an error")
    .action(async (files, options) => {
      const { policy } = await import("./run.ts");
      await policy(files, options);
    });
}

function repeated(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

import { Option, type Command } from "@commander-js/extra-typings";
import { cwd, json, repeatable, verbose } from "../../options.ts";

function declared(program: Command) {
  return program
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
    .addOption(json)
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
    .addOption(repeatable("--image <name=entry>", "treat an image as a known one, for example corp/cache=redis"))
    .addOption(cwd)
    .addOption(verbose);
}

/** Options of `holdfast policy`. */
export type PolicyOptions = ReturnType<ReturnType<typeof declared>["opts"]>;

/** Registers `holdfast policy`; what it needs is loaded when it runs. */
export function registerPolicy(program: Command): void {
  declared(program).action(async (files, options) => (await import("./run.ts")).policy(files, options));
}

import { Option, type Command } from "@commander-js/extra-typings";

/** Registers the commands that question a live swarm, across its nodes; what they need is loaded when they run. */
export function registerSwarmQuestions(program: Command): void {
  const engine = new Option(
    "--engine <host>",
    "an engine to ask, as DOCKER_HOST takes it; one for each node (repeatable)",
  )
    .argParser<string[]>((value, earlier) => [...earlier, value])
    .default<string[]>([], "the engine that docker would use");
  const json = new Option("-j, --json", "print one machine-readable document");
  const verbose = new Option("--verbose", "show where an unexpected error arose");

  program
    .command("doctor")
    .description("Look for what would trouble stateful services, before the first one is deployed.")
    .addOption(engine)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { doctor } = await import("./commands/doctor.ts");
      await doctor(options);
    });
}

import { InvalidArgumentError, Option, type Command } from "@commander-js/extra-typings";

/** Registers the commands that question a live swarm, across its nodes; what they need is loaded when they run. */
export function registerSwarmQuestions(program: Command): void {
  const engine = new Option(
    "--engine <host>",
    "an engine to ask, as DOCKER_HOST takes it or as context:NAME; one for each node (repeatable)",
  )
    .argParser<string[]>((value, earlier) => [...earlier, value])
    .default<string[]>([], "the engine that up would use");
  const nodes = new Option(
    "--nodes <pattern>",
    "ask the engine of each node that a manager knows, such as ssh://root@{hostname} or tcp://{address}:2376",
  );
  const json = new Option("-j, --json", "print one machine-readable document");
  const verbose = new Option("--verbose", "show where an unexpected error arose");
  const cwd = new Option("-C, --cwd <folder>", "the project's folder, or one below it");

  program
    .command("doctor")
    .description("Look for what would trouble stateful services, before the first one is deployed.")
    .addOption(engine)
    .addOption(nodes)
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { doctor } = await import("./doctor.ts");
      await doctor(options);
    });

  program
    .command("audit")
    .description("Say where the data of a running swarm is, what threatens it, and what lies about unused.")
    .option("--all", "show one by one what the policies could not verify")
    .addOption(
      new Option("--fail-on <level>", "the level of a policy finding that makes the exit code 1")
        .choices(["error", "warning", "never"] as const)
        .default("never" as const),
    )
    .option("--html <file>", "write a self-contained page as well")
    .addOption(engine)
    .addOption(nodes)
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (options) => {
      const { audit } = await import("./audit.ts");
      await audit(options);
    });

  program
    .command("verify")
    .description("Try whether a Redis service's data outlives its task: write a key, replace the task, read it back.")
    .argument("<service>", "its name")
    .option("--user <name>", "the user to log in as (default: the stack's own, else Redis' default user)")
    .option(
      "--password-file <path>",
      "the file that holds the password, - for standard input (default: the stack's own)",
    )
    .option("--timeout <seconds>", "how long the new task may take to answer", positiveNumber, 120)
    .addOption(engine)
    .addOption(nodes)
    .option("-s, --stack <name>", "the stack that the service may be of (default: PULUMI_STACK, else dev)")
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (service, options) => {
      const { verify } = await import("./verify.ts");
      await verify(service, options);
    });

  program
    .command("rescue")
    .description(
      "Find data in volumes that nothing uses, and copy it into a named volume that its service then mounts.",
    )
    .argument("[volume]", "the volume to rescue (default: list those with data)")
    .option("--from-node <node>", "the node that the volume is on, by hostname")
    .option("--to <name>", "the volume that gets the data; it must not exist or be empty")
    .option("--to-node <node>", "the node of that volume (default: the service's, else where the data is)")
    .option("--service <name>", "mount it in this service, tied to its node")
    .option("-y, --yes", "answer yes to what would be asked")
    .addOption(engine)
    .addOption(nodes)
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (volume, options) => {
      const { rescue } = await import("./rescue.ts");
      await rescue(volume, options);
    });
}

function positiveNumber(text: string): number {
  if (Number(text) > 0 && Number.isFinite(Number(text))) return Number(text);
  throw new InvalidArgumentError("a number above 0");
}

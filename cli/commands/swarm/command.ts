import { InvalidArgumentError, Option, type Command } from "@commander-js/extra-typings";

/** Registers the commands that question a live swarm, across its nodes; what they need is loaded when they run. */
export function registerSwarmQuestions(program: Command): void {
  const engine = new Option(
    "--engine <host>",
    "an engine to query, in the form of DOCKER_HOST or context:NAME; one per node (repeatable)",
  )
    .argParser<string[]>((value, earlier) => [...earlier, value])
    .default<string[]>([], "the engine that up would use");
  const nodes = new Option(
    "--nodes <pattern>",
    "query the engine of every node of the swarm, for example ssh://root@{hostname} or tcp://{address}:2376",
  );
  const json = new Option("-j, --json", "print one JSON document");
  const verbose = new Option("--verbose", "show the stack trace of an error");
  const cwd = new Option("-C, --cwd <folder>", "the project folder, or a folder inside it");

  program
    .command("doctor")
    .description("Check engines and hosts for problems that would affect stateful services.")
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
    .description("Show where a running swarm keeps its data, what puts it at risk, and which volumes are unused.")
    .option("--all", "list each policy check that could not be verified")
    .addOption(
      new Option("--fail-on <level>", "exit with code 1 on a policy finding of this level or above")
        .choices(["error", "warning", "never"] as const)
        .default("never" as const),
    )
    .option("--html <file>", "also write the report as a self-contained HTML page")
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
    .description(
      "Check that a Redis service keeps its data when its task is replaced: write a key, replace the task, read it back.",
    )
    .argument("<service>", "the service's name")
    .option("--user <name>", "the user to log in as (default: the one in the stack's state, else Redis' default user)")
    .option(
      "--password-file <path>",
      "a file with the password, - for standard input (default: the one in the stack's state)",
    )
    .option("--timeout <seconds>", "how long to wait for the new task to answer", positiveNumber, 120)
    .addOption(engine)
    .addOption(nodes)
    .option("-s, --stack <name>", "the stack whose state has the login (default: PULUMI_STACK, else dev)")
    .addOption(cwd)
    .addOption(json)
    .addOption(verbose)
    .action(async (service, options) => {
      const { verify } = await import("./verify.ts");
      await verify(service, options);
    });

  program
    .command("rescue")
    .description("Find data in unused volumes, and copy it into a named volume for its service to mount.")
    .argument("[volume]", "the volume to rescue (default: list the unused volumes that hold data)")
    .option("--from-node <node>", "hostname of the node that has the volume")
    .option("--to <name>", "the volume to copy the data to; it must be new or empty")
    .option(
      "--to-node <node>",
      "the node for that volume (default: the service's node, else the node that has the data)",
    )
    .option("--service <name>", "mount the copy in this service, and pin the service to the copy's node")
    .option("-y, --yes", "answer yes to every prompt")
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

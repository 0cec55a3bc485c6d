import { Option, type Command } from "@commander-js/extra-typings";
import { declare, numberParser, ofFolder, repeatable, yes } from "../../options.ts";

const engines = [
  repeatable(
    "--engine <host>",
    "an engine to query, in the form of DOCKER_HOST or context:NAME; one per node",
    "the engine that up would use",
  ),
  new Option(
    "--nodes <pattern>",
    "query the engine of every node of the swarm, for example ssh://root@{hostname} or tcp://{address}:2376",
  ),
] as const;

/** Registers the commands that query a live swarm, across its nodes; what they need is loaded when they run. */
export function registerSwarmQuestions(program: Command): void {
  declare(
    program.command("doctor").description("Check engines and hosts for problems that would affect stateful services."),
    ...engines,
    ...ofFolder,
  ).action(async (options) => (await import("./doctor.ts")).doctor(options));
  declare(
    program
      .command("status")
      .description("Show whether the services with data run, and whether their backups can bring them back."),
    engines[0],
    ...ofFolder,
  ).action(async (options) => (await import("./status.ts")).showStatus(options));
  declare(
    program
      .command("audit")
      .description("Show where a running swarm keeps its data, what puts it at risk, and which volumes are unused."),
    new Option("--all", "list each policy check that could not be verified"),
    new Option("--fail-on <level>", "exit with code 1 on a policy finding of this level or above")
      .choices(["error", "warning", "never"] as const)
      .default("never" as const),
    new Option("--html <file>", "also write the report as a self-contained HTML page"),
    ...engines,
    ...ofFolder,
  ).action(async (options) => (await import("./audit.ts")).audit(options));
  declare(
    program
      .command("verify")
      .description(
        "Check that a Redis service keeps its data when its task is replaced: write a key, replace the task, read it back.",
      )
      .argument("<service>", "the service's name"),
    new Option(
      "--user <name>",
      "the user to log in as (default: the one in the stack's state, else Redis' default user)",
    ),
    new Option(
      "--password-file <path>",
      "a file with the password, - for standard input (default: the one in the stack's state)",
    ),
    new Option("--timeout <seconds>", "how long to wait for the new task to answer")
      .argParser(numberParser(false))
      .default(120),
    ...engines,
    new Option("-s, --stack <name>", "the stack whose state has the login (default: PULUMI_STACK, else dev)"),
    ...ofFolder,
  ).action(async (service, options) => (await import("./verify.ts")).verify(service, options));
  declare(
    program
      .command("rescue")
      .description("Find data in unused volumes, and copy it into a named volume for its service to mount.")
      .argument("[volume]", "the volume to rescue (default: list the unused volumes that hold data)"),
    new Option("--from-node <node>", "hostname of the node that has the volume"),
    new Option("--to <name>", "the volume to copy the data to; it must be new or empty"),
    new Option(
      "--to-node <node>",
      "the node for that volume (default: the service's node, else the node that has the data)",
    ),
    new Option("--service <name>", "mount the copy in this service, and pin the service to the copy's node"),
    yes,
    ...engines,
    ...ofFolder,
  ).action(async (volume, options) => (await import("./rescue.ts")).rescue(volume, options));
}

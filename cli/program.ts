import { Command, Option, type CommandUnknownOpts, type OptionValues } from "@commander-js/extra-typings";
import { registerImpact } from "./commands/impact/command.ts";
import { registerLab } from "./commands/lab/command.ts";
import { registerPolicy } from "./commands/policy/command.ts";
import { registerSwarmQuestions } from "./commands/swarm/command.ts";
import type { PolicyPackChoice } from "./engines/engine.ts";

// Each command loads what it needs when it runs, so that --help and a slip on the command line cost next to nothing.

const engine = new Option(
  "--engine <name>",
  "the engine that runs the program (default: pulumi if it is on the PATH)",
).choices(["pulumi", "embedded"] as const);
const stack = new Option("-s, --stack <name>", "the stack (default: PULUMI_STACK, else dev)");
const cwd = new Option("-C, --cwd <folder>", "the project folder, or a folder inside it");
const json = new Option("-j, --json", "print one JSON document");
const verbose = new Option("--verbose", "show the stack trace of an error");
const diff = new Option("--diff", "show every property that changes");
const yes = new Option("-y, --yes", "answer yes to every prompt");
const refreshFirst = new Option("-r, --refresh", "update the state to match what is deployed before planning");
const showSecrets = new Option("--show-secrets", "print secrets in clear text");
const nodes = new Option(
  "--nodes <pattern>",
  "also query the engines of other nodes: an address with {hostname} or {address} in it (default: holdfast:nodes)",
);
const file = new Option("--file <path>", "the file to use instead of standard input or output");
const policyPack = new Option("--policy-pack <folder>", "a policy pack that must pass (repeatable)").argParser<
  string[]
>(repeated);
const policyPackConfig = new Option(
  "--policy-pack-config <file>",
  "configuration for a policy pack, in the same order (repeatable)",
).argParser<string[]>(repeated);
const acceptDataLoss = new Option(
  "--accept-data-loss <word>",
  "accept the loss of data: the word that up prints with its plan (repeatable)",
)
  .argParser<string[]>(repeated)
  .default<string[]>([], "none");
const deleteData = new Option("--delete-data <volume>", "also delete this volume and its data (repeatable)").argParser<
  string[]
>(repeated);

/** The command line of `holdfast`; a mistake in it is thrown as a CommanderError. */
export function createProgram(): Command {
  const program = new Command("holdfast")
    .description("Stateful services on Docker Swarm that keep their data.")
    .version("0.1.0", "-V, --version")
    .helpCommand(false)
    .enablePositionalOptions();

  ofOperation(
    program
      .command("preview")
      .description("Show what up would do.")
      .addOption(diff)
      .addOption(refreshFirst)
      .option("--expect-no-changes", "exit with code 4 if anything would change or has drifted")
      .addOption(nodes)
      .addOption(policyPack)
      .addOption(policyPackConfig),
  ).action(async (options) => {
    const { preview } = await import("./commands/stack/preview.ts");
    await preview({ ...options, policyPacks: packs(options) });
  });

  ofOperation(
    program
      .command("up")
      .description("Deploy what the program declares; on a machine without Docker, in a private sandbox.")
      .addOption(yes)
      .addOption(diff)
      .addOption(refreshFirst)
      .addOption(acceptDataLoss)
      .option("--sandbox", "deploy to a throwaway swarm in .holdfast/sandbox")
      .addOption(nodes)
      .addOption(policyPack)
      .addOption(policyPackConfig),
  ).action(async (options) => {
    const { up } = await import("./commands/stack/up/run.ts");
    await up({ ...options, policyPacks: packs(options) });
  });

  ofOperation(
    program
      .command("down")
      .description("Delete the stack's resources, but keep its data volumes.")
      .addOption(yes)
      .addOption(diff)
      .addOption(deleteData)
      .addOption(nodes),
  ).action(async (options) => {
    const { down } = await import("./commands/stack/down.ts");
    await down({ ...options, deleteData: options.deleteData ?? [] });
  });

  ofOperation(
    program
      .command("refresh")
      .description("Update the state to match what is deployed.")
      .option("--preview-only", "only show what would change in the state; exit code 4 if anything would")
      .addOption(diff),
  ).action(async (options) => {
    const { refresh } = await import("./commands/stack/refresh.ts");
    await refresh(options);
  });

  ofOperation(
    program
      .command("outputs")
      .description("Show the stack's outputs.")
      .argument("[name]", "show only this output")
      .addOption(showSecrets),
  ).action(async (name, options) => {
    const { outputs } = await import("./commands/stack/outputs.ts");
    await outputs(name, options);
  });

  program
    .command("redis")
    .description("Send one command to the stack's Redis, signed in with the password from the stack's state.")
    .argument("[command...]", "a Redis command with its arguments, for example: redis -- set foo bar")
    .passThroughOptions()
    .option("--service <name>", "the service, if the stack has more than one Redis")
    .addOption(engine)
    .addOption(stack)
    .addOption(cwd)
    .addOption(verbose)
    .action(async (words, options) => {
      const { redis } = await import("./commands/redis/run.ts");
      await redis(words, options);
    });

  const sandbox = program.command("sandbox").description("Start, stop or inspect this project's throwaway swarm.");
  ofFolder(sandbox.command("status", { isDefault: true }).description("Show which parts are running.")).action(
    async (options) => {
      const { status } = await import("./commands/sandbox/run.ts");
      await status(options);
    },
  );
  ofFolder(sandbox.command("start").description("Start the sandbox, or whichever parts are not running.")).action(
    async (options) => {
      const { start } = await import("./commands/sandbox/run.ts");
      await start(options);
    },
  );
  ofFolder(
    sandbox
      .command("stop")
      .description("Stop the sandbox and remove it completely, including its data.")
      .addOption(yes),
  ).action(async (options) => {
    const { stop } = await import("./commands/sandbox/run.ts");
    await stop(options);
  });

  const config = program.command("config").description("Read and write the stack's settings.");
  ofStack(config.command("list", { isDefault: true }).description("Show all settings, with secrets masked.")).action(
    async (options) => {
      const { listSettings } = await import("./commands/stack/config.ts");
      await listSettings(options);
    },
  );
  ofStack(
    config
      .command("get")
      .description("Show one setting.")
      .argument("<key>", "for example node, or docker:host")
      .addOption(showSecrets),
  ).action(async (key, options) => {
    const { get } = await import("./commands/stack/config.ts");
    await get(key, options);
  });
  ofStack(
    config
      .command("set")
      .description("Set one setting.")
      .argument("<key>", "for example node, or docker:host")
      .argument("[value]", "the value; leave it out with --secret, and type it or pipe it in")
      .option("--secret", "store the value encrypted"),
  ).action(async (key, value, options) => {
    const { set } = await import("./commands/stack/config.ts");
    await set(key, value, options);
  });
  ofStack(
    config
      .command("rm")
      .description("Remove one setting, so that its default applies.")
      .argument("<key>", "for example node, or docker:host"),
  ).action(async (key, options) => {
    const { rm } = await import("./commands/stack/config.ts");
    await rm(key, options);
  });

  program
    .command("export")
    .description("Write the state in the format of pulumi stack export.")
    .addOption(file)
    .addOption(stack)
    .addOption(cwd)
    .addOption(verbose)
    .action(async (options) => {
      const { exportState } = await import("./commands/stack/state.ts");
      await exportState(options);
    });
  ofStack(
    program
      .command("import")
      .description("Replace the stack's state with an exported one; the previous state is kept as a backup.")
      .addOption(file),
  ).action(async (options) => {
    const { importState } = await import("./commands/stack/state.ts");
    await importState(options);
  });
  ofStack(
    program
      .command("history")
      .description("Show the stack's update history, newest first.")
      .option(
        "--keep <number>",
        "keep this many of the newest updates and the last successful one, and remove the rest",
      )
      .addOption(yes),
  ).action(async (options) => {
    const { history } = await import("./commands/stack/history.ts");
    await history(options);
  });
  ofStack(
    program
      .command("cancel")
      .description("Release the stack's lock; asks first if the process that holds it may still be running.")
      .addOption(yes),
  ).action(async (options) => {
    const { cancel } = await import("./commands/stack/state.ts");
    await cancel(options);
  });

  registerPolicy(program);
  registerImpact(program);
  registerLab(program);
  registerSwarmQuestions(program);
  for (const command of withSubcommands(program)) {
    // Mistakes are reported where all others are.
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

// Options that many commands take; a command's help lists them last.

function ofFolder<Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) {
  return command.addOption(cwd).addOption(json).addOption(verbose);
}

function ofStack<Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) {
  return command.addOption(stack).addOption(cwd).addOption(json).addOption(verbose);
}

function ofOperation<Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) {
  return ofStack(command.addOption(engine));
}

function withSubcommands(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function repeated(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

function packs(options: { policyPack?: string[]; policyPackConfig?: string[] }): PolicyPackChoice[] {
  return (options.policyPack ?? []).map((directory, index) => {
    const configurationFile = options.policyPackConfig?.[index];
    return { directory, ...(configurationFile !== undefined && { configurationFile }) };
  });
}

import { Command, Option, type CommandUnknownOpts, type OptionValues } from "@commander-js/extra-typings";
import { registerImpact } from "./commands/impact/command.ts";
import { registerLab } from "./commands/lab/command.ts";
import { registerPolicy } from "./commands/policy/command.ts";
import { registerSwarmQuestions } from "./commands/swarm/command.ts";
import type { PolicyPack } from "./engines/engine.ts";

// Each command loads what it needs when it runs, so that --help and a slip on the command line cost next to nothing.

const engine = new Option("--engine <name>", "what runs the program (default: pulumi where it is on the PATH)").choices(
  ["pulumi", "embedded"] as const,
);
const stack = new Option("-s, --stack <name>", "the stack (default: PULUMI_STACK, else dev)");
const cwd = new Option("-C, --cwd <folder>", "the project's folder, or one below it");
const json = new Option("-j, --json", "print one machine-readable document");
const verbose = new Option("--verbose", "show where an unexpected error arose");
const diff = new Option("--diff", "show every property that changes");
const yes = new Option("-y, --yes", "answer yes to what would be asked");
const refreshFirst = new Option("-r, --refresh", "take over what is really there before the plan is made");
const showSecrets = new Option("--show-secrets", "print secrets in clear text");
const nodes = new Option(
  "--nodes <pattern>",
  "ask the engines of other nodes, too: their address with {hostname} or {address} in it (default: holdfast:nodes)",
);
const file = new Option("--file <path>", "the file (default: standard input or output)");
const policyPack = new Option("--policy-pack <folder>", "a policy pack that must pass (repeatable)").argParser<
  string[]
>(repeated);
const policyPackConfig = new Option(
  "--policy-pack-config <file>",
  "a pack's configuration, in the same order (repeatable)",
).argParser<string[]>(repeated);
const acceptDataLoss = new Option(
  "--accept-data-loss <word>",
  "let data be lost: the word that up prints with its plan (repeatable)",
)
  .argParser<string[]>(repeated)
  .default<string[]>([], "none");
const deleteData = new Option("--delete-data <volume>", "delete this volume too, with its data (repeatable)").argParser<
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
      .option("--expect-no-changes", "end with exit code 4 where anything would change, or has drifted")
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
      .description("Bring what the program declares into effect; on a machine without Docker, in a sandbox of its own.")
      .addOption(yes)
      .addOption(diff)
      .addOption(refreshFirst)
      .addOption(acceptDataLoss)
      .option("--sandbox", "use a throwaway swarm in .holdfast/sandbox")
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
      .description("Delete the stack's resources; its data volumes stay.")
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
      .description("Take over into the state what is really there.")
      .option("--preview-only", "say only what would be taken over; exit code 4 where something is")
      .addOption(diff),
  ).action(async (options) => {
    const { refresh } = await import("./commands/stack/refresh.ts");
    await refresh(options);
  });

  ofOperation(
    program
      .command("outputs")
      .description("Show what the program exports.")
      .argument("[name]", "one output")
      .addOption(showSecrets),
  ).action(async (name, options) => {
    const { outputs } = await import("./commands/stack/outputs.ts");
    await outputs(name, options);
  });

  program
    .command("redis")
    .description("Send one command to a Redis of the stack, with the stack's own password.")
    .argument("[command...]", "a command of Redis with its arguments, as in: redis -- set foo bar")
    .passThroughOptions()
    .option("--service <name>", "the service, where the stack has several")
    .addOption(engine)
    .addOption(stack)
    .addOption(cwd)
    .addOption(verbose)
    .action(async (words, options) => {
      const { redis } = await import("./commands/redis/run.ts");
      await redis(words, options);
    });

  const sandbox = program.command("sandbox").description("Start, stop or look at the throwaway swarm of this project.");
  ofFolder(sandbox.command("status", { isDefault: true }).description("Say what of it runs.")).action(
    async (options) => {
      const { status } = await import("./commands/sandbox/run.ts");
      await status(options);
    },
  );
  ofFolder(sandbox.command("start").description("Start it, or what of it does not run.")).action(async (options) => {
    const { start } = await import("./commands/sandbox/run.ts");
    await start(options);
  });
  ofFolder(
    sandbox.command("stop").description("End it and remove every trace, the data in it included.").addOption(yes),
  ).action(async (options) => {
    const { stop } = await import("./commands/sandbox/run.ts");
    await stop(options);
  });

  const config = program.command("config").description("Read and write the stack's settings.");
  ofStack(config.command("list", { isDefault: true }).description("Show all settings; secrets masked.")).action(
    async (options) => {
      const { list } = await import("./commands/stack/config.ts");
      await list(options);
    },
  );
  ofStack(
    config
      .command("get")
      .description("Show one setting.")
      .argument("<key>", "such as node, or docker:host")
      .addOption(showSecrets),
  ).action(async (key, options) => {
    const { get } = await import("./commands/stack/config.ts");
    await get(key, options);
  });
  ofStack(
    config
      .command("set")
      .description("Set one setting.")
      .argument("<key>", "such as node, or docker:host")
      .argument("[value]", "its value; a secret is typed or piped in instead")
      .option("--secret", "keep it encrypted"),
  ).action(async (key, value, options) => {
    const { set } = await import("./commands/stack/config.ts");
    await set(key, value, options);
  });
  ofStack(
    config
      .command("rm")
      .description("Remove one setting, so that its default counts.")
      .argument("<key>", "such as node, or docker:host"),
  ).action(async (key, options) => {
    const { rm } = await import("./commands/stack/config.ts");
    await rm(key, options);
  });

  program
    .command("export")
    .description("Write the state in the form of pulumi stack export.")
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
      .description("Take an exported state for the stack's own; the one before is kept as a backup.")
      .addOption(file),
  ).action(async (options) => {
    const { importState } = await import("./commands/stack/state.ts");
    await importState(options);
  });
  ofStack(
    program
      .command("history")
      .description("Show the updates that are kept of the stack, the newest first.")
      .option("--keep <number>", "remove what is kept of all but so many, and the last that succeeded")
      .addOption(yes),
  ).action(async (options) => {
    const { history } = await import("./commands/stack/history.ts");
    await history(options);
  });
  ofStack(
    program
      .command("cancel")
      .description("Release the lock of the stack; a yes is asked for where its holder may still be at work.")
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

// Options that many commands take; they stand last in its help.

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

function packs(options: { policyPack?: string[]; policyPackConfig?: string[] }): PolicyPack[] {
  return (options.policyPack ?? []).map((directory, index) => {
    const configurationFile = options.policyPackConfig?.[index];
    return { directory, ...(configurationFile !== undefined && { configurationFile }) };
  });
}

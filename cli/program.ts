import { Command, Option, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { PolicyPackChoice } from "../engine/policy/pack.ts";
import { registerBackup } from "./commands/backup/command.ts";
import { registerImpact } from "./commands/impact/command.ts";
import { registerLab } from "./commands/lab/command.ts";
import { registerMove } from "./commands/move/command.ts";
import { registerPolicy } from "./commands/policy/command.ts";
import { registerSwarmQuestions } from "./commands/swarm/command.ts";
import { cwd, declare, ofFolder, ofStack, repeatable, stack, verbose, yes } from "./options.ts";

// Each command loads what it needs when it runs, so that --help and a slip on the command line cost next to nothing.

const engine = new Option(
  "--engine <name>",
  "the engine that runs the program (default: pulumi if it is on the PATH)",
).choices(["pulumi", "embedded"] as const);
const diff = new Option("--diff", "show every property that changes");
const refreshFirst = new Option("-r, --refresh", "update the state to match what is deployed before planning");
const showSecrets = new Option("--show-secrets", "print secrets in clear text");
const nodes = new Option(
  "--nodes <pattern>",
  "also query the engines of other nodes: an address with {hostname} or {address} in it (default: holdfast:nodes)",
);
const file = new Option("--file <path>", "the file to use instead of standard input or output");
const policyPacks = [
  repeatable("--policy-pack <folder>", "a policy pack that must pass"),
  repeatable("--policy-pack-config <file>", "configuration for a policy pack, in the same order"),
] as const;
const ofOperation = [engine, ...ofStack] as const;

/** The command line of `holdfast`; a mistake in it is thrown as a CommanderError. */
export function createProgram(): Command {
  const program = new Command("holdfast")
    .description("Stateful services on Docker Swarm that keep their data.")
    .version("0.1.0", "-V, --version")
    .helpCommand(false)
    .enablePositionalOptions();

  declare(
    program.command("preview").description("Show what up would do."),
    diff,
    refreshFirst,
    new Option("--expect-no-changes", "exit with code 4 if anything would change or has drifted"),
    nodes,
    ...policyPacks,
    ...ofOperation,
  ).action(async (options) => {
    const { preview } = await import("./commands/stack/preview.ts");
    await preview({ ...options, policyPacks: packs(options) });
  });
  declare(
    program
      .command("up")
      .description("Deploy what the program declares; on a machine without Docker, in a private sandbox."),
    yes,
    diff,
    refreshFirst,
    repeatable("--accept-data-loss <word>", "accept the loss of data: the word that up prints with its plan"),
    new Option("--backup-first", "where the plan loses data, back it up and prove that before going on"),
    new Option("--sandbox", "deploy to a throwaway swarm in .holdfast/sandbox"),
    nodes,
    ...policyPacks,
    ...ofOperation,
  ).action(async (options) => {
    const { up } = await import("./commands/stack/up/run.ts");
    await up({ ...options, policyPacks: packs(options) });
  });
  declare(
    program.command("down").description("Delete the stack's resources, but keep its data volumes."),
    yes,
    diff,
    repeatable("--delete-data <volume>", "also delete this volume and its data"),
    nodes,
    ...ofOperation,
  ).action(async (options) => (await import("./commands/stack/down.ts")).down(options));
  declare(
    program.command("refresh").description("Update the state to match what is deployed."),
    new Option("--preview-only", "only show what would change in the state; exit code 4 if anything would"),
    diff,
    ...ofOperation,
  ).action(async (options) => (await import("./commands/stack/refresh.ts")).refresh(options));
  declare(
    program.command("outputs").description("Show the stack's outputs.").argument("[name]", "show only this output"),
    showSecrets,
    ...ofOperation,
  ).action(async (name, options) => (await import("./commands/stack/outputs.ts")).outputs(name, options));
  declare(
    program
      .command("redis")
      .description("Send one command to the stack's Redis, signed in with the password from the stack's state.")
      .argument("[command...]", "a Redis command with its arguments, for example: redis -- set foo bar")
      .passThroughOptions(),
    new Option("--service <name>", "the service, if the stack has more than one Redis"),
    ...[engine, stack, cwd, verbose],
  ).action(async (words, options) => (await import("./commands/redis/run.ts")).redis(words, options));

  const sandbox = program.command("sandbox").description("Start, stop or inspect this project's throwaway swarm.");
  declare(
    sandbox.command("status", { isDefault: true }).description("Show which parts are running."),
    ...ofFolder,
  ).action(async (options) => (await import("./commands/sandbox/run.ts")).status(options));
  declare(
    sandbox.command("start").description("Start the sandbox, or whichever parts are not running."),
    ...ofFolder,
  ).action(async (options) => (await import("./commands/sandbox/run.ts")).start(options));
  declare(
    sandbox.command("stop").description("Stop the sandbox and remove it completely, including its data."),
    yes,
    ...ofFolder,
  ).action(async (options) => (await import("./commands/sandbox/run.ts")).stop(options));

  const config = program.command("config").description("Read and write the stack's settings.");
  const ofSetting = (name: string, description: string) =>
    config.command(name).description(description).argument("<key>", "for example node, or docker:host");
  declare(
    config.command("list", { isDefault: true }).description("Show all settings, with secrets masked."),
    ...ofStack,
  ).action(async (options) => (await import("./commands/stack/config.ts")).listSettings(options));
  declare(ofSetting("get", "Show one setting."), showSecrets, ...ofStack).action(async (key, options) =>
    (await import("./commands/stack/config.ts")).get(key, options),
  );
  declare(
    ofSetting("set", "Set one setting.").argument(
      "[value]",
      "the value; leave it out with --secret, and type it or pipe it in",
    ),
    new Option("--secret", "store the value encrypted"),
    ...ofStack,
  ).action(async (key, value, options) => (await import("./commands/stack/config.ts")).set(key, value, options));
  declare(ofSetting("rm", "Remove one setting, so that its default applies."), ...ofStack).action(
    async (key, options) => (await import("./commands/stack/config.ts")).rm(key, options),
  );

  declare(
    program.command("export").description("Write the state in the format of pulumi stack export."),
    ...[file, stack, cwd, verbose],
  ).action(async (options) => (await import("./commands/stack/state.ts")).exportState(options));
  declare(
    program
      .command("import")
      .description("Replace the stack's state with an exported one; the previous state is kept as a backup."),
    file,
    ...ofStack,
  ).action(async (options) => (await import("./commands/stack/state.ts")).importState(options));
  declare(
    program.command("history").description("Show the stack's update history, newest first."),
    new Option(
      "--keep <number>",
      "keep this many of the newest updates and the last successful one, and remove the rest",
    ),
    yes,
    ...ofStack,
  ).action(async (options) => (await import("./commands/stack/history.ts")).history(options));
  declare(
    program
      .command("cancel")
      .description("Release the stack's lock; asks first if the process that holds it may still be running."),
    yes,
    ...ofStack,
  ).action(async (options) => (await import("./commands/stack/state.ts")).cancel(options));

  registerPolicy(program);
  registerImpact(program);
  registerLab(program);
  registerSwarmQuestions(program);
  registerBackup(program);
  registerMove(program);
  for (const command of withSubcommands(program)) {
    // Mistakes are reported where all others are.
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}

function withSubcommands(command: CommandUnknownOpts): CommandUnknownOpts[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function packs(options: { policyPack: string[]; policyPackConfig: string[] }): PolicyPackChoice[] {
  return options.policyPack.map((directory, index) => {
    const configurationFile = options.policyPackConfig[index];
    return { directory, ...(configurationFile !== undefined && { configurationFile }) };
  });
}

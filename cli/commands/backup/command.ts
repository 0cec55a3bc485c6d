import { Option, type Command } from "@commander-js/extra-typings";
import { declare, ofFolder, repeatable, yes } from "../../options.ts";

const engine = repeatable(
  "--engine <host>",
  "the engine to ask, as in DOCKER_HOST, or context:NAME; of several, the first manager",
  "the engine that up would use",
);

const times = "a time such as 2026-11-30T21:45:53Z, 21:45:53 for today, or '5m ago'";

/** Registers the commands of backups; what they need is loaded when they run. */
export function registerBackup(program: Command): void {
  const backup = program
    .command("backup")
    .description("List, verify and prune backups, or wait for the next delivery.");
  declare(
    backup
      .command("list", { isDefault: true })
      .description("Show which states can be restored, when they were last verified, and what is late.")
      .argument("[service]", "the service (default: all that have a backup)"),
    new Option("--format <format>", "text for people, or the text format of Prometheus")
      .choices(["text", "prometheus"] as const)
      .default("text" as const),
    engine,
    ...ofFolder,
  ).action(async (service, options) => (await import("./list.ts")).showBackups(service, options));
  declare(
    backup
      .command("verify")
      .description("Verify a backup and keep the result in its repository.")
      .argument("[service]", "the service (default: the only one that has a backup)"),
    new Option("--at <time>", `the state to verify: ${times} (default: the newest)`),
    new Option("--level <level>", "how: digest, check with the server's own program, or load in a server")
      .choices(["digest", "check", "load"] as const)
      .default("load" as const),
    engine,
    ...ofFolder,
  ).action(async (service, options) => (await import("./verify.ts")).proveState(service, options));
  declare(
    backup
      .command("now")
      .description("Wait until everything that was written before this command is in the repository.")
      .argument("[service]", "the service (default: the only one that has a backup)"),
    engine,
    ...ofFolder,
  ).action(async (service, options) => (await import("./now.ts")).now(service, options));
  declare(
    backup
      .command("prune")
      .description("Remove what no restore within `keepDays` needs, and free its space.")
      .argument("[service]", "the service (default: the only one that has a backup)"),
    new Option("--dry-run", "show what would be removed, and change nothing"),
    yes,
    engine,
    ...ofFolder,
  ).action(async (service, options) => (await import("./prune.ts")).prune(service, options));
  declare(
    program
      .command("restore")
      .description("Bring a service's data back from its backup, into a new volume that the service then uses.")
      .argument("<service>", "the service"),
    new Option("--at <time>", `drop everything written after ${times} (default: the newest state)`),
    new Option("--to <volume>", "the new volume (default: the current volume's name with the time)"),
    new Option("--node <node>", "the node (default: the service's node, or the only other node it can run on)"),
    new Option("--dry-run", "show what would be done, and change nothing"),
    yes,
    engine,
    ...ofFolder,
  ).action(async (service, options) => (await import("./restore.ts")).restore(service, options));
}

import { advised } from "../../../text/advised-command.ts";
import { InputError } from "../../../text/input-error.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { chooseRedis } from "../../context/stack-services.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { connectRedis, reachService, servicesOf } from "./client.ts";
import type { ReplyLimits } from "./connection.ts";
import { formatReply, rawReply } from "./reply.ts";
import { askedWaitMs } from "./waiting.ts";

/** Commands that keep answering, for which redis-cli is the right tool. */
const endless = new Set(["subscribe", "psubscribe", "ssubscribe", "monitor", "sync", "psync"]);

/** What the user's own command may take: a large save, a script or `KEYS` keeps Redis busy, and it says nothing meanwhile. */
const typedLimits: ReplyLimits = { silenceMs: 60_000, wholeMs: 600_000, bytes: 600 * 1024 * 1024 };

/** Options of `holdfast redis`. */
export interface RedisCommandOptions extends StackOptions {
  /** The service, where the stack has several. */
  service?: string | undefined;
}

/** `holdfast redis <command> [args…]`: one command to a Redis of the stack, with the stack's own password. */
export async function redis(args: readonly string[], options: RedisCommandOptions): Promise<void> {
  const [command, ...rest] = args;
  if (command === undefined || endless.has(command.toLowerCase()))
    throw new InputError({
      path: "redis",
      expected: "a Redis command that answers once",
      got: command === undefined ? "none" : JSON.stringify(command),
      fix: `Give one, such as \`${advised("redis", "set foo bar")}\``,
    });
  const context = openContext(options);
  const { output, location } = context;
  const service = chooseRedis(await servicesOf(context), options.service, location.stackName);
  using connection = await connectRedis(service, await reachService(context, service));
  // If the reply does not come, it is unknown what the command has done.
  noteChange();
  const waitMs = askedWaitMs(args);
  const limits = { ...typedLimits, silenceMs: typedLimits.silenceMs + waitMs, wholeMs: typedLimits.wholeMs + waitMs };
  const reply = await connection.sendFor(limits, command, ...rest);
  if (reply.kind === "error" || process.stdout.isTTY) output.printAsIs(formatReply(args, reply));
  else process.stdout.write(Buffer.concat([rawReply(reply), Buffer.from("\n")]));
  if (reply.kind === "error") throw new Exit(exitCode.failed);
}

import { ReplyError } from "ioredis";
import { advised } from "../../model/advised-command.ts";
import { InputError } from "../../model/input-error.ts";
import { openContext, type StackOptions } from "../context.ts";
import { Exit, exitCode } from "../exit-code.ts";
import { connectRedis } from "../redis-client.ts";
import { formatReply, rawReply, type RedisReply } from "../redis-reply.ts";

/** Commands that go on answering, for which redis-cli is the right tool. */
const endless = new Set(["subscribe", "psubscribe", "ssubscribe", "monitor", "sync", "psync"]);

/** `holdfast redis <command> [args…]`: one command to the stack's Redis, with the stack's own password. */
export async function redis(args: readonly string[], options: StackOptions): Promise<void> {
  const [command, ...rest] = args;
  if (command === undefined || endless.has(command.toLowerCase()))
    throw new InputError({
      path: "redis",
      expected: "a command of Redis that answers once",
      got: command === undefined ? "none" : JSON.stringify(command),
      fix: `Give one, such as \`${advised("redis", "set foo bar")}\``,
    });
  const context = openContext(options);
  const { output } = context;
  using reached = await connectRedis(context);
  try {
    // Whatever Redis answers is a reply; ioredis does not say so for commands that it does not know.
    const reply = (await reached.client.callBuffer(command, ...rest)) as RedisReply;
    if (process.stdout.isTTY) output.printAsIs(formatReply(command, reply));
    else process.stdout.write(Buffer.concat([rawReply(reply), Buffer.from("\n")]));
  } catch (error) {
    // ioredis' own types do not say what a ReplyError is.
    if (!(error instanceof Error) || !(error instanceof ReplyError)) throw error;
    output.printAsIs(`(error) ${error.message}`);
    throw new Exit(exitCode.failed);
  }
}

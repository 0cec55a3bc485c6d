import type { Stack, StackLocation } from "../../engine/state/stack.ts";
import { rememberHowStarted } from "../../text/advised-command.ts";
import { chooseEngine, type EngineName } from "../engines/choose.ts";
import type { StackEngine, StateContent } from "../engines/engine.ts";
import { openOutput, type Output } from "../terminal/output.ts";
import { locateStack } from "./project.ts";

/** Options that every command about a stack takes. */
export interface StackOptions {
  cwd?: string | undefined;
  stack?: string | undefined;
  json?: true | undefined;
  verbose?: true | undefined;
  engine?: EngineName | undefined;
}

/** What a command works with. */
export interface CommandContext {
  readonly output: Output;
  readonly location: StackLocation;
  /** The stack's settings; opened when they are first needed. */
  readonly stack: () => Promise<Stack>;
  /** The engine that runs operations, chosen when it is first needed. */
  readonly engine: () => Promise<StackEngine>;
  /** What the stack's state holds: read when it is first needed, and again only after {@link forgetState}. */
  readonly state: () => Promise<StateContent>;
  /** Notes that an operation may have changed the state. */
  readonly forgetState: () => void;
}

/** Opens the context of a command from its options. */
export function openContext(options: StackOptions): CommandContext {
  rememberHowStarted(options.stack);
  const output = openOutput(options.json ?? false);
  const location = locateStack(options);
  let opened: Promise<Stack> | undefined;
  let chosen: Promise<StackEngine> | undefined;
  const stack = () => (opened ??= import("../../engine/state/stack.ts").then(({ openStack }) => openStack(location)));
  const engine = () =>
    (chosen ??= chooseEngine(options.engine, {
      json: output.json,
      // The Pulumi CLI asks for a passphrase where there is none yet.
      ensureSecrets: async () => {
        await (await stack()).ensureSecrets();
      },
    }));
  let read: Promise<StateContent> | undefined;
  const state = () => (read ??= engine().then((known) => known.state(location)));
  const forgetState = () => {
    read = undefined;
  };
  return { output, location, stack, engine, state, forgetState };
}

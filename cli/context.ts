import type { StackLocation } from "../engine/operations.ts";
import type { Stack } from "../engine/state/stack.ts";
import { chooseEngine, type engineNames } from "./engines/choose.ts";
import type { StackEngine } from "./engines/engine.ts";
import { openOutput, type Output } from "./output.ts";
import { locateStack } from "./project.ts";

/** Options that every command about a stack takes. */
export interface StackOptions {
  cwd?: string;
  stack?: string;
  json?: true;
  verbose?: true;
  engine?: (typeof engineNames)[number];
}

/** What a command works with. */
export interface CommandContext {
  readonly output: Output;
  readonly location: StackLocation;
  /** The stack's settings; opened when they are first needed. */
  stack(): Promise<Stack>;
  /** The engine that runs operations, chosen when it is first needed. */
  engine(): Promise<StackEngine>;
}

/** Opens the context of a command from its options. */
export function openContext(options: StackOptions): CommandContext {
  const output = openOutput(options.json ?? false);
  const location = locateStack(options);
  let stack: Promise<Stack> | undefined;
  let engine: Promise<StackEngine> | undefined;
  return {
    output,
    location,
    stack: () => (stack ??= import("../engine/state/stack.ts").then(({ openStack }) => openStack(location))),
    engine: () =>
      (engine ??= chooseEngine(options.engine, {
        json: output.json,
        passphraseFile: () => Promise.resolve(undefined),
      })),
  };
}

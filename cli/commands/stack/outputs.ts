import { InputError } from "../../../text/input-error.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { scalarText } from "../../display/diff-lines.ts";

/** `holdfast outputs [name]`: what the program exports. */
export async function outputs(name: string | undefined, options: StackOptions & { showSecrets?: true }): Promise<void> {
  const context = openContext(options);
  const { output, location } = context;
  const engine = await context.engine();
  const values = await engine.outputs(location, options.showSecrets ?? false);
  if (name === undefined) {
    if (output.json) output.document(values);
    const width = Math.max(0, ...Object.keys(values).map((key) => key.length));
    output.printAsIs(...Object.entries(values).map(([key, value]) => `${key.padEnd(width)}  ${text(value)}`));
    return;
  }
  const value = values[name];
  if (value === undefined)
    throw new InputError({
      path: "outputs",
      expected: `an output of the stack (${Object.keys(values).join(", ") || "it has none"})`,
      got: JSON.stringify(name),
      fix: "Name one of them",
    });
  if (output.json) output.document(value);
  output.printAsIs(text(value));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : scalarText(value);
}

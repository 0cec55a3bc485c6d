import { isRecord } from "../model/inputs/field.ts";
import { concernsData, typeOfUrn } from "../model/inputs/pulumi-plan.ts";

/** A preview, maybe with fewer steps. */
export interface ReducedPreview {
  readonly preview: Buffer;
  /** How many steps were left out that change nothing. */
  readonly unchanged: number;
}

/**
 * Leaves out of a preview those steps that cannot have to do with data, before anything of it is parsed: they may be most of
 * it, and to parse a step takes many times as long as to find it.
 *
 * A step is found by the line that its URN stands on, as the indentation and the order of `pulumi preview --json` have it
 * (`PreviewStep` of Pulumi's pkg/display/json.go); no text has a line feed of its own in JSON. What is written in any other
 * way is returned as it is.
 */
export function relevantSteps(preview: Buffer): ReducedPreview {
  const indentation = /^\s*\{\n( {1,8}|\t)"/u.exec(preview.toString("latin1", 0, 100))?.[1];
  if (indentation === undefined) return { preview, unchanged: 0 };
  const stepStart = `\n${indentation.repeat(2)}{\n${indentation.repeat(3)}"op": "`;
  const urnLine = `\n${indentation.repeat(3)}"urn": "urn:pulumi:`;
  const steps: Step[] = [];
  let urn = preview.indexOf(urnLine);
  for (; urn >= 0; urn = preview.indexOf(urnLine, urn + urnLine.length)) {
    const start = preview.lastIndexOf(stepStart, urn);
    const step = start < 0 ? undefined : headOf(preview.subarray(start, preview.indexOf("\n", urn + 1)));
    if (step === undefined) break;
    steps.push({ start, ...step });
  }
  const [first, last] = [steps[0], steps.at(-1)];
  const end = last === undefined ? -1 : preview.indexOf(`\n${indentation}]`, last.start);
  // The diagnostics, which follow the steps, have URNs too; among the steps each must be that of one.
  const isForeign = urn >= 0 && urn < end;
  if (first === undefined || end < 0 || isForeign) return { preview, unchanged: 0 };
  const isRelevant = ({ urn }: Step): boolean => concernsData(typeOfUrn(urn));
  const kept = steps.flatMap((step, index) =>
    isRelevant(step) ? [preview.subarray(step.start, steps[index + 1]?.start ?? end)] : [],
  );
  if (kept.length === steps.length) return { preview, unchanged: 0 };
  return {
    preview: Buffer.concat([preview.subarray(0, first.start), ...separated(kept), preview.subarray(end)]),
    unchanged: steps.filter((step) => step.op === "same" && !isRelevant(step)).length,
  };
}

interface Step {
  readonly start: number;
  readonly op: string;
  readonly urn: string;
}

/** What a step does and to what, if these lines are a step's first ones. */
function headOf(lines: Buffer): { op: string; urn: string } | undefined {
  try {
    const head: unknown = JSON.parse(`${lines.toString("utf8").replace(/,\s*$/u, "")}}`);
    if (!isRecord(head) || typeof head["op"] !== "string" || typeof head["urn"] !== "string") return undefined;
    return { op: head["op"], urn: head["urn"] };
  } catch {
    return undefined;
  }
}

const comma = 0x2c;

/** The entries of a list with a comma after each but the last. */
function separated(entries: readonly Buffer[]): readonly Buffer[] {
  const last = entries.at(-1);
  return last?.at(-1) === comma ? [...entries.slice(0, -1), last.subarray(0, -1)] : entries;
}

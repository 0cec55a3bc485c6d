import type { EventState, StepMetadata } from "../../engine/model/events.ts";
import { Lines, propertiesOf } from "./property-diff.ts";

const configType = "docker:index/serviceConfig:ServiceConfig";

/** A step on a configuration with its content as the text that it is; Docker takes it in base64. Secrets stay masked. */
export function withReadableContent(step: StepMetadata): StepMetadata {
  if (step.type !== configType) return step;
  const { old, new: next } = step;
  return { ...step, ...(old && { old: readable(old) }), ...(next && { new: readable(next) }) };
}

function readable(state: EventState): EventState {
  const sides = (["inputs", "outputs"] as const).flatMap((side): [string, object][] => {
    const { data, ...rest } = propertiesOf(state, side);
    const text = typeof data === "string" ? textOf(data) : undefined;
    return text === undefined ? [] : [[side, { ...rest, data: new Lines(text) }]];
  });
  return { ...state, ...Object.fromEntries(sides) };
}

/** The text that base64 encodes; undefined where it is none, as of `[secret]` or of a binary file. */
function textOf(base64: string): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (base64 === "" || bytes.toString("base64") !== base64) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What happens to each line from one text to another: the fewest lines taken out and put in. */
export function lineChanges(
  old: readonly string[],
  next: readonly string[],
): { mark: "+" | "-" | " "; line: string }[] {
  // Of the longest common subsequence of what follows each pair of lines.
  const common = Array.from({ length: old.length + 1 }, () => new Array<number>(next.length + 1).fill(0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--)
    for (let j = next.length - 1; j >= 0; j--)
      (common[i] ?? [])[j] = old[i] === next[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const changes: { mark: "+" | "-" | " "; line: string }[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < next.length) {
    const [before, after] = [old[i], next[j]];
    if (before !== undefined && before === after) {
      changes.push({ mark: " ", line: before });
      i++;
      j++;
    } else if (before !== undefined && (after === undefined || at(i + 1, j) >= at(i, j + 1))) {
      changes.push({ mark: "-", line: before });
      i++;
    } else if (after !== undefined) {
      changes.push({ mark: "+", line: after });
      j++;
    }
  }
  return changes;
}

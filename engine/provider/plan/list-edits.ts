import type { PropertyValue } from "../../model/property-value.ts";
import { equalValues } from "../../model/property-value.ts";

/** One step from an old list to a new one; `index` counts in the list that holds the element. */
export interface ListEdit {
  change: "add" | "delete";
  index: number;
}

/**
 * The shortest way from one list to another. Of equally short ways it takes the one that removes first, as the bridge
 * does, so that the same elements are named (pulumi-terraform-bridge: unstable/difft/difft.go).
 */
export function listEdits(before: readonly PropertyValue[], after: readonly PropertyValue[]): ListEdit[] {
  // steps[i][j]: how many edits lead from before[i..] to after[j..]; filled from the ends.
  const steps = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const stepsAt = (i: number, j: number) => steps[i]?.[j] ?? Number.POSITIVE_INFINITY;
  const choose = (i: number, j: number): { count: number; change: ListEdit["change"] | "keep" } => {
    if (i === before.length) return { count: after.length - j, change: "add" };
    if (j === after.length) return { count: before.length - i, change: "delete" };
    const ways = [
      { count: 1 + stepsAt(i + 1, j), change: "delete" as const },
      { count: 1 + stepsAt(i, j + 1), change: "add" as const },
      ...(equalValues(before[i], after[j]) ? [{ count: stepsAt(i + 1, j + 1), change: "keep" as const }] : []),
    ];
    return ways.reduce((best, way) => (way.count < best.count ? way : best));
  };
  for (let i = before.length; i >= 0; i--)
    for (let j = after.length; j >= 0; j--) {
      const row = steps[i];
      if (row !== undefined) row[j] = choose(i, j).count;
    }

  const edits: ListEdit[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    const { change } = choose(i, j);
    if (change === "delete") edits.push({ change, index: i });
    if (change === "add") edits.push({ change, index: j });
    if (change !== "add") i++;
    if (change !== "delete") j++;
  }
  return edits;
}

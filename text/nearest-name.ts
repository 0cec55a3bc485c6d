/** The share of a name's letters that may be wrong in what is taken for a slip of the pen. */
const slipShare = 0.34;

/**
 * Finds the name most likely meant by a misspelt one, ignoring case.
 *
 * @returns undefined where none is near
 */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const measured = names.map((name) => ({ name, slips: countSlips(written.toLowerCase(), name.toLowerCase()) }));
  const [nearest] = measured.toSorted((one, other) => one.slips - other.slips);
  if (nearest === undefined) return undefined;
  return nearest.slips <= Math.max(written.length, nearest.name.length) * slipShare ? nearest.name : undefined;
}

/** How many letters have to be added, removed, replaced or swapped with their neighbours to make one word from another. */
function countSlips(one: string, other: string): number {
  // Each row holds the slips between a beginning of `one` and all beginnings of `other`.
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const at = (up: number, left: number) => (rows[i - up] ?? row)[j - left] ?? 0;
      const replaced = at(1, 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swapped = isSwapped ? at(2, 2) + 1 : Infinity;
      row.push(Math.min(at(1, 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}

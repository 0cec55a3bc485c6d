import assert from "node:assert/strict";

/** So little that a ratio of it says nothing, in milliseconds. */
const negligibleMs = 150;

/**
 * Makes sure that something takes no more than a share of its input's length: as often as the machine had other things to do, it is
 * measured again.
 *
 * @param input - of a length that grows with `size`
 * @param use - what is done with it; an error of its own is an answer too
 */
export function requireLinear<T>(size: number, input: (size: number) => T, use: (input: T) => unknown): void {
  const millisecondsFor = (value: T): number => {
    const startedAt = process.cpuUsage();
    try {
      use(value);
    } catch (error) {
      if (error instanceof RangeError) throw error;
    }
    const { user, system } = process.cpuUsage(startedAt);
    return (user + system) / 1000;
  };
  const [short, long] = [input(size), input(size * 2)];
  const ratios: number[] = [];
  for (let attempt = 1; attempt <= 4; attempt++) {
    const [once, twice] = [millisecondsFor(short), millisecondsFor(long)];
    if (twice < negligibleMs || twice < once * 3) return;
    ratios.push(twice / once);
  }
  assert.fail(`twice the input takes ${ratios.map((ratio) => ratio.toFixed(1)).join(", ")} times as long`);
}

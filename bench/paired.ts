/** One thing to be timed: does its work once. */
export type Work = () => Promise<void>;

/** What a series of paired runs showed; seconds, and ratios of each pair. */
export interface PairedResult {
  subject: Spread;
  floor: Spread;
  /** Subject through floor, pair by pair. */
  ratio: Spread;
}

/** The least, the middle and the greatest of a series. */
export interface Spread {
  minimum: number;
  median: number;
  maximum: number;
}

/** How many counted pairs a result needs at least. */
const leastRuns = 11;

/**
 * Times `subject` against `floor` in turn, after one uncounted run of each, so that a machine whose speed drifts
 * slows both alike: A B, B A, A B …
 *
 * @throws RangeError for fewer than 11 runs
 */
export async function comparePaired(subject: Work, floor: Work, runs = leastRuns): Promise<PairedResult> {
  if (runs < leastRuns) throw new RangeError(`a comparison needs at least ${leastRuns} runs, not ${runs}`);
  await subject();
  await floor();
  const pairs: { subject: number; floor: number }[] = [];
  for (let index = 0; index < runs; index++) {
    const subjectFirst = index % 2 === 0;
    const first = await seconds(subjectFirst ? subject : floor);
    const second = await seconds(subjectFirst ? floor : subject);
    pairs.push(subjectFirst ? { subject: first, floor: second } : { subject: second, floor: first });
  }
  return {
    subject: spread(pairs.map((pair) => pair.subject)),
    floor: spread(pairs.map((pair) => pair.floor)),
    ratio: spread(pairs.map((pair) => pair.subject / pair.floor)),
  };
}

/** The spread of a series of numbers that is not empty. */
function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  return {
    minimum: at(0),
    median: sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2,
    maximum: at(sorted.length - 1),
  };
}

/** One row of a Markdown table: what was compared, the ratio, and the seconds behind it. */
export function row(name: string, { subject, floor, ratio }: PairedResult, aim: string): string {
  const range = ({ minimum, median, maximum }: Spread, digits: number): string =>
    `${median.toFixed(digits)} (${minimum.toFixed(digits)} to ${maximum.toFixed(digits)})`;
  return `| ${name} | ${range(ratio, 2)} | ${aim} | ${range(subject, 2)} s | ${range(floor, 2)} s |`;
}

async function seconds(work: Work): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** One thing to be timed: does its work once. */
export type Work = () => Promise<void>;

/** What a series of paired runs showed; seconds or another quantity, and ratios of each pair. */
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

/** What was measured of a subject and of its floor, one after the other. */
export interface Pair<Measured> {
  subject: Measured;
  floor: Measured;
}

/**
 * Times `subject` against `floor` in turn, see {@link measurePairs}.
 *
 * @throws RangeError for fewer than 11 runs
 */
export async function comparePaired(subject: Work, floor: Work, runs = leastRuns): Promise<PairedResult> {
  const pairs = await measurePairs(
    () => seconds(subject),
    () => seconds(floor),
    runs,
  );
  return resultOf(pairs);
}

/**
 * Measures `subject` and `floor` in turn, after one uncounted run of each, so that a machine whose speed drifts
 * slows both alike: A B, B A, A B …
 *
 * @throws RangeError for fewer than 11 runs
 */
export async function measurePairs<Measured>(
  subject: () => Promise<Measured>,
  floor: () => Promise<Measured>,
  runs = leastRuns,
): Promise<Pair<Measured>[]> {
  if (runs < leastRuns) throw new RangeError(`a comparison needs at least ${leastRuns} runs, not ${runs}`);
  await subject();
  await floor();
  const pairs: Pair<Measured>[] = [];
  for (let index = 0; index < runs; index++) {
    const subjectFirst = index % 2 === 0;
    const first = await (subjectFirst ? subject : floor)();
    const second = await (subjectFirst ? floor : subject)();
    pairs.push(subjectFirst ? { subject: first, floor: second } : { subject: second, floor: first });
  }
  return pairs;
}

/** What pairs of one quantity showed. */
export function resultOf(pairs: readonly Pair<number>[]): PairedResult {
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

/** One row of a Markdown table: what was compared, the ratio, and the quantities behind it. */
export function row(
  name: string,
  { subject, floor, ratio }: PairedResult,
  aim: string,
  { unit = "s", digits = 2 }: { unit?: string; digits?: number } = {},
): string {
  const range = ({ minimum, median, maximum }: Spread, places: number): string =>
    `${median.toFixed(places)} (${minimum.toFixed(places)} to ${maximum.toFixed(places)})`;
  return `| ${name} | ${range(ratio, 2)} | ${aim} | ${range(subject, digits)} ${unit} | ${range(floor, digits)} ${unit} |`;
}

async function seconds(work: Work): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

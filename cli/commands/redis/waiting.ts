/** Commands that wait for something, by where their words say how long and in which unit; 0 means without a limit. */
const waiting: Readonly<Record<string, readonly [place: "first" | "last" | "after BLOCK", unitMs: number]>> = {
  blpop: ["last", 1000],
  brpop: ["last", 1000],
  brpoplpush: ["last", 1000],
  blmove: ["last", 1000],
  bzpopmin: ["last", 1000],
  bzpopmax: ["last", 1000],
  blmpop: ["first", 1000],
  bzmpop: ["first", 1000],
  wait: ["last", 1],
  waitaof: ["last", 1],
  xread: ["after BLOCK", 1],
  xreadgroup: ["after BLOCK", 1],
};

/**
 * How long a command of Redis asks to be kept waiting, in milliseconds: 0 for one that is answered as soon as it is carried out, `Infinity`
 * for one that waits until something happens.
 *
 * @see https://redis.io/docs/latest/commands/
 */
export function askedWaitMs(words: readonly string[]): number {
  const [command = "", ...rest] = words;
  const [place, unitMs] = waiting[command.toLowerCase()] ?? [];
  if (place === undefined || unitMs === undefined) return 0;
  const block = rest.findIndex((word) => word.toLowerCase() === "block");
  if (place === "after BLOCK" && block < 0) return 0;
  const text = place === "last" ? rest.at(-1) : rest[place === "first" ? 0 : block + 1];
  const time = Number(text);
  // What is no time is answered at once, with an error.
  if (text === undefined || text.trim() === "" || !(time >= 0)) return 0;
  return time === 0 ? Infinity : time * unitMs;
}

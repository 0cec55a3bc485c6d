type Place = "first" | "last" | "after BLOCK";

/** Commands that wait for something, by the place and the unit of the time that they are given; 0 means without a limit. */
const waiting: readonly (readonly [commands: string, place: Place, unitMs: number])[] = [
  ["blpop brpop brpoplpush blmove bzpopmin bzpopmax", "last", 1000],
  ["blmpop bzmpop", "first", 1000],
  ["wait waitaof", "last", 1],
  ["xread xreadgroup", "after BLOCK", 1],
];

/**
 * How long a command of Redis asks to be kept waiting, in milliseconds: 0 for one that is answered as soon as it is carried out, `Infinity`
 * for one that waits until something happens.
 *
 * @see https://redis.io/docs/latest/commands/
 */
export function askedWaitMs(words: readonly string[]): number {
  const [command = "", ...rest] = words;
  const [, place, unitMs] = waiting.find(([commands]) => commands.split(" ").includes(command.toLowerCase())) ?? [];
  if (place === undefined || unitMs === undefined) return 0;
  const block = rest.findIndex((word) => word.toLowerCase() === "block");
  if (place === "after BLOCK" && block < 0) return 0;
  const text = place === "last" ? rest.at(-1) : rest[place === "first" ? 0 : block + 1];
  const time = Number(text);
  // What is no time is answered at once, with an error.
  if (text === undefined || text.trim() === "" || !(time >= 0)) return 0;
  return time === 0 ? Infinity : time * unitMs;
}

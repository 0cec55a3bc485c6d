// Loaded with `--import`: the clock of the process is ahead by so many seconds, and by as many more with each SIGUSR2.
const given = Number(process.env["HOLDFAST_TEST_CLOCK_SECONDS"] ?? 0);
const jump = Number(process.env["HOLDFAST_TEST_CLOCK_JUMP_SECONDS"] ?? 0);
let aheadMs = given * 1000;
process.on("SIGUSR2", () => {
  aheadMs += jump * 1000;
});
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...words: [] | [number | string | Date]) {
    if (words.length === 0) super(RealDate.now() + aheadMs);
    else super(words[0]);
  }
  static override now(): number {
    return RealDate.now() + aheadMs;
  }
} as DateConstructor; // Nobody here calls it without `new`.
export {};

/** `npm run backup-proof -- damage [--seed S]`: what is wrong is found, and what is not wrong is not refused. */
import { errorWords } from "../../text/error-text.ts";
import { corruptions, judge, type Recordings } from "./corruptions.ts";
import { draws } from "./random.ts";
import { Recording } from "./recording.ts";
import { eachCheckpoint, eachHarmless, stores } from "./whole.ts";

/** What a part of the proof says at its end. */
export interface Summary {
  readonly isRight: boolean;
  readonly words: string;
}

/** A flip may hit bytes that no part needs; then another one is tried, so often. */
const tries = 6;

/** Damages copies of recorded backups, and proves whole ones. */
export async function proveDamage(seed: number): Promise<Summary> {
  const all = await Recording.ofLog();
  const snapshots = await Recording.ofSnapshots();
  try {
    const newest = await all.lean();
    const { detected, damaged } = await damageAll({ all, newest, snapshots }, seed);
    const whole = [...eachCheckpoint(all), ...eachCheckpoint(snapshots, "snapshot"), ...eachHarmless(all), ...stores];
    let refused = 0;
    for (const backup of whole) {
      const words = await backup.refused().catch(errorWords);
      if (words !== "") refused += 1;
      console.log(words === "" ? `whole     ${backup.title}` : `REFUSED   ${backup.title}: ${words}`);
    }
    return {
      isRight: detected === damaged && refused === 0,
      words: `${detected} of ${damaged} corruptions detected, naming backup and part; ${refused} of ${whole.length} good ones refused (seed ${seed})`,
    };
  } finally {
    await snapshots.rig[Symbol.asyncDispose]();
    await all.rig[Symbol.asyncDispose]();
  }
}

async function damageAll(recordings: Recordings, seed: number): Promise<{ detected: number; damaged: number }> {
  const cases = corruptions.flatMap((corruption) => Array.from({ length: corruption.times }, () => corruption));
  let detected = 0;
  for (const [index, corruption] of cases.entries()) {
    const draw = draws(seed * 1000 + index);
    for (let left = tries; left > 0; left--) {
      const { isDetected, isHarmless, words } = await judge(corruption, recordings, draw);
      if (isHarmless && left > 1) {
        console.log(`harmless  ${corruption.title}: no byte of a state was hit; another try`);
        continue;
      }
      detected += isDetected ? 1 : 0;
      console.log(`${isDetected ? "detected" : "MISSED  "}  ${corruption.title}: ${words || "nothing was told"}`);
      break;
    }
  }
  return { detected, damaged: cases.length };
}

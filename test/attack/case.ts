import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One attack: it is made, and what it was after is looked at. */
export interface AttackCase {
  /** The group under which it is counted, such as `access`. */
  readonly group: string;
  /** What is done, in words; no two of a group are the same. */
  readonly name: string;
  /** Whether `npm test` makes it too; all of these together take less than 30 s. */
  readonly sample?: boolean;
  /** How long it may take; default 120, for a machine may have other things to do. One that has not ended then did not hold: something hangs. */
  readonly limitSeconds?: number;
  /** Throws when the attack was successful. */
  run(): Promise<void>;
}

/** Makes an attack; throws when it did not hold, or had no end. */
export async function attempt(attack: AttackCase): Promise<void> {
  const { limitSeconds = 120 } = attack;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`no end after ${limitSeconds} s`));
  }, limitSeconds * 1000);
  try {
    await Promise.race([attack.run(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const ends: (() => unknown)[] = [];

/** Remembers how to end what several attacks use, such as a server; the newest is ended first. */
export function atEnd(end: () => unknown): void {
  ends.push(end);
}

/** Ends what {@link atEnd} was told of. */
export async function endAll(): Promise<void> {
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
}

/** What several attacks use: it is made when the first asks for it, and the same for all. */
export function shared<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** A new folder, which is removed at the end. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "attacked-"));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** PostgreSQL's write-ahead log: an endless row of bytes, cut into segments of one size, each a file. */
import type { FileHandle } from "node:fs/promises";
import type { LogPosition } from "../repository/tags.ts";

const perLogFile = 2 ** 32;

/** Reads a place as PostgreSQL writes it, such as `0/16B3748`; undefined for anything else. */
export function parseLsn(text: string): number | undefined {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/u.exec(text) ?? [];
  return high === undefined || low === undefined
    ? undefined
    : Number.parseInt(high, 16) * perLogFile + Number.parseInt(low, 16);
}

/** A place as PostgreSQL writes it. */
export function lsnWords(lsn: number): string {
  return `${hexadecimal(Math.floor(lsn / perLogFile))}/${hexadecimal(lsn % perLogFile)}`;
}

/** In which segment a place is, and at which byte of it. */
export function placeInLog(lsn: number, segmentBytes: number): LogPosition {
  return { seq: Math.floor(lsn / segmentBytes), offset: lsn % segmentBytes };
}

/** The name of a segment's file (PostgreSQL's `XLogFileName`). */
export function segmentName(timeline: number, seq: number, segmentBytes: number): string {
  const perLog = perLogFile / segmentBytes;
  return [timeline, Math.floor(seq / perLog), seq % perLog].map((each) => hexadecimal(each, 8)).join("");
}

function hexadecimal(value: number, digits = 1): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}

const blockBytes = 256 * 1024;
const zeros = Buffer.alloc(blockBytes);

/**
 * How far a segment was received whose receiver has ended: its file has its whole length from the beginning, with zeros behind. Zeros at the
 * end of what was received are as good as those.
 */
export async function receivedEnd(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const block = Buffer.alloc(blockBytes);
  for (let end = size; end > 0; end -= blockBytes) {
    const begin = Math.max(0, end - blockBytes);
    const { bytesRead } = await handle.read(block, 0, end - begin, begin);
    const found = block.subarray(0, bytesRead);
    if (!found.equals(zeros.subarray(0, bytesRead))) return begin + found.findLastIndex((byte) => byte !== 0) + 1;
  }
  return 0;
}

/** The commands of a move, as backup/main.ts runs them. */
import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { arrivingFile } from "../../model/service/start-guard.ts";
import type { BackupLine } from "../protocol.ts";
import { moveFolder, readMoveKey, readMoveOrder } from "./order.ts";
import { receiveVolume } from "./receive.ts";
import { sendVolume } from "./send.ts";
import { isLocked, readMark, readMoved, readOwnFile } from "./store-files.ts";
import { listTree } from "./tree.ts";

type Result = Extract<BackupLine, { type: "result" }>;
type Say = (line: BackupLine) => void;

/** `send`: until the data is the receiver's. */
export async function runSender(environment: NodeJS.ProcessEnv, say: Say): Promise<Result> {
  const order = readMoveOrder(environment);
  const sent = await sendVolume(order, await readMoveKey(order), {
    onProgress: (words, doneBytes, allBytes) => {
      say({ type: "progress", words, doneBytes, allBytes });
    },
    onLevel: ({ bytes }, seconds) => {
      say({ type: "level", bytes, seconds });
    },
    onProblem: (words) => {
      say({ type: "progress", words });
    },
  });
  return { type: "result", command: "send", ...sent };
}

/** `receive`: until the data is here. */
export async function runReceiver(environment: NodeJS.ProcessEnv, say: Say): Promise<Result> {
  const order = readMoveOrder(environment);
  await receiveVolume(order, await readMoveKey(order), {
    onReady: () => {
      say({ type: "progress", words: "ready to receive" });
    },
    onProblem: (words) => {
      say({ type: "progress", words });
    },
  });
  return { type: "result", command: "receive" };
}

/** A server that is just being started has its lock within this time. */
const lockLooks = 10;
const lockLookEveryMs = 500;

/** `measure`: what is in the volume, and how much room its disk has. */
export async function runMeasure(): Promise<Result> {
  const entries = await listTree(moveFolder);
  const files = entries.filter(({ kind }) => kind === "file");
  const sum = (sizeOf: (entry: (typeof files)[number]) => bigint) =>
    files.reduce((all, entry) => all + Number(sizeOf(entry)), 0);
  const disk = await statfs(entries.length > 0 ? moveFolder : "/");
  const mark = await readMark(moveFolder);
  const [holds, store] = await contentOf(
    moveFolder,
    entries.some(({ path }) => path !== "" && path !== "lost+found"),
    mark?.text,
  );
  let locked = false;
  for (let look = 1; mark !== undefined && look <= lockLooks && !locked; look++) {
    locked = await isLocked(moveFolder);
    if (!locked && look < lockLooks) await sleep(lockLookEveryMs);
  }
  return {
    type: "result",
    command: "measure",
    files: files.length,
    bytes: sum(({ stats }) => stats.size),
    allocatedBytes: sum(({ stats }) => stats.blocks * 512n),
    freeBytes: disk.bavail * disk.bsize,
    holds,
    ...(store !== undefined && { store }),
    isLocked: locked,
  };
}

type Content = Extract<Result, { command: "measure" }>["holds"];

async function contentOf(folder: string, hasEntries: boolean, mark?: string): Promise<[Content, string | undefined]> {
  const [store] = mark?.split("\n") ?? [];
  if (store !== undefined) return ["data", store];
  const arriving = await readOwnFile(folder, arrivingFile);
  if (arriving !== undefined) return ["arriving", arriving.split("\n", 1)[0]];
  const moved = await readMoved(folder);
  if (moved !== undefined) return ["moved", moved.store];
  return [hasEntries ? "data" : "nothing", undefined];
}

/** What sender and receiver of a move say to each other. A path is relative to the volume; its bytes are the codes of its characters. */
import { z } from "zod";

/** How large the parts of a file are that are compared by their digests. */
export const blockBytes = 256 * 1024;

/** Whether a path stays in the volume: nothing that comes over the network is believed in this. */
function isInside(path: string): boolean {
  const names = path.split("/");
  return (
    !path.includes("\0") &&
    // eslint-disable-next-line no-control-regex -- A name may hold any byte but these two; each is one character.
    /^[\u0000-\u00ff]*$/u.test(path) &&
    (path === "" || names.every((name) => name !== "" && name !== "." && name !== ".."))
  );
}

const path = z.string().refine(isInside, "a path inside of the volume");
const count = z.number().int().nonnegative();
const digest = z.string().regex(/^[\da-f]{64}$/u);

/** Owner, mode and time of the last change. */
export const attributesSchema = z.object({
  mode: count.max(0o7777),
  uid: count,
  gid: count,
  /** Nanoseconds since 1970, which a number cannot hold. */
  mtimeNs: z.string().regex(/^-?\d+$/u),
});

/** {@link attributesSchema} after it was read. */
export type FileAttributes = z.infer<typeof attributesSchema>;

/** What the sender says. */
export const senderMessageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), move: z.string(), store: z.string(), isDecided: z.boolean() }),
  /** Is answered by `digests`. */
  z.object({ type: z.literal("ask"), path }),
  z.object({ type: z.literal("remove"), path }),
  z.object({ type: z.literal("folder"), path, attributes: attributesSchema }),
  z.object({ type: z.literal("link"), path, target: z.string(), attributes: attributesSchema }),
  z.object({ type: z.literal("file"), path }),
  /** A part of the file that was named last; without bytes, as many zeros. */
  z.object({ type: z.literal("block"), index: count, length: count.max(blockBytes), sha256: digest }),
  /** The end of that file. */
  z.object({ type: z.literal("end"), size: count, attributes: attributesSchema }),
  /** The end of a pass. Is answered by `passed`. */
  z.object({ type: z.literal("pass") }),
  /** The data is the receiver's from now on. Is answered by `committed`. */
  z.object({ type: z.literal("commit"), mark: z.string(), uid: count, gid: count }),
  /** It works, and has nothing to say. */
  z.object({ type: z.literal("progress") }),
  /** It is there. */
  z.object({ type: z.literal("beat") }),
]);

/** {@link senderMessageSchema} after it was read. */
export type SenderMessage = z.infer<typeof senderMessageSchema>;

/** What the receiver says. */
export const receiverMessageSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("welcome"),
    isCommitted: z.boolean(),
    /** What is there from before. */
    entries: z.array(z.object({ path, kind: z.enum(["file", "folder", "link"]) })),
  }),
  z.object({ type: z.literal("digests"), size: count, blocks: z.array(digest) }),
  /** All of a pass is on the disk, and was read again: as many files and bytes are there. */
  z.object({ type: z.literal("passed"), files: count, bytes: count, isWanted: z.boolean() }),
  z.object({ type: z.literal("committed") }),
  /** What went wrong; nothing is lost, and a new connection may help. */
  z.object({ type: z.literal("problem"), words: z.string() }),
  /** It is there. */
  z.object({ type: z.literal("beat"), isWanted: z.boolean() }),
]);

/** {@link receiverMessageSchema} after it was read. */
export type ReceiverMessage = z.infer<typeof receiverMessageSchema>;

/** What the two tasks of a move are told: one sends the files of a volume from its node, the other receives them on another. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { mistakeWords } from "../../text/schema-mistake.ts";

/** The variable that holds the order: JSON, without any secret. */
export const moveOrderVariable = "HOLDFAST_MOVE";

/** Where the volume is mounted in both tasks. */
export const moveFolder = "/move";

/** Where the receiver listens. */
const movePort = 8470;

/** The schema of the order. */
export const moveOrderSchema = z.object({
  /** Names the move; the same for both. */
  move: z.string().regex(/^[\da-f]{8,}$/u),
  /** The store's identity, as on its volume. */
  store: z.string().min(1),
  /** Where the data goes, in words: those who find the old copy read them. */
  destination: z.string().regex(/^[^\n]*$/u),
  folder: z.string().startsWith("/").default(moveFolder),
  /** The name of the receiver in the network that both have for themselves. */
  receiver: z.string().min(1),
  port: z.number().int().positive().default(movePort),
  /** The file of the secret by which they know each other. */
  secret: z.string().startsWith("/").default("/run/secrets/holdfast-move"),
});

/** {@link moveOrderSchema} after it was read. */
export type MoveOrder = z.infer<typeof moveOrderSchema>;

/**
 * Reads the order from the environment.
 *
 * @throws InputError when it is missing or has another form
 */
export function readMoveOrder(environment: NodeJS.ProcessEnv): MoveOrder {
  const read = moveOrderSchema.safeParse(jsonOrUndefined(environment[moveOrderVariable] ?? ""));
  if (read.success) return read.data;
  throw new InputError({
    path: moveOrderVariable,
    expected: "the order of a move as JSON",
    got: environment[moveOrderVariable] === undefined ? "nothing" : mistakeWords(read.error),
    fix: "Let `holdfast move` start this program",
  });
}

const leastKeyBytes = 32;

/**
 * Reads the secret of a move.
 *
 * @throws InputError when it is too short
 */
export async function readMoveKey({ secret }: Pick<MoveOrder, "secret">): Promise<Buffer> {
  const key = Buffer.from((await readFile(secret, "utf8")).trim(), "hex");
  if (key.length >= leastKeyBytes) return key;
  throw new InputError({
    path: secret,
    expected: `a key of ${leastKeyBytes} bytes or more, in hexadecimal digits`,
    got: `${key.length} bytes`,
    fix: "Let `holdfast move` make it",
  });
}

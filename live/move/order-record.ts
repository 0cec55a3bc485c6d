/** What the swarm keeps of a move that is under way: a secret, one for each service, whose labels say what is done and who does it. */
import { z } from "zod";

/** The label of all that is made for a move, with the name of the service. */
export const moveServiceLabel = "holdfast.move";

/** The label of the secret with the order. */
export const moveOrderLabel = "holdfast.move.order";

/** The label of the secret with the run that carries it out; empty where none does. */
export const moveDriverLabel = "holdfast.move.driver";

/** The schema of the order: which data goes from where to where. */
export const moveOrderRecordSchema = z.object({
  /** Names the move. */
  move: z.string(),
  store: z.string(),
  /** Where it is mounted in the service. */
  target: z.string(),
  fromNode: z.string(),
  fromVolume: z.string(),
  toNode: z.string(),
  toVolume: z.string(),
  /** That of the tasks that copy. */
  image: z.string(),
});

/** {@link moveOrderRecordSchema} after it was read. */
export type MoveOrderRecord = z.infer<typeof moveOrderRecordSchema>;

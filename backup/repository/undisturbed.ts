import { SituationError } from "../../text/situation-error.ts";
import type { PartMistake } from "./catalogue.ts";
import type { Restic } from "./restic.ts";

/** Two prunes are an hour apart, and a fold takes ten minutes to come again. */
const mostReads = 5;

/**
 * Reads a state, and reads it again when parts went away in the meantime: the companion folds small parts into larger ones, and a prune
 * packs parts again. Only what is missing while nobody removes anything is a mistake.
 *
 * @param read - plans anew each time
 * @throws SituationError when parts went away during each read
 */
export async function readUndisturbed<State extends { readonly mistakes: readonly PartMistake[] }>(
  restic: Restic,
  read: () => Promise<State>,
): Promise<State> {
  for (let reads = 1; reads <= mostReads; reads++) {
    const before = await restic.fileIds();
    const state = await read();
    if (state.mistakes.length === 0) return state;
    const after = new Set(await restic.fileIds());
    if (before.every((id) => after.has(id))) return state;
  }
  throw new SituationError({
    what: `Parts of the repository were removed during each of ${mostReads} reads`,
    fix: "Run it again when no prune is running; nothing was judged",
  });
}

import { SituationError } from "../../text/situation-error.ts";
import { readCatalogue, type Catalogue } from "./catalogue.ts";
import type { Restic } from "./restic.ts";

/**
 * Reads what a repository holds of a store.
 *
 * @throws SituationError when it holds nothing of it, but something of others
 */
export async function openCatalogue(restic: Restic, store: string): Promise<Catalogue> {
  const { snapshots, unreadable } = await restic.snapshots();
  const others = snapshots.length === 0 ? await restic.otherStores() : [];
  if (others.length === 0) return readCatalogue(snapshots, unreadable);
  throw new SituationError({
    what: `The repository holds no backup of ${store}, but of ${others.slice(0, 5).join(", ")}`,
    fix: "Check the name of the store and the address of the repository",
  });
}

/** Reads what a repository holds of a store, which may be nothing. */
export async function fetchCatalogue(restic: Restic): Promise<Catalogue> {
  const { snapshots, unreadable } = await restic.snapshots();
  return readCatalogue(snapshots, unreadable);
}

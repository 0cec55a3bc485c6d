import { isKnown, parseImageReference } from "../service/definition.ts";
import { findImage, majorVersion } from "./catalogue.ts";

/**
 * Why a service must not be rolled back to its previous image after a failed update, phrased to follow "because"; `undefined`
 * when it may be, or when the images are unknown.
 *
 * A newer major version may convert the files on its first start, and the older one would then run on files that it does not
 * understand. A server that checks the files' version and refuses has not touched them, so rolling back is safe.
 *
 * @param saidToBe - the catalogue entry named by a label of the service, if any
 */
export function whyNoWayBack(before: string, after: string, saidToBe: string | undefined): string | undefined {
  const [was, is] = [before, after].map(parseImageReference);
  if (was === undefined || is === undefined) return undefined;
  const [entry, next] = [was, is].map((image) => findImage(image, saidToBe));
  if (entry === undefined || !isKnown(entry) || entry !== next) return undefined;
  const [from, to] = [was, is].map(({ tag }) => majorVersion(tag));
  if (from === undefined || to === undefined || from === to) return undefined;
  if (entry.keepsState === "never" || entry.refuses === "other majors") return undefined;
  return `${entry.title} ${to} may change the files at its first start, and ${entry.title} ${from} would then run on them`;
}

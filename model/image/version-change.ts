import { isKnown, parseImageReference } from "../service/definition.ts";
import { findImage, majorVersion } from "./catalogue.ts";

/**
 * Why a service whose update has failed must not go back to its former image, as it reads after "because"; `undefined` where it may,
 * and where nothing is known of the images.
 *
 * A server of a newer major version may change the files at its first start, and the older one then runs on files that it does not
 * know. One that looks at their version and refuses does no harm: it has not touched them.
 *
 * @param saidToBe - the catalogue's entry, where a label of the service names it
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

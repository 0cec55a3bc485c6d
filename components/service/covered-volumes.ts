import { findImage, holdsFor, majorVersion } from "../../model/image/catalogue.ts";
import { isKnown, parseImageReference } from "../../model/service/definition.ts";
import { InputError, showValue } from "../../text/input-error.ts";

/**
 * Checks that the mounts cover the data: each `VOLUME` of a known image needs a mount at exactly that path. Otherwise every task
 * gets an anonymous volume there, and what the server writes to it is lost with the task.
 *
 * @param mountPaths - where something is mounted in the container
 * @param path - the mounts' path, for the error
 * @returns the image
 * @throws InputError naming the first path that is not covered
 */
export function requireCoveredVolumes(image: string, mountPaths: string[], path: string): string {
  const reference = parseImageReference(image);
  const entry = findImage(reference, undefined);
  const volumes = isKnown(entry) ? (entry?.volumes ?? []) : [];
  const open = volumes.find(
    (volume) => holdsFor(volume.versions, majorVersion(reference.tag)) === true && !mountPaths.includes(volume.path),
  );
  if (open === undefined) return image;
  throw new InputError({
    path,
    expected: `something mounted at ${open.path}, where this image keeps data`,
    got: mountPaths.length === 0 ? "no mount" : `mounts at ${mountPaths.map(showValue).join(", ")}`,
    fix: `Mount a volume at ${open.path}, or scratch where that data may go`,
  });
}

import { matching } from "../../text/matching.ts";

/**
 * Checks the name of a volume.
 *
 * @throws InputError when Docker would refuse it, or treat it as a path
 * @see https://github.com/moby/moby/blob/master/volume/names/names.go
 */
export const requireVolumeName = matching(/^[a-z0-9][a-z0-9_.-]+$/iu, {
  expected: "at least two letters, digits, '_', '.' and '-', beginning with a letter or digit",
  fix: "Choose a name that Docker takes for a volume",
});

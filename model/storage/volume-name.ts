import { InputError, showValue } from "../../text/input-error.ts";

/**
 * Checks the name of a volume.
 *
 * @param path - where the name stands, for the error
 * @throws InputError when Docker would refuse it, or take it for a path
 * @see https://github.com/moby/moby/blob/master/volume/names/names.go
 */
export function requireVolumeName(name: string, path: string): string {
  if (/^[a-z0-9][a-z0-9_.-]+$/iu.test(name)) return name;
  throw new InputError({
    path,
    expected: "at least two letters, digits, '_', '.' and '-', beginning with a letter or digit",
    got: showValue(name),
    fix: "Choose a name that Docker takes for a volume",
  });
}

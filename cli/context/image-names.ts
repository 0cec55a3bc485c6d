import { catalogueEntries } from "../../model/image/catalogue/index.ts";
import type { ImageNames } from "../../model/storage/data-profile.ts";
import { InputError, showValue } from "../../text/input-error.ts";

/**
 * Reads what `--image corp/cache=redis` says, once for each image.
 *
 * @throws InputError when one names no image, or no entry of the catalogue
 */
export function readImageNames(given: readonly string[]): ImageNames {
  return Object.fromEntries(
    given.map((text) => {
      const [name = "", entry = ""] = text.split("=", 2);
      if (name !== "" && catalogueEntries.some((each) => each.name === entry)) return [name, entry];
      throw new InputError({
        path: "--image",
        expected: "the name of an image, =, and a catalogue entry",
        got: showValue(text),
        fix: "Write it as in corp/cache=redis",
      });
    }),
  );
}

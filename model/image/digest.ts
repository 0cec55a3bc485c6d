import { InputError, showValue } from "../../text/input-error.ts";

/**
 * Checks that an image is given by digest.
 *
 * With a plain tag the Docker provider stores the digest at the creation and the tag at the next update, so the second `up`
 * of an unchanged program restarts the service (seen with Pulumi 3.260 and provider 5.2).
 *
 * @param path - where the reference stands, for the error
 * @returns the reference
 * @throws InputError when it has no digest
 */
export function requireDigest(image: string, path: string): string {
  if (/^[^\s@]+@sha256:[0-9a-f]{64}$/u.test(image)) return image;
  throw new InputError({
    path,
    expected: "an image by digest, <name>[:<tag>]@sha256:<64 hex digits>",
    got: showValue(image),
    fix: "Look the digest up (`docker buildx imagetools inspect <image>`) and add it: with a plain tag the second `up` of an unchanged program restarts the service",
  });
}

import { matching } from "../../text/matching.ts";

/**
 * Requires an image with a digest.
 *
 * With a plain tag, the Docker provider stores the digest on creation and the tag on the next update, so the second `up` of an
 * unchanged program restarts the service (seen with Pulumi 3.260 and provider 5.2).
 *
 * @throws InputError when there is no digest
 */
export const requireDigest = matching(/^[^\s@]+@sha256:[0-9a-f]{64}$/u, {
  expected: "an image by digest, <name>[:<tag>]@sha256:<64 hex digits>",
  fix: "Look the digest up (`docker buildx imagetools inspect <image>`) and add it: with a plain tag the second `up` of an unchanged program restarts the service",
});

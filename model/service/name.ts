import { matching } from "../../text/matching.ts";

/**
 * Validates a service's name, which is also its DNS name in its networks.
 *
 * @throws InputError when Swarm or DNS would refuse it
 * @see https://github.com/moby/swarmkit/blob/master/manager/controlapi/common.go (`validateAnnotations`)
 */
export const requireServiceName = matching(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/iu, {
  expected: "at most 63 letters, digits, '-' and '_', with a letter or digit at both ends",
  fix: "Choose a name that is valid in DNS",
});

import { InputError, showValue } from "../../text/input-error.ts";

/**
 * Checks the name of a service, which is also its name in the DNS of its networks.
 *
 * @param path - where the name stands, for the error
 * @throws InputError when Swarm or DNS would refuse it
 * @see https://github.com/moby/swarmkit/blob/master/manager/controlapi/common.go (`validateAnnotations`)
 */
export function requireServiceName(name: string, path: string): string {
  if (/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/iu.test(name)) return name;
  throw new InputError({
    path,
    expected: "at most 63 letters, digits, '-' and '_', with a letter or digit at both ends",
    got: showValue(name),
    fix: "Choose a name that can stand in DNS",
  });
}

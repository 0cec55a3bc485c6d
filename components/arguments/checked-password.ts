import * as pulumi from "@pulumi/pulumi";
import { requirePassword, shortPassword } from "../../model/service/password.ts";
import { whenKnown } from "./arguments.ts";

/**
 * Checks a password now, or as soon as it is known: refuses one that cannot work, and only warns about a short one, which an
 * existing service may already use.
 *
 * @param path - its path, for the message
 * @param resource - the subject of the warning
 * @param read - the service's own requirements
 */
export function checkedPassword(
  password: pulumi.Input<string>,
  path: string,
  resource: pulumi.Resource,
  read: (password: string, path: string) => unknown = requirePassword,
): pulumi.Input<string> {
  return whenKnown(password, (known) => {
    read(known, path);
    const short = shortPassword(known, path);
    if (short !== undefined) void pulumi.log.warn(short.message, resource);
  });
}

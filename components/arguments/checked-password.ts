import * as pulumi from "@pulumi/pulumi";
import { requirePassword, shortPassword } from "../../model/service/password.ts";
import { whenKnown } from "./arguments.ts";

/**
 * Looks at a password, at once or as soon as it is known: refuses one that cannot work, and warns of a short one, which a service
 * that has it already goes on with.
 *
 * @param path - where it stands, for the message
 * @param resource - what the warning is about
 * @param read - what the service asks of it
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

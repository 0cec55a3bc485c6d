import { InputError, showValue } from "../../text/input-error.ts";

/** Placeholders for a node in a pattern for the addresses of the nodes' engines. */
export const nodePlaceholders = ["{hostname}", "{address}"] as const;

/** One of them. */
export type NodePlaceholder = (typeof nodePlaceholders)[number];

/**
 * Checks a pattern for the addresses of the nodes' engines.
 *
 * @param path - its path, for the error
 * @throws InputError when it is the same for all nodes
 */
export function requireNodePattern(pattern: string, path: string): string {
  if (nodePlaceholders.some((placeholder) => pattern.includes(placeholder))) return pattern;
  throw new InputError({
    path,
    expected: "an address with {hostname} or {address} in it",
    got: showValue(pattern),
    fix: "Write for example ssh://root@{hostname}",
  });
}

import { createHash } from "node:crypto";

const suffixLength = 7;

/**
 * The name of a resource that the program does not name: the resource's name, `-` and seven hexadecimal digits
 * (pulumi-docker: provider/resources.go, `SetAutonaming(255, "-")`). The same seed gives the same name.
 */
export function autoName(resourceName: string, randomSeed: Uint8Array): string {
  return `${resourceName}-${createHash("sha256").update(randomSeed).digest("hex").slice(0, suffixLength)}`;
}

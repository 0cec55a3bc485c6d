import { join } from "node:path";
import type { PrivateRegistry } from "../../lab/images/registry.ts";

/** The registry of a sandbox or a lab. */
export function labRegistry(lab: {
  readonly directory: string;
  readonly registryAddress: string;
}): Pick<PrivateRegistry, "address" | "directory"> {
  return { address: lab.registryAddress, directory: join(lab.directory, "registry") };
}

import { createHash } from "node:crypto";
import type { Verdict } from "../verdict/verdict.ts";

/** Identifies a finding across runs: its subject, its fate, and the property at fault. */
export function fingerprint({ id, fate, causes }: Verdict): string {
  return createHash("sha256")
    .update(JSON.stringify([id, fate, causes.map(({ path }) => path ?? "")]))
    .digest("hex")
    .slice(0, 16);
}

import { z } from "zod";
import { recordFields, type SwarmKind } from "./host/record-file.ts";

const record = z.strictObject({
  version: z.literal(1),
  ...recordFields,
  /** Whether the engine shares the machine's network or has its own namespace. */
  network: z.enum(["host", "namespace"]),
  nodeHostname: z.string().optional(),
});

/** What a sandbox remembers. */
export type SandboxRecord = z.infer<typeof record>;

/** A swarm of one node. */
export const sandboxKind: SwarmKind<SandboxRecord> = { name: "sandbox", record };

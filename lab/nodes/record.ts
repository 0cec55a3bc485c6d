import { z } from "zod";
import { recordFields, type SwarmKind } from "../host/record-file.ts";

const record = z.strictObject({
  version: z.literal(2),
  ...recordFields,
  nodeCount: z.int().min(1),
  managerCount: z.int().min(1),
  heartbeatSeconds: z.number().positive(),
  /** Whether each node has a disk of limited size. */
  hasDisks: z.boolean(),
  /** Whether all nodes mount a network file system. */
  hasStorage: z.boolean(),
});

/** What a lab remembers. */
export type LabRecord = z.infer<typeof record>;

/** A swarm of several nodes. */
export const labKind: SwarmKind<LabRecord> = { name: "lab", record };

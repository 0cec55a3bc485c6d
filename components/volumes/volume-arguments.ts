import type { z } from "zod";
import { requireNodeMark } from "../../model/placement/pin.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import { oneOf } from "../../text/one-of.ts";
import { argument, fields, refuse, text } from "../arguments/arguments.ts";
import { transformArgument } from "../arguments/transform.ts";
import {
  requireExportPath,
  requireHostPath,
  requireMountOptions,
  requireNfsServer,
  VolumeCreator,
} from "./volume-spec.ts";

const marks = {
  hostname: text("node-1", requireNodeMark).optional(),
  nodeId: text("q628ax9", requireNodeMark).optional(),
  label: fields({ name: text("store", requireNodeMark), value: text("orders", requireNodeMark) }).optional(),
};

const markWords = '{ hostname: "node-1" }, { nodeId } or { label: { name, value } }';

const isTrue = argument<true>({
  is: (value) => value === true,
  expected: "true",
  fix: () => "Leave it out where the data is on one node",
});

const pin = fields(marks, `one of ${markWords}`).superRefine((given, context) => {
  oneMark(given, context, markWords);
});

const reach = fields({ ...marks, everyNode: isTrue.optional() }, `one of everyNode, ${markWords}`).superRefine(
  (given, context) => {
    oneMark(given, context, `everyNode, ${markWords}`);
  },
);

function oneMark(given: object, context: z.RefinementCtx, words: string): void {
  const found = Object.entries(given).flatMap(([mark, value]) => (value === undefined ? [] : [mark]));
  if (found.length === 1) return;
  refuse(context, {
    expected: `one of ${words}`,
    got: found.length === 0 ? "none" : found.join(" and "),
    fix: "Name the node by exactly one mark, which `docker node ls` and `docker node inspect` show",
  });
}

const volumeName = text("store-data", requireVolumeName).optional();
const shared = fields(
  { reason: text("each writes a folder of its own") },
  '{ reason: "…" }, why several services may write it',
).optional();

/** The arguments of a `LocalVolume`. */
export const localVolumeArguments = fields({
  volumeName,
  pin,
  createdBy: text(VolumeCreator.task, oneOf(VolumeCreator)).optional(),
  shared,
  transform: fields({ volume: transformArgument }).optional(),
});

/** The arguments of a `NetworkVolume`. */
export const networkVolumeArguments = fields({
  volumeName,
  server: text("10.0.0.9", requireNfsServer),
  exportPath: text("/srv/redis", requireExportPath),
  mountOptions: text("nfsvers=4.2,hard", requireMountOptions).optional(),
  shared,
});

/** The arguments of a `HostPath`. */
export const hostPathArguments = fields({ hostPath: text("/srv/redis", requireHostPath), on: reach, shared });

/** The arguments of an `ExistingVolume`. */
export const existingVolumeArguments = fields({ volumeName, on: reach, shared });

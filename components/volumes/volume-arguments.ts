import type { z } from "zod";
import { requireNodeMark } from "../../model/placement/pin.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { matching } from "../../text/matching.ts";
import { oneOf } from "../../text/one-of.ts";
import { argument, fields, refuse, text } from "../arguments/arguments.ts";
import { transformArgument } from "../arguments/transform.ts";
import { VolumeCreator } from "./volume-spec.ts";

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

const requireHostPath = matching(/^\/[^:]*[^:/]$/u, {
  expected: "an absolute path, without a slash at its end",
  fix: "Write for example /srv/redis",
});

/** What mount.nfs would not take. */
const notNfs = {
  expected: "what mount.nfs takes, without spaces, and the address as the server alone",
  fix: 'Write for example server "10.0.0.9", exportPath "/srv/redis", mountOptions "nfsvers=4.2,hard"',
};
const requireNfsServer = matching(/^[\w.:-]+$/u, notNfs);
const requireExportPath = matching(/^\/[^\s,]*$/u, notNfs);
const requireNfsOptions = matching(/^(?!(?:.*,)?addr=)[\w=.,:-]+$/u, notNfs);

/** Mount options that lose what was written, or let nothing be written. */
const softMount =
  "A soft mount gives up a write that the server does not answer in time, which leaves the data incomplete";
const losingOptions: ReadonlyMap<string, string> = new Map([
  ["soft", softMount],
  ["softerr", softMount],
  ["ro", "A read-only mount takes no data"],
]);

function requireMountOptions(mountOptions: string, path: string): void {
  const options = requireNfsOptions(mountOptions, path).split(",");
  const losing = options.find((option) => losingOptions.has(option));
  if (losing === undefined) return;
  throw new InputError({
    path,
    expected: "a mount that waits for its server and can be written",
    got: showValue(losing),
    fix: `${losingOptions.get(losing) ?? ""}: write "nfsvers=4.2,hard" for example`,
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

import type { z } from "zod";
import { requireDigest } from "../../model/image/digest.ts";
import { requireConstraint } from "../../model/placement/constraints.ts";
import { requireServiceName } from "../../model/service/name.ts";
import { ownerLabels } from "../../model/service/ownership.ts";
import { requirePassword } from "../../model/service/password.ts";
import { parseGrace } from "../../model/service/stop-grace.ts";
import { leastContainerBytes, leastReservedBytes, parseSize, parseSizeFrom } from "../../text/byte-size.ts";
import { parseDuration } from "../../text/duration.ts";
import { matching } from "../../text/matching.ts";
import { oneOf } from "../../text/one-of.ts";
import { InputError, showValue } from "../../text/input-error.ts";
import { requirePort, requireWhole } from "../../text/whole-number.ts";
import {
  argument,
  fields,
  falseOr,
  flag,
  inputText,
  list,
  named,
  numeric,
  orEventual,
  refuse,
  secretText,
  text,
  textOr,
} from "../arguments/arguments.ts";
import { transformArgument } from "../arguments/transform.ts";
import { requireVolumeName } from "../../model/storage/volume-name.ts";
import { DataVolume } from "../volumes/data-volume.ts";
import { BackupKind } from "./backup.ts";
import {
  credentialMistake,
  fileMistake,
  leastBackupBytes,
  requireDrillInterval,
  requireInterval,
  requirePathBelow,
  requireRepository,
  serverMistake,
  targetMistake,
} from "./backup-target.ts";
import { requireHealthTest } from "./health-check.ts";
import { PublishMode } from "./ports.ts";
import { OnUpdateFailure } from "./updates.ts";

/** An image by digest. */
export const imageText = (example: string) => inputText(`${example}@sha256:…`, requireDigest);

/** A data volume. */
export const dataVolume = argument<DataVolume>({
  is: (value) => value instanceof DataVolume,
  expected: "a LocalVolume, NetworkVolume, HostPath or ExistingVolume",
  fix: () => 'Make one before, such as new LocalVolume("data", { pin: { hostname: "node-1" } })',
});

/** How a port is published. */
export const publishMode = text(PublishMode.host, oneOf(PublishMode));

/** An amount of memory that has to be so large. */
export const memory = (leastBytes: number) => text("100M", (size, path) => parseSizeFrom(leastBytes, size, path));

/** A port on a node. */
export const port = numeric(10000, requirePort);

const processors = numeric(0.5, (count, path) => {
  if (count >= 0.01 && count <= 1024) return;
  throw new InputError({
    path,
    expected: "a number of processors, at least 0.01",
    got: showValue(count),
    fix: "Write for example 0.5 for half a processor",
  });
});

const requireAbsolute = matching(/^\/[^:]*[^:/]$/u, {
  expected: "an absolute path inside the container, without a slash at its end",
  fix: "Write for example /data",
});

const requireServerFolder = matching(/^[\w-]+(?:\/[\w-]+)*$/u, {
  expected: "a folder below that of the volume, without a slash at its ends",
  fix: "Write where PGDATA is in the volume, for example pgdata",
});

const requireOwnerId = matching(/^\d+$/u, {
  expected: "the number of a user, who is the owner, and of the group",
  fix: 'Write for example "999"; Swarm knows no names',
});

const backupInWords = argument<string>({
  is: (value) => typeof value === "string",
  expected: 'words, such as "restic, every night": a cache makes no backup',
});

const declaredBackup = {
  to: fields({
    repository: text("s3:https://s3.example.com/bucket", requireRepository).optional(),
    volume: dataVolume.optional(),
    password: secretText(requirePassword),
    passwordCopy: text("the team's password manager").optional(),
    credentials: orEventual(named(secretText()).superRefine(requireCredentials)).optional(),
  }).superRefine((given, context) => {
    const mistake = context.issues.length === 0 ? targetMistake(given) : undefined;
    if (mistake !== undefined) refuse(context, mistake);
  }),
  image: imageText("example/holdfast-backup:1"),
  every: text("3s", requireInterval).optional(),
  keepDays: numeric(7, (days, path) => requireWhole(days, 1, 3650, path)).optional(),
  lateAfter: text("60s", parseDuration).optional(),
  drill: falseOr(
    fields({ every: text("24h", requireDrillInterval).optional(), elsewhere: flag().optional() }),
  ).optional(),
  verifiedWithin: text("24h", parseDuration).optional(),
  memoryLimit: memory(leastBackupBytes).optional(),
};

function requireCredentials(credentials: object, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(credentials)) {
    const mistake = typeof value === "string" ? credentialMistake(name, value) : undefined;
    if (mistake !== undefined) refuse(context, mistake, [name]);
  }
}

/** How a store that keeps its data is backed up. */
export const storeBackup = textOr(backupInWords, fields(declaredBackup));

/** How a Redis that keeps its data is backed up. */
export const redisBackup = textOr(backupInWords, fields({ ...declaredBackup, canary: flag().optional() }));

const canary = fields({
  username: text("backup"),
  password: secretText(requirePassword),
  port: port,
  authority: secretText().optional(),
});

/** The arguments that every service component takes. */
export const commonArguments = {
  serviceName: text("store", requireServiceName).optional(),
  image: imageText("example/store:1"),
  memoryLimit: memory(leastContainerBytes),
  cpuLimit: processors.optional(),
  cpuReservation: processors.optional(),
  networkIds: list(inputText("the id of a network")).optional(),
  constraints: list(text("node.labels.disk==ssd", requireConstraint)).optional(),
  stopped: flag().optional(),
  backup: backupInWords.optional(),
  labels: named(text("value")).superRefine(requireNoVolumes).optional(),
  logDriver: fields({ name: text("local"), options: named(text("value")).optional() }).optional(),
  transform: fields({
    service: transformArgument,
    network: transformArgument,
    secret: transformArgument,
    config: transformArgument,
    backup: transformArgument,
  }).optional(),
};

function requireNoVolumes(labels: object, context: z.RefinementCtx): void {
  if (!Object.hasOwn(labels, ownerLabels.volumes)) return;
  const fix = "Leave it out: the component says which volumes its tasks create";
  refuse(context, { expected: "no such label", got: "one", fix }, [ownerLabels.volumes]);
}

const files = named(
  fields({
    content: secretText(),
    path: text("/etc/store.conf", requireAbsolute),
    ownerId: text("999", requireOwnerId).optional(),
    mode: numeric(0o444, (mode, path) => requireWhole(mode, 0, 0o777, path)).optional(),
  }),
).optional();

/** The arguments of a `StatefulService`. */
export const serviceArguments = fields({
  ...commonArguments,
  backup: textOr(
    backupInWords,
    fields({
      ...declaredBackup,
      kind: text(BackupKind.log, oneOf(BackupKind)),
      canary: canary.optional(),
      server: fields({
        password: secretText(requirePassword),
        folder: text("pgdata", requireServerFolder),
        port: port.optional(),
      }).optional(),
      file: fields({
        path: text("backup/app.db", requirePathBelow),
        maxAge: text("25h", parseDuration),
        restoreAs: text("app.db", requirePathBelow).optional(),
      }).optional(),
    }).superRefine((given, context) => {
      if (context.issues.length > 0) return;
      for (const [name, mistake] of Object.entries({ server: serverMistake(given), file: fileMistake(given) }))
        if (mistake !== undefined) refuse(context, mistake, [name]);
    }),
  ).optional(),
  data: list(fields({ volume: dataVolume, path: text("/data", requireAbsolute), readOnly: flag().optional() })),
  secretFiles: files,
  configFiles: files,
  memoryReservation: memory(leastReservedBytes).optional(),
  healthCheck: fields({
    test: list(text("CMD"), requireHealthTest),
    interval: text("2s", parseDuration).optional(),
    timeout: text("5s", parseDuration).optional(),
    retries: numeric(15, (retries, path) => requireWhole(retries, 1, 1000, path)).optional(),
    startPeriod: text("30s", parseDuration).optional(),
  }),
  command: list(text("sh")).optional(),
  args: list(text("--verbose")).optional(),
  environment: named(secretText()).optional(),
  user: text("999:999").optional(),
  dropCapabilities: list(text("ALL")).optional(),
  readOnlyRoot: flag().optional(),
  scratch: list(
    fields({
      path: text("/tmp", requireAbsolute),
      size: text("16M", parseSize).optional(),
      volume: text("scratch", requireVolumeName).optional(),
    }).superRefine(({ size, volume }, context) => {
      if (size === undefined || volume === undefined) return;
      refuse(context, { expected: "a size or a volume", got: "both", fix: "Leave the size out: a volume has none" });
    }),
  ).optional(),
  ports: list(fields({ target: port, published: port, mode: publishMode.optional() })).optional(),
  stopSignal: text("SIGTERM").optional(),
  stopGrace: text("55s", parseGrace).optional(),
  restartDelay: text("2s", parseDuration).optional(),
  onUpdateFailure: text(OnUpdateFailure.rollback, oneOf(OnUpdateFailure)).optional(),
});

/** A stack's resources as text in Pulumi's checkpoint format, and back. */
import type { z } from "zod";
import { InputError, showValue } from "../../text/input-error.ts";
import { jsonOrUndefined, notJsonWords } from "../../text/parse-json.ts";
import { isLeftOut, storedFields } from "../model/event-state.ts";
import { parsePropertyPath } from "../model/property-path.ts";
import type { HookBinding, PendingOperation, ResourceState, Snapshot } from "../model/resource-state.ts";
import type { StoredDeployment, StoredResource } from "./checkpoint-schema.ts";
import {
  checkpointSchema,
  exportSchema,
  Feature,
  magicOf,
  passphraseStateSchema,
  writtenVersion,
} from "./checkpoint-schema.ts";
import type { CiphertextCache, ValueContext } from "./checkpoint-value.ts";
import { containsCiphertext, decodeProperties, encodeProperties, jsonMap, jsonScalar } from "./checkpoint-value.ts";
import { DamagedStateError } from "./damaged-state.ts";
import type { SecretsManager } from "./secrets-manager.ts";
import { brokenRule } from "./snapshot-integrity.ts";

/** A checkpoint that has been read and checked, its secrets still encrypted. */
export interface StoredCheckpoint {
  /** Where it was read, for messages. */
  path: string;
  /** `organization/<project>/<stack>`; undefined for an export. */
  stack: string | undefined;
  /** Configuration that very old versions of Pulumi kept here; kept as it is. */
  config: Record<string, unknown> | undefined;
  /** What the state has that not every version of Pulumi knows. */
  features: readonly Feature[];
  /** Undefined for a stack that was made but never updated. */
  deployment: StoredDeployment | undefined;
  /** The salt of the passphrase provider, where one is named. */
  salt: string | undefined;
  /** Whether reading it takes the passphrase. */
  encrypted: boolean;
}

/**
 * Reads a checkpoint or an export, and checks its shape and how its resources fit together.
 *
 * @throws DamagedStateError when it is not JSON or of another shape
 * @throws InputError when it is of another version or has what only Pulumi itself has
 */
export function parseCheckpoint(text: string, path: string, form: "checkpoint" | "export"): StoredCheckpoint {
  const json = parseJson(text, path);
  if (form === "export") {
    const { features = [], deployment } = checkShape(exportSchema, json, path);
    return describe(path, { stack: undefined, config: undefined, features, deployment });
  }
  const { features = [], checkpoint } = checkShape(checkpointSchema, json, path);
  return describe(path, {
    stack: checkpoint.stack,
    config: checkpoint.config,
    features,
    deployment: checkpoint.latest ?? undefined,
  });
}

function describe(
  path: string,
  content: Pick<StoredCheckpoint, "stack" | "config" | "features" | "deployment">,
): StoredCheckpoint {
  const { deployment } = content;
  if (deployment !== undefined && deployment.manifest.magic !== magicOf(deployment.manifest.version))
    throw new DamagedStateError({
      path,
      expected: "the magic number of its version in the manifest",
      got: showValue(deployment.manifest.magic),
    });
  // Of a resource, its properties are by far the most, and say nothing here.
  const bare = deployment?.resources?.map(({ inputs: _, outputs: __, ...rest }) => decodeResource(rest, noSecrets));
  const rule = brokenRule(bare ?? []);
  if (rule !== undefined) throw new DamagedStateError({ path, expected: "resources that fit together", got: rule });
  const provider = deployment?.secrets_providers;
  if (provider !== undefined && provider.type !== "passphrase")
    throw new InputError({
      path,
      expected: "secrets encrypted by a passphrase",
      got: `the secrets provider ${showValue(provider.type)}`,
      fix: "Use the Pulumi CLI, or run `pulumi stack change-secrets-provider passphrase`",
    });
  return {
    path,
    ...content,
    salt: provider?.state === undefined ? undefined : checkShape(passphraseStateSchema, provider.state, path).salt,
    encrypted: containsCiphertext(deployment?.resources) || containsCiphertext(deployment?.pending_operations),
  };
}

const noSecrets: ValueContext = { secrets: undefined, ciphertexts: new Map() };

function parseJson(text: string, path: string): unknown {
  const value = jsonOrUndefined(text);
  if (value !== undefined) return value;
  const got = text.trim() === "" ? "an empty file" : notJsonWords(text);
  throw new DamagedStateError({ path, expected: "the whole of a JSON document", got });
}

function checkShape<Schema extends z.ZodType>(schema: Schema, json: unknown, path: string): z.infer<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(({ path: [first] }) => first === "version") ?? issues[0];
  const place = issue?.path.map(String).join(".") ?? "";
  const version = typeof json === "object" && json !== null && "version" in json ? json.version : undefined;
  if (place === "version" && typeof version === "number")
    throw new InputError({
      path,
      expected: "a state of version 3 or 4",
      got: `version ${String(version)}`,
      fix: "Use the version of the Pulumi CLI that wrote it",
    });
  if (issue?.path[0] === "features")
    throw new InputError({
      path,
      expected: "a state without features that only Pulumi itself has",
      got: showValue(typeof json === "object" && json !== null && "features" in json ? json.features : undefined),
      fix: "Use the Pulumi CLI for this stack",
    });
  if (issue?.code === "unrecognized_keys")
    throw new DamagedStateError({
      path: place === "" ? path : `${path}: ${place}`,
      expected: "a state without features that only Pulumi itself has",
      got: issue.keys.map((key) => showValue(key)).join(", "),
      unlessDamaged: "If Pulumi wrote that, use the Pulumi CLI for this stack",
    });
  throw new DamagedStateError({
    path,
    expected: "a Pulumi state of version 3 or 4",
    got: `${issue?.message ?? "another shape"} at ${place || "its top"}`,
  });
}

/**
 * Decrypts a checkpoint into resources.
 *
 * @param secrets - needed where `encrypted`
 * @param ciphertexts - is filled, for {@link encodeDeployment}
 */
export function decodeCheckpoint(
  checkpoint: StoredCheckpoint,
  secrets: SecretsManager | undefined,
  ciphertexts: CiphertextCache,
): Snapshot {
  const { path, deployment } = checkpoint;
  const context = { secrets, ciphertexts, file: path };
  const resources = (deployment?.resources ?? []).map((stored) => decodeResource(stored, context));
  const pendingOperations = (deployment?.pending_operations ?? []).map(({ resource, type }): PendingOperation => ({
    type,
    resource: decodeResource(resource, context, type),
  }));
  return { resources, pendingOperations };
}

function decodeResource(
  stored: StoredResource,
  context: ValueContext,
  pending?: PendingOperation["type"],
): ResourceState {
  const place = valuePlace(stored, pending);
  const { customTimeouts: timeouts } = stored;
  return {
    urn: stored.urn,
    type: stored.type,
    custom: stored.custom,
    ...(stored.id ? { id: stored.id } : {}),
    inputs: decodeProperties(stored.inputs ?? {}, `${place}.inputs`, context),
    outputs: decodeProperties(stored.outputs ?? {}, `${place}.outputs`, context),
    ...(stored.parent ? { parent: stored.parent } : {}),
    ...(stored.provider ? { provider: stored.provider } : {}),
    dependencies: stored.dependencies ?? [],
    propertyDependencies: Object.fromEntries(
      Object.entries(stored.propertyDependencies ?? {}).map(([name, urns]) => [name, urns ?? []]),
    ),
    ...(stored.deletedWith ? { deletedWith: stored.deletedWith } : {}),
    ...(stored.protect ? { protect: true } : {}),
    ...(stored.external ? { external: true } : {}),
    ...(stored.retainOnDelete ? { retainOnDelete: true } : {}),
    additionalSecretOutputs: stored.additionalSecretOutputs ?? [],
    ignoreChanges: stored.ignoreChanges ?? [],
    replaceOnChanges: stored.replaceOnChanges ?? [],
    hideDiffs: (stored.hideDiff ?? []).map(formatPropertyPath),
    aliases: stored.aliases ?? [],
    ...(timeouts
      ? {
          customTimeouts: {
            ...(timeouts.create ? { createSeconds: timeouts.create } : {}),
            ...(timeouts.update ? { updateSeconds: timeouts.update } : {}),
            ...(timeouts.delete ? { deleteSeconds: timeouts.delete } : {}),
          },
        }
      : {}),
    ...(stored.importID ? { importId: stored.importID } : {}),
    initErrors: stored.initErrors ?? [],
    hooks: decodeHooks(stored.resourceHooks ?? {}),
    ...(stored.delete ? { delete: true } : {}),
    ...(stored.pendingReplacement ? { pendingReplacement: true } : {}),
    ...(stored.created ? { created: stored.created } : {}),
    ...(stored.modified ? { modified: stored.modified } : {}),
    ...(stored.sourcePosition ? { sourcePosition: stored.sourcePosition } : {}),
    ...(stored.stackTrace ? { stackTrace: stored.stackTrace.map((frame) => frame.sourcePosition ?? "") } : {}),
  };
}

function decodeHooks(stored: NonNullable<StoredResource["resourceHooks"]>): HookBinding {
  const { AfterCreate, AfterUpdate, BeforeCreate, BeforeUpdate } = stored;
  return {
    ...(AfterCreate && { afterCreate: AfterCreate }),
    ...(AfterUpdate && { afterUpdate: AfterUpdate }),
    ...(BeforeCreate && { beforeCreate: BeforeCreate }),
    ...(BeforeUpdate && { beforeUpdate: BeforeUpdate }),
  };
}

/** Tells the versions of one resource apart: the living one, those left to be deleted, and that of an operation. */
function valuePlace(
  resource: Pick<ResourceState, "urn"> & { id?: string | undefined; delete?: boolean | undefined },
  pending?: PendingOperation["type"],
): string {
  const { urn, id } = resource;
  return `${urn}${resource.delete ? ` (old, id ${id ?? "unknown"})` : ""}${pending === undefined ? "" : ` (${pending})`}`;
}

/** What a deployment says besides its resources. */
export interface DeploymentFrame {
  /** RFC 3339 with nanoseconds. */
  time: string;
  manifest: StoredDeployment["manifest"] | undefined;
  /** Undefined for a stack without any secret so far. */
  salt: string | undefined;
  metadata: Record<string, unknown> | undefined;
}

/** Writes a deployment as Pulumi does: names in its order, empty ones left out, secrets encrypted. */
export function encodeDeployment(snapshot: Snapshot, frame: DeploymentFrame, context: ValueContext): string {
  const { manifest } = frame;
  const version = manifest?.version ?? writtenVersion;
  const resources = snapshot.resources.map((resource) => ({ json: encodeResource(resource, context) }));
  const operations = snapshot.pendingOperations.map(({ resource, type }) => ({
    json: `{"resource":${encodeResource(resource, context, type)},"type":${jsonScalar(type)}}`,
  }));
  return jsonObject({
    manifest: {
      json: jsonObject({
        time: frame.time,
        magic: magicOf(version),
        version,
        plugins: manifest?.plugins && { json: JSON.stringify(manifest.plugins) },
      }),
    },
    secrets_providers:
      frame.salt === undefined
        ? undefined
        : { json: `{"type":"passphrase","state":{"salt":${jsonScalar(frame.salt)}}}` },
    resources,
    pending_operations: operations,
    metadata: { json: JSON.stringify(frame.metadata ?? {}) },
  });
}

/** What a checkpoint file says around its deployment. */
export interface CheckpointFrame {
  stack: string;
  config: Record<string, unknown> | undefined;
  features: readonly Feature[];
}

/** Writes a checkpoint file around a deployment. */
export function encodeCheckpoint({ stack, config, features }: CheckpointFrame, latest: string): string {
  const checkpoint = jsonObject({
    stack,
    config: config && { json: JSON.stringify(config) },
    latest: { json: latest },
  });
  return jsonObject({ ...form(features), checkpoint: { json: checkpoint } });
}

/** Writes what `pulumi stack export` prints, around a deployment. */
export function encodeExport(features: readonly Feature[], deployment: string): string {
  return jsonObject({ ...form(features), deployment: { json: deployment } });
}

function form(features: readonly Feature[]) {
  return { version: features.length > 0 ? 4 : 3, features };
}

/** What a state has that a version of Pulumi must know to read it. */
export function featuresOf({ resources, pendingOperations }: Snapshot): Feature[] {
  const states = [...resources, ...pendingOperations.map(({ resource }) => resource)];
  return states.some(({ hooks }) => Object.keys(hooks).length > 0) ? [Feature.hooks] : [];
}

function encodeResource(resource: ResourceState, context: ValueContext, pending?: PendingOperation["type"]): string {
  const place = valuePlace(resource, pending);
  const fields = storedFields(resource, (map, side) => ({ json: encodeProperties(map, `${place}.${side}`, context) }));
  const { propertyDependencies } = fields;
  return jsonObject({
    ...fields,
    custom: { json: String(resource.custom) },
    propertyDependencies: propertyDependencies && { json: jsonMap(propertyDependencies, jsonElement) },
    hideDiff: resource.hideDiffs.map(parsePropertyPath),
  });
}

/** What the checkpoint has besides property values; `json` is text that is JSON already. */
type Member = boolean | number | string | readonly Member[] | { json: string } | { [name: string]: Member | undefined };

/** Writes an object with its names in the given order, without empty values. */
function jsonObject(members: Record<string, Member | undefined>): string {
  const written = Object.entries(members).flatMap(([name, value]) =>
    value === undefined || isLeftOut(value) ? [] : [`${jsonScalar(name)}:${jsonElement(value)}`],
  );
  return `{${written.join(",")}}`;
}

function jsonElement(value: Member): string {
  if (typeof value !== "object") return jsonScalar(value);
  if (isList(value)) return `[${value.map(jsonElement).join(",")}]`;
  return typeof value["json"] === "string" ? value["json"] : jsonObject(value);
}

function isList(value: Member): value is readonly Member[] {
  return Array.isArray(value);
}

function formatPropertyPath(path: readonly (string | number)[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${String(part)}]`;
      if (part === "*") return "[*]";
      if (/[.[\]"]/.test(part)) return `["${part.replaceAll(/["\\]/g, "\\$&")}"]`;
      return index === 0 ? part : `.${part}`;
    })
    .join("");
}

/**
 * The shape of a deployment, versions 3 and 4, as Pulumi 3.260 writes it (sdk/go/common/apitype/core.go). A key that is not
 * named here is refused, so that nothing another engine has stored is lost by going through this one.
 */
import { createHash } from "node:crypto";
import { z } from "zod";

const urn = z.string().startsWith("urn:pulumi:");
const urns = z.array(urn);
const texts = z.array(z.string());
const properties = z.record(z.string(), z.unknown());
const seconds = z.number().nonnegative().optional();

const resourceSchema = z.strictObject({
  urn,
  custom: z.boolean(),
  delete: z.boolean().optional(),
  id: z.string().optional(),
  type: z.string().min(1),
  inputs: properties.optional(),
  outputs: properties.optional(),
  parent: urn.optional(),
  protect: z.boolean().optional(),
  external: z.boolean().optional(),
  dependencies: urns.nullish(),
  initErrors: texts.nullish(),
  provider: z.string().optional(),
  propertyDependencies: z.record(z.string(), urns.nullable()).optional(),
  pendingReplacement: z.boolean().optional(),
  additionalSecretOutputs: texts.nullish(),
  aliases: urns.nullish(),
  customTimeouts: z.strictObject({ create: seconds, update: seconds, delete: seconds }).optional(),
  importID: z.string().optional(),
  retainOnDelete: z.boolean().optional(),
  deletedWith: z.union([urn, z.literal("")]).optional(),
  created: z.string().optional(),
  modified: z.string().optional(),
  sourcePosition: z.string().optional(),
  stackTrace: z.array(z.strictObject({ sourcePosition: z.string().optional() })).optional(),
  ignoreChanges: texts.nullish(),
  hideDiff: z.array(z.array(z.union([z.string(), z.number()]))).nullish(),
  replaceOnChanges: texts.nullish(),
  resourceHooks: z
    .strictObject({
      AfterCreate: texts.optional(),
      AfterUpdate: texts.optional(),
      BeforeCreate: texts.optional(),
      BeforeUpdate: texts.optional(),
      // The CLI's alone: its program declares them with each run, and this engine calls none.
      OnError: texts.optional(),
    })
    .optional(),
});

/** One resource as the checkpoint has it. */
export type StoredResource = z.infer<typeof resourceSchema>;

/** When and by which version of Pulumi's engine a state was written. */
const manifestSchema = z.strictObject({
  time: z.string(),
  magic: z.string(),
  version: z.string(),
  plugins: z.array(z.unknown()).optional(),
});

/** What `deployment` is in an export, and `checkpoint.latest` in a checkpoint. */
const deploymentSchema = z.strictObject({
  manifest: manifestSchema,
  secrets_providers: z.strictObject({ type: z.string(), state: z.unknown().optional() }).optional(),
  resources: z.array(resourceSchema).nullish(),
  pending_operations: z
    .array(
      z.strictObject({
        resource: resourceSchema,
        type: z.enum(["creating", "updating", "deleting", "reading", "importing"]),
      }),
    )
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});

/** A deployment, checked for its shape. */
export type StoredDeployment = z.infer<typeof deploymentSchema>;

/** What a state has that not every version of Pulumi knows (pkg/resource/stack/deployment.go): this engine knows hooks alone. */
export const Feature = { hooks: "hooks" } as const;

export type Feature = (typeof Feature)[keyof typeof Feature];

/** A state with features is of version 4, any other of version 3. */
const form = { version: z.literal([3, 4]), features: z.array(z.enum(Feature)).optional() };

/** A checkpoint file: `stacks/<project>/<stack>.json`. */
export const checkpointSchema = z.strictObject({
  ...form,
  checkpoint: z.strictObject({
    stack: z.string(),
    config: z.record(z.string(), z.unknown()).optional(),
    latest: deploymentSchema.nullish(),
  }),
});

/** What `pulumi stack export` prints. */
export const exportSchema = z.strictObject({ ...form, deployment: deploymentSchema });

/** The only state that Pulumi's passphrase provider keeps. */
export const passphraseStateSchema = z.strictObject({ salt: z.string().min(1) });

/** The version of Pulumi's engine whose format this engine writes. */
export const writtenVersion = "v3.260.0";

/** What a manifest's `magic` must be (sdk/go/common/apitype/core.go, `NewMagic`). */
export function magicOf(version: string): string {
  return createHash("sha256").update(version).digest("hex");
}

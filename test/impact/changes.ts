/** Changes that nobody has recorded: the recorded service with other inputs, as a preview would show them. */
import { z } from "zod";
import { recordedPreview } from "./recorded.ts";

type Json = Record<string, unknown>;

const recordedStep = z.looseObject({
  op: z.string(),
  urn: z.string(),
  oldState: z.record(z.string(), z.unknown()),
  newState: z.record(z.string(), z.unknown()),
});

function stepOf(change: string, name: string): z.infer<typeof recordedStep> {
  const { steps } = z
    .object({ steps: z.array(z.looseObject({ urn: z.string() })) })
    .parse(JSON.parse(recordedPreview(change)));
  return recordedStep.parse(steps.find(({ urn }) => urn.endsWith(`::${name}`)));
}

const updated = stepOf("force-update", "redis");
const renamed = stepOf("volume-renamed", "data");

/** A change of the recorded program. */
export interface Change {
  /** What is done to the inputs of the service; they are its own to change. */
  readonly service?: (inputs: ServiceInputs) => void;
  /** Done to the service as it was, inputs and outputs alike. */
  readonly was?: (inputs: ServiceInputs) => void;
  /** Swarm configs by their paths in the container: contents of before and after. */
  readonly files?: Readonly<Record<"was" | "is", Readonly<Record<string, string>>>>;
  /** How the provider carries it out. */
  readonly operation?: "update" | "replace" | "replace, new one first" | "delete" | "same";
  /** Whether the service has `retainOnDelete`. */
  readonly isRetained?: true;
  /** Whether the volume is shown as it is, is deleted, or is replaced by one of another name or with other options. */
  readonly volume?:
    | "same"
    | "deleted"
    | "replaced"
    | "replaced, with other options"
    | "protected and deleted"
    | "protected and deleted all the same";
  /** The options of the volume's driver, where it is not a plain one. */
  readonly volumeDriverOptions?: Json;
  /** What they are once it is replaced. */
  readonly nextVolumeDriverOptions?: Json;
  /** Whether the service waits for the volume's step, as when its name is an output. */
  readonly dependsOnVolume?: boolean;
}

/** The inputs of the recorded service, as far as changes touch them. */
export interface ServiceInputs extends Json {
  name?: string;
  taskSpec: {
    containerSpec: Json & { mounts: Json[]; args: string[] };
    placement?: { constraints: string[] };
    resources?: { limits: Json };
  } & Json;
  mode: Json;
  endpointSpec: Json & { ports: Json[] };
  updateConfig: Json;
}

/** The document that `pulumi preview --json` would print. */
export function previewOf({
  service,
  was,
  files,
  operation = "update",
  isRetained,
  volume,
  volumeDriverOptions,
  nextVolumeDriverOptions = {},
  dependsOnVolume = false,
}: Change): string {
  const old = structuredClone(updated.oldState);
  const next = structuredClone(updated.newState);
  const inputs = (state: Json): ServiceInputs => state["inputs"] as ServiceInputs;
  inputs(next).taskSpec["forceUpdate"] = 0;
  for (const state of [inputs(old), old["outputs"] as ServiceInputs, inputs(next)]) was?.(state);
  service?.(inputs(next));
  const configSteps = files === undefined ? [] : configsOf(files, inputs(old), inputs(next));
  if (files !== undefined) (old["outputs"] as ServiceInputs).taskSpec = structuredClone(inputs(old).taskSpec);
  next["dependencies"] = dependsOnVolume ? [renamed.urn] : [];
  if (isRetained) old["retainOnDelete"] = true;
  const replaced = operation.startsWith("replace");
  if (replaced) old[operation === "replace" ? "pendingReplacement" : "delete"] = true;
  const serviceStep =
    operation === "same"
      ? []
      : [
          {
            op: replaced ? "replace" : operation,
            urn: updated.urn,
            oldState: old,
            ...(operation !== "delete" && { newState: next }),
            ...(replaced && { replaceReasons: ["taskSpec"] }),
            detailedDiff: null,
          },
        ];
  const volumeOld: Json = { ...structuredClone(renamed.oldState), protect: volume?.startsWith("protected") === true };
  for (const side of ["inputs", "outputs"] as const)
    Object.assign(volumeOld[side] as Json, volumeDriverOptions && { driverOpts: volumeDriverOptions });
  const isReplaced = volume?.startsWith("replaced") === true;
  const volumeNext =
    volume === "replaced"
      ? renamed.newState
      : { ...volumeOld, inputs: { ...(volumeOld["inputs"] as Json), driverOpts: nextVolumeDriverOptions } };
  const volumeStep = isReplaced
    ? { op: "replace", urn: renamed.urn, oldState: { ...volumeOld, pendingReplacement: true }, newState: volumeNext }
    : { op: volume === "same" ? "same" : "delete", urn: renamed.urn, oldState: volumeOld };
  const volumeSteps = volume === undefined ? [] : [volumeStep];
  const others = [...configSteps, ...volumeSteps];
  const steps =
    isReplaced || volume === "same" ? [...others, ...serviceStep] : [...configSteps, ...serviceStep, ...volumeSteps];
  const diagnostics =
    volume === "protected and deleted"
      ? [
          {
            urn: renamed.urn,
            message: `error: Preview failed: resource "${renamed.urn}" cannot be deleted\nbecause it is protected.`,
            severity: "error",
          },
        ]
      : [];
  return JSON.stringify({ steps, diagnostics, duration: 0, changeSummary: { same: operation === "same" ? 6 : 5 } });
}

/** Puts configs into the service of before and after, and gives the steps that replace them, as of automatic names. */
function configsOf(
  files: NonNullable<Change["files"]>,
  ...services: readonly [was: ServiceInputs, is: ServiceInputs]
): readonly Json[] {
  const state = (side: "was" | "is", path: string): Json => ({
    urn: `${configUrn}${path}`,
    type: "docker:index/serviceConfig:ServiceConfig",
    id: `${side} ${path}`,
    inputs: {
      __defaults: ["name"],
      data: Buffer.from(files[side][path] ?? "").toString("base64"),
      name: `${side}-${path}`,
    },
    outputs: {},
  });
  for (const [index, side] of (["was", "is"] as const).entries()) {
    const { containerSpec } = services[index]?.taskSpec ?? {};
    if (containerSpec !== undefined)
      containerSpec["configs"] = Object.keys(files[side]).map((path) => ({
        configId: `${side} ${path}`,
        configName: `${side}-${path}`,
        fileName: path,
      }));
  }
  return Object.keys(files.is).map((path) => ({
    op: "replace",
    urn: `${configUrn}${path}`,
    oldState: { ...state("was", path), delete: true },
    newState: state("is", path),
  }));
}

const configUrn = "urn:pulumi:dev::recording::docker:index/serviceConfig:ServiceConfig::";

/** The data mount of the recorded service. */
export function dataMount(inputs: ServiceInputs): Json {
  const [mount] = inputs.taskSpec.containerSpec.mounts;
  if (mount === undefined) throw new Error("the recorded service has no mount");
  return mount;
}

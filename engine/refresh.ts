import type { EventBody, StepOperation } from "./events.ts";
import type { Journal } from "./journal.ts";
import { equalValues, revealSecrets } from "./property-value.ts";
import type { DiffKind, ResourceDiff, ResourceProvider } from "./resource-provider.ts";
import type { ResourceState } from "./resource-state.ts";
import { markSecretOutputs, markSecretsLike } from "./secret-marks.ts";
import { isAboutDefaultProvider, stepMetadata, type Step } from "./step.ts";
import { timestamp } from "./timestamp.ts";
import { parseUrn } from "./urn.ts";

/** What a refresh needs. */
export interface RefreshContext {
  preview: boolean;
  journal: Journal;
  provider(reference: string): ResourceProvider;
  send: (event: EventBody) => void;
  count(operation: StepOperation): void;
}

/**
 * Reads every resource as it is now and takes that over into the state; one that is gone leaves the state
 * (Pulumi: pkg/resource/deploy/step.go, `RefreshStep`).
 *
 * @param resources in dependency order
 */
export async function refreshResources(resources: readonly ResourceState[], context: RefreshContext): Promise<void> {
  const readings = resources.map((old) => ({ old, reading: read(old, context) }));
  // Reading goes on at once for all; the state is written in order.
  await Promise.allSettled(readings.map(({ reading }) => reading));
  for (const { old, reading } of readings) {
    const step: Step = { operation: "refresh", urn: old.urn, old };
    const shown = !isAboutDefaultProvider(step);
    if (shown) context.send({ resourcePreEvent: { metadata: stepMetadata(step), planning: context.preview } });
    const outcome = await settle(old, await reading, context);
    if (!shown) continue;
    context.send({ resOutputsEvent: { metadata: stepMetadata(outcome), planning: context.preview } });
    context.count(outcome.operation);
  }
}

async function settle(old: ResourceState, now: ResourceState | undefined, context: RefreshContext): Promise<Step> {
  if (!now) {
    await context.journal.settle({ old });
    return { operation: "delete", urn: old.urn, old };
  }
  const same = equalValues(old.outputs, now.outputs) && equalValues(old.inputs, now.inputs) && old.id === now.id;
  const diff = same ? undefined : driftOf(old, now, context);
  if (diff?.changes) now.modified = timestamp();
  await context.journal.keep(old, now, !same);
  return diff?.changes
    ? { operation: "update", urn: old.urn, old, new: now, diffReasons: diff.diffs, detailedDiff: inverted(diff) }
    : { operation: "same", urn: old.urn, old, new: now };
}

async function read(old: ResourceState, context: RefreshContext): Promise<ResourceState | undefined> {
  if (!old.custom || old.provider === undefined || old.id === undefined) return { ...old };
  const answer = await context
    .provider(old.provider)
    .read(
      { urn: old.urn, type: old.type, name: parseUrn(old.urn).name },
      { id: old.id, inputs: revealSecrets(old.inputs), outputs: revealSecrets(old.outputs) },
    );
  if (!answer) return undefined;
  const outputs = markSecretOutputs(markSecretsLike(answer.outputs, old.outputs), old.additionalSecretOutputs);
  return { ...old, id: answer.id, inputs: markSecretsLike(answer.inputs, old.inputs), outputs, initErrors: [] };
}

/** What an update would have to do to get from what is there to what the program had declared. */
function driftOf(old: ResourceState, now: ResourceState, context: RefreshContext): ResourceDiff | undefined {
  if (old.provider === undefined || now.id === undefined) return undefined;
  return context.provider(old.provider).diff(
    { urn: old.urn, type: old.type, name: parseUrn(old.urn).name },
    {
      id: now.id,
      oldInputs: revealSecrets(now.inputs),
      oldOutputs: revealSecrets(now.outputs),
      news: revealSecrets(old.inputs),
      ignoreChanges: old.ignoreChanges,
    },
  );
}

const opposite: Record<DiffKind, DiffKind> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
  update: "update",
  "update-replace": "update-replace",
};

/** The drift as it happened: the other way round than an update would repair it. */
function inverted(diff: ResourceDiff): Record<string, DiffKind> {
  return Object.fromEntries(Object.entries(diff.detailedDiff).map(([path, kind]) => [path, opposite[kind]]));
}

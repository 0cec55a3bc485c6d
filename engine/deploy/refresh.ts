import pLimit from "p-limit";
import type { EventBody, StepOperation } from "../model/events.ts";
import { equalValues, revealSecrets } from "../model/property-value.ts";
import { identityOf, type DiffKind, type ResourceDiff } from "../model/resource-provider.ts";
import type { ResourceState, Urn } from "../model/resource-state.ts";
import { markSecretOutputs, markSecretsLike } from "../model/secret-marks.ts";
import { isAboutDefaultProvider, stepMetadata, type Step } from "../model/step.ts";
import { timestamp } from "../model/timestamp.ts";
import type { Journal } from "./journal.ts";
import type { Providers } from "./provider-registry.ts";

/** What a refresh needs. */
export interface RefreshContext {
  preview: boolean;
  journal: Journal;
  providers: Providers;
  send: (event: EventBody) => void;
  count(operation: StepOperation): void;
}

/** How many resources are read at once: each is a connection to the Docker engine. */
const readsAtOnce = 32;

/**
 * Reads every resource and updates the state to match; one that is gone is removed from the state
 * (Pulumi: pkg/resource/deploy/step.go, `RefreshStep`).
 *
 * @param resources in dependency order
 */
export async function refreshResources(resources: readonly ResourceState[], context: RefreshContext): Promise<void> {
  const limit = pLimit(readsAtOnce);
  const readings = resources.map((old) => ({ old, reading: limit(() => read(old, context)) }));
  // Many are read at once; the results are reported in order.
  await Promise.allSettled(readings.map(({ reading }) => reading));
  const found = await Promise.all(readings.map(async ({ old, reading }) => ({ old, now: await reading })));
  const gone = found.filter(({ now }) => now === undefined).map(({ old }) => old);
  const goneUrns = new Set(gone.map(({ urn }) => urn));
  let isChanged = false;
  for (const { old, now } of found) {
    const step: Step = { operation: "refresh", urn: old.urn, old };
    const shown = !isAboutDefaultProvider(step);
    if (shown) context.send({ resourcePreEvent: { metadata: stepMetadata(step), planning: context.preview } });
    const outcome = outcomeOf(old, now && withoutReferences(now, goneUrns), context);
    if (outcome.new) await context.journal.keep(old, outcome.new, false);
    isChanged ||= outcome.new !== undefined && !isSame(old, outcome.new);
    if (!shown) continue;
    context.send({ resOutputsEvent: { metadata: stepMetadata(outcome), planning: context.preview } });
    context.count(outcome.operation);
  }
  // Removed only now that nothing refers to it; dependents first.
  for (const old of gone.toReversed()) await context.journal.settle({ old });
  if (isChanged) await context.journal.touch();
}

function outcomeOf(old: ResourceState, now: ResourceState | undefined, context: RefreshContext): Step {
  if (!now) return { operation: "delete", urn: old.urn, old };
  const diff = isSame(old, now) ? undefined : driftOf(old, now, context);
  if (diff?.changes) now.modified = timestamp();
  return diff?.changes
    ? { operation: "update", urn: old.urn, old, new: now, diffReasons: diff.diffs, detailedDiff: inverted(diff) }
    : { operation: "same", urn: old.urn, old, new: now };
}

function isSame(old: ResourceState, now: ResourceState): boolean {
  return (
    equalValues(old.outputs, now.outputs) &&
    equalValues(old.inputs, now.inputs) &&
    old.id === now.id &&
    old.dependencies.length === now.dependencies.length
  );
}

/** A resource that no longer needs what is gone (Pulumi: pkg/resource/deploy/deployment_executor.go, `rebuildBaseState`). */
function withoutReferences(state: ResourceState, gone: ReadonlySet<Urn>): ResourceState {
  const { parent, deletedWith, ...rest } = state;
  const present = (urns: readonly Urn[]) => urns.filter((urn) => !gone.has(urn));
  return {
    ...rest,
    ...(parent !== undefined && !gone.has(parent) && { parent }),
    ...(deletedWith !== undefined && !gone.has(deletedWith) && { deletedWith }),
    dependencies: present(state.dependencies),
    propertyDependencies: Object.fromEntries(
      Object.entries(state.propertyDependencies).map(([name, urns]) => [name, present(urns)]),
    ),
  };
}

async function read(old: ResourceState, context: RefreshContext): Promise<ResourceState | undefined> {
  if (!old.custom || old.provider === undefined || old.id === undefined) return { ...old };
  const [inputs, given] = [revealSecrets(old.inputs), revealSecrets(old.outputs)];
  const answer = await context.providers
    .get(old.provider)
    .read(identityOf(old), { id: old.id, inputs, outputs: given });
  if (!answer) return undefined;
  const outputs = markSecretOutputs(answer.outputs, old.outputs, old.additionalSecretOutputs);
  return { ...old, id: answer.id, inputs: markSecretsLike(answer.inputs, old.inputs), outputs, initErrors: [] };
}

/** What an update would have to do to get from what is deployed to what the program had declared. */
function driftOf(old: ResourceState, now: ResourceState, context: RefreshContext): ResourceDiff | undefined {
  if (old.provider === undefined || now.id === undefined) return undefined;
  return context.providers.get(old.provider).diff(identityOf(old), {
    id: now.id,
    oldInputs: revealSecrets(now.inputs),
    oldOutputs: revealSecrets(now.outputs),
    news: revealSecrets(old.inputs),
    ignoreChanges: old.ignoreChanges,
  });
}

const opposite: Record<DiffKind, DiffKind> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
  update: "update",
  "update-replace": "update-replace",
};

/** The drift as it happened: the opposite of the update that would repair it. */
function inverted(diff: ResourceDiff): Record<string, DiffKind> {
  return Object.fromEntries(Object.entries(diff.detailedDiff).map(([path, kind]) => [path, opposite[kind]]));
}

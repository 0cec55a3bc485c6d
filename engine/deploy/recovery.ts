import { parseProviderReference } from "../model/dependency-graph.ts";
import type { EventBody } from "../model/events.ts";
import { revealSecrets } from "../model/property-value.ts";
import { identityOf, type ResourceIdentity, type ResourceProvider } from "../model/resource-provider.ts";
import type { PendingOperation, ResourceState, Snapshot } from "../model/resource-state.ts";
import { markSecretOutputs } from "../model/secret-marks.ts";
import { ProviderRegistry, type ProviderFactory } from "./provider-registry.ts";

/**
 * Reads back what became of operations that an interrupted run left pending, and returns the resources as they are.
 *
 * A created resource is adopted by its identity, so that it is not created twice; the outputs of a changed or deleted one
 * are read, so that the next plan compares with what is deployed.
 */
export async function recoverInterrupted(
  snapshot: Snapshot,
  loadProviders: () => Promise<ReadonlyMap<string, ProviderFactory>>,
  send: (event: EventBody) => void,
): Promise<ResourceState[]> {
  if (snapshot.pendingOperations.length === 0) return snapshot.resources;
  const registry = new ProviderRegistry(loadProviders, (urn) => snapshot.resources.find((state) => state.urn === urn));
  await registry.load();
  let resources = snapshot.resources;
  for (const operation of snapshot.pendingOperations) {
    const { resource } = operation;
    if (resource.provider === undefined) continue;
    const known = snapshot.resources.some((state) => state.urn === parseProviderReference(resource.provider ?? "").urn);
    if (!known) continue;
    resources = await recover(operation, resources, registry.get(resource.provider));
    const message = `an earlier run was interrupted while ${operation.type} it; its actual state has been read back`;
    send({ diagnosticEvent: { urn: resource.urn, severity: "warning", message } });
  }
  return resources;
}

async function recover(
  operation: PendingOperation,
  resources: readonly ResourceState[],
  provider: ResourceProvider,
): Promise<ResourceState[]> {
  const { resource, type } = operation;
  const identity = identityOf(resource);
  if (type === "creating" || type === "importing") {
    const id = await provider.findCreated(identity, revealSecrets(resource.inputs));
    const created = id === undefined ? undefined : await readAgain({ ...resource, id }, identity, provider);
    return created ? adopt(created, resources) : [...resources];
  }
  const present = new Map<ResourceState, ResourceState | undefined>();
  for (const state of resources)
    if (state.urn === resource.urn && state.id === resource.id)
      present.set(state, unfinished(type, await readAgain(state, identity, provider)));
  return resources.flatMap((state) => {
    if (!present.has(state)) return [state];
    const now = present.get(state);
    return now ? [now] : [];
  });
}

/** A change that was interrupted may be in effect, under way or about to be rolled back: it counts as failed, so that it is repeated. */
function unfinished(type: PendingOperation["type"], state: ResourceState | undefined): ResourceState | undefined {
  return state && type === "updating"
    ? { ...state, initErrors: ["an earlier run was interrupted while updating it"] }
    : state;
}

/** A created replacement takes the place of what it replaces, before its dependents; the replaced version is left to be deleted. */
function adopt(created: ResourceState, resources: readonly ResourceState[]): ResourceState[] {
  const replaced = resources.find((state) => state.urn === created.urn && !state.delete);
  if (!replaced) return [...resources, created];
  return resources.flatMap((state) => {
    if (state !== replaced) return [state];
    return state.pendingReplacement ? [created] : [created, { ...state, delete: true }];
  });
}

async function readAgain(
  state: ResourceState,
  identity: ResourceIdentity,
  provider: ResourceProvider,
): Promise<ResourceState | undefined> {
  const read = await provider.read(identity, {
    id: state.id ?? "",
    inputs: revealSecrets(state.inputs),
    outputs: revealSecrets(state.outputs),
  });
  if (!read) return undefined;
  const outputs = markSecretOutputs(read.outputs, state.inputs, state.additionalSecretOutputs);
  return { ...state, id: read.id, outputs };
}

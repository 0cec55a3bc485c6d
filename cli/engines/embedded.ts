import type { PropertyMap } from "../../engine/model/property-value.ts";
import type { ResourceState } from "../../engine/model/resource-state.ts";
import type { OperationOptions, OperationResult } from "../../engine/operations.ts";
import type { StackLocation } from "../../engine/state/stack.ts";
import type { KnownResource, OperationKind, OperationRequest, StackEngine } from "./engine.ts";

/** The engine that is part of Holdfast; it is loaded when it is first used. */
export const embeddedEngine: StackEngine = {
  name: "embedded",
  showsItself: false,
  plan: (kind, request) => operate(kind, request, true),
  run: (kind, request) => operate(kind, request, false),
  outputs: async (location, showSecrets) => {
    const resources = await readResources(location);
    const { stackType } = await import("../../engine/model/urn.ts");
    const outputs = resources.find(({ type }) => type === stackType)?.outputs ?? {};
    const { shownMap } = await import("../../engine/model/event-state.ts");
    return shownMap(showSecrets ? await revealed(outputs) : outputs);
  },
  resources: async (location) => (await readResources(location)).map(knownResource),
  secrets: async (location) => {
    const [resources, { secretTexts }] = await Promise.all([
      readResources(location),
      import("../../engine/model/property-value.ts"),
    ]);
    return resources.flatMap(({ inputs, outputs }) => [...secretTexts(inputs), ...secretTexts(outputs)]);
  },
  revealedResources: async (location) => {
    const resources = (await readResources(location)).filter((resource) => resource.delete !== true);
    return Promise.all(
      resources.map(async ({ urn, type, parent, outputs }) => ({
        urn,
        type,
        parent,
        outputs: { ...(await revealed(outputs)) },
      })),
    );
  },
};

async function operate(kind: OperationKind, request: OperationRequest, preview: boolean): Promise<OperationResult> {
  const [engine, { keepHeapLean }] = await Promise.all([
    import("../../engine/operations.ts"),
    import("../../engine/program/lean-heap.ts"),
  ]);
  keepHeapLean();
  const { location, dockerHost, interrupts, policyPacks, onEvent } = request;
  const options: OperationOptions = {
    onEvent,
    stopSoon: interrupts.stopSoon,
    stopNow: interrupts.stopNow,
    policyPacks: [...policyPacks],
    ...(dockerHost !== undefined && { dockerHost }),
    ...(request.message !== undefined && { message: request.message }),
    ...(request.lock && { lock: request.lock }),
    ...(request.refresh && { refresh: true }),
    ...(request.look && { look: request.look }),
  };
  switch (kind) {
    case "update":
      return preview ? engine.previewStack(location, options) : engine.updateStack(location, options);
    case "destroy":
      return engine.destroyStack(location, {
        ...options,
        preview,
        includeProtected: request.includeProtected.map(({ urn }) => urn),
      });
    case "refresh":
      return engine.refreshStack(location, { ...options, preview });
  }
}

async function readResources(location: StackLocation): Promise<ResourceState[]> {
  const [{ openStack }, { StackState }] = await Promise.all([
    import("../../engine/state/stack.ts"),
    import("../../engine/state/stack-state.ts"),
  ]);
  await using state = await StackState.open(await openStack(location), { lock: false });
  return state.loaded.resources;
}

async function revealed(outputs: PropertyMap): Promise<PropertyMap> {
  const { revealSecrets } = await import("../../engine/model/property-value.ts");
  return revealSecrets(outputs);
}

function knownResource({ urn, type, protect, outputs }: ResourceState): KnownResource {
  const name = outputs["name"];
  return { urn, type, protect: protect ?? false, dockerName: typeof name === "string" ? name : undefined };
}

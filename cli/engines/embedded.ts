import type { OperationResult } from "../../engine/operations.ts";
import type { ResourceState } from "../../engine/model/resource-state.ts";
import type { StackLocation } from "../../engine/state/stack.ts";
import { dockerNameIn, type OperationKind, type OperationRequest, type StackEngine } from "./engine.ts";

/** The engine that is part of Holdfast; it is loaded when it is first used. */
export const embeddedEngine: StackEngine = {
  name: "embedded",
  showsItself: false,
  plan: (kind, request) => operate(kind, request, true),
  run: (kind, request) => operate(kind, request, false),
  outputs: async (location, showSecrets) => {
    const [resources, { stackType }, { shownMap }, { revealSecrets }] = await Promise.all([
      readResources(location),
      import("../../engine/model/urn.ts"),
      import("../../engine/model/event-state.ts"),
      import("../../engine/model/property-value.ts"),
    ]);
    const outputs = resources.find(({ type }) => type === stackType)?.outputs ?? {};
    return shownMap(showSecrets ? revealSecrets(outputs) : outputs);
  },
  state: async (location) => {
    const [states, { revealSecrets, secretTexts }] = await Promise.all([
      readResources(location),
      import("../../engine/model/property-value.ts"),
    ]);
    const resources = states.map(({ urn, type, parent, protect = false, delete: isLeftOver = false, ...state }) => {
      const outputs = { ...revealSecrets(state.outputs) };
      return { urn, type, parent, protect, isLeftOver, outputs, dockerName: dockerNameIn(outputs) };
    });
    return {
      resources,
      secrets: () => states.flatMap(({ inputs, outputs }) => [...secretTexts(inputs), ...secretTexts(outputs)]),
    };
  },
};

async function operate(kind: OperationKind, request: OperationRequest, preview: boolean): Promise<OperationResult> {
  const [engine, { keepHeapLean }] = await Promise.all([
    import("../../engine/operations.ts"),
    import("../../engine/program/lean-heap.ts"),
  ]);
  keepHeapLean();
  const { location, interrupts, includeProtected, ...rest } = request;
  const options = { ...rest, stopSoon: interrupts.stopSoon, stopNow: interrupts.stopNow };
  switch (kind) {
    case "update":
      return preview ? engine.previewStack(location, options) : engine.updateStack(location, options);
    case "destroy":
      return engine.destroyStack(location, {
        ...options,
        preview,
        includeProtected: includeProtected.map(({ urn }) => urn),
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

import type { EngineEvent, EventState, StepMetadata } from "../../engine/model/events.ts";
import { unknownSentinel } from "../../engine/model/wire-value.ts";

/** Steps that make something. */
const creations: ReadonlySet<string> = new Set(["create", "create-replacement", "replace"]);

/**
 * Takes the automatic names out of a plan's events that are chosen again when it is carried out: a plan shows another one each time. What
 * they are is known after the change.
 *
 * @returns a filter for the events of one plan, in their order
 */
export function withoutProvisionalNames(): (event: EngineEvent) => EngineEvent {
  const names = new Set<string>();
  const hidden = (value: unknown): unknown => {
    if (typeof value === "string") return names.has(value) ? unknownSentinel : value;
    if (Array.isArray(value)) return value.map(hidden);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hidden(each)]));
  };
  const without = (metadata: StepMetadata): StepMetadata => {
    const { new: next } = metadata;
    if (next === undefined) return metadata;
    const name = automaticName(next);
    if (name !== undefined && creations.has(metadata.op) && name !== automaticName(metadata.old)) names.add(name);
    // A plan of thousands of resources, most of which stay as they are, is kept once.
    if (names.size === 0) return metadata;
    const { inputs, outputs } = next;
    return {
      ...metadata,
      new: {
        ...next,
        ...(inputs !== undefined && { inputs: hidden(inputs) }),
        ...(outputs !== undefined && { outputs: hidden(outputs) }),
      },
    };
  };
  return (event) => {
    const { resourcePreEvent: begun, resOutputsEvent: ended } = event;
    if (begun === undefined && ended === undefined) return event;
    return {
      ...event,
      ...(begun && { resourcePreEvent: { ...begun, metadata: without(begun.metadata) } }),
      ...(ended && { resOutputsEvent: { ...ended, metadata: without(ended.metadata) } }),
    };
  };
}

/** The name of a resource that the program has not named. */
function automaticName(state: EventState | undefined): string | undefined {
  const inputs = state?.["inputs"];
  if (typeof inputs !== "object" || inputs === null) return undefined;
  const { __defaults: defaults, name } = inputs as { __defaults?: unknown; name?: unknown }; // The entries of any object may be read as unknown.
  return Array.isArray(defaults) && defaults.includes("name") && typeof name === "string" ? name : undefined;
}

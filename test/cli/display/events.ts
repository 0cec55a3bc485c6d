/** Engine events for tests of what is shown of them. */
import type {
  EngineEvent,
  EventBody,
  EventState,
  PropertyDiff,
  StepMetadata,
  StepOperation,
} from "../../../engine/model/events.ts";
import { parseUrn, stackType } from "../../../engine/model/urn.ts";

/** The URN of the stack that test events are about. */
export const stackUrn = "urn:pulumi:dev::lifecycle::pulumi:pulumi:Stack::lifecycle-dev";

/** The URN of a resource in the test events' component. */
export function resourceUrn(type: string, name: string): string {
  return `urn:pulumi:dev::lifecycle::lab:index:Box$${type}::${name}`;
}

/** The component's own URN. */
export const boxUrn = "urn:pulumi:dev::lifecycle::lab:index:Box::box";

/** URNs of the recorded program. */
export const urns = {
  net: resourceUrn("docker:index/network:Network", "net"),
  conf: resourceUrn("docker:index/serviceConfig:ServiceConfig", "conf"),
  password: resourceUrn("docker:index/secret:Secret", "password"),
  data: resourceUrn("docker:index/volume:Volume", "data"),
  redis: resourceUrn("docker:index/service:Service", "redis"),
};

/** A step with as much as displays look at. */
export function step(op: StepOperation, urn: string, more: Partial<StepMetadata> = {}): StepMetadata {
  const { type } = parseUrn(urn);
  const parent = urn === stackUrn ? undefined : urn === boxUrn ? stackUrn : boxUrn;
  const state: EventState = { urn, type, ...(parent !== undefined && { parent }) };
  const hasOld = op !== "create";
  const hasNew = op !== "delete" && op !== "delete-replaced";
  return {
    op,
    urn,
    type,
    provider:
      type === stackType || urn === boxUrn
        ? ""
        : "urn:pulumi:dev::lifecycle::pulumi:providers:docker::default_5_2_0::1",
    ...(hasOld && { old: state }),
    ...(hasNew && { new: state }),
    logical: op !== "create-replacement" && op !== "delete-replaced",
    ...more,
  };
}

/** The event that a step begins. */
export function begins(metadata: StepMetadata, planning = false): EventBody {
  return { resourcePreEvent: { metadata, planning } };
}

/** The event that a step has ended well. */
export function ends(metadata: StepMetadata, planning = false): EventBody {
  return { resOutputsEvent: { metadata, planning } };
}

/** The last event. */
export function summary(
  resourceChanges: Partial<Record<StepOperation, number>>,
  isPreview: boolean,
  durationSeconds = 0,
) {
  return { summaryEvent: { maybeCorrupt: false, durationSeconds, resourceChanges, policyPacks: {}, isPreview } };
}

/** Events in order, numbered. */
export function numbered(bodies: readonly EventBody[]): EngineEvent[] {
  return bodies.map((body, sequence) => ({ sequence, timestamp: 0, ...body }));
}

/** A plan's events: each step begins and ends in turn. */
export function planned(steps: readonly StepMetadata[]): EventBody[] {
  return steps.flatMap((metadata) => [begins(metadata, true), ends(metadata, true)]);
}

/** A step between two states that differ in one property, with the detailed diff that says so. */
export function changed(
  op: StepOperation,
  urn: string,
  changes: Record<string, PropertyDiff["diffKind"]>,
  more: Partial<StepMetadata> = {},
): StepMetadata {
  const diffs = [...new Set(Object.keys(changes).map((path) => path.split(/[.[]/, 1)[0] ?? path))];
  return step(op, urn, {
    diffs,
    detailedDiff: Object.fromEntries(
      Object.entries(changes).map(([path, diffKind]) => [path, { diffKind, inputDiff: false }]),
    ),
    ...more,
  });
}

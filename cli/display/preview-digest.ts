import type { EngineEvent, EventState, StepMetadata } from "../../engine/model/events.ts";
import { stackType } from "../../engine/model/urn.ts";
import { diagnosticText, isUnchanged } from "./operation-view.ts";

/** One step of a preview, as `pulumi preview --json` writes it (pkg/display/json.go, `PreviewStep`). */
export interface PreviewStep {
  op: string;
  urn: string;
  provider?: string;
  oldState?: EventState;
  newState?: EventState;
  diffReasons?: string[];
  replaceReasons?: string[];
  detailedDiff: Record<string, { kind: string; inputDiff: boolean }> | null;
}

/** What `pulumi preview --json` writes (pkg/display/json.go, `PreviewDigest`). */
export interface PreviewDigest {
  config?: Record<string, string>;
  steps?: PreviewStep[];
  diagnostics?: { urn?: string; message: string; severity: string }[];
  /** In nanoseconds. */
  duration: number;
  changeSummary: Record<string, number>;
  maybeCorrupt?: boolean;
}

/**
 * The events of a preview as one document.
 *
 * The stack is always among the steps; of the others only those that change something, and of a replacement only the
 * step that represents the whole, not its halves (pkg/backend/display/json.go, `ShowPreviewDigest`).
 */
export function previewDigest(events: readonly EngineEvent[]): PreviewDigest {
  const config = events.find(({ preludeEvent }) => preludeEvent)?.preludeEvent?.config;
  const summary = events.findLast(({ summaryEvent }) => summaryEvent)?.summaryEvent;
  const steps = events.flatMap(({ resourcePreEvent }) =>
    resourcePreEvent && isShown(resourcePreEvent.metadata) ? [previewStep(resourcePreEvent.metadata)] : [],
  );
  const diagnostics = events.flatMap(({ diagnosticEvent }) => {
    if (diagnosticEvent === undefined || diagnosticEvent.ephemeral || diagnosticEvent.severity === "debug") return [];
    const { urn, severity } = diagnosticEvent;
    return [{ ...(urn !== undefined && { urn }), message: diagnosticText(diagnosticEvent), severity }];
  });
  return {
    ...(config && Object.keys(config).length > 0 && { config }),
    ...(steps.length > 0 && { steps }),
    ...(diagnostics.length > 0 && { diagnostics }),
    duration: Math.round((summary?.durationSeconds ?? 0) * 1e9),
    changeSummary: summary?.resourceChanges ?? {},
    ...(summary?.maybeCorrupt && { maybeCorrupt: true }),
  };
}

function isShown(metadata: StepMetadata): boolean {
  if (metadata.type === stackType) return true;
  return metadata.logical && !isUnchanged(metadata);
}

function previewStep({ op, urn, provider, old, new: next, diffs, keys, detailedDiff }: StepMetadata): PreviewStep {
  return {
    op,
    urn,
    ...(provider !== "" && { provider }),
    ...(old && { oldState: old }),
    ...(next && { newState: next }),
    ...(diffs && diffs.length > 0 && { diffReasons: diffs }),
    ...(keys && keys.length > 0 && { replaceReasons: keys }),
    detailedDiff: detailedDiff
      ? Object.fromEntries(
          Object.entries(detailedDiff).map(([path, { diffKind, inputDiff }]) => [path, { kind: diffKind, inputDiff }]),
        )
      : null,
  };
}

/** An event as Pulumi streams it: what only we have is put into a form that its readers know. */
export function streamedEvent(event: EngineEvent): EngineEvent {
  const { progressEvent, ...rest } = event;
  if (progressEvent === undefined) return event;
  const { urn, message } = progressEvent;
  return { ...rest, diagnosticEvent: { urn, message, severity: "info", ephemeral: true } };
}

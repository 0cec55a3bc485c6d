/** Recorded previews of the Pulumi CLI as the events that they were made from. */
import { readFileSync } from "node:fs";
import type { PreviewDigest, PreviewStep } from "../../../cli/display/preview-digest.ts";
import type { EventBody, PropertyDiff, StepMetadata, StepOperation } from "../../../engine/model/events.ts";
import { parseUrn } from "../../../engine/model/urn.ts";
import { summary } from "./events.ts";

/** Reads what `pulumi preview --json` printed for a case. */
export function readPreview(name: string): PreviewDigest {
  const text = readFileSync(new URL(`../../data/display/${name}.preview.json`, import.meta.url), "utf8");
  // Recorded from Pulumi, whose shape this is.
  return JSON.parse(text) as PreviewDigest;
}

/** The events of such a preview, with those that a digest leaves out: halves of a replacement, unchanged resources. */
export function previewEvents(preview: PreviewDigest): EventBody[] {
  const steps = (preview.steps ?? []).flatMap((recorded): StepMetadata[] => {
    const metadata = stepMetadata(recorded);
    if (metadata.op !== "replace") return [metadata];
    const half = { ...metadata, logical: false };
    return [{ ...half, op: "create-replacement" }, metadata, { ...half, op: "delete-replaced" }];
  });
  const box = "urn:pulumi:dev::recording::lab:index:Box::box";
  const parent = "urn:pulumi:dev::recording::pulumi:pulumi:Stack::recording-dev";
  const state = { urn: box, type: "lab:index:Box", parent };
  steps.splice(1, 0, { op: "same", urn: box, type: state.type, provider: "", old: state, new: state, logical: true });
  return [
    { preludeEvent: { config: preview.config ?? {} } },
    ...steps.map((metadata) => ({ resourcePreEvent: { metadata, planning: true } })),
    summary(preview.changeSummary, true, preview.duration / 1e9),
  ];
}

function stepMetadata(step: PreviewStep): StepMetadata {
  const { op, urn, provider, oldState, newState, diffReasons, replaceReasons, detailedDiff } = step;
  return {
    // Both come from a recording, whose operations and kinds are Pulumi's.
    op: op as StepOperation,
    urn,
    type: parseUrn(urn).type,
    provider: provider ?? "",
    ...(oldState && { old: oldState }),
    ...(newState && { new: newState }),
    ...(diffReasons && { diffs: diffReasons }),
    ...(replaceReasons && { keys: replaceReasons }),
    ...(detailedDiff && {
      detailedDiff: Object.fromEntries(
        Object.entries(detailedDiff).map(([path, { kind, inputDiff }]) => [
          path,
          { diffKind: kind as PropertyDiff["diffKind"], inputDiff },
        ]),
      ),
    }),
    logical: true,
  };
}

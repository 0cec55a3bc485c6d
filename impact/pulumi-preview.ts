/** Reads `pulumi preview --json`: one document, or with PULUMI_ENABLE_STREAMING_JSON_PREVIEW a line for each engine event. */
import { z } from "zod";
import { InputError } from "../model/input-error.ts";
import { printable } from "../model/plain-text.ts";
import type { Executor, Plan, PolicyFinding } from "../model/planned-change.ts";
import { concernsData, pulumiPlan, resourceState, typeOfUrn, type RawStep } from "./pulumi-plan.ts";

const propertyDiffs = z
  .record(z.string(), z.object({ kind: z.string().optional(), diffKind: z.string().optional() }))
  .nullish();

const digestStep = z.object({
  op: z.string(),
  urn: z.string(),
  oldState: resourceState.nullish(),
  newState: resourceState.nullish(),
  replaceReasons: z.array(z.string()).nullish(),
  detailedDiff: propertyDiffs,
});

/** `PreviewDigest` of Pulumi's pkg/display/json.go. */
const digest = z.object({
  steps: z.array(z.object({ op: z.string(), urn: z.string() }).loose()).nullish(),
  diagnostics: z.array(z.object({ urn: z.string().optional(), message: z.string(), severity: z.string() })).nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
});

const metadata = z.object({
  op: z.string(),
  urn: z.string(),
  type: z.string(),
  old: resourceState.nullish(),
  new: resourceState.nullish(),
  keys: z.array(z.string()).nullish(),
  detailedDiff: propertyDiffs,
});

/** `EngineEvent` of Pulumi's sdk/go/common/apitype/events.go, as far as it matters here. */
const engineEvent = z.object({
  sequence: z.number(),
  resourcePreEvent: z.object({ metadata }).nullish(),
  diagnosticEvent: z
    .object({ urn: z.string().nullish(), message: z.string(), severity: z.string(), ephemeral: z.boolean().nullish() })
    .nullish(),
  policyEvent: z
    .object({
      resourceUrn: z.string().nullish(),
      message: z.string(),
      policyName: z.string(),
      enforcementLevel: z.string(),
    })
    .nullish(),
  summaryEvent: z.object({}).nullish(),
  cancelEvent: z.object({}).nullish(),
});

/** One engine event. */
export type PreviewEvent = z.infer<typeof engineEvent>;

/** Tells whether a document is what `pulumi preview --json` prints. */
export function isDigest(document: unknown): boolean {
  return (
    typeof document === "object" &&
    document !== null &&
    ("changeSummary" in document || "steps" in document || "diagnostics" in document)
  );
}

/**
 * Makes a plan out of the one document of `pulumi preview --json`.
 *
 * @param file - where it was read, for the error
 * @throws InputError when it is not in that form
 */
export function readDigest(document: unknown, file: string, executor: Executor): Plan {
  const read = digest.safeParse(document);
  if (!read.success) throw notPreview(file, `another form at ${issuePath(read.error)}`);
  const shown = read.data.steps ?? [];
  // What cannot have to do with data is not looked into: it may be most of a preview.
  const steps = shown.flatMap((step, index): readonly RawStep[] => {
    const type = typeOfUrn(step.urn);
    if (!concernsData(type)) return [];
    const known = digestStep.safeParse(step);
    if (!known.success) throw notPreview(file, `another form at steps.${index}.${issuePath(known.error)}`);
    const { op, urn, oldState, newState, replaceReasons, detailedDiff } = known.data;
    return [
      {
        op,
        urn,
        type,
        before: oldState ?? undefined,
        after: newState ?? undefined,
        changedPaths: Object.keys(detailedDiff ?? {}),
        replaceReasons: replaceReasons ?? [],
        deletesFirst: deletesFirst(oldState ?? undefined),
      },
    ];
  });
  const same = read.data.changeSummary?.["same"] ?? 0;
  const shownSame = shown.filter(({ op }) => op === "same").length;
  const errors = (read.data.diagnostics ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => firstLine(message));
  return pulumiPlan(steps, { executor, unseen: Math.max(same - shownSame, 0), errors, policyFindings: [] });
}

/** A replacement marks the old resource: to be deleted later, or deleted before the new one is created. */
function deletesFirst(
  old: { pendingReplacement?: boolean | null | undefined; delete?: boolean | null | undefined } | undefined,
): boolean | undefined {
  if (old?.pendingReplacement === true) return true;
  return old?.delete === true ? false : undefined;
}

/** Collects a plan from engine events as they come; keeps only what can have to do with data. */
export class EventCollector {
  readonly #steps = new Map<string, RawStep>();
  readonly #deletedFirst = new Set<string>();
  readonly #errors: string[] = [];
  readonly #policyFindings: PolicyFinding[] = [];
  readonly #executor: Executor;
  #isComplete = false;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /** Takes one event. */
  add(event: PreviewEvent): void {
    const { resourcePreEvent, diagnosticEvent, policyEvent, summaryEvent, cancelEvent } = event;
    if (resourcePreEvent) this.#addStep(resourcePreEvent.metadata);
    if (diagnosticEvent?.severity === "error" && diagnosticEvent.ephemeral !== true)
      this.#errors.push(firstLine(diagnosticEvent.message));
    if (policyEvent) {
      const { policyName: policy, enforcementLevel: level, resourceUrn, message } = policyEvent;
      this.#policyFindings.push({ policy, level, resource: resourceUrn ?? "", message });
    }
    if (summaryEvent || cancelEvent) this.#isComplete = true;
  }

  /**
   * The plan of all events.
   *
   * @throws InputError when the last event is missing, so that steps may be
   */
  plan(file: string): Plan {
    if (!this.#isComplete && this.#errors.length === 0)
      throw notPreview(file, "events without their summary: the stream was cut off");
    return pulumiPlan([...this.#steps.values()], {
      executor: this.#executor,
      unseen: 0,
      errors: this.#errors,
      policyFindings: this.#policyFindings,
    });
  }

  #addStep({ op, urn, type, old, new: next, keys, detailedDiff }: z.infer<typeof metadata>): void {
    if (!concernsData(type)) return;
    // A replacement comes in three events; the order of its halves tells which goes first.
    if (op === "delete-replaced") {
      const earlier = this.#steps.get(urn);
      if (earlier === undefined) this.#deletedFirst.add(urn);
      // An old version that an earlier, interrupted run has left.
      if (earlier !== undefined && earlier.op !== "replace")
        this.#steps.set(
          `${urn}#left`,
          rawStep({ op: "delete", urn: `${urn}#left`, type, old, next: undefined, keys, detailedDiff }),
        );
      return;
    }
    const isReplacement = op === "replace" || op === "create-replacement";
    const step = rawStep({ op: isReplacement ? "replace" : op, urn, type, old, next, keys, detailedDiff });
    const earlier = this.#steps.get(urn);
    if (isReplacement && earlier?.op === "replace") {
      this.#steps.set(urn, {
        ...step,
        before: step.before ?? earlier.before,
        after: step.after ?? earlier.after,
        changedPaths: [...new Set([...earlier.changedPaths, ...step.changedPaths])],
        deletesFirst: earlier.deletesFirst,
      });
      return;
    }
    this.#steps.set(urn, isReplacement ? { ...step, deletesFirst: this.#deletedFirst.has(urn) } : step);
  }
}

function rawStep({
  op,
  urn,
  type,
  old,
  next,
  keys,
  detailedDiff,
}: {
  op: string;
  urn: string;
  type: string;
  old: z.infer<typeof resourceState> | null | undefined;
  next: z.infer<typeof resourceState> | null | undefined;
  keys: string[] | null | undefined;
  detailedDiff: z.infer<typeof propertyDiffs>;
}): RawStep {
  return {
    op,
    urn,
    type,
    before: old ?? undefined,
    after: next ?? undefined,
    changedPaths: Object.keys(detailedDiff ?? {}),
    replaceReasons: keys ?? [],
    deletesFirst: undefined,
  };
}

/**
 * Reads one line of a stream of engine events.
 *
 * @throws InputError when it is none
 */
export function readEventLine(line: string, at: string): PreviewEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw notPreview(at, "text that is no JSON: the file may be cut off");
  }
  return readEvent(value, at);
}

/** Takes an event that is already an object, as the embedded engine hands it over. */
export function readEvent(value: unknown, at: string): PreviewEvent {
  const event = engineEvent.safeParse(value);
  if (!event.success) throw notPreview(at, `another form at ${issuePath(event.error)}`);
  return event.data;
}

/** Tells whether a document is an engine event. */
export function isEvent(document: unknown): boolean {
  return typeof document === "object" && document !== null && "sequence" in document && "timestamp" in document;
}

/** The error for an input that is no preview. */
export function notPreview(path: string, got: string): InputError {
  return new InputError({
    path: printable(path),
    expected: "what `pulumi preview --json` prints",
    got: printable(got),
    fix: "Write it again with that command (Pulumi 3), and give the whole of it",
  });
}

function issuePath(error: z.ZodError): string {
  const path = error.issues[0]?.path.map(String).join(".") ?? "";
  return path === "" ? "the top" : path.slice(0, 120);
}

function firstLine(message: string): string {
  return (
    message
      .trim()
      .split("\n", 1)[0]
      ?.replace(/^error: /u, "") ?? ""
  );
}

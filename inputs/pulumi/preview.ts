/** Reads `pulumi preview --json`: one document, or with PULUMI_ENABLE_STREAMING_JSON_PREVIEW a line for each engine event. */
import type { Executor, Plan, PolicyFinding } from "../../model/plan/plan.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";
import { isRecord } from "../fields/field.ts";
import {
  concernsData,
  pulumiPlan,
  sidesOfOperation,
  typeOfUrn,
  type Preview,
  type PreviewedProperties,
  type RawStep,
  type PreviewedState,
} from "./plan.ts";
import {
  optionalList,
  optionalMapping,
  optionalText,
  optionalTexts,
  readResource,
  requireMapping,
  requireText,
  WrongForm,
} from "./resource.ts";

/** Tells whether a document is what `pulumi preview --json` prints. */
export function isDigest(document: unknown): boolean {
  return isRecord(document) && ("changeSummary" in document || "steps" in document || "diagnostics" in document);
}

/**
 * Makes a plan out of the one document of `pulumi preview --json`.
 *
 * @param file - where it was read, for the error
 * @param unchanged - how many steps that change nothing the document no longer has
 * @throws InputError when it is not in that form
 */
export function readDigest(document: unknown, file: string, executor: Executor, unchanged = 0): Plan {
  return pulumiPlan(readPreview(document, file, unchanged), executor);
}

/**
 * Reads the one document of `pulumi preview --json` (`PreviewDigest` of Pulumi's pkg/display/json.go).
 *
 * @param file - where it was read, for the error
 * @param unchanged - how many steps that change nothing the document no longer has
 * @throws InputError when it is not in that form
 */
export function readPreview(document: unknown, file: string, unchanged = 0): Preview {
  return inForm(file, () => {
    const digest = requireMapping(document, "the top");
    const shown = (optionalList(digest["steps"], "steps") ?? []).map((step, index) => {
      const path = `steps.${index}`;
      const fields = requireMapping(step, path);
      return {
        fields,
        op: requireText(fields["op"], `${path}.op`),
        urn: requireText(fields["urn"], `${path}.urn`),
      };
    });
    const summary = optionalMapping(digest["changeSummary"], "changeSummary") ?? {};
    const same = Number.isSafeInteger(summary["same"]) ? Number(summary["same"]) : 0;
    const shownSame = unchanged + shown.filter(({ op }) => op === "same").length;
    const errors = (optionalList(digest["diagnostics"], "diagnostics") ?? []).flatMap((diagnostic, index) => {
      const fields = requireMapping(diagnostic, `diagnostics.${index}`);
      return fields["severity"] === "error"
        ? [firstLine(requireText(fields["message"], `diagnostics.${index}.message`))]
        : [];
    });
    // A preview that failed may have got no further.
    if (digest["steps"] === undefined && errors.length === 0 && Object.keys(summary).some((op) => op !== "same")) {
      throw new WrongForm("steps");
    }
    return {
      // What cannot have to do with data is not looked into: it may be most of a preview.
      steps: shown.filter(({ urn }) => concernsData(typeOfUrn(urn))).map(digestStep),
      unseen: Math.max(same - shownSame, 0),
      errors,
      policyFindings: [],
    };
  });
}

function digestStep({ fields, op, urn }: { fields: PreviewedProperties; op: string; urn: string }): RawStep {
  const names = { before: "oldState", after: "newState", reasons: "replaceReasons" };
  const step = readStep(fields, { op, urn, type: typeOfUrn(urn) }, `steps[${urn}]`, names);
  // A replacement marks the old resource: to be deleted later, or deleted before the new one is created.
  const { isPendingReplacement = false, isToBeDeleted = false } = step.before ?? {};
  return { ...step, deletesFirst: isPendingReplacement || (isToBeDeleted ? false : undefined) };
}

/** Reads a step, whose parts a document and an event name differently. */
function readStep(
  fields: PreviewedProperties,
  known: Pick<RawStep, "op" | "urn" | "type">,
  path: string,
  names: Readonly<Record<"before" | "after" | "reasons", string>>,
): RawStep {
  const side = (key: string): PreviewedState | undefined =>
    fields[key] === undefined || fields[key] === null ? undefined : readResource(fields[key], `${path}.${key}`, known);
  const sides = { before: side(names.before), after: side(names.after) };
  const needed = sidesOfOperation(known.op);
  if (needed === undefined) throw new WrongForm(`${path}.op`);
  // A step without a side that it needs cannot be judged.
  const missing = needed.find((each) => sides[each] === undefined);
  if (missing !== undefined) throw new WrongForm(`${path}.${names[missing]}`);
  return {
    ...known,
    ...sides,
    changedPaths: Object.keys(optionalMapping(fields["detailedDiff"], `${path}.detailedDiff`) ?? {}),
    replaceReasons: optionalTexts(fields[names.reasons], `${path}.${names.reasons}`) ?? [],
    deletesFirst: undefined,
  };
}

/** One engine event, as far as it matters here (`EngineEvent` of Pulumi's sdk/go/common/apitype/events.go). */
export interface PreviewEvent {
  readonly step: RawStep | undefined;
  readonly error: string | undefined;
  readonly policyFinding: PolicyFinding | undefined;
  readonly isLast: boolean;
}

/** Tells whether a document is an engine event. */
export function isEvent(document: unknown): boolean {
  return isRecord(document) && "sequence" in document && "timestamp" in document;
}

/**
 * Reads one line of a stream of engine events.
 *
 * @throws InputError when it is none
 */
export function readEventLine(line: string, at: string): PreviewEvent {
  const value = jsonOrUndefined(line);
  if (value === undefined) throw notPreview(at, "text that is no JSON: the file may be cut off");
  return readEvent(value, at);
}

/**
 * Reads an event that is already an object, as the embedded engine hands it over.
 *
 * @throws InputError when it is none
 */
export function readEvent(value: unknown, at: string): PreviewEvent {
  return inForm(at, () => {
    const event = requireMapping(value, "the top");
    if (typeof event["sequence"] !== "number") throw new WrongForm("sequence");
    const step = optionalMapping(event["resourcePreEvent"], "resourcePreEvent");
    const diagnostic = optionalMapping(event["diagnosticEvent"], "diagnosticEvent");
    const policy = optionalMapping(event["policyEvent"], "policyEvent");
    const isError = diagnostic?.["severity"] === "error" && diagnostic["ephemeral"] !== true;
    return {
      step: step && eventStep(requireMapping(step["metadata"], "metadata")),
      error: isError ? firstLine(requireText(diagnostic["message"], "message")) : undefined,
      policyFinding: policy && {
        policy: requireText(policy["policyName"], "policyName"),
        level: requireText(policy["enforcementLevel"], "enforcementLevel"),
        resource: optionalText(policy["resourceUrn"], "resourceUrn") ?? "",
        message: requireText(policy["message"], "message"),
      },
      isLast: event["summaryEvent"] !== undefined || event["cancelEvent"] !== undefined,
    };
  });
}

function eventStep(metadata: PreviewedProperties): RawStep | undefined {
  const known = {
    op: requireText(metadata["op"], "metadata.op"),
    urn: requireText(metadata["urn"], "metadata.urn"),
    type: requireText(metadata["type"], "metadata.type"),
  };
  const names = { before: "old", after: "new", reasons: "keys" };
  return concernsData(known.type) ? readStep(metadata, known, "metadata", names) : undefined;
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
  add({ step, error, policyFinding, isLast }: PreviewEvent): void {
    if (step !== undefined) this.#addStep(step);
    if (error !== undefined) this.#errors.push(error);
    if (policyFinding !== undefined) this.#policyFindings.push(policyFinding);
    if (isLast) this.#isComplete = true;
  }

  /**
   * Refuses a stream that does not end as Pulumi ends each: with its summary, or where it failed with `cancelEvent`
   * (`ShowJSONEvents` of its pkg/display).
   *
   * @throws InputError when that event is missing, so that steps may be
   */
  requireEnd(file: string): void {
    if (!this.#isComplete) throw notPreview(file, "events without their summary: the stream was cut off");
  }

  /**
   * The plan of all events.
   *
   * @throws InputError when they have no end, and no error that may be the reason
   */
  plan(file: string): Plan {
    if (this.#errors.length === 0) this.requireEnd(file);
    return pulumiPlan(this.preview(), this.#executor);
  }

  /** What the events have said so far. */
  preview(): Preview {
    const steps = [...this.#steps.values()];
    return { steps, unseen: 0, errors: this.#errors, policyFindings: this.#policyFindings };
  }

  #addStep(step: RawStep): void {
    const { op, urn } = step;
    const earlier = this.#steps.get(urn);
    // A replacement has three events; the order of its halves shows whether the old one is deleted first.
    if (op === "delete-replaced") {
      if (earlier === undefined) this.#deletedFirst.add(urn);
      else if (earlier.op !== "replace" || earlier.before?.id !== step.before?.id) this.#addLeft(step);
      return;
    }
    if (op !== "replace" && op !== "create-replacement") {
      this.#steps.set(urn, step);
      return;
    }
    this.#steps.set(urn, {
      ...step,
      op: "replace",
      before: step.before ?? earlier?.before,
      after: step.after ?? earlier?.after,
      changedPaths: [...new Set([...(earlier?.changedPaths ?? []), ...step.changedPaths])],
      // An aliased resource is deleted under the URN that it had.
      deletesFirst: this.#deletedFirst.has(step.before?.urn ?? urn),
    });
  }

  /** Adds the deletion of an old version that an earlier run has left: it failed, or was interrupted. */
  #addLeft(step: RawStep): void {
    const urn = `${step.urn}#left-${step.before?.id ?? ""}`;
    this.#steps.set(urn, { ...step, op: "delete", urn, after: undefined });
  }
}

function inForm<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WrongForm) throw notPreview(file, `another form at ${error.path}`);
    throw error;
  }
}

/** The error for an input that is no preview. */
export function notPreview(path: string, got: string): InputError {
  return new InputError({
    path: printable(path),
    expected: "what `pulumi preview --json` prints",
    got: printable(got.slice(0, 200)),
    fix: "Write it again with that command (Pulumi 3), and give the whole of it",
  });
}

function firstLine(message: string): string {
  return (
    message
      .trim()
      .split("\n", 1)[0]
      ?.replace(/^error: /u, "") ?? ""
  );
}

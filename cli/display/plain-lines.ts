import type { EngineEvent } from "../../engine/model/events.ts";
import type { Style } from "../../text/style.ts";
import { isUnchanged, recordEvent, type OperationView, type ResourceRow } from "./operation-view.ts";
import { operationWords } from "./operation-words.ts";
import { infoText, statusText } from "./row-text.ts";

/** Turns events into the lines that a log shows while an operation runs: one for each thing that happened. */
export class PlainLines {
  readonly #view: OperationView;
  readonly #style: Style;
  readonly #shown = new Map<string, string>();

  constructor(view: OperationView, style: Style) {
    this.#view = view;
    this.#style = style;
  }

  /** Takes an event into the view and gives the lines it is worth: none, or one. */
  next(event: EngineEvent, nowMs: number): string[] {
    const row = recordEvent(this.#view, event, nowMs);
    // An error is shown with the failure that it causes, and at the end.
    if (event.diagnosticEvent?.severity === "error") return [];
    const line = row && this.#line(row, nowMs);
    if (row === undefined || line === undefined) return [];
    // Elapsed time alone is no news.
    const news = line.replace(/ \([0-9.ms]+\)/, "");
    const isStarting = row.steps.at(-1)?.endedMs === undefined;
    const key = isStarting ? news : line;
    if (this.#shown.get(row.urn) === key) return [];
    this.#shown.set(row.urn, key);
    return [line];
  }

  #line(row: ResourceRow, nowMs: number): string | undefined {
    const step = row.steps.at(-1);
    if (step === undefined) return undefined;
    if (isUnchanged(step.metadata) && !step.failed && row.message === undefined) return undefined;
    const { symbol, colour } = operationWords(step.metadata.op);
    const status = statusText(step, this.#view, nowMs);
    const info = infoText(row, step, this.#view, this.#style);
    return [` ${this.#style(colour, symbol)} ${row.type} ${row.name}`, status, info].filter(Boolean).join(" ");
  }
}

import type { EngineEvent } from "../../engine/model/events.ts";
import type { Output, Terminal } from "../terminal/output.ts";
import { closingLines, operationHeadline } from "./closing-lines.ts";
import { diffLines } from "./diff-lines.ts";
import { emptyView, hasErrors, recordEvent, type OperationView } from "./operation-view.ts";
import { PlainLines } from "./plain-lines.ts";
import { Screen } from "./screen.ts";
import { treeLines } from "./tree-lines.ts";

/** How often a live tree is redrawn, so that elapsed times advance. */
const redrawMs = 200;

/** What is to be shown, and how. */
export interface DisplayOptions {
  output: Output;
  stackName: string;
  kind: OperationView["kind"];
  planning: boolean;
  /** The whole property diff instead of one line a resource. */
  diff: boolean;
}

/** Shows one operation while it runs. */
export interface Display {
  readonly view: OperationView;
  /** Takes every event of the operation, in order. */
  onEvent(event: EngineEvent): void;
  /** Prints what belongs at the end, once; nothing where the operation was refused before it began. */
  end(): void;
}

/** Opens the display that suits the output: a live tree on a terminal, lines elsewhere, nothing where JSON is wanted. */
export function openDisplay(options: DisplayOptions): Display {
  const { output, diff, kind, planning } = options;
  const view = emptyView(kind, planning);
  if (output.json) return new SilentDisplay(view);
  if (diff) return new LineDisplay(view, options, (event, now) => diffLines(view, event, now, output.style));
  if (output.terminal !== undefined) return new TreeDisplay(view, options, output.terminal);
  const lines = new PlainLines(view, output.style);
  return new LineDisplay(view, options, (event, now) => lines.next(event, now));
}

class SilentDisplay implements Display {
  readonly view: OperationView;
  constructor(view: OperationView) {
    this.view = view;
  }
  onEvent(event: EngineEvent): void {
    recordEvent(this.view, event, Date.now());
  }
  end(): void {
    // Nothing to print.
  }
}

class LineDisplay implements Display {
  readonly view: OperationView;
  readonly #options: DisplayOptions;
  readonly #linesOf: (event: EngineEvent, nowMs: number) => string[];
  #state: "waiting" | "running" | "ended" = "waiting";

  constructor(view: OperationView, options: DisplayOptions, linesOf: (event: EngineEvent, nowMs: number) => string[]) {
    this.view = view;
    this.#options = options;
    this.#linesOf = linesOf;
  }

  onEvent(event: EngineEvent): void {
    const { output, stackName } = this.#options;
    if (this.#state === "waiting") output.print(operationHeadline(this.view, stackName), "");
    this.#state = "running";
    output.print(...this.#linesOf(event, Date.now()));
  }

  end(): void {
    const { output } = this.#options;
    if (this.#state === "running") output.print(...closingLines(this.view, output.style), "");
    this.#state = "ended";
  }
}

class TreeDisplay implements Display {
  readonly view: OperationView;
  readonly #options: DisplayOptions;
  readonly #terminal: Terminal;
  readonly #screen: Screen;
  #timer: NodeJS.Timeout | undefined;

  constructor(view: OperationView, options: DisplayOptions, terminal: Terminal) {
    this.view = view;
    this.#options = options;
    this.#terminal = terminal;
    this.#screen = new Screen(terminal);
  }

  onEvent(event: EngineEvent): void {
    if (this.#timer === undefined) {
      const { output, stackName } = this.#options;
      output.print(output.style("bold", operationHeadline(this.view, stackName)), "");
      this.#timer = setInterval(() => {
        this.#draw(this.#terminal.rows);
      }, redrawMs).unref();
    }
    recordEvent(this.view, event, Date.now());
  }

  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const { output } = this.#options;
    // What was said on the way is now among the diagnostics.
    if (!hasErrors(this.view)) for (const row of this.view.rows.values()) row.message = undefined;
    // The last picture may be longer than the screen, for it is not drawn over again.
    this.#draw(Number.POSITIVE_INFINITY);
    output.print("", ...closingLines(this.view, output.style), "");
  }

  #draw(rows: number): void {
    const room = { columns: this.#terminal.columns, rows };
    this.#screen.draw(treeLines(this.view, Date.now(), room, this.#options.output.style));
  }
}

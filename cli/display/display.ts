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
  if (output.json) return silentDisplay(view);
  if (diff) return lineDisplay(view, options, (event, now) => diffLines(view, event, now, output.style));
  if (output.terminal !== undefined) return treeDisplay(view, options, output.terminal);
  const lines = new PlainLines(view, output.style);
  return lineDisplay(view, options, (event, now) => lines.next(event, now));
}

function silentDisplay(view: OperationView): Display {
  return {
    view,
    onEvent: (event) => {
      recordEvent(view, event, Date.now());
    },
    end: () => undefined,
  };
}

function lineDisplay(
  view: OperationView,
  { output, stackName }: DisplayOptions,
  linesOf: (event: EngineEvent, nowMs: number) => string[],
): Display {
  let state: "waiting" | "running" | "ended" = "waiting";
  return {
    view,
    onEvent: (event) => {
      if (state === "waiting") output.print(operationHeadline(view, stackName), "");
      state = "running";
      output.print(...linesOf(event, Date.now()));
    },
    end: () => {
      if (state === "running") output.print(...closingLines(view, output.style), "");
      state = "ended";
    },
  };
}

function treeDisplay(view: OperationView, { output, stackName }: DisplayOptions, terminal: Terminal): Display {
  const screen = new Screen(terminal);
  let timer: NodeJS.Timeout | undefined;
  const draw = (rows: number): void => {
    screen.draw(treeLines(view, Date.now(), { columns: terminal.columns, rows }, output.style));
  };
  return {
    view,
    onEvent: (event) => {
      if (timer === undefined) {
        output.print(output.style("bold", operationHeadline(view, stackName)), "");
        timer = setInterval(() => {
          draw(terminal.rows);
        }, redrawMs).unref();
      }
      recordEvent(view, event, Date.now());
    },
    end: () => {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      // What was said on the way is now among the diagnostics.
      if (!hasErrors(view)) for (const row of view.rows.values()) row.message = undefined;
      // The last picture may be longer than the screen, because it is not redrawn.
      draw(Number.POSITIVE_INFINITY);
      output.print("", ...closingLines(view, output.style), "");
    },
  };
}

import type { StepEvent } from "../../lab/throwaway-swarm.ts";
import type { Output } from "../terminal/output.ts";
import { cutTo } from "../terminal/width.ts";
import { Screen } from "./screen.ts";

/** How long plain lines are silent about the progress of one step, in milliseconds. */
const progressIntervalMs = 5000;

/** Shows the steps of a set-up: the one under way drawn in place on a terminal, lines elsewhere. */
export function stepsDisplay(output: Output): (event: StepEvent) => void {
  const { terminal, style } = output;
  const done = ({ title, detail }: StepEvent) => `  ${style("green", "done")}  ${title}${detail ? `: ${detail}` : ""}`;
  const running = ({ title, detail }: StepEvent) => `  ...   ${title}${detail ? `: ${detail}` : ""}`;
  if (terminal === undefined) {
    let lastMs = 0;
    return (event) => {
      const now = Date.now();
      if (event.state === "skipped") return;
      if (event.state === "progress" && now - lastMs < progressIntervalMs) return;
      lastMs = now;
      output.print(event.state === "done" ? done(event) : running(event));
    };
  }
  const screen = new Screen(terminal);
  return (event) => {
    if (event.state === "skipped") return;
    if (event.state !== "done") {
      screen.draw([cutTo(running(event), terminal.columns)]);
      return;
    }
    screen.draw([]);
    output.print(done(event));
  };
}

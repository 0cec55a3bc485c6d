import type { BackupLine } from "../../../backup/protocol.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { Screen } from "../../display/screen.ts";
import type { Output } from "../../terminal/output.ts";
import { cutTo } from "../../terminal/width.ts";

type Progress = Extract<BackupLine, { type: "progress" }>;

/** Where there is no terminal, nobody wants a line each second in a log. */
const plainPauseMs = 10_000;

/**
 * Shows how far a task is: what is done of all, how fast, and how long it will still take. On a terminal one line is drawn again in place,
 * so nothing else may be printed in between; elsewhere there is a line for each new step, and one every ten seconds.
 */
export function progressPrinter(
  output: Pick<Output, "print" | "terminal">,
  nowMs: () => number = () => performance.now(),
): (line: Progress) => void {
  const { terminal } = output;
  const screen = terminal && new Screen(terminal);
  let began: { readonly ms: number; readonly bytes: number } | undefined;
  let printed: { readonly step: string; readonly ms: number } | undefined;
  return (line) => {
    const ms = nowMs();
    const { words, doneBytes, allBytes } = line;
    if (doneBytes !== undefined) began ??= { ms, bytes: doneBytes };
    const text = `  ...   ${progressWords(line, began?.bytes ?? 0, (ms - (began?.ms ?? ms)) / 1000)}`;
    if (screen) {
      screen.draw([cutTo(printable(text), terminal.columns - 1)]);
      return;
    }
    const isReading = doneBytes !== undefined && doneBytes !== allBytes;
    const step = isReading ? "reading" : words.replaceAll(/\d+/gu, "");
    if (printed?.step === step && ms - printed.ms < plainPauseMs) return;
    printed = { step, ms };
    output.print(text);
  };
}

/**
 * A line of progress in words.
 *
 * @param firstBytes - what was done already when the clock was started
 */
export function progressWords({ words, doneBytes, allBytes }: Progress, firstBytes: number, seconds: number): string {
  if (doneBytes === undefined) return words;
  const rate = seconds > 0 ? (doneBytes - firstBytes) / seconds : 0;
  const left = allBytes !== undefined && rate > 0 ? Math.ceil((allBytes - doneBytes) / rate) : undefined;
  return [
    `${words}: ${byteWords(doneBytes)}${allBytes === undefined ? "" : ` of ${byteWords(allBytes)}`}`,
    ...(rate > 0 ? [`${byteWords(rate)}/s`] : []),
    ...(left !== undefined && left > 0 ? [`${left < 120 ? `${left} s` : `${Math.ceil(left / 60)} min`} left`] : []),
  ].join(", ");
}

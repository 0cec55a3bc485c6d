/** Verdicts for a terminal. */
import { printable } from "../../text/escape.ts";
import {
  effectWords,
  fateWords,
  groupCauses,
  outageParts,
  outageWords,
  shownFate,
  valueWords,
  type CauseGroup,
  type ImpactReport,
} from "../report.ts";
import type { BackupVerdict } from "../verdict/restore-point.ts";
import type { DataFate, Verdict } from "../verdict/verdict.ts";

/** Colours a text, or returns it unchanged without colours. */
export type TextStyle = (format: "red" | "yellow" | "green" | "magenta" | "bold" | "dim", text: string) => string;

/** The symbol before a fate, which shows it without colours too. */
const marks: Readonly<Record<DataFate, { mark: string; colour: "red" | "yellow" | "green" | "magenta" }>> = {
  untouched: { mark: "✓", colour: "green" },
  interrupted: { mark: "~", colour: "yellow" },
  "at risk": { mark: "!", colour: "magenta" },
  unknown: { mark: "?", colour: "magenta" },
  "left behind": { mark: "✗", colour: "red" },
  destroyed: { mark: "✗", colour: "red" },
};

function ofNothing({ errors }: ImpactReport): string {
  return errors.length > 0
    ? "Not known: the preview failed before it came to a service with data."
    : "Nothing: no service with data is changed.";
}

/** Renders a report as lines; every character that a terminal obeys is escaped. */
export function renderText(report: ImpactReport, style: TextStyle = (_, text) => text): string {
  const { verdicts, errors, policyFindings } = report;
  const lines = [
    style("bold", "What this change does to data"),
    ...(verdicts.length === 0 ? ["", `  ${ofNothing(report)}`] : []),
    ...verdicts.flatMap((verdict) => ["", ...verdictLines(verdict, style)]),
    ...(errors.length > 0
      ? [
          "",
          style("red", "The preview failed; the steps that it shows are judged anyway:"),
          ...errors.map(({ code, text }) => `  ${printable(text)} (${code})`),
        ]
      : []),
    ...(policyFindings.length > 0
      ? [
          "",
          style("bold", "Policies"),
          ...policyFindings.map(
            ({ policy, level, message }) => `  ${printable(level)} ${printable(policy)}: ${oneLine(message)}`,
          ),
        ]
      : []),
    ...closing(report, style),
  ];
  return `${lines.join("\n")}\n`;
}

function verdictLines(verdict: Verdict, style: TextStyle): readonly string[] {
  const { causes, leftBehind, remedies, restorePoint, warnings, assumptions, otherwise } = verdict;
  const { mark, colour } = marks[shownFate(verdict)];
  const parts = outageParts(verdict).map(
    ({ name, leastSeconds, mostSeconds }) =>
      `${printable(name)}${mostSeconds === undefined ? "" : ` ${leastSeconds}-${mostSeconds} s`}`,
  );
  return [
    `${style(colour, `${mark} ${fateWords(verdict)}`)}  ${style("bold", printable(verdict.name))}  ${effectWords(verdict)}, ${outageWords(verdict)}`,
    ...groupCauses(causes)
      .flatMap(causeLines)
      .map((line) => `    ${line}`),
    ...(parts.length > 0 ? [style("dim", `    Outage: ${parts.join("; ")}`)] : []),
    ...leftBehind.flatMap(({ place, node, command, until }) => [
      `    The data is in ${printable(place)}${node === undefined ? "" : ` on ${printable(node)}`}${until === undefined ? "" : `, until ${until}`}:`,
      `      $ ${printable(command)}`,
    ]),
    ...(restorePoint === undefined ? [] : restoreLines(restorePoint)),
    ...remedies.flatMap(({ text, lines }) => [
      `    Safer way: ${printable(text)}`,
      ...(lines ?? []).map((line) => `      ${printable(line)}`),
    ]),
    ...warnings.map(({ code, text }) => `    Note: ${printable(text)} (${code})`),
    ...assumptions.map((text) => style("dim", `    Taken for granted: ${printable(text)}.`)),
    ...(otherwise === undefined ? [] : [`    Otherwise ${otherwise.fate}: when ${printable(otherwise.when)}.`]),
  ];
}

function restoreLines({ words, command }: BackupVerdict): readonly string[] {
  return [
    `    Restore point: ${printable(words)}`,
    ...(command === undefined ? [] : [`      $ ${printable(command)}`]),
  ];
}

function causeLines({ code, text, about }: CauseGroup): readonly string[] {
  const paths = about.map((cause) => [cause.path, valueWords(cause)].filter((part) => part !== undefined).join(": "));
  return [...paths, `${text} (${code})`].map(printable);
}

function closing({ withoutData, unseen }: ImpactReport, style: TextStyle): readonly string[] {
  const notes = [
    ...(withoutData.length > 0 ? [`Without data: ${withoutData.map(printable).join(", ")}.`] : []),
    ...(unseen > 0
      ? [
          `The preview does not show ${unseen} unchanged resources; stream it (PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1) to have them judged too.`,
        ]
      : []),
  ];
  return notes.length === 0 ? [] : ["", ...notes.map((note) => style("dim", note))];
}

function oneLine(text: string): string {
  return printable(text.trim().replaceAll(/\s+/gu, " "));
}

/** Verdicts and policy findings as SARIF 2.1.0, for code scanning. */
import { printable, sarifText } from "../../text/escape.ts";
import { fateWords, shownFate, valueWords, type ImpactReport } from "../report.ts";
import { diagnosticTitles } from "../rule-list.ts";
import { compareFates, dataFates, type DataFate, type Verdict } from "../verdict/verdict.ts";
import { fingerprint } from "./fingerprint.ts";

/** The rule for a plan's errors. */
const planError = "plan-error";

/** The taxonomy of the diagnostic codes. */
const taxonomy = "holdfast diagnostics";

const meanings: Readonly<Record<DataFate, string>> = {
  untouched: "The task keeps running, and the data stays.",
  interrupted: "The task is stopped or replaced, and the data is kept.",
  "at risk": "Whether the data survives depends on something that is named.",
  unknown: "Something that decides about the data cannot be seen.",
  "left behind": "The data is intact, but the service starts without it.",
  destroyed: "The data is gone.",
};

/**
 * Renders a report as SARIF.
 *
 * @param program - the file that a finding is shown at: a preview does not say which line of the program it comes from
 */
export function renderSarif(report: ImpactReport, program: string): string {
  const shown = report.verdicts.filter((verdict) => compareFates(shownFate(verdict), "untouched") > 0);
  const location = (id: string) => [
    {
      physicalLocation: { artifactLocation: { uri: encodeURI(program) }, region: { startLine: 1 } },
      logicalLocations: [{ fullyQualifiedName: printable(id), kind: "resource" }],
    },
  ];
  const policies = [...new Set(report.policyFindings.map(({ policy }) => policy))];
  const document = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "holdfast impact",
            rules: [
              ...dataFates.map((fate) => ({
                id: ruleId(fate),
                shortDescription: { text: meanings[fate] },
                defaultConfiguration: { level: levelOf(fate) },
              })),
              ...(report.errors.length > 0
                ? [{ id: planError, shortDescription: { text: "The plan cannot be carried out as it is." } }]
                : []),
              ...policies.map((policy) => ({
                id: `policy/${printable(policy)}`,
                shortDescription: { text: sarifText(policy) },
              })),
            ],
          },
        },
        taxonomies: [
          {
            name: taxonomy,
            taxa: diagnosticTitles.map(([id, title]) => ({
              id,
              shortDescription: { text: title },
              help: { text: `docs/diagnostics.md#${id.toLowerCase()}` },
            })),
          },
        ],
        results: [
          ...shown.map((verdict) => ({
            ruleId: ruleId(shownFate(verdict)),
            level: levelOf(shownFate(verdict)),
            message: { text: message(verdict) },
            locations: location(verdict.id),
            taxa: verdict.codes.map((id) => ({ id, toolComponent: { name: taxonomy } })),
            partialFingerprints: { "holdfastImpact/v1": fingerprint(verdict) },
          })),
          ...report.errors.map(({ code, text }) => ({
            ruleId: planError,
            level: "error",
            message: { text: sarifText(`${text} (${code})`) },
            locations: location("plan"),
            taxa: [{ id: code, toolComponent: { name: taxonomy } }],
          })),
          ...report.policyFindings.map(({ policy, level, resource, message: text }) => ({
            ruleId: `policy/${printable(policy)}`,
            level: level === "mandatory" ? "error" : "warning",
            message: { text: sarifText(text) },
            locations: location(resource),
          })),
        ],
      },
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function ruleId(fate: DataFate): string {
  return `data-${fate.replace(" ", "-")}`;
}

function levelOf(fate: DataFate): "none" | "note" | "warning" | "error" {
  if (compareFates(fate, "left behind") >= 0) return "error";
  if (compareFates(fate, "at risk") >= 0) return "warning";
  return fate === "interrupted" ? "note" : "none";
}

function message(verdict: Verdict): string {
  const { name, causes, remedies, otherwise } = verdict;
  const why = causes.map((cause) => {
    const { code, text, path } = cause;
    const values = valueWords(cause);
    return `${path === undefined ? "" : `${path}${values === undefined ? "" : ` (${values})`}: `}${text} (${code})`;
  });
  const doubt = otherwise === undefined ? [] : [`Otherwise ${otherwise.fate}: when ${otherwise.when}.`];
  return sarifText(
    [`${name}: data ${fateWords(verdict)}.`, ...why, ...doubt, ...remedies.map(({ text }) => text)].join(" "),
  );
}

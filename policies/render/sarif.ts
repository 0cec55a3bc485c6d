import type { Log, ReportingDescriptor, Result } from "sarif";
import { sarifText } from "../../text/escape.ts";
import { rulePage, type Finding } from "../finding.ts";
import { rules } from "../rule-list.ts";

/**
 * Findings as a SARIF 2.1.0 log.
 *
 * @param version - Holdfast's own version
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifReport(findings: readonly Finding[], version: string): Log {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "Holdfast", semanticVersion: version, rules: rules.map(descriptor) } },
        columnKind: "utf16CodeUnits",
        results: findings.map(result),
      },
    ],
  };
}

function descriptor({ id, name, level, reason, fix }: (typeof rules)[number]): ReportingDescriptor {
  return {
    id,
    name: name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: name },
    fullDescription: { text: reason },
    help: { text: `${fix} See ${rulePage(id)}.` },
    defaultConfiguration: { level },
  };
}

function result({ rule, level, result: kind, service, path, message, fix, location }: Finding): Result {
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level,
    message: { text: sarifText(`${service}: ${message} ${fix}`) },
    locations: [
      {
        ...(location !== undefined && {
          physicalLocation: {
            artifactLocation: { uri: artifactUri(location.file) },
            region: { startLine: location.line, startColumn: location.column },
          },
        }),
        logicalLocations: [{ name: service, fullyQualifiedName: `${service}: ${path}`, kind: "resource" }],
      },
    ],
    partialFingerprints: { "holdfast/v1": JSON.stringify([rule, service, path]) },
    properties: { result: kind },
  };
}

/** A file's name as the reference that SARIF wants. */
function artifactUri(file: string): string {
  return file.split(/[\\/]/).map(encodeURIComponent).join("/");
}

import { z } from "zod";
import { printable } from "../text/escape.ts";
import { InputError } from "../text/input-error.ts";
import { jsonOrUndefined } from "../text/parse-json.ts";
import type { Finding } from "./finding.ts";

/** Findings that are known and borne with for now. */
const baselineFile = z.object({
  findings: z.array(z.object({ rule: z.string(), service: z.string(), path: z.string() })),
});

type BaselineEntry = z.infer<typeof baselineFile>["findings"][number];

/** What makes two findings the same one, also when the words of the message change. */
function keyOf({ rule, service, path }: BaselineEntry): string {
  return JSON.stringify([rule, service, path]);
}

/** The findings that a baseline does not have. */
export function withoutBaseline(findings: readonly Finding[], baseline: readonly BaselineEntry[]): readonly Finding[] {
  const known = new Set(baseline.map(keyOf));
  return findings.filter((finding) => !known.has(keyOf(finding)));
}

/** The text of a baseline that holds all of today's findings. */
export function writeBaseline(findings: readonly Finding[]): string {
  const entries = new Map(
    findings.map(({ rule, service, path }) => [keyOf({ rule, service, path }), { rule, service, path }]),
  );
  return `${JSON.stringify({ findings: [...entries.values()] }, undefined, 2)}\n`;
}

/**
 * Reads a baseline.
 *
 * @param file - its name, for the error
 * @throws InputError when it is none
 */
export function readBaseline(text: string, file: string): readonly BaselineEntry[] {
  const parsed = baselineFile.safeParse(jsonOrUndefined(text));
  if (parsed.success) return parsed.data.findings;
  throw new InputError({
    path: printable(file),
    expected: "a baseline of findings",
    got: "something else",
    fix: "Write it again with --write-baseline",
  });
}

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { readDefinitions } from "../../policies/definitions.ts";
import type { Finding } from "../../policies/finding.ts";
import { judgeDefinitions, judge } from "../../policies/judge.ts";
import { findingsSchema } from "../../policies/finding-schema.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { draft, mangled } from "./arbitraries.ts";
import { hasUnknown, type Draft } from "./drafts.ts";
import { estateIn, today } from "./judge-case.ts";

/** Checks that each finding is in form: its schema, one printable line a message, and no rule that failed. */
function checkForm(findings: readonly Finding[]): void {
  findingsSchema.parse({ findings });
  for (const { message, path, service, fix } of findings) {
    for (const line of [message, path, service, fix])
      if (printable(line) !== line) throw new Error(`not printable: ${JSON.stringify(line)}`);
    if (message.startsWith("The check itself failed")) throw new Error(message);
    if (!/[.]$/.test(message)) throw new Error(`no sentence: ${message}`);
  }
}

/** Checks that an error is the one form of bad input, in one printable line. */
function checkError(error: unknown): void {
  if (!(error instanceof InputError)) throw error;
  if (!/^[^\n]+: expected [^\n]+, got [^\n]+\. [^\n]+\.$/.test(error.message))
    throw new Error(`not in form: ${error.message}`);
}

function judged(read: () => readonly Finding[]): void {
  let findings: readonly Finding[];
  try {
    findings = read();
  } catch (error) {
    checkError(error);
    return;
  }
  checkForm(findings);
}

/** Judges random services in every input that can express them. */
export function fuzzDefinitions(numRuns: number, seed?: number): void {
  const property = fc.property(fc.array(draft, { minLength: 1, maxLength: 3 }), (drafts: Draft[]) => {
    for (const input of ["stack file", "program", "state", "swarm"] as const) {
      if (input === "swarm" && hasUnknown(drafts)) continue;
      judged(() => judge(estateIn(input, { drafts, expected: "pass" }), { today }));
    }
  });
  fc.assert(property, { numRuns, ...(seed !== undefined && { seed }) });
}

const folder = new URL("../data/policies/correct/", import.meta.url);

/** Judges stack files with pieces taken out, doubled and replaced. */
export function fuzzStackFiles(numRuns: number, seed?: number): void {
  const files = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8"));
  const property = fc.property(fc.constantFrom(...files).chain(mangled), (text) => {
    judged(() => judgeDefinitions(readDefinitions(text, { file: "stack.yml" }), { today }));
  });
  fc.assert(property, { numRuns, ...(seed !== undefined && { seed }) });
}

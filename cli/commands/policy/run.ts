import { resolve } from "node:path";
import { readLiveSwarm, type LiveSwarm } from "../../../inputs/swarm/definitions.ts";
import { readSwarmOf } from "../../../live/read-swarm.ts";
import { readBaseline, withoutBaseline, writeBaseline } from "../../../policies/baseline.ts";
import { readDefinitions, withLiveFacts, type Definitions } from "../../../policies/definitions.ts";
import type { Finding } from "../../../policies/finding.ts";
import { exitCodeOf, judgeDefinitions } from "../../../policies/judge.ts";
import { markdownReport } from "../../../policies/render/markdown.ts";
import { sarifReport } from "../../../policies/render/sarif.ts";
import { textReport } from "../../../policies/render/text.ts";
import { InputError } from "../../../text/input-error.ts";
import { engineOfFolder } from "../../context/find-swarm.ts";
import { readImageNames } from "../../context/image-names.ts";
import { Exit } from "../../terminal/exit-code.ts";
import { besides, readText, requireOneReader, shownName, writeText } from "../../terminal/files.ts";
import { openOutput, requireOneDocument, type Output } from "../../terminal/output.ts";
import type { PolicyOptions } from "./command.ts";

/** `holdfast policy [file...]`: judges definitions and ends with 1 when a finding reaches the threshold. */
export async function policy(files: string[], options: PolicyOptions): Promise<void> {
  requireOneDocument({ "--json": options.json, "--markdown": options.markdown, "--sarif": options.sarif });
  requireOneReader([...files, options.baseline]);
  const output = openOutput(options.json ?? false);
  const definitions = await readAll(files, options);
  const judgeOptions = { today: new Date().toISOString().slice(0, 10), images: readImageNames(options.image) };
  const all = definitions.flatMap((each) => judgeDefinitions(each, judgeOptions));
  if (options.writeBaseline !== undefined) writeText("--write-baseline", options.writeBaseline, writeBaseline(all));
  const baseline = options.baseline ?? options.writeBaseline;
  const findings = baseline === undefined ? all : withoutBaseline(all, readBaseline(readText(baseline), baseline));
  print(findings, definitions.flatMap(({ estate }) => estate.services).length, options, output);
  const code = exitCodeOf(findings, options.failOn);
  if (code !== 0) throw new Exit(code);
}

async function readAll(files: string[], options: PolicyOptions): Promise<Definitions[]> {
  if (files.length === 0 && options.swarm === undefined) {
    throw new InputError({
      path: "command line",
      expected: "a file, or --swarm",
      got: "neither",
      fix: "Name a stack file, a Pulumi state or a plan",
    });
  }
  const live = options.swarm === undefined ? undefined : await askSwarm(options);
  if (files.length === 0) return [{ estate: readLiveSwarm(live ?? {}) }];
  const definitions = files.map(readFile);
  return live === undefined ? definitions : definitions.map((each) => withLiveFacts(each, live));
}

function readFile(file: string): Definitions {
  return readDefinitions(readText(file), {
    file: shownName(file),
    variables: process.env,
    readFile: besides(file),
  });
}

async function askSwarm(options: PolicyOptions): Promise<LiveSwarm> {
  const connection = await engineOfFolder(resolve(options.cwd ?? "."));
  return readSwarmOf(connection);
}

function print(findings: readonly Finding[], services: number, options: PolicyOptions, output: Output): void {
  const sarif =
    options.sarif === undefined ? undefined : `${JSON.stringify(sarifReport(findings, "0.1.0"), undefined, 2)}\n`;
  if (typeof options.sarif === "string") writeText("--sarif", options.sarif, sarif ?? "");
  if (options.json === true) output.document({ findings });
  else if (options.sarif === true) output.print((sarif ?? "").trimEnd());
  else if (options.markdown === true) output.print(markdownReport(findings).trimEnd());
  else {
    const columns = output.terminal?.columns ?? 80;
    const lines = textReport(findings, services, { style: output.style, columns, all: options.all ?? false });
    // One by one: all of them at once are more arguments than a call may have.
    for (const line of lines) output.print(line);
  }
}

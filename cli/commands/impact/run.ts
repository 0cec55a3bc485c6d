import { resolve } from "node:path";
import type { ImpactReport } from "../../../impact/report.ts";
import type { ReadFacts } from "../../../inputs/swarm/facts.ts";
import type { Plan } from "../../../model/plan/plan.ts";
import type { ImageNames } from "../../../model/storage/data-profile.ts";
import { InputError } from "../../../text/input-error.ts";
import { jsonOrUndefined } from "../../../text/parse-json.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { openSource, readText, requireOneReader, writeText } from "../../terminal/files.ts";
import { openOutput, requireOneDocument, type Output } from "../../terminal/output.ts";
import type { ImpactOptions } from "./command.ts";

/** `holdfast impact [file] [after]`: says what a planned change does to data, and ends with 1 when it reaches the threshold. */
export async function impact(file = "-", after: string | undefined, options: ImpactOptions): Promise<void> {
  requireOneDocument({ "--json": options.json, "--markdown": options.markdown, "--sarif": options.sarif });
  requireOneReader([file, after, options.facts, options.previous]);
  const output = openOutput(options.json ?? false);
  const sources = [file, ...(after === undefined ? [] : [after])].map(openSource);
  // Loaded while the files are read; what few runs need, only by these.
  const [{ readPlan }, { analyse }, failOn, imageNames] = await Promise.all([
    import("../../../inputs/read-plan.ts"),
    import("../../../impact/report.ts"),
    failOnOf(options),
    imageNamesOf(options),
  ]);
  const given = await factsOf(options);
  const facts = given?.read;
  const plan = await readPlan(sources, {
    executor: options.engine,
    variables: definedVariables(),
    prune: options.prune ?? false,
    ...(facts && { live: facts }),
    ...(options.stackName !== undefined && { stack: options.stackName }),
  });
  const live = (await given?.lookAt(plan))?.live;
  const judged = analyse(plan, { ...live, imageNames });
  const report = (await given?.addBackups(judged, plan)) ?? judged;
  await print(report, options, output);
  if (plan.steps.length === 0 && plan.errors.length > 0) {
    output.warn("error: the preview failed before it planned anything: the effect of the change on data is unknown");
    throw new Exit(exitCode.failed);
  }
  const reached = failOn?.(report) ?? [];
  if (reached.length === 0) return;
  output.warn(...reached);
  throw new Exit(exitCode.failed);
}

/** What the run fails at, as lines; `undefined` where it never does. */
async function failOnOf({ failOn, acceptDataLoss }: ImpactOptions) {
  if (failOn === "never") return undefined;
  const { failures, readFailOn } = await import("./fail-on.ts");
  const read = readFailOn(failOn);
  return (report: ImpactReport): readonly string[] => failures(report, read, acceptDataLoss);
}

async function imageNamesOf({ image }: ImpactOptions): Promise<ImageNames> {
  return image.length === 0 ? {} : (await import("../../context/image-names.ts")).readImageNames(image);
}

/** Facts about a swarm, and the same with what the volumes hold that a plan is about. */
interface GivenFacts {
  readonly read: ReadFacts;
  readonly lookAt: (plan: Plan) => Promise<ReadFacts>;
  /** Says beside each loss what the backup brings back, where the swarm can be asked. */
  readonly addBackups: (report: ImpactReport, plan: Plan) => Promise<ImpactReport>;
}

async function factsOf({ swarm, nodes, facts, saveFacts, cwd }: ImpactOptions): Promise<GivenFacts | undefined> {
  if (facts === undefined && swarm === undefined) return undefined;
  const { readFacts } = await import("../../../inputs/swarm/facts.ts");
  if (facts !== undefined) {
    const read = readFacts(parseJson(readText(facts), facts), facts);
    return { read, lookAt: () => Promise.resolve(read), addBackups: (report) => Promise.resolve(report) };
  }
  const [{ factsFrom, lookCloser }, { engineOfFolder }] = await Promise.all([
    import("../../../live/swarm-facts.ts"),
    import("../../context/find-swarm.ts"),
  ]);
  const connection = await engineOfFolder(resolve(cwd ?? "."));
  const document = await factsFrom(connection);
  return {
    read: readFacts(document, "the live swarm"),
    lookAt: async (plan) => {
      const whole = await lookCloser(document, plan, connection, nodes);
      if (saveFacts !== undefined) writeText("--save-facts", saveFacts, `${JSON.stringify(whole, undefined, 2)}\n`);
      return readFacts(whole, "the live swarm");
    },
    addBackups: async (report, plan) => {
      const [{ addRestorePoints }, { abortOnInterrupt }] = await Promise.all([
        import("../../../live/backup/evidence.ts"),
        import("../../terminal/interrupts.ts"),
      ]);
      using interrupts = abortOnInterrupt();
      return await addRestorePoints(report, plan, connection, { signal: interrupts.signal });
    },
  };
}

function parseJson(text: string, file: string): unknown {
  const value = jsonOrUndefined(text);
  if (value !== undefined) return value;
  throw new InputError({
    path: file,
    expected: "JSON",
    got: "truncated or invalid text",
    fix: "Write it again with --save-facts",
  });
}

function definedVariables(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Writes and prints what was asked for; of the renderers only those that do it are loaded. */
async function print(report: ImpactReport, options: ImpactOptions, output: Output): Promise<void> {
  const { markdown, sarif, html, previous } = options;
  if (markdown !== undefined) {
    const { renderMarkdown } = await import("../../../impact/render/markdown.ts");
    const comment = renderMarkdown(report, previous === undefined ? {} : { previous: readText(previous) });
    if (markdown === true) output.print(comment.trimEnd());
    else writeText("--markdown", markdown, comment);
  }
  if (sarif !== undefined) {
    const { renderSarif } = await import("../../../impact/render/sarif.ts");
    const log = renderSarif(report, options.sarifLocation);
    if (sarif === true) output.print(log.trimEnd());
    else writeText("--sarif", sarif, log);
  }
  if (html !== undefined) {
    const { renderHtml } = await import("../../../impact/render/html.ts");
    writeText("--html", html, renderHtml(report));
  }
  if (output.json) {
    const { impactDocument } = await import("../../../impact/render/json.ts");
    output.document(impactDocument(report));
  } else if (markdown !== true && sarif !== true) {
    const { renderText } = await import("../../../impact/render/text.ts");
    output.print(renderText(report, output.style).trimEnd());
  }
}

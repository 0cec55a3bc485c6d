import type { ImpactReport } from "../../../impact/report.ts";
import { requireObjectName } from "../../../swarm/api/object-name.ts";
import { advised } from "../../../text/advised-command.ts";
import { openContext, type StackOptions } from "../../context/context.ts";
import { findEngineToRead, providerHost } from "../../context/find-swarm.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { listenForInterrupts } from "../../terminal/interrupts.ts";
import { confirm, confirmLoss } from "./confirm.ts";
import { judgeLive, planOf, showImpact } from "./data-gate.ts";
import { lookForLeft, removeLeft } from "./left-services.ts";
import { answersNow } from "./live-look.ts";
import { nodePattern, serviceNames, stackIdentity } from "./name-check.ts";
import { beginOperation, operationDocument, plan, requireSuccess, run } from "./operation.ts";
import {
  findDoomed,
  keptVolumes,
  removeDoomed,
  stackVolumes,
  volumeResourceType,
  type DataQuestion,
} from "./stack-data.ts";

/** Options of `holdfast down`. */
export interface DownOptions extends StackOptions {
  yes?: true;
  diff?: true;
  deleteData: string[];
  /** The address of each node's engine, with `{hostname}` or `{address}` in it. */
  nodes?: string;
}

/** `holdfast down`: deletes the stack's resources but for its data, and of that what is named. */
export async function down(options: DownOptions): Promise<void> {
  const context = openContext(options);
  const { output, location } = context;
  const names = [...new Set(options.deleteData)].map((name) => requireObjectName("volume", name, "--delete-data"));
  await beginOperation(context, { changes: true });
  const engine = await context.engine();
  const state = await context.state();
  const { resources } = state;
  const connection = await findEngineToRead(context);
  if (resources.length === 0 && names.length === 0) {
    // A state that lists nothing, as after `pulumi destroy`, does not say that a killed run has left nothing.
    const left = (await answersNow(connection)) ? await lookForLeft(context, connection) : [];
    if (left.length > 0) await removeLeft(context, connection, undefined);
    const message = `Nothing to delete: the stack ${location.stackName} has no resources.`;
    output.print(message);
    if (output.json)
      output.document({
        operation: "down",
        engine: engine.name,
        succeeded: true,
        message,
        changeSummary: {},
        diagnostics: [],
        durationSeconds: 0,
        outputs: {},
        keptVolumes: [],
        deletedVolumes: [],
      });
    return;
  }
  if (resources.length > 0) await (await import("../../../swarm/engine/connection.ts")).pingEngine(connection);
  using interrupts = listenForInterrupts(output.warn, advised("refresh"));
  // The lock is held from the plan to the last deletion. The Pulumi CLI takes its own.
  using lock = engine.name === "embedded" ? await (await context.stack()).hold() : undefined;
  const settings = {
    interrupts,
    ...(lock && { lock }),
    dockerHost: providerHost(connection),
    policyPacks: [],
    diff: options.diff ?? false,
    includeProtected: resources.filter(
      ({ type, dockerName }) => type === volumeResourceType && dockerName !== undefined && names.includes(dockerName),
    ),
  };
  const planned = await plan(context, "destroy", settings);
  await requireSuccess(context, "down", planned, settings);
  const nodes = await nodePattern(context, options.nodes);
  const impact = await judgeLive(await planOf(context, planned), connection, { nodes, signal: interrupts.stopSoon });
  const volumes = stackVolumes(resources, planned.events);
  // Data that dies with a volume which is named needs no other name.
  const isNamed = (service: string) =>
    volumes.some(({ name, services }) => names.includes(name) && services.includes(service));
  showImpact(
    context,
    withoutRemedies(impact, (name) => names.includes(name) || isNamed(name)),
  );
  const lost = impact.verdicts.filter(
    ({ fate, name, subject }) => fate === "destroyed" && !(subject === "service" && isNamed(name)),
  );
  const question: DataQuestion = {
    manager: connection,
    own: await stackIdentity(context),
    nodePattern: nodes,
    services: serviceNames(state),
  };
  const doomed = [];
  for (const name of names) {
    // What dies with a service, as its anonymous volumes do, is named by the service.
    if (lost.some((verdict) => verdict.subject === "service" && verdict.name === name)) continue;
    const known = volumes.find((volume) => volume.name === name);
    doomed.push(...(await findDoomed(name, known, question)));
  }
  const yes = options.yes ?? false;
  for (const { name, node } of doomed) output.print(`To be deleted: the volume ${name} on ${node}, with its data.`);
  const dying = [...new Set([...doomed, ...lost].map(({ name }) => name))];
  if (dying.length > 0) await confirmLoss(context, { dying, named: names, yes, planned });
  else await confirm(context, { yes, planned });

  await removeLeft(context, connection, lock);
  const outcome = await run(context, "destroy", settings);
  await requireSuccess(context, "down", outcome, settings);
  if (doomed.length > 0) noteChange();
  await removeDoomed(doomed, {
    signal: interrupts.stopNow,
    onProgress: (line) => {
      output.print(line);
    },
  });
  for (const { name, node } of doomed) output.print(`Deleted: the volume ${name} on ${node}, with its data.`);
  const kept = await keptVolumes(
    volumes.filter(({ name }) => !names.includes(name)),
    connection,
  );
  for (const { name, node, isOwn } of kept) {
    const where = node === undefined ? "" : `, on ${node}`;
    const way = isOwn
      ? `Delete it with \`${advised("down", `--delete-data ${name}`)}\``
      : "This stack did not create it";
    output.print(`Kept: the volume ${name} with its data${where}. ${way}.`);
  }
  if (output.json)
    output.document({
      ...(await operationDocument(context, "down", outcome)),
      keptVolumes: kept.map(({ name }) => name),
      deletedVolumes: doomed.map(({ name, node }) => ({ name, node })),
    });
}

/** A report without advice on how to keep what is to be deleted by name. */
function withoutRemedies(report: ImpactReport, isNamed: (name: string) => boolean): ImpactReport {
  return {
    ...report,
    verdicts: report.verdicts.map((verdict) => (isNamed(verdict.name) ? { ...verdict, remedies: [] } : verdict)),
  };
}

import { byteWords } from "../../model/byte-words.ts";
import { viewData, type DataView, type IdleVolume, type StatefulService } from "../../model/data-view.ts";
import { InputError } from "../../model/input-error.ts";
import { findingsDocument } from "../../policies/finding-schema.ts";
import type { Finding } from "../../policies/finding.ts";
import { exitCodeOf, judge, type Threshold } from "../../policies/judge.ts";
import { textReport } from "../../policies/text-report.ts";
import { takeInventory, type Inventory } from "../../swarm/inventory.ts";
import { liveEstate } from "../../swarm/live-estate.ts";
import { observe } from "../../swarm/observation.ts";
import { enginesToAsk } from "../engines-to-ask.ts";
import { Exit } from "../exit-code.ts";
import { openOutput, type Output } from "../output.ts";
import type { SwarmQuestionOptions } from "./doctor.ts";

/** Options of `holdfast audit`. */
export interface AuditOptions extends SwarmQuestionOptions {
  failOn: Threshold;
  all?: true | undefined;
}

/** `holdfast audit`: where the data of a running swarm is, what threatens it and what lies about unused. */
export async function audit(options: AuditOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  const inventory = await takeInventory(enginesToAsk(options.engine));
  if (!inventory.swarm) {
    const told = inventory.engines.map((engine) =>
      "report" in engine
        ? `${engine.report.hostname} (${engine.report.swarmState}, no manager)`
        : `${engine.host} (${engine.problem})`,
    );
    throw new InputError({
      path: "--engine",
      expected: "a manager that answers for the swarm",
      got: told.join(", "),
      fix: "Name one with --engine, or by DOCKER_HOST",
    });
  }
  const estate = await liveEstate(inventory);
  const view = viewData(estate, observe(inventory));
  const findings = judge(estate, { today: inventory.takenAt.slice(0, 10) });
  if (output.json) output.document(auditDocument(inventory, view, findings));
  output.print(...lines(inventory, view, output));
  if (!output.json) {
    const columns = output.terminal?.columns ?? 100;
    output.print(
      ...textReport(findings, estate.services.length, { style: output.style, columns, all: options.all ?? false }),
    );
  }
  if (exitCodeOf(findings, options.failOn) !== 0) throw new Exit(1);
}

/** The one document of `--json`. */
function auditDocument(inventory: Inventory, view: DataView, findings: readonly Finding[]) {
  return {
    takenAt: inventory.takenAt,
    nodes: inventory.swarm?.nodes,
    unseenNodes: inventory.unseenNodes,
    unreachableEngines: inventory.engines.flatMap((engine) => ("problem" in engine ? [engine] : [])),
    ...view,
    findings: findingsDocument(findings),
  };
}

function lines({ swarm, unseenNodes, engines }: Inventory, view: DataView, { style }: Output): string[] {
  const silent = engines.flatMap((engine) => ("problem" in engine ? [`${engine.host}: ${engine.problem}`] : []));
  const section = (title: string, rows: readonly string[]) =>
    rows.length === 0 ? [] : [style("bold", title), ...rows.map((row) => `  ${row}`), ""];
  return [
    ...section("Engines that did not answer", silent),
    ...section(
      "Nodes",
      (swarm?.nodes ?? []).map(({ hostname, role, state, availability }) => {
        const unseen = unseenNodes.includes(hostname) ? ", its volumes not seen (name its engine with --engine)" : "";
        return `${hostname}  ${role}, ${state}, ${availability}${unseen}`;
      }),
    ),
    ...section("Services with data", view.services.flatMap(serviceRows)),
    ...section("Services without data", view.withoutData.length === 0 ? [] : [view.withoutData.join(", ")]),
    ...section(
      "Several writers at once: their data is being damaged. Stop all but one of them",
      view.manyWriters.map(({ service, volume, nodes }) =>
        style("red", `${service}  volume "${volume}" on ${nodes.join(" and ")}`),
      ),
    ),
    ...section(
      "What a lost node takes along",
      view.nodeLosses.flatMap(({ node, losses }) =>
        losses.map(({ service, what, fate }) => `${node}  ${service}: ${what}, ${style("red", fate)}`),
      ),
    ),
    ...section("Volumes that no running container uses", view.idleVolumes.map(idleRow)),
  ];
}

function serviceRows({ name, runsOn, isWaiting, places }: StatefulService): string[] {
  const where = runsOn.length === 0 ? "runs nowhere" : `on ${runsOn.join(", ")}`;
  return [
    `${name}  ${where}${isWaiting ? ", a task waits" : ""}`,
    ...places.map(({ path, words, inUse }) => {
      const copies = inUse.map(({ node, volume, sizeBytes }) => {
        const short = /^[0-9a-f]{64}$/.test(volume) ? `${volume.slice(0, 12)} ` : "";
        return `${short}${sizeBytes === undefined ? "" : `${byteWords(sizeBytes)} `}on ${node}`;
      });
      return `  ${path} in ${words}${copies.length === 0 ? "" : `: ${copies.join(", ")}`}`;
    }),
  ];
}

const reasons: Readonly<Record<IdleVolume["why"], (service: string) => string>> = {
  "left behind": (service) => `left behind: ${service} mounts a volume of this name, and runs on another node`,
  waiting: (service) => `${service} mounts it and does not run`,
  "of an earlier task": (service) => `of an earlier task of ${service}: goes with the task history`,
  orphan: () => "orphan: nothing mounts it",
};

function idleRow({ node, name, sizeBytes, why, service }: IdleVolume): string {
  const size = sizeBytes === undefined ? "" : `  ${byteWords(sizeBytes)}`;
  return `${node}  ${name}${size}  ${reasons[why](service ?? "")}`;
}

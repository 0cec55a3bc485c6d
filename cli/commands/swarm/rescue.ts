import { answeredIn, noneOf, takeInventory, type Inventory } from "../../../live/inventory.ts";
import { planRescue, type RescuePlan } from "../../../live/rescue/plan.ts";
import { carryOutRescue, type RescueResult } from "../../../live/rescue/restore.ts";
import { findLostVolumes, type LostVolume } from "../../../live/rescue/search.ts";
import { contentWords, timeWords } from "../../../live/volume-content-text.ts";
import { advised } from "../../../text/advised-command.ts";
import { printable } from "../../../text/escape.ts";
import { InputError } from "../../../text/input-error.ts";
import { shellWord } from "../../../text/shell-words.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { confirmPlan } from "../../terminal/confirm-plan.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput, type Output } from "../../terminal/output.ts";
import type { SwarmQuestionOptions } from "./doctor.ts";
import { enginesToAsk, type EngineChoice } from "./engines-to-ask.ts";

/** Options of `holdfast rescue`. */
export interface RescueCommandOptions extends SwarmQuestionOptions {
  fromNode?: string | undefined;
  to?: string | undefined;
  toNode?: string | undefined;
  service?: string | undefined;
  yes?: true | undefined;
}

/** `holdfast rescue [VOLUME]`: lists the volumes with lost data, or copies one and points its service at the copy. */
export async function rescue(volume: string | undefined, options: RescueCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const inventory = await takeInventory(await enginesToAsk(options));
  if (answeredIn(inventory).length === 0) throw noneOf(inventory, "an engine that answers");
  if (volume === undefined) {
    requireNothingElse(options);
    await list(inventory, options, output, interrupts.signal);
    return;
  }
  const plan = await planRescue(inventory, { ...options, volume }, interrupts.signal);
  output.print(...planLines(plan, output), "");
  if (!options.yes) {
    await confirmPlan(
      {
        plan: () => planDocument(plan),
        need: "The rescue needs confirmation",
        question: "Do you want to carry out this rescue?",
      },
      output,
    );
  }
  noteChange();
  const result = await carryOutRescue(inventory, plan, {
    signal: interrupts.signal,
    onProgress: (message) => {
      output.print(`  ...   ${printable(message)}`);
    },
  });
  if (output.json) output.document({ ...planDocument(plan), ...result, originalUntouched: true });
  output.print("", ...resultLines(plan, result, output));
}

function requireNothingElse(options: RescueCommandOptions): void {
  const given = (["fromNode", "to", "toNode", "service", "yes"] as const).find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new InputError({
    path: "command line",
    expected: "the volume to rescue",
    got: "none",
    fix: `List the volumes with \`${advised("rescue")}\` without options, then name one`,
  });
}

async function list(
  inventory: Inventory,
  options: RescueCommandOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const found = await findLostVolumes(inventory, signal);
  signal.throwIfAborted();
  const lost = found.filter(({ content }) => content?.isEmpty !== true);
  const emptyCount = found.length - lost.length;
  const taken = new Set(inventory.volumes.map(({ volume }) => volume.Name));
  const rows = lost.map((volume) => ({ volume, command: commandFor(volume, options, taken) }));
  const unreachable = inventory.engines.flatMap((each) => ("problem" in each ? [each] : []));
  if (output.json) {
    output.document({
      takenAt: inventory.takenAt,
      unseenNodes: inventory.unseenNodes,
      unreachableEngines: unreachable,
      volumes: rows.map(({ volume, command }) => ({ ...volume, command: command.join(" ") })),
      emptyVolumes: emptyCount,
    });
  }
  const notSeen = [
    ...unreachable.map(({ host, problem }) => `Not seen: ${host}: ${printable(problem)}`),
    ...(inventory.unseenNodes.length > 0
      ? [`Not seen: the volumes of ${inventory.unseenNodes.map(printable).join(", ")} (name the engines with --engine)`]
      : []),
    ...(inventory.swarm ? [] : ["No manager answers, so the services are unknown."]),
  ];
  output.print(
    ...(notSeen.length > 0 ? [...notSeen, ""] : []),
    ...rows.flatMap(({ volume, command }) => [...volumeLines(volume, command, output), ""]),
    `${rows.length === 0 ? "No volume" : rows.length === 1 ? "1 volume" : `${rows.length} volumes`} with data that no container uses${emptyCount > 0 ? `; ${emptyCount} empty ones not shown` : ""}.`,
  );
}

const reasons: Readonly<Record<LostVolume["why"], string>> = {
  "left behind": "left behind: its service runs on another node",
  waiting: "its service is not running; it will find the data when it starts on this node",
  "of an earlier task":
    "Swarm removes it with the task history: rescue it soon (`docker swarm update --task-history-limit` keeps more)",
  orphan: "nothing mounts it",
};

function volumeLines(volume: LostVolume, command: readonly string[], { style }: Output): string[] {
  const { name, node, content, problem, program, traces, why } = volume;
  const newest = content?.newestWrite;
  const rows = [
    ["holds", content ? contentWords(content, program) : `unknown: ${problem ?? ""}`],
    ...(newest === undefined
      ? []
      : [["newest write", `${timeWords(newest)}${content?.isWhole === false ? " or later" : ""}`]]),
    ["because", traces.map(({ words }) => words).join("; ") || "nothing shows which service it belongs to"],
    ["state", reasons[why]],
  ];
  return [
    `${style("bold", printable(traces[0]?.service ?? "unknown service"))}  ${printable(name)} on ${printable(node)}`,
    ...rows.map(([label = "", words = ""]) => `  ${label.padEnd(13)}${printable(words)}`),
    `  ${command.join(" ")}`,
  ];
}

/** The command that rescues a volume, ready for a shell. */
function commandFor(
  { name, node, traces }: LostVolume,
  { engine, nodes }: EngineChoice,
  taken: ReadonlySet<string>,
): string[] {
  const service = traces[0]?.service;
  const stem = service !== undefined && /^[a-z0-9][\w.-]*$/i.test(service) ? `${service}-data` : "rescued-data";
  let to = stem;
  for (let number = 2; taken.has(to); number++) to = `${stem}-${number}`;
  const word = (text: string): string => shellWord(printable(text));
  return [
    ...["npx", "holdfast", "rescue", word(name), "--from-node", word(node), "--to", word(to)],
    ...(service === undefined ? [] : ["--service", word(service)]),
    ...engine.flatMap((host) => ["--engine", word(host)]),
    ...(nodes === undefined ? [] : ["--nodes", word(nodes)]),
  ];
}

function planDocument({ volume, from, to, toEngine, targetExists, content, trial, change }: RescuePlan) {
  return {
    volume,
    fromNode: from.report.hostname,
    to,
    toNode: toEngine.report.hostname,
    targetExists,
    content,
    trial,
    change: change && {
      service: change.name,
      target: change.target,
      formerSource: change.formerSource,
      constraints: change.constraints,
    },
  };
}

function planLines(
  { volume, from, to, toEngine, targetExists, content, trial, change }: RescuePlan,
  { style }: Output,
): string[] {
  const rows: (readonly [label: string, words: string])[] = [
    ["holds", contentWords(content)],
    ...(content.kind === "redis" ? [["loads", trialWords(trial)] as const] : []),
    ["copy to", `volume ${to} on ${toEngine.report.hostname} (${targetExists ? "exists, empty" : "new"})`],
    ...(change ? serviceRows(change) : [["service", "not changed"] as const]),
  ];
  return [
    `${style("bold", "Rescue")} ${printable(volume)} on ${printable(from.report.hostname)}; the original is only read`,
    ...rows.map(([label, words]) => `  ${label.padEnd(13)}${printable(words)}`),
  ];
}

function trialWords(trial: RescuePlan["trial"]): string {
  if (!trial) return "not tested: the data is too large, or the node has no image with a Redis that could load it";
  if (!trial.loads) return `NOT in ${trial.image}: ${trial.problem}`;
  return `${trial.keys} ${trial.keys === 1 ? "key" : "keys"}, in ${trial.image}`;
}

function serviceRows({
  name,
  target,
  formerSource,
  constraints,
}: NonNullable<RescuePlan["change"]>): [string, string][] {
  const { before, after } = constraints;
  const differences = [
    ...before.filter((text) => !after.includes(text)).map((text) => `- ${text}`),
    ...after.filter((text) => !before.includes(text)).map((text) => `+ ${text}`),
  ];
  const former = formerSource === undefined || formerSource === "" ? "" : ` instead of volume ${formerSource}`;
  return [
    ["service", `${name} mounts it at ${target}${former}; its task is replaced`],
    ["constraints", differences.length === 0 ? "unchanged" : differences.join(", ")],
    [
      "left behind",
      former === ""
        ? `what ${name} has written since; holdfast rescue lists it afterwards`
        : `what ${name} has written since, in volume ${formerSource ?? ""}`,
    ],
  ];
}

function resultLines({ change }: RescuePlan, result: RescueResult, { style }: Output): string[] {
  const { volume, fromNode, to, toNode, entryCount, sizeBytes, digest } = result;
  const pin = change?.constraints.after.join(", ") ?? "";
  return [
    `${style("green", "Rescued")}: ${entryCount} entries, ${sizeBytes} bytes are in volume ${to} on ${printable(toNode)}, identical to the original`,
    `  ${digest}`,
    ...(change
      ? [
          `${change.name} now uses the copy. Add this to the service's definition, or its next deployment will undo it:`,
          `  mount ${to} at ${change.target}${pin === "" ? "" : `; constraints ${printable(pin)}`}`,
        ]
      : []),
    `The original, volume ${printable(volume)} on ${printable(fromNode)}, is unchanged.`,
  ];
}

import { entriesWords } from "../../../backup/protocol.ts";
import { whyLate } from "../../../live/backup/companion.ts";
import {
  carryOutRestore,
  planServiceRestore,
  restoreCommand,
  type PlannedRestore,
  type RestoreResult,
} from "../../../live/backup/restore.ts";
import { advisedDocker } from "../../../text/advised-command.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { momentWords, parseMoment } from "../../../text/moment.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { confirmPlan } from "../../terminal/confirm-plan.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput, type Output } from "../../terminal/output.ts";
import { managerToAsk, type BackupCommandOptions } from "./opening.ts";
import { progressPrinter } from "./progress.ts";
import { followInSettings, type SettingsChange } from "./settings.ts";

/** Options of `holdfast restore`. */
export interface RestoreCommandOptions extends BackupCommandOptions {
  at?: string | undefined;
  to?: string | undefined;
  node?: string | undefined;
  dryRun?: true | undefined;
  yes?: true | undefined;
}

/** `holdfast restore SERVICE`: restores its data into a new volume, and points the service at it. */
export async function restore(service: string, options: RestoreCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  const atSeconds = options.at === undefined ? undefined : parseMoment(options.at, new Date(), "--at");
  using interrupts = abortOnInterrupt();
  const { signal } = interrupts;
  const connection = await managerToAsk(options);
  const onProgress = progressPrinter(output);
  const { to, node } = options;
  const plan = await planServiceRestore(
    connection,
    { service, atSeconds, to, node },
    { signal, onProgress: () => undefined },
  );
  output.print(...planLines(plan, output), "");
  if (options.dryRun) {
    if (output.json) output.document({ plan: planDocument(plan) });
    output.print("Nothing was changed (--dry-run).");
    return;
  }
  if (!options.yes) {
    await confirmPlan(
      {
        plan: () => planDocument(plan),
        need: "The restore needs confirmation",
        question: "Do you want to carry out this restore?",
      },
      output,
    );
  }
  noteChange();
  try {
    const result = await carryOutRestore(connection, plan, {
      ...{ signal, onProgress },
      onStep: (words) => {
        output.print(`  ...   ${printable(words)}`);
      },
    });
    const settings = result.isInUse
      ? await followInSettings({ ...plan, service: plan.companion.data }, options)
      : undefined;
    if (output.json) output.document({ plan: planDocument(plan), ...result, settings });
    output.print("", ...resultLines(plan, result, settings, output));
    if (result.companionProblem !== undefined) throw new Exit(exitCode.failed);
  } catch (error) {
    if (!(error instanceof Exit) || error.code === exitCode.interrupted) output.warn(...unfinishedLines(plan));
    throw error;
  }
}

function planDocument(plan: PlannedRestore) {
  const { companion, node, volume, atSeconds, point, list, change, formerVolume, isRunning, underWay } = plan;
  return {
    service: companion.of,
    store: companion.configuration.store,
    at: atSeconds,
    point: point.pointSeconds,
    bytes: list.restoreBytes,
    heldBytes: list.bytes,
    proof: point.proof,
    volume,
    node: node.hostname,
    formerVolume,
    constraints: change?.constraints,
    isRunning,
    goesOnWith: underWay?.service.Spec.Name,
  };
}

/** What a restore would do, in lines. */
export function planLines(plan: PlannedRestore, { style }: Pick<Output, "style">): string[] {
  const { companion, node, nodes, volume, point, change, isRunning, underWay } = plan;
  const { of, service, configuration } = companion;
  const late = whyLate(companion, nodes);
  const rows: (readonly [label: string, words: string])[] = [
    ["state", stateWords(plan)],
    ["proved", proofWords(plan)],
    ["from", fromWords(plan)],
    [
      "into",
      `volume ${volume} on ${node.hostname}, a new one; ${configuration.file ? `the file is written there as ${configuration.file.restoreAs}` : "a server loads it once before it is used"}`,
    ],
    ...(change === undefined
      ? [["service", `${of} no longer exists: only its data is brought back`] as const]
      : [
          [
            "service",
            `${of} mounts it at ${change.target}; its task is replaced: ${isRunning ? "a few seconds without it, once the data is there" : "it has no running task now"}`,
          ] as const,
          ["constraints", constraintWords(change.constraints)] as const,
          ["kept", keptWords(plan)] as const,
        ]),
    ...(change === undefined ? [] : [["backup", `${service.Spec.Name} ${followsWords(companion)}`] as const]),
    ...(late === undefined
      ? []
      : [
          [
            style("yellow", "late"),
            `${late}: what was written since ${momentWords(point.pointSeconds)} may be missing`,
          ] as const,
        ]),
    ...(underWay === undefined
      ? []
      : [["continues", `${underWay.service.Spec.Name}, which an earlier run started`] as const]),
  ];
  return [
    style("bold", `Restore ${printable(of)}`),
    ...rows.map(
      ([label, words]) =>
        `  ${label}${" ".repeat(Math.max(1, 13 - label.replaceAll(/\P{ASCII}|\[\d+m/gu, "").length))}${printable(words)}`,
    ),
  ];
}

function fromWords({ companion: { configuration }, list: { bytes, restoreBytes } }: PlannedRestore): string {
  const { repository, store } = configuration;
  if (restoreBytes === undefined) return `${repository}, which holds ${byteWords(bytes)} of ${store}`;
  return `${repository}: reads ${byteWords(restoreBytes)} of the ${byteWords(bytes)} it holds of ${store}`;
}

function stateWords({ atSeconds, point }: PlannedRestore): string {
  const state = momentWords(point.pointSeconds);
  if (atSeconds === undefined) return `the newest, whose last write was at ${state}`;
  return point.pointSeconds === atSeconds
    ? `of ${state}: everything up to the end of that second, and nothing later`
    : `of ${momentWords(atSeconds)}, whose last write was at ${state}`;
}

function proofWords({ companion, point }: PlannedRestore): string {
  const { proof } = point;
  if (proof === undefined)
    return "not yet: no server has loaded a state up to this one; the restore does so before the data is used";
  const { result, seconds, entries } = proof;
  return `the state of ${momentWords(proof.point)} was loaded on ${momentWords(seconds)}: ${result}${entries === undefined ? "" : `, ${entriesWords(companion.configuration.kind, entries)}`}`;
}

/** A companion that does not read the data's files asks the server, wherever its volume is. */
function followsWords({ configuration }: PlannedRestore["companion"]): string {
  return configuration.server === undefined
    ? "follows the new volume"
    : "follows the restored server, from a copy of its own";
}

function constraintWords({ before, after }: NonNullable<PlannedRestore["change"]>["constraints"]): string {
  const differences = [
    ...before.filter((text) => !after.includes(text)).map((text) => `- ${text}`),
    ...after.filter((text) => !before.includes(text)).map((text) => `+ ${text}`),
  ];
  return differences.length === 0 ? "unchanged" : differences.join(", ");
}

function keptWords({ formerVolume = "of before" }: PlannedRestore): string {
  return `volume ${formerVolume}, unchanged: only it has what was written after that state`;
}

function resultLines(
  plan: PlannedRestore,
  { restored, isInUse, companionProblem }: RestoreResult,
  settings: SettingsChange | undefined,
  { style }: Output,
): string[] {
  const { companion, volume, node, formerVolume = "" } = plan;
  const { of, configuration, service } = companion;
  const { entries, bytes, pointSeconds } = restored;
  const loaded = entries === undefined ? "" : `${entriesWords(configuration.kind, entries)}, `;
  const state = `${loaded}${byteWords(bytes)}, the state of ${momentWords(pointSeconds)}`;
  return [
    `${style("green", "Restored")}: ${state}, in volume ${volume} on ${node.hostname}, ${entries === undefined ? "as it was sent" : configuration.file ? "read whole" : "loaded by a server"}`,
    ...(isInUse
      ? [
          `${of} runs on it. Its former volume, ${formerVolume}, is kept unchanged: only it has what was written after that state.`,
          ...(companionProblem === undefined
            ? [`${service.Spec.Name} ${followsWords(companion)}.`]
            : [
                style(
                  "red",
                  `The backup has stopped: ${companionProblem}. Deploy ${service.Spec.Name} again with the new volume.`,
                ),
              ]),
          ...settingsLines(plan, settings),
        ]
      : [
          `There is no service ${of} to use it. Deploy one that mounts ${volume} at ${configuration.data} on ${node.hostname}.`,
          "The volume is not marked as a store's yet: give a service of Holdfast's components `firstStartUntil` for its first start on it.",
        ]),
  ].map(printable);
}

function settingsLines({ volume, node, change }: PlannedRestore, settings: SettingsChange | undefined): string[] {
  if (settings === undefined) {
    return [
      "Change your program, or its next deployment undoes this:",
      `  the volume's name is ${volume}, and its pin ${change?.constraints.after.join(", ") ?? node.hostname}`,
    ];
  }
  return [
    ...(settings.set.length === 0 ? [] : [`Set ${settings.set.join(", ")} in ${settings.file}.`]),
    ...(settings.remaining === undefined ? [] : [settings.remaining]),
  ];
}

function unfinishedLines({ companion, volume, node, atSeconds, change }: PlannedRestore): string[] {
  const again = restoreCommand(companion.of, { atSeconds, volume, node: node.hostname });
  return [
    `${companion.of} is ${change === undefined ? "not there" : "on its former volume, or on the fully restored one"}; volume ${volume} on ${node.hostname} may hold an unfinished restore.`,
    `Run \`${again}\` to continue; \`${advisedDocker(`service ps ${companion.of}`)}\` shows where it runs.`,
  ];
}

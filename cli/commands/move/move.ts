import { carryOutMove, planMove, whereDataIs, type MoveResult, type PlannedMove } from "../../../live/move/move.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import { advised } from "../../../text/advised-command.ts";
import { byteWords } from "../../../text/byte-size.ts";
import { printable } from "../../../text/escape.ts";
import { noteChange } from "../../terminal/begun-change.ts";
import { Exit, exitCode } from "../../terminal/exit-code.ts";
import { confirmPlan } from "../../terminal/confirm-plan.ts";
import { abortOnInterrupt } from "../../terminal/interrupts.ts";
import { openOutput, type Output } from "../../terminal/output.ts";
import { managerToAsk, type BackupCommandOptions } from "../backup/opening.ts";
import { progressPrinter } from "../backup/progress.ts";
import { followInSettings, settingOf, type SettingsChange } from "../backup/settings.ts";

/** Options of `holdfast move` and `holdfast drain`. */
export interface MoveCommandOptions extends BackupCommandOptions {
  to?: string | undefined;
  image?: string | undefined;
  dryRun?: true | undefined;
  yes?: true | undefined;
}

/** What is said of one move. */
export interface MoveDocument {
  readonly plan: ReturnType<typeof planDocument>;
  readonly result?: MoveResult;
  readonly settings?: SettingsChange | undefined;
}

/** `holdfast move SERVICE`: brings its data to another node, and the service after it. */
export async function move(service: string, options: MoveCommandOptions): Promise<void> {
  const output = openOutput(options.json ?? false);
  using interrupts = abortOnInterrupt();
  const { signal } = interrupts;
  const connection = await managerToAsk(options);
  const plan = await planOne(connection, service, options, { output, signal });
  output.print(...moveLines(plan, output), "");
  if (options.dryRun) {
    if (output.json) output.document({ plan: planDocument(plan) });
    output.print("Nothing was changed (--dry-run).");
    return;
  }
  if (!options.yes) {
    const question = "Do you want to carry out this move?";
    await confirmPlan({ plan: () => planDocument(plan), need: moveNeed, question }, output);
  }
  noteChange();
  const document = await moveOne(connection, plan, options, { output, signal });
  if (output.json) output.document(document);
  if (document.result.companionProblem !== undefined) throw new Exit(exitCode.failed);
}

/** What is said of a move where nobody can be asked. */
export const moveNeed = "The move needs confirmation";

interface Control {
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Plans the move of one service. */
export async function planOne(
  connection: EngineConnection,
  service: string,
  { to, image, dryRun, cwd }: MoveCommandOptions,
  { output, signal }: Control,
): Promise<PlannedMove> {
  return planMove(
    connection,
    { service, to, image, otherImage: () => settingOf("backupImage", cwd), dryRun },
    {
      signal,
      onProgress: () => undefined,
      onStep: (words) => {
        output.print(`  ...   ${printable(words)}`);
      },
    },
  );
}

/** Carries a plan out, and has the program follow. */
export async function moveOne(
  connection: EngineConnection,
  plan: PlannedMove,
  options: MoveCommandOptions,
  { output, signal }: Control,
): Promise<MoveDocument & { readonly result: MoveResult }> {
  try {
    const { result, lease } = await carryOutMove(connection, plan, {
      signal,
      onProgress: progressPrinter(output),
      onStep: (words) => {
        output.print(`  ...   ${printable(words)}`);
      },
    });
    const { service, to, order } = plan;
    const settings = await followInSettings({ service, volume: order.toVolume, node: to }, options);
    await lease.end();
    output.print("", ...resultLines(plan, result, settings, output));
    return { plan: planDocument(plan), result, settings };
  } catch (error) {
    if (!(error instanceof Exit) || error.code === exitCode.interrupted)
      output.warn(...(await unfinishedLines(connection, plan)));
    throw error;
  }
}

/** A plan as `--json` has it. */
export function planDocument({ service, companion, order, from, to, change, source, room, underWay }: PlannedMove) {
  return {
    service: service.Spec.Name,
    store: order.store,
    from: from.hostname,
    to: to.hostname,
    fromVolume: order.fromVolume,
    toVolume: order.toVolume,
    ...(source && { files: source.files, bytes: source.bytes }),
    ...(room && { freeBytes: room.freeBytes }),
    constraints: change.constraints,
    backup: companion?.service.Spec.Name,
    goesOn: underWay !== undefined,
  };
}

/** What a move would do, in lines. */
export function moveLines(plan: PlannedMove, { style }: Pick<Output, "style">): string[] {
  const { service, companion, order, from, to, change, source, room, underWay } = plan;
  const { before, after } = change.constraints;
  const differences = [
    ...before.filter((text) => !after.includes(text)).map((text) => `- ${text}`),
    ...after.filter((text) => !before.includes(text)).map((text) => `+ ${text}`),
  ];
  const rows: (readonly [label: string, words: string])[] = [
    ["data", `of ${order.store}${source ? `: ${byteWords(source.bytes)} in ${source.files} files` : ""}`],
    ["from", `volume ${order.fromVolume} on ${from.hostname}`],
    ["to", `volume ${order.toVolume} on ${to.hostname}${room ? `, which has ${byteWords(room.freeBytes)} free` : ""}`],
    [
      "service",
      `${service.Spec.Name} runs while the data is copied; then its task is replaced, and gets what was written meanwhile`,
    ],
    ["constraints", differences.join(", ") || "unchanged"],
    ["kept", `volume ${order.fromVolume} on ${from.hostname}, as it is then; no server starts on it any more`],
    ...(companion ? [["backup", `${companion.service.Spec.Name} follows`] as const] : []),
    ...(underWay ? [["goes on", "with what an earlier run has begun"] as const] : []),
  ];
  return [
    style("bold", `Move ${printable(service.Spec.Name)} to ${printable(to.hostname)}`),
    ...rows.map(([label, words]) => `  ${label.padEnd(13)}${printable(words)}`),
  ];
}

function resultLines(
  plan: PlannedMove,
  { files, bytes, lastSeconds, companionProblem }: MoveResult,
  settings: SettingsChange | undefined,
  { style }: Output,
): string[] {
  const { service, companion, order, from, to, change } = plan;
  const { Name } = service.Spec;
  const amount =
    bytes === undefined || lastSeconds === undefined
      ? ""
      : `: ${byteWords(bytes)} in ${files ?? 0} files, compared; the last difference took ${lastSeconds.toFixed(1)} s`;
  return [
    `${style("green", "Moved")} ${Name} to ${to.hostname}${amount}.`,
    ...(companion === undefined
      ? []
      : companionProblem === undefined
        ? [`${companion.service.Spec.Name} follows.`]
        : [
            style(
              "red",
              `The backup does not go on: ${companionProblem}. Deploy ${companion.service.Spec.Name} again.`,
            ),
          ]),
    ...(settings === undefined
      ? [
          "Change the program, or its next deployment undoes this:",
          `  the volume's name is ${order.toVolume}, and its pin ${change.constraints.after.join(", ")}`,
        ]
      : [
          ...(settings.set.length === 0 ? [] : [`Set ${settings.set.join(", ")} in ${settings.file}.`]),
          ...(settings.remaining === undefined ? [] : [settings.remaining]),
        ]),
    `The former volume is kept on ${from.hostname}, and no server starts on it. Remove it there when you no longer need it:`,
    `  docker rm $(docker ps -aq --filter volume=${order.fromVolume}); docker volume rm ${order.fromVolume}`,
  ].map(printable);
}

async function unfinishedLines(connection: EngineConnection, plan: PlannedMove): Promise<string[]> {
  const { service, to } = plan;
  const again = advised("move", `${service.Spec.Name} --to ${to.hostname}`);
  return [await whereDataIs(connection, plan), `Run \`${again}\` to go on.`].map(printable);
}

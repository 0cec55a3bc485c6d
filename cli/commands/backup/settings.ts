/** Holdfast's own program after a restore or a move: its settings and its state follow, so that the next `up` leaves the service where it is. */
import { basename } from "node:path";
import { ownProject } from "../../../model/own-settings.ts";
import type { SwarmNode } from "../../../model/service/definition.ts";
import { ownerInLabels } from "../../../model/service/ownership.ts";
import type { Service } from "../../../swarm/api/objects.ts";
import { advised } from "../../../text/advised-command.ts";
import { errorWords } from "../../../text/error-text.ts";
import { openContext, type CommandContext } from "../../context/context.ts";
import { findEngineToRead, providerHost } from "../../context/find-swarm.ts";
import { findProject } from "../../context/project.ts";
import { listenForInterrupts } from "../../terminal/interrupts.ts";
import { beginOperation, run } from "../stack/operation.ts";
import { withoutVolume } from "./state-volume.ts";

/** The component of the data in the program (index.ts). */
const dataComponent = "data";

/** What was changed. */
export interface SettingsChange {
  readonly file: string;
  /** Such as `holdfast:volume to foobarstore-20261130-214553`. */
  readonly set: readonly string[];
  /** Why the state does not have it yet, and what to do; undefined where it has. */
  readonly remaining: string | undefined;
}

/** Where the data of a service is now. */
export interface FollowedData {
  /** Undefined where it is gone. */
  readonly service: Service | undefined;
  readonly volume: string;
  readonly node: SwarmNode;
}

/** A setting of Holdfast's own program in a folder; undefined where there is none. */
export async function settingOf(name: string, cwd: string | undefined): Promise<string | undefined> {
  if (findProject(cwd) === undefined) return undefined;
  const stack = await openContext({ cwd, json: true }).stack();
  return stack.project.name === ownProject ? (await stack.getConfig(name))?.value : undefined;
}

/**
 * Sets the volume and the node and refreshes the state, where the folder has Holdfast's own program and the service is of a stack of it. A task
 * has made the volume, so that the program is told that, too; a volume that the program itself had made is no longer in the state, and stays.
 *
 * @returns undefined for any other program, whose lines are the user's to change
 */
export async function followInSettings(
  { service, volume, node }: FollowedData,
  { cwd }: { cwd?: string | undefined },
): Promise<SettingsChange | undefined> {
  const owner = ownerInLabels(service?.Spec.Labels);
  if (owner?.project !== ownProject || findProject(cwd) === undefined) return undefined;
  // What is said of it is said by the command.
  const context = openContext({ cwd, stack: owner.stack, json: true });
  const stack = await context.stack();
  const name = (await stack.getConfig("service"))?.value ?? "stateful";
  if (stack.project.name !== ownProject || name !== service?.Spec.Name) return undefined;
  const set: string[] = [];
  for (const [setting, value] of Object.entries({ volume, node: node.hostname, volumeCreatedBy: "task" })) {
    if ((await stack.getConfig(setting))?.value === value) continue;
    await stack.setConfig(setting, value);
    set.push(`${ownProject}:${setting} to ${value}`);
  }
  return {
    file: basename(stack.settingsPath),
    set,
    remaining: await refreshState(context),
  };
}

async function refreshState(context: CommandContext): Promise<string | undefined> {
  const next = `\`${advised("up", "--refresh")}\` updates the state`;
  try {
    const stack = await context.stack();
    const { exportStack, importStack } = await import("../../../engine/state/stack-export.ts");
    const state = withoutVolume(await exportStack(stack), dataComponent);
    if (state !== undefined) await importStack(stack, state, "the state");
    context.forgetState();
    await beginOperation(context, { changes: true });
    using interrupts = listenForInterrupts(() => undefined, advised("refresh"));
    const { succeeded } = await run(context, "refresh", {
      interrupts,
      dockerHost: providerHost(await findEngineToRead(context)),
      policyPacks: [],
      diff: false,
      includeProtected: [],
    });
    return succeeded ? undefined : `The state could not be refreshed: ${next}.`;
  } catch (error) {
    return `The state could not be refreshed (${errorWords(error)}): ${next}.`;
  }
}

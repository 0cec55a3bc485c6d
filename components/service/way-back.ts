import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { whyNoWayBack } from "../../model/image/version-change.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import type { FollowedUpdate } from "../../swarm/service/update-end.ts";
import { advisedDocker, advisedRepair } from "../../text/advised-command.ts";
import { InputError } from "../../text/input-error.ts";
import { valueAt } from "../arguments/transform.ts";
import { nextHookNumber, plainValues, takesErrorHooks, takesHooks } from "../hooks/hooks.ts";
import { isEmbedded, swarmManager, type SwarmManager } from "../hooks/provider-engine.ts";
import { OnUpdateFailure } from "./updates.ts";

/** A service that Swarm rolls back when an update fails. */
export interface WayBack {
  /** In Docker. */
  serviceName: string;
  /** What precedes the arguments' names in an error. */
  path: string;
  onUpdateFailure: OnUpdateFailure;
  /** Whether the files could be those of a newer version: it keeps data, and no start script of Holdfast's looks at them. */
  isUnguarded: boolean;
  labels: Record<string, string>;
}

/** A hook that refuses an update after which the previous version must not run: Swarm would roll back to it anyway. */
export function versionHooks({ path, onUpdateFailure, isUnguarded, labels }: WayBack): pulumi.ResourceHookBinding {
  if (!takesHooks() || onUpdateFailure === OnUpdateFailure.pause || !isUnguarded) return {};
  const before = new pulumi.ResourceHook(
    `holdfast-version-${nextHookNumber("version")}`,
    async ({ oldInputs, newInputs }) => {
      const [was, is] = await Promise.all([imageOf(oldInputs), imageOf(newInputs)]);
      const why = was && is && whyNoWayBack(was, is, labels[serviceLabels.image]);
      if (why === undefined || why === "") return;
      throw new InputError({
        path: `${path}.image`,
        expected: "a change that can be taken back when it fails",
        got: `another major version: ${why}`,
        fix: "Make a backup, and say `onUpdateFailure: OnUpdateFailure.pause` for this change: then nothing runs after a failure until you have looked",
      });
    },
    { onDryRun: true },
  );
  return { beforeUpdate: [before] };
}

/**
 * Hooks that follow an update from before it is sent until Swarm has finished with it. Holdfast's own engine does this itself.
 *
 * The provider only looks at the tasks: it considers an update done while Swarm still monitors it, and Pulumi then deletes the
 * previous configurations, which a rollback needs. It waits ten minutes for a node, and a minute for a stalled rollback.
 *
 * @param secrets - values that no log line may show
 */
export function updateEndHooks(
  { serviceName, onUpdateFailure }: WayBack,
  secrets: pulumi.Input<string>[],
  component: pulumi.ComponentResource,
): pulumi.ResourceHookBinding {
  if (!takesHooks() || onUpdateFailure === OnUpdateFailure.pause) return {};
  const number = nextHookNumber("update-end");
  const findManager = swarmManager(component);
  let hasBegun = (): boolean => false;
  let end: Promise<string | undefined> = Promise.resolve(undefined);
  const tell = async (why: string | undefined): Promise<string | undefined> => {
    if (why !== undefined) await pulumi.log.error(why, component);
    return why;
  };
  const before = new pulumi.ResourceHook(`holdfast-update-end-${number}-before`, async ({ id }) => {
    if (isEmbedded()) return;
    const { values } = await plainValues({ values: secrets });
    const words = Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
    const followed = await follow(findManager, id, words);
    if (followed === undefined) return;
    ({ hasBegun } = followed);
    end = followed.end.then(tell, () => undefined);
  });
  const ended = (): Promise<string | undefined> => Promise.race([end, sleep(longestWaitMs, undefined, { ref: false })]);
  const after = new pulumi.ResourceHook(`holdfast-update-end-${number}-after`, async () => {
    if ((await ended()) === undefined) return;
    throw new Error(
      `service "${serviceName}": Swarm has taken the update back, and the state says otherwise. Look at \`${advisedDocker(`service ps --no-trunc ${serviceName}`)}\`, correct the program and run \`${advisedRepair()}\`.`,
    );
  });
  const hooks = { beforeUpdate: [before], afterUpdate: [after] };
  if (!takesErrorHooks()) return hooks;
  // The provider fails as soon as a rollback begins: Pulumi would exit before the reason and the outcome could be reported.
  const failed = new pulumi.ErrorHook(`holdfast-update-end-${number}-failed`, async () => {
    if (hasBegun()) await ended();
    return false;
  });
  return { ...hooks, onError: [failed] };
}

/** How long Swarm may watch an update and carry out a rollback once the provider is done. */
const longestWaitMs = 120_000;

/** Follows an update; an engine that cannot be asked says nothing. */
async function follow(
  findManager: SwarmManager,
  id: string,
  secrets: readonly string[],
): Promise<FollowedUpdate | undefined> {
  const [manager, { redactor }, { followUpdate }] = await Promise.all([
    findManager(),
    import("../../swarm/api/redaction.ts"),
    import("../../swarm/service/update-end.ts"),
  ]);
  if (manager === undefined) return undefined;
  try {
    return await followUpdate(manager, id, redactor(secrets));
  } catch {
    return undefined;
  }
}

/** The image of a service's inputs, where it is known. */
async function imageOf(inputs: Record<string, unknown> | undefined): Promise<string | undefined> {
  const image = valueAt(await plainValues(inputs), "taskSpec.containerSpec.image");
  return typeof image === "string" ? image : undefined;
}

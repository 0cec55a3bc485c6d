import * as pulumi from "@pulumi/pulumi";
import { advisedDocker, advisedRepair } from "../model/advised-command.ts";
import { InputError } from "../model/input-error.ts";
import { serviceLabels } from "../model/service-labels.ts";
import { whyNoWayBack } from "../model/version-change.ts";
import { plainValues, takesHooks } from "./hooks.ts";
import { OnUpdateFailure } from "./service-spec.ts";

/** What decides which hooks a service needs. */
export interface WayBack {
  /** In Docker. */
  serviceName: string;
  /** What stands before the arguments' names in an error. */
  path: string;
  onUpdateFailure: OnUpdateFailure;
  /** Whether the files could be those of a newer version: it keeps data, and no start script of Holdfast's looks at them. */
  isUnguarded: boolean;
  labels: Record<string, string>;
}

/**
 * Hooks of a service that Swarm takes back where an update fails.
 *
 * Before an update: one after which the former version must not run is refused, for Swarm would bring it back all the same. After
 * one: the provider looks at the tasks alone and takes an update for done while Swarm still watches it, and Pulumi then deletes the
 * former configurations, which a rollback needs; so Swarm's word is waited for. Holdfast's own engine has done so already.
 */
export function wayBackHooks({
  serviceName,
  path,
  onUpdateFailure,
  isUnguarded,
  labels,
}: WayBack): pulumi.ResourceHookBinding {
  if (!takesHooks() || onUpdateFailure === OnUpdateFailure.pause) return {};
  hooked += 1;
  const host = new pulumi.Config("docker").get("host");
  const before = new pulumi.ResourceHook(
    `holdfast-way-back-${hooked}-before`,
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
  const after = new pulumi.ResourceHook(`holdfast-way-back-${hooked}-after`, async ({ id }) => {
    const said = await updateEnd(host, id);
    if (said === undefined) return;
    throw new Error(
      `service "${serviceName}": Swarm has taken the update back (${said}); the state still says otherwise. Look at \`${advisedDocker(`service ps --no-trunc ${serviceName}`)}\`, correct the program and run \`${advisedRepair()}\`.`,
    );
  });
  return { ...(isUnguarded && { beforeUpdate: [before] }), afterUpdate: [after] };
}

/** Hooks need names of their own. */
let hooked = 0;

/** What Swarm says of an update that is not in effect; an engine that cannot be asked says nothing. */
async function updateEnd(host: string | undefined, id: string): Promise<string | undefined> {
  if (process.env["HOLDFAST_ENGINE"] === "embedded") return undefined;
  const [{ findEngine }, { awaitUpdateEnd }] = await Promise.all([
    import("../swarm/connection.ts"),
    import("../swarm/update-end.ts"),
  ]);
  try {
    return await awaitUpdateEnd(findEngine({ host }), id);
  } catch {
    return undefined;
  }
}

/** The image of a service's inputs, where it is known. */
async function imageOf(inputs: Record<string, unknown> | undefined): Promise<string | undefined> {
  const image = ["taskSpec", "containerSpec", "image"].reduce<unknown>(member, await plainValues(inputs));
  return typeof image === "string" ? image : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(name)
    : undefined;
}

import { takingOf } from "../../../inputs/pulumi/taking.ts";
import { requireNodePattern } from "../../../model/placement/node-pattern.ts";
import type { StackIdentity } from "../../../model/service/ownership.ts";
import type { EngineConnection } from "../../../swarm/engine/connection.ts";
import type { CommandContext } from "../../context/context.ts";
import type { StateContent } from "../../engines/engine.ts";
import type { ShownOperation } from "./operation.ts";

/** The setting that says where the engines of the other nodes are, for every program. */
const nodesSetting = "holdfast:nodes";

/** The stack that a command is about. */
export async function stackIdentity({ stack, location }: CommandContext): Promise<StackIdentity> {
  return { project: (await stack()).project.name, stack: location.stackName };
}

/** Where the engines of the nodes are, by `--nodes`, else the stack's settings: an address with `{hostname}` or `{address}` in it. */
export async function nodePattern({ stack }: CommandContext, option: string | undefined): Promise<string | undefined> {
  const pattern = option ?? (await (await stack()).getConfig(nodesSetting))?.value;
  if (pattern === undefined) return undefined;
  return requireNodePattern(pattern, option === undefined ? nodesSetting : "--nodes");
}

/**
 * Refuses a plan that would take another owner's name or volume; reports every one.
 *
 * @throws NameTakenError
 */
export async function requireFreeNames(
  context: CommandContext,
  planned: ShownOperation,
  manager: EngineConnection,
  nodes: string | undefined,
): Promise<void> {
  const declared = planned.events.flatMap(({ resourcePreEvent }) => {
    const step = resourcePreEvent?.metadata;
    if (step?.new === undefined || !["create", "create-replacement", "update"].includes(step.op)) return [];
    const taking = takingOf(step.type, step.old?.inputs, step.new.inputs);
    return taking === undefined ? [] : [{ type: step.type, taking }];
  });
  if (declared.length === 0) return;
  const known = await context.state();
  const knownNames = new Set(known.resources.map(({ type, dockerName }) => `${type} ${dockerName ?? ""}`));
  const takings = declared.map(({ type, taking }) => ({
    ...taking,
    isNewName: taking.isNewName && !knownNames.has(`${type} ${taking.name}`),
  }));
  const [{ requireManager }, { requireOwnNames }, { NameTakenError }] = await Promise.all([
    import("../../../swarm/engine/connection.ts"),
    import("../../../live/ownership/name-check.ts"),
    import("../../../swarm/api/taken-name.ts"),
  ]);
  await requireManager(manager);
  const question = {
    manager,
    own: await stackIdentity(context),
    nodePattern: nodes,
    known: { services: serviceNames(known) },
  };
  let refusal: Error | undefined;
  for (const taking of takings) {
    try {
      await requireOwnNames(taking, question);
    } catch (error) {
      if (!(error instanceof NameTakenError)) throw error;
      if (refusal !== undefined) context.output.warn(`error: ${refusal.message}`);
      refusal = error;
    }
  }
  if (refusal !== undefined) throw refusal;
}

/** The type of a service in a state. */
const serviceType = "docker:index/service:Service";

/** The names of the services that a state holds. */
export function serviceNames({ resources }: StateContent): ReadonlySet<string> {
  return new Set(resources.filter(({ type }) => type === serviceType).flatMap(({ dockerName }) => dockerName ?? []));
}

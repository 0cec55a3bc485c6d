import type Docker from "dockerode";
import type { SwarmNode } from "../../model/service/definition.ts";
import { serviceLabels } from "../../model/service/labels.ts";
import type { Service, ServiceSpec } from "../../swarm/api/objects.ts";
import { listServices } from "../../swarm/api/reads.ts";

/**
 * Keeps the drill of a service off the node that its data is on now, where it was kept off the former one: beside the data it
 * would show nothing about another node. A drill that no node takes afterwards waits, and is overdue then.
 *
 * @param of - the name of the service whose backup is drilled
 */
export async function keepDrillElsewhere(
  docker: Docker,
  of: string,
  node: SwarmNode,
  onStep: (words: string) => void,
): Promise<void> {
  const [drill] = await listServices(docker, `${serviceLabels.drillOf}=${of}`);
  const spec = drill && drilledElsewhere(drill, node);
  if (!spec) return;
  onStep(`keeping ${drill.Spec.Name} off ${node.hostname}`);
  await docker.getService(drill.ID).update({ ...spec, version: drill.Version.Index });
}

/** The drill's service with the node of the data in its constraint; undefined where that is there, or a label says it. */
export function drilledElsewhere(
  { Spec }: Pick<Service, "Spec">,
  { id, hostname }: Pick<SwarmNode, "id" | "hostname">,
): ServiceSpec | undefined {
  const { Placement } = Spec.TaskTemplate;
  const before = Placement?.Constraints ?? [];
  const after = before.map((constraint) => {
    const [, key] = /^\s*node\.(hostname|id)\s*!=/iu.exec(constraint) ?? [];
    if (key === undefined) return constraint;
    return `node.${key}!=${key.toLowerCase() === "id" ? id : hostname}`;
  });
  if (after.every((constraint, index) => constraint === before[index])) return undefined;
  return { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, Placement: { ...Placement, Constraints: after } } };
}

/**
 * `ForceUpdate`, the count that says only that a service's task was replaced: by a program that wants it replaced, by `verify`, or by
 * someone's `docker service update --force`. Going back to the declared count would replace the task once more, so a program's count
 * goes to Swarm when the program changes it, and otherwise the live one stays; the state keeps the program's.
 */
import { isDeepStrictEqual } from "node:util";
import type { ServiceSpec } from "../api/objects.ts";

/** A service before and in an update. */
export interface CountedUpdate {
  /** What is declared, with its own count. */
  readonly declared: ServiceSpec;
  /** As Swarm has it; undefined where it is gone. */
  readonly live: ServiceSpec | undefined;
  /** The count that the state has. */
  readonly known: number | undefined;
}

/**
 * The specification to send: with the live count where the program has not changed its own. Another endpoint takes the declared count
 * along, which replaces the task that has the old one.
 */
export function withLiveCount({ declared, live, known }: CountedUpdate): ServiceSpec {
  const { TaskTemplate } = declared;
  const isChanged = TaskTemplate.ForceUpdate !== known;
  if (live === undefined || isChanged || !isDeepStrictEqual(endpointOf(live), endpointOf(declared))) return declared;
  return { ...declared, TaskTemplate: { ...TaskTemplate, ForceUpdate: live.TaskTemplate.ForceUpdate ?? 0 } };
}

/** The count for the state, of a service as an update has left it: Swarm may have taken the update back. */
export function countForState(found: ServiceSpec, update: CountedUpdate): number {
  const count = found.TaskTemplate.ForceUpdate ?? 0;
  if (count === (withLiveCount(update).TaskTemplate.ForceUpdate ?? 0))
    return update.declared.TaskTemplate.ForceUpdate ?? 0;
  return count === (update.live?.TaskTemplate.ForceUpdate ?? 0) ? (update.known ?? count) : count;
}

function endpointOf({ EndpointSpec }: ServiceSpec): object {
  const ports = (EndpointSpec?.Ports ?? []).map(({ Protocol, TargetPort, PublishedPort, PublishMode }) => ({
    protocol: Protocol || "tcp",
    target: TargetPort,
    published: PublishedPort ?? 0,
    mode: PublishMode || "ingress",
  }));
  return { mode: EndpointSpec?.Mode || "vip", ports };
}

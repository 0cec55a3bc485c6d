/** What a task finds in another volume, or on another node: looked at there, because Swarm's managers know of no volume. */
import { startFile } from "../../model/image/command.ts";
import { locate } from "../../model/placement/task-location.ts";
import { nameOf, type LiveFacts, type Plan, type VolumeSight } from "../../model/plan/plan.ts";
import { isKnown, type ServiceDefinition } from "../../model/service/definition.ts";
import { readStartScript } from "../../model/service/start-guard.ts";
import { dataKeeper, type DataPlace } from "../../model/storage/data-location.ts";

/** A volume on a node. */
export interface VolumeOnNode {
  /** The node's id. */
  readonly node: string;
  readonly volume: string;
}

/** The local volumes, of another name or on another node than those of their data, that services of a plan find: to be looked at first. */
export function volumesToLookAt(
  { steps }: Plan,
  { nodes, taskNodes, images = new Map(), imageNames }: LiveFacts,
): readonly VolumeOnNode[] {
  return steps.flatMap(({ before, after, operation }): readonly VolumeOnNode[] => {
    if (before?.kind !== "service" || after?.kind !== "service" || operation === "same") return [];
    const facts = { nodes, taskNodes: taskNodes?.get(nameOf(before)) };
    const { move, nextNodeId: node } = locate(before.definition, after.definition, facts);
    if (node === undefined) return [];
    const volumesOf = (service: ServiceDefinition): readonly string[] =>
      dataKeeper(service, { images, imageNames, volumes: [] }).places.flatMap((place) => localVolume(place) ?? []);
    const known = move.kind === "moves" ? [] : volumesOf(before.definition);
    return volumesOf(after.definition)
      .filter((volume) => !known.includes(volume))
      .map((volume) => ({ node, volume }));
  });
}

/** The name of a volume on one node; `undefined` for any other place. */
export function localVolume({ kind, source, reach }: DataPlace): string | undefined {
  return kind === "named volume" && reach === "node" && source !== undefined && isKnown(source) ? source : undefined;
}

/** What a service finds in a volume that its data was not in. */
export type SightFinding =
  /** The engine of that node was not asked. */
  | { readonly kind: "not looked at" }
  /** Its server starts with nothing, or not at all. */
  | { readonly kind: "no data"; readonly words: string }
  /** Data that its server starts on; how old it is, is not known. */
  | { readonly kind: "data"; readonly words: string };

/** Determines what a service finds, from what was seen there and the mark that its start script requires. */
export function findingOn(
  { node, volume }: { node: string | undefined; volume: string },
  service: ServiceDefinition,
  { volumesOn }: LiveFacts,
): SightFinding {
  const seen = node === undefined ? undefined : volumesOn?.get(node);
  if (seen === undefined) return { kind: "not looked at" };
  const sight = seen.get(volume);
  const identity = readStartScript(startFile(service) ?? "")?.identity;
  if (sight === undefined || sight.isEmpty)
    return { kind: "no data", words: sight === undefined ? "is not there yet" : "is there, and empty" };
  if (identity === undefined) return { kind: "data", words: `is there with files in it${markWords(sight)}` };
  return sight.mark === identity
    ? { kind: "data", words: `is there${markWords(sight)}` }
    : {
        kind: "no data",
        words: `is there${sight.mark === undefined ? " without a mark" : markWords(sight)}, so the service's start guard refuses to start on it`,
      };
}

function markWords({ mark }: VolumeSight): string {
  return mark === undefined ? "" : ` with the mark of ${mark}`;
}

/** Facts about a live swarm, as a file or as just asked: what sharpens a verdict. */
import { z } from "zod";
import { InputError } from "../model/input-error.ts";
import { readLiveSwarm } from "../model/inputs/live-swarm.ts";
import { isRecord } from "../model/inputs/field.ts";
import { printable } from "../model/plain-text.ts";
import type { LiveFacts } from "../model/planned-change.ts";
import type { Estate } from "../model/service-definition.ts";

const list = z.array(z.record(z.string(), z.unknown())).optional();

/** Answers of the Docker Engine API, as `docker … inspect` prints them, and the sizes of datasets and the id of the node that was asked; each part may be missing. */
const factsFile = z.object({
  nodes: list,
  services: list,
  tasks: list,
  volumes: list,
  images: list,
  configs: list,
  engineNode: z.string().optional(),
  datasetBytes: z.record(z.string(), z.number().nonnegative()).optional(),
});

/** The facts, and the estate that they describe. */
export interface ReadFacts {
  readonly live: LiveFacts;
  readonly estate: Estate;
}

/**
 * Reads facts about a live swarm.
 *
 * @param file - where they were read, for the error
 * @throws InputError when they are not in the form of {@link factsFile}
 */
export function readFacts(document: unknown, file: string): ReadFacts {
  const read = factsFile.safeParse(document);
  if (!read.success) {
    const path = read.error.issues[0]?.path.map(String).join(".") ?? "";
    throw new InputError({
      path: printable(path === "" ? file : `${file}: ${path}`),
      expected:
        "an object with nodes, services, tasks, volumes, images (each a list as `docker inspect` prints it), engineNode and datasetBytes",
      got: "another form",
      fix: "Write it with `holdfast impact --swarm --save-facts FILE`",
    });
  }
  const { tasks = [], datasetBytes, engineNode, volumes = [], services = [], ...rest } = read.data;
  const { nodes, images, configs } = rest;
  const estate = readLiveSwarm({
    services,
    volumes,
    ...(nodes !== undefined && { nodes }),
    ...(images !== undefined && { images }),
    ...(configs !== undefined && { configs }),
  });
  const names = new Map(services.map((service) => [text(service, "ID"), text(service, "Spec", "Name")]));
  return {
    estate,
    live: {
      ...(estate.nodes !== undefined && { nodes: estate.nodes }),
      images: estate.images,
      taskNodes: taskNodes(tasks, names),
      withPlatforms: new Set(services.filter(hasPlatforms).map((service) => text(service, "Spec", "Name"))),
      volumeBytes: new Map(volumes.flatMap(volumeSize)),
      ...(engineNode !== undefined && { engineNode }),
      ...(datasetBytes !== undefined && { datasetBytes: new Map(Object.entries(datasetBytes)) }),
    },
  };
}

function taskNodes(
  tasks: readonly unknown[],
  names: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  const nodes = new Map<string, string[]>();
  for (const task of tasks) {
    const name = names.get(text(task, "ServiceID"));
    if (name === undefined || text(task, "Status", "State") !== "running") continue;
    nodes.set(name, [...(nodes.get(name) ?? []), text(task, "NodeID")]);
  }
  return nodes;
}

function hasPlatforms(service: unknown): boolean {
  const platforms = at(service, "Spec", "TaskTemplate", "Placement", "Platforms");
  return Array.isArray(platforms) && platforms.length > 0;
}

function volumeSize(volume: unknown): [string, number][] {
  const size = at(volume, "UsageData", "Size");
  return typeof size === "number" && size >= 0 ? [[text(volume, "Name"), size]] : [];
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
}

function text(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

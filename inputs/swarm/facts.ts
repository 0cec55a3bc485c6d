/** Facts about a live swarm, as a file or as just asked: what sharpens a verdict. */
import { z } from "zod";
import type { LiveFacts } from "../../model/plan/plan.ts";
import { differences } from "../../model/plan/task-template.ts";
import { advised } from "../../text/advised-command.ts";
import { printable } from "../../text/escape.ts";
import { InputError } from "../../text/input-error.ts";
import { taskWords } from "../../text/task-state.ts";
import { isRecord } from "../fields/field.ts";
import type { LiveServices } from "../stack/plan.ts";
import { readLiveSwarm } from "./definitions.ts";
import { liveTask } from "./task.ts";
import { readSwarmUse } from "./use.ts";

const list = z.array(z.record(z.string(), z.unknown())).optional();

/**
 * Answers of the Docker Engine API, the sizes of datasets, the id of the node that was asked, and what a plan wants that cannot be
 * had; each part may be missing.
 */
const factsFile = z.object({
  nodes: list,
  services: list,
  tasks: list,
  volumes: list,
  images: list,
  configs: list,
  networks: list,
  engineNode: z.string().optional(),
  volumesOn: z
    .record(z.string(), z.record(z.string(), z.object({ mark: z.string().optional(), isEmpty: z.boolean() })))
    .optional(),
  datasetBytes: z.record(z.string(), z.number().nonnegative()).optional(),
  missingImages: z.record(z.string(), z.string()).optional(),
  foreignPorts: z.array(z.string()).optional(),
});

/** The facts, and the estate that they describe. */
export interface ReadFacts extends LiveServices {
  readonly live: LiveFacts;
}

/**
 * Reads facts about a live swarm.
 *
 * @param file - where they were read, for the error
 * @throws InputError when they are not in the form of {@link factsFile}
 */
export function readFacts(document: unknown, file: string): ReadFacts {
  const read = factsFile.safeParse(document);
  const isFacts = read.success && Object.keys(read.data).length > 0;
  if (!isFacts) {
    const path = read.error?.issues[0]?.path.map(String).join(".") ?? "";
    throw new InputError({
      path: printable(path === "" ? file : `${file}: ${path}`),
      expected:
        "an object with nodes, services, tasks, volumes, images, configs, networks (each a list as the Engine API gives it), engineNode and datasetBytes",
      got: "another form",
      fix: `Write it with \`${advised("impact", "--swarm --save-facts FILE")}\``,
    });
  }
  const {
    tasks = [],
    datasetBytes,
    engineNode,
    volumesOn,
    volumes = [],
    services = [],
    configs = [],
    ...rest
  } = read.data;
  const { nodes, images, networks, missingImages, foreignPorts } = rest;
  const estate = readLiveSwarm({
    services,
    volumes,
    ...(nodes !== undefined && { nodes }),
    ...(images !== undefined && { images }),
    configs,
  });
  const networkNames = networks && new Map(networks.map((network) => [text(network, "Id"), text(network, "Name")]));
  const names = new Map(services.map((service) => [text(service, "ID"), text(service, "Spec", "Name")]));
  const byService = (all: readonly unknown[]): ReadonlyMap<string, readonly unknown[]> =>
    Map.groupBy(all, (task) => names.get(text(task, "ServiceID")) ?? "");
  const running = byService(tasks.filter((task) => text(task, "Status", "State") === "running"));
  // A task that starts counts for Swarm as much as one that runs already.
  const wanted = byService(tasks.filter((task) => text(task, "DesiredState") === "running"));
  const byName = new Map(services.map((service) => [text(service, "Spec", "Name"), service]));
  return {
    estate,
    tasks: (name) => {
      const found = byName.get(name);
      if (found === undefined) return [];
      const spec = at(found, "Spec");
      // A task that an update has spared runs with what it was started with, and that is what Swarm compares with.
      const started = (wanted.get(name) ?? []).map((task) => at(task, "Spec")).filter(isRecord);
      const own = record(at(spec, "TaskTemplate"));
      return (started.length === 0 ? [own] : started).map((task) => ({
        ...liveTask({ Spec: { ...record(spec), TaskTemplate: task } }, networkNames),
        isEndpointKnown: !placementDiffers(task["Placement"], own["Placement"]),
      }));
    },
    contents: new Map(configs.map((config) => [`config ${text(config, "Spec", "Name")}`, contentOf(config)])),
    live: {
      ...(estate.nodes !== undefined && { nodes: estate.nodes }),
      images: estate.images,
      taskNodes: new Map([...running].map(([name, all]) => [name, all.map((task) => text(task, "NodeID"))])),
      ...(read.data.tasks !== undefined && { down: downServices(services, tasks) }),
      ...(read.data.configs && { configNames: new Set(configs.map((config) => text(config, "Spec", "Name"))) }),
      withOtherPlacement: new Set(
        [...byName]
          .filter(([name, service]) => hasOtherPlacement(service, wanted.get(name) ?? []))
          .map(([name]) => name),
      ),
      ...(read.data.services &&
        read.data.tasks && {
          use: {
            ...readSwarmUse(services, tasks),
            ...(missingImages && { missingImages: new Map(Object.entries(missingImages)) }),
            ...(foreignPorts && { foreignPorts: new Set(foreignPorts) }),
          },
        }),
      ...(engineNode !== undefined && { engineNode }),
      ...(volumesOn && { volumesOn: sightsOf(volumesOn) }),
      ...(datasetBytes !== undefined && { datasetBytes: new Map(Object.entries(datasetBytes)) }),
    },
  };
}

/**
 * Whether a task's placement is another than the service will have after the provider's next update: that drops the platforms
 * which the creation has put there, and a change that a task has survived is not in the task.
 *
 * @param tasks - those that are meant to run
 */
function hasOtherPlacement(service: unknown, [task]: readonly unknown[]): boolean {
  const placement = at(service, "Spec", "TaskTemplate", "Placement");
  const used = task === undefined ? placement : (at(task, "Spec", "Placement") ?? placement);
  const platforms = at(used, "Platforms");
  if (Array.isArray(platforms) && platforms.length > 0) return true;
  return placementDiffers(used, placement);
}

/** What was seen of volumes on their own nodes, by the nodes' ids and the volumes' names, as a file has it. */
export type SeenVolumes = Readonly<
  Record<string, Readonly<Record<string, { mark?: string | undefined; isEmpty: boolean }>>>
>;

function sightsOf(seen: SeenVolumes): NonNullable<LiveFacts["volumesOn"]> {
  return new Map(
    Object.entries(seen).map(([node, volumes]) => [
      node,
      new Map(Object.entries(volumes).map(([name, { mark, isEmpty }]) => [name, { mark, isEmpty }])),
    ]),
  );
}

/** Services of which no task runs; one whose container starts may have its data in memory already. */
function downServices(services: readonly unknown[], tasks: readonly unknown[]): ReadonlyMap<string, string> {
  const byId = Map.groupBy(tasks, (task) => text(task, "ServiceID"));
  return new Map(
    services.flatMap((service): [string, string][] => {
      const own = byId.get(text(service, "ID")) ?? [];
      const { Replicated, Global } = record(at(service, "Spec", "Mode"));
      // A job is meant to end.
      const isStopped = at(Replicated, "Replicas") === 0;
      const runs = own.some((task) => ["starting", "running"].includes(text(task, "Status", "State")));
      if (runs || (Replicated ?? Global) === undefined) return [];
      if (isStopped) return [[text(service, "Spec", "Name"), "it is scaled to 0"]];
      const [newest] = own.toSorted((one, other) => text(other, "CreatedAt").localeCompare(text(one, "CreatedAt")));
      return [[text(service, "Spec", "Name"), newestWords(newest)]];
    }),
  );
}

function newestWords(task: unknown): string {
  if (task === undefined) return "it has none yet";
  const reason = text(task, "Status", "Err") || text(task, "Status", "Message");
  return `the newest is ${taskWords(text(task, "Status", "State"), reason)}`;
}

function placementDiffers(one: unknown, other: unknown): boolean {
  return ["Constraints", "Preferences", "MaxReplicas"].some(
    (part) => differences(at(one, part), at(other, part), part).length > 0,
  );
}

function contentOf(config: unknown): string {
  return Buffer.from(text(config, "Spec", "Data"), "base64").toString("utf8");
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), value);
}

function text(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

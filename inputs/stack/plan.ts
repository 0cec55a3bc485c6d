/** Two stack files, or a stack file and what runs now, as a plan of `docker stack deploy`. */
import { dirname, resolve } from "node:path";
import {
  plainStep,
  type Plan,
  type PlannedAccessory,
  type PlannedObject,
  type PlannedService,
  type PlannedStep,
} from "../../model/plan/plan.ts";
import { templateDifferences, type TaskTemplate } from "../../model/plan/task-template.ts";
import { isKnown, labelOf, type Estate, type ServiceDefinition } from "../../model/service/definition.ts";
import { stackLabel, type DeployedTask, type Settings } from "../fields/deployed-task.ts";
import type { StackFileOptions } from "./document.ts";
import { readStackFile, type StackFile } from "./file.ts";

/** A stack file with how it is read. */
export interface StackFileInput {
  readonly text: string;
  readonly options: StackFileOptions;
}

/** What `docker stack deploy` gets in addition to the file. */
export interface DeployOptions {
  /** Whether services that the file no longer has are removed (`--prune`). */
  readonly prune: boolean;
  /** The stack's name. */
  readonly stack: string | undefined;
}

/** A task that runs. */
export interface LiveTask extends DeployedTask {
  /** Whether its endpoint is the service's: one that has survived a change of its placement may have another, which no API shows. */
  readonly isEndpointKnown: boolean;
}

/** What runs now. */
export interface LiveServices {
  readonly estate: Estate;
  /** A live service's tasks, each as `docker stack deploy` would have asked for it, by the service's name. */
  readonly tasks: (service: string) => readonly LiveTask[];
  /** The content of the swarm's configs, by kind and name, such as `config shop_redis`. */
  readonly contents: ReadonlyMap<string, string>;
}

/** The prefix for the names of what a file creates when the stack's name is not given; external objects do not have it. */
const anyStack = "<stack>";

/**
 * Makes a plan of two versions of a stack file.
 *
 * @throws InputError when one is no stack file
 */
export function planBetweenStackFiles(before: StackFileInput, after: StackFileInput, options: DeployOptions): Plan {
  const { prune, stack = anyStack } = options;
  const read = ({ text, options: how }: StackFileInput): StackFile => readStackFile(text, { ...how, stack });
  const [old, next] = [read(before), read(after)];
  const olds = services(old);
  const news = services(next);
  const steps = [...news].map(([name, service]) => step(name, olds.get(name), service));
  const gone = [...olds].filter(([name]) => !news.has(name));
  return plan([...steps, ...gone.map(([name, service]) => leftOut(name, service, prune))], old.contents(), next);
}

/**
 * Makes a plan of a stack file and the services that run now.
 *
 * @param options.stack - without it, the stack is that of the one live service that is called like one of the file's
 */
export function planOverLiveSwarm(live: LiveServices, file: StackFileInput, options: DeployOptions): Plan {
  const { services: running } = live.estate;
  const byName = new Map(running.map((service) => [service.name, service]));
  const stack = options.stack ?? stackAmong(running, readStackFile(file.text, file.options));
  const read = readStackFile(file.text, { ...file.options, ...(stack !== undefined && { stack }) });
  const folder = dirname(resolve(file.options.file));
  const wanted = new Set(read.services.map(({ name }) => fullName(name, stack)));
  const steps = [...services(read)].map(([name, next]) => {
    const full = fullName(name, stack);
    const found = byName.get(full);
    const after = read.task(name);
    if (found === undefined || after === undefined) return step(full, undefined, next);
    const compared = live.tasks(full).map((task): readonly [TaskTemplate, TaskTemplate] => {
      const [was, is] = alike(task, after, folder);
      return [templateOf(next.definition, was), templateOf(next.definition, is)];
    });
    // Swarm checks each task: the one that differs shows what happens.
    const differing = compared.find(([was, is]) => templateDifferences(was, is).rest.length > 0) ?? compared[0];
    if (differing === undefined) return step(full, undefined, next);
    const [was, is] = differing;
    return step(full, planned(found, was), { ...next, name: full, template: is });
  });
  const gone = running.filter(
    (service) => options.stack !== undefined && labelOf(service, stackLabel) === stack && !wanted.has(service.name),
  );
  const left = gone.map((each) =>
    leftOut(each.name, planned(each, templateOf(each, live.tasks(each.name)[0])), options.prune),
  );
  return plan([...steps, ...left], live.contents, read);
}

function fullName(service: string, stack: string | undefined): string {
  return stack === undefined ? service : `${stack}_${service}`;
}

function stackAmong(running: readonly ServiceDefinition[], { services: wanted }: StackFile): string | undefined {
  for (const { name } of wanted) {
    const found = running.find((service) => service.name.endsWith(`_${name}`));
    if (found === undefined) continue;
    const label = labelOf(found, stackLabel);
    return isKnown(label) && label !== undefined ? label : found.name.slice(0, -name.length - 1);
  }
  return undefined;
}

/**
 * @param before - the current content of configs and secrets, by kind and name
 * @param file - what is deployed
 */
function plan(steps: readonly PlannedStep[], before: ReadonlyMap<string, string>, file: StackFile): Plan {
  const changed = [...file.contents()]
    .filter(([id, content]) => (before.get(id) ?? content) !== content)
    .map(([id]) => contentStep(id));
  // Secrets and configs are updated before any service is touched.
  const dependsOn = changed.map(({ id }) => id);
  return {
    executor: "stack deploy",
    steps: [...changed, ...steps.map((each) => ({ ...each, dependsOn }))],
    unseen: 0,
    errors: dependsOn.map((id) => `docker stack deploy fails at ${id}: its content changes under its name.`),
    policyFindings: [],
  };
}

function contentStep(id: string): PlannedStep {
  const [kind = "", name = ""] = id.split(" ", 2);
  const object: PlannedAccessory = { kind: kind === "secret" ? "secret" : "config", name, id: undefined };
  return { ...plannedStep(id, object, object), operation: "update" };
}

function services(file: StackFile): ReadonlyMap<string, PlannedService> {
  return new Map(
    file.services.map((definition) => {
      const template = templateOf(definition, file.task(definition.name));
      return [definition.name, planned(deployed(definition), template)];
    }),
  );
}

/** Without what `docker stack deploy` leaves out: the key `tmpfs`. */
function deployed(definition: ServiceDefinition): ServiceDefinition {
  const { mounts, id } = definition;
  const isSent = (path: string): boolean => !path.startsWith(`${id}.tmpfs`);
  return { ...definition, mounts: isKnown(mounts) ? mounts.filter(({ path }) => isSent(path)) : mounts };
}

function planned(definition: ServiceDefinition, template: TaskTemplate): PlannedService {
  return { kind: "service", name: definition.name, definition, template, isAwaited: false };
}

function templateOf({ paths }: ServiceDefinition, task: DeployedTask | undefined): TaskTemplate {
  return {
    placement: task?.placement,
    rest: task?.task,
    endpoint: task?.endpoint,
    hiddenChanges: [],
    isExact: true,
    paths: {
      placement: `${paths.service}.deploy.placement`,
      rest: paths.service,
      endpoint: paths.service,
    },
  };
}

/** The running task and the one that a file asks for, without differences that no deployment would change. */
function alike(live: LiveTask, next: DeployedTask, folder: string): readonly [DeployedTask, DeployedTask] {
  const image = String(live.task["image"]);
  const isByDigest = String(next.task["image"]).includes("@");
  const withImage = { ...live.task, image: isByDigest ? image : image.split("@", 1)[0] };
  // Facts of an older version do not have the networks' names.
  const networks = live.task["networks"] === undefined ? undefined : next.task["networks"];
  // stackTask lists them.
  const volumes = (next.task["volumes"] as readonly Settings[]).map((mount) => absolute(mount, folder));
  const isBack = JSON.stringify(live.placement) === JSON.stringify(next.placement);
  return [
    // A task whose placement is its own again is compared whole, with an endpoint that may be an older one.
    { ...live, task: withImage, endpoint: isBack && !live.isEndpointKnown ? {} : live.endpoint },
    { ...next, task: { ...next.task, networks, volumes } },
  ];
}

/** A host folder is resolved relative to the file's folder. */
function absolute(mount: Settings, folder: string): Settings {
  const { type, source } = mount;
  if (type !== "bind" || typeof source !== "string" || !/^\.{1,2}(?:\/|$)/u.test(source)) return mount;
  return { ...mount, source: resolve(folder, source) };
}

function step(name: string, before: PlannedService | undefined, after: PlannedService): PlannedStep {
  return plannedStep(`service ${name}`, before, after);
}

function plannedStep(id: string, before: PlannedObject | undefined, after: PlannedObject): PlannedStep {
  return { ...plainStep, id, operation: before === undefined ? "create" : "update", before, after };
}

/** Without `--prune`, a service that the file no longer has runs on as it was. */
function leftOut(name: string, old: PlannedService, prune: boolean): PlannedStep {
  const ignoredRemovals = prune ? [] : [`service ${name}`];
  return {
    ...step(name, old, old),
    operation: prune ? "delete" : "same",
    after: prune ? undefined : old,
    ignoredRemovals,
  };
}

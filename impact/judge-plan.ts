/**
 * What a planned change does to data. Facts and rules that compose: which steps come to pass, whether Swarm replaces the task,
 * where it starts again, what holds the data path before and after, and what the server writes when it stops and reads when
 * it starts. Each contributes; the worst counts.
 */
import { whyUnfit, type Obstacle } from "../model/placement/feasibility.ts";
import { locate, whyNowhere, type Location } from "../model/placement/task-location.ts";
import { protectLimits, restsOnProtect } from "../model/plan/plan.ts";
import type { Executor, LiveFacts, Plan, PlannedObject, PlannedService, PlannedStep } from "../model/plan/plan.ts";
import { compareTasks, type TaskComparison } from "../model/plan/task-template.ts";
import { isKnown, type Known, type VolumeDefinition } from "../model/service/definition.ts";
import {
  dataKeeper,
  placeOfVolume,
  placeWords,
  type DataKeeper,
  type DataPlace,
} from "../model/storage/data-location.ts";
import { judgeService } from "./judge-service.ts";
import { withoutCredentials } from "./redaction/command-line.ts";
import { removedLast, whyBothAtOnce } from "./simulation/late-removal.ts";
import { withFilesOfLastRun } from "./simulation/lost-files.ts";
import { noOutage } from "./simulation/outage.ts";
import { carryOut, namedVolumes, type StepOutcome } from "./simulation/plan-execution.ts";
import { mayRunHere, nameOf, runsBesideNew, type ServiceChange } from "./simulation/service-change.ts";
import { whyRefused } from "./simulation/startup-refusal.ts";
import { mountCommand, remedies } from "./verdict/remedies.ts";
import { compareFates, type DiagnosticCode, type Note, type Verdict } from "./verdict/verdict.ts";

/** The verdicts on a plan, worst first, and what they leave out. */
export interface Judgement {
  readonly verdicts: readonly Verdict[];
  /** Services that keep nothing: of images known for it, without a persistent mount, or caches by their own configuration. */
  readonly withoutData: readonly string[];
  /** What of the swarm as it is keeps new tasks from starting, a service each. */
  readonly obstacles: readonly Obstacle[];
}

/** Judges what a plan does to the data of each service, and of each volume that no service of the plan mounts. */
export function judgePlan(given: Plan, live: LiveFacts = {}): Judgement {
  const plan = withFilesOfLastRun(given, live);
  const volumes = volumesBefore(plan);
  const images = live.images ?? new Map();
  // Asked while the steps are carried out: what they destroy is not known yet.
  const volumesMeant = volumesAfter(plan, volumes, new Map());
  const keepers = new Map<string, DataKeeper>();
  const locations = new Map<string, Location>();
  const comparisons = new Map<string, TaskComparison>();
  for (const step of plan.steps) {
    const { before, after } = step;
    if (before?.kind === "service")
      keepers.set(step.id, dataKeeper(before.definition, { images, volumes: volumesOf(before, volumes, live) }));
    if (before?.kind !== "service" || step.operation === "same") continue;
    const next = after?.kind === "service" ? after : undefined;
    const location = locationOf(before, next ?? before, live);
    locations.set(step.id, location);
    if (next !== undefined && step.operation === "update") {
      comparisons.set(step.id, compare(step, before, next, location, live, plan));
    }
  }
  const obstacles = new Map<string, Obstacle>();
  const pairs = renamings(plan, () => true);
  const predecessors = new Map(pairs.map(({ from, to }) => [to, from]));
  for (const { from, to } of pairs) {
    const atOnce = whyBothAtOnce(plan, from, to);
    if (atOnce !== undefined) obstacles.set(to.id, atOnce);
  }
  const names = changedServices(plan);
  const outcomes = carryOut(plan, {
    nodes: live.nodes,
    mayRunHere: (service) => mayRunHere(service, live),
    isReplaced: ({ id }) => comparisons.get(id)?.isReplaced ?? true,
    whyNotStarted: (step) => {
      const { after } = step;
      if (after?.kind !== "service") return undefined;
      const old = step.operation === "create" ? predecessors.get(step) : step;
      const found = locations.get(step.id);
      const nowhere = found?.move.kind === "nowhere" ? found.move.why : undefined;
      const unfit = obstacles.get(step.id) ?? whyUnfitHere(step, after, names, live);
      if (unfit !== undefined) obstacles.set(step.id, unfit);
      const why = (found === undefined ? whyNowhere(after.definition, live.nodes) : nowhere) ?? unfit?.why;
      const keeper = old && keepers.get(old.id);
      if (why !== undefined || old?.before?.kind !== "service" || keeper === undefined) return why;
      const { before } = old;
      const location = found ?? locationOf(before, after, live);
      const next = keepersAfter(before, { images, volumes: volumesOf(before, volumesMeant, live) })(after);
      const overlaps = startsBeside(step, before, after, plan.executor);
      return whyRefused({ service: before, keeper }, { service: after, keeper: next }, { location, overlaps });
    },
  });

  const verdicts: Verdict[] = [];
  const withoutData: string[] = [];
  const destroyed = destroyedVolumes(outcomes);
  const volumesThen = volumesAfter(plan, volumes, destroyed);
  const successors = findSuccessors(plan, outcomes);
  const newUsers = findNewUsers(plan, outcomes);
  for (const step of plan.steps) {
    const keeper = keepers.get(step.id);
    if (step.before?.kind !== "service" || keeper === undefined) continue;
    const successor = successors.get(step.id);
    const verdict = judgeService({
      plan,
      step,
      before: step.before,
      keeper,
      outcome: outcomes.get(step.id),
      successor,
      rivals: rivalsOf(step, step.before, outcomes.get(step.id), newUsers),
      comparison: comparisons.get(step.id),
      location: successor === undefined ? locations.get(step.id) : locationOf(step.before, successor.service, live),
      destroyedVolumes: destroyed,
      live,
      keeperAfter: keepersAfter(step.before, { images, volumes: volumesOf(step.before, volumesThen, live) }),
    });
    if (verdict === undefined) withoutData.push(nameOf(step.before));
    else verdicts.push(verdict);
  }
  for (const verdict of judgeVolumes(plan, outcomes)) verdicts.push(verdict);
  return {
    verdicts: verdicts.toSorted((one, other) => compareFates(other.fate, one.fate)),
    withoutData,
    obstacles: [...obstacles.values()],
  };
}

/** Why the swarm as it is has no place for a service's new task. What the plan itself changes is left to the order of its steps. */
function whyUnfitHere(
  { before }: PlannedStep,
  after: PlannedService,
  { changed, last }: ChangedServices,
  { nodes, use, removedLast: alsoRemovedLast }: LiveFacts,
): Obstacle | undefined {
  if (nodes === undefined || use === undefined) return undefined;
  const leaving = { has: (name: string) => name !== after.name && changed.has(name) };
  const old = before?.kind === "service" ? before.definition : undefined;
  const removed = { has: (name: string) => last.has(name) || alsoRemovedLast?.has(name) === true };
  return whyUnfit(after.definition, { before: old, nodes, use, leaving, removedLast: removed });
}

/** The names of services that a plan changes, and of those that it removes last. */
interface ChangedServices {
  readonly changed: ReadonlySet<string>;
  readonly last: ReadonlySet<string>;
}

function changedServices(plan: Plan): ChangedServices {
  const objects = plan.steps.flatMap((step) => (step.operation === "same" ? [] : [step.before, step.after]));
  const names = objects.flatMap((each) => (each?.kind === "service" && isKnown(each.name) ? [each.name] : []));
  return { changed: new Set(names), last: removedLast(plan) };
}

/** What keeps the data of services that take another one's place; an image that is not known yet is taken to be the one of before. */
function keepersAfter(before: PlannedService, known: Parameters<typeof dataKeeper>[1]): ServiceChange["keeperAfter"] {
  const found = new Map<PlannedService, DataKeeper>();
  return (after) => {
    const { definition } = after;
    const image = isKnown(definition.image.repository) ? definition.image : before.definition.image;
    const keeper = found.get(after) ?? dataKeeper({ ...definition, image }, known);
    found.set(after, keeper);
    return keeper;
  };
}

function locationOf(before: PlannedService, after: PlannedService, { nodes, taskNodes }: LiveFacts): Location {
  return locate(before.definition, after.definition, { nodes, taskNodes: taskNodes?.get(nameOf(before)) });
}

function compare(
  step: PlannedStep,
  before: PlannedService,
  after: PlannedService,
  location: Location,
  live: LiveFacts,
  plan: Plan,
): TaskComparison {
  const isOther = live.withOtherPlacement?.has(nameOf(before));
  return compareTasks(before.template, after.template, {
    nodeSatisfies: location.nodeSatisfies,
    hasOtherPlacement: plan.executor === "stack deploy" ? false : (isOther ?? step.isFirstUpdate),
    enforcesEndpoint: plan.executor === "embedded",
  });
}

type VolumesByName = ReadonlyMap<string, VolumeDefinition>;

function volumesBefore(plan: Plan): VolumesByName {
  return byName(plan.steps.map(({ before }) => before));
}

/**
 * What exists keeps its options; what is created has those of the plan. Of a volume that is deleted none is left, unless the plan
 * makes another one of its name afterwards.
 */
function volumesAfter(plan: Plan, existing: VolumesByName, destroyed: ReadonlyMap<string, PlannedStep>): VolumesByName {
  const kept = [...existing].filter(([name]) => !destroyed.has(name));
  const made = [...byName(plan.steps.map(({ after }) => after))].filter(
    ([name]) => destroyed.get(name)?.deletesFirst !== false,
  );
  return new Map([...made, ...kept]);
}

/** The volumes of the plan that a service finds where it runs: they exist on the executor's engine alone. */
function volumesOf(service: PlannedService, volumes: VolumesByName, live: LiveFacts): VolumesByName {
  return mayRunHere(service, live) ? volumes : new Map();
}

function byName(objects: readonly (PlannedObject | undefined)[]): VolumesByName {
  return new Map(
    objects.flatMap((object) =>
      object?.kind === "volume" && isKnown(object.name) ? [[object.name, object.definition]] : [],
    ),
  );
}

function destroyedVolumes(outcomes: ReadonlyMap<string, StepOutcome>): ReadonlyMap<string, PlannedStep> {
  const destroyed = new Map<string, PlannedStep>();
  for (const { step, deletedOld } of outcomes.values()) {
    if (deletedOld && step.before?.kind === "volume" && isKnown(step.before.name))
      destroyed.set(step.before.name, step);
  }
  return destroyed;
}

/** Whether the new task starts while the old one runs. */
function startsBeside(
  { operation, deletesFirst, isRetained }: PlannedStep,
  before: PlannedService,
  after: PlannedService,
  executor: Executor,
): boolean {
  if (before.definition.replicas === 0) return false;
  // `docker stack deploy --prune` removes first what the file no longer has.
  if (operation === "create") return executor !== "stack deploy";
  return operation === "replace" ? !deletesFirst || isRetained : after.definition.updateOrder === "start-first";
}

/**
 * The deletions of services with what takes their place: one that the same plan creates under the Docker name or on the data
 * volume, as when a resource is renamed in the program.
 */
function renamings(
  plan: Plan,
  isCreated: (step: PlannedStep) => boolean,
): readonly { readonly from: PlannedStep; readonly to: PlannedStep }[] {
  const created = new Map<string, PlannedStep>();
  for (const step of plan.steps) {
    if (step.operation !== "create" || step.after?.kind !== "service" || !isCreated(step)) continue;
    for (const key of identities(step.after)) created.set(key, step);
  }
  return plan.steps.flatMap((from) => {
    if (from.operation !== "delete" || from.before?.kind !== "service") return [];
    const key = identities(from.before).find((each) => created.has(each));
    const to = key === undefined ? undefined : created.get(key);
    return to === undefined ? [] : [{ from, to }];
  });
}

/** What has taken the place of each service that is deleted, by the step of the deletion. */
function findSuccessors(
  plan: Plan,
  outcomes: ReadonlyMap<string, StepOutcome>,
): ReadonlyMap<string, NonNullable<ServiceChange["successor"]>> {
  return new Map(
    renamings(plan, ({ id }) => outcomes.get(id)?.result === "done").flatMap(({ from, to }) =>
      to.after?.kind === "service"
        ? [[from.id, { service: to.after, cannotStart: outcomes.get(to.id)?.cannotStart }]]
        : [],
    ),
  );
}

/** The services that a plan gives a volume which they did not mount before, by the volume. */
function findNewUsers(
  plan: Plan,
  outcomes: ReadonlyMap<string, StepOutcome>,
): ReadonlyMap<string, readonly PlannedStep[]> {
  const users = new Map<string, PlannedStep[]>();
  for (const step of plan.steps) {
    const { before, after, operation } = step;
    if (operation === "same" || operation === "delete" || after?.kind !== "service") continue;
    if (outcomes.get(step.id)?.result !== "done" || after.definition.replicas === 0) continue;
    const had = before?.kind === "service" ? namedVolumes(before.definition) : [];
    for (const volume of namedVolumes(after.definition)) {
      if (isKnown(volume) && !had.includes(volume)) users.set(volume, [...(users.get(volume) ?? []), step]);
    }
  }
  return users;
}

/** The services that the plan starts on a volume of this one, which goes on. */
function rivalsOf(
  { id, operation, after }: PlannedStep,
  { definition }: PlannedService,
  outcome: StepOutcome | undefined,
  newUsers: ReadonlyMap<string, readonly PlannedStep[]>,
): readonly PlannedService[] {
  // What a deleted service leaves is taken over, not fought over.
  if (operation === "delete" && outcome?.deletedOld === true) return [];
  const steps = namedVolumes(definition).flatMap((volume) => (isKnown(volume) ? (newUsers.get(volume) ?? []) : []));
  const others = steps.flatMap((step) => (step.id !== id && step.after?.kind === "service" ? [step.after] : []));
  return runsBesideNew(outcome) && after?.kind === "service" ? [after, ...others] : others;
}

/** By what a service is known again: its name in Docker, then its volumes. */
function identities({ name, definition }: PlannedService): readonly string[] {
  const volumes = namedVolumes(definition).flatMap((volume) => (isKnown(volume) ? [`volume ${volume}`] : []));
  return [...(isKnown(name) ? [`name ${name}`] : []), ...volumes];
}

/** Volumes that the plan deletes and that no service it shows has mounted. */
function judgeVolumes(plan: Plan, outcomes: ReadonlyMap<string, StepOutcome>): readonly Verdict[] {
  const mounted = new Set<Known<string | undefined>>();
  for (const { before } of plan.steps) {
    if (before?.kind === "service" && isKnown(before.definition.mounts)) {
      for (const { source } of before.definition.mounts) mounted.add(source);
    }
  }
  return plan.steps.flatMap((step): readonly Verdict[] => {
    const { before } = step;
    const outcome = outcomes.get(step.id);
    const isDeleted = outcome?.deletedOld === true;
    const isSpared = outcome?.result === "refused" && step.isProtected;
    if (before?.kind !== "volume" || !isKnown(before.name) || mounted.has(before.name) || !(isDeleted || isSpared))
      return [];
    return [judgeVolume(step, before.name, placeOfVolume(before.definition), isSpared, plan.unseen > 0)];
  });
}

function judgeVolume(
  step: PlannedStep,
  name: string,
  place: DataPlace,
  isSpared: boolean,
  mayBeInUse: boolean,
): Verdict {
  const { device } = place;
  const fate = device === undefined ? "destroyed" : "left behind";
  const verb = step.operation === "replace" ? "replaces" : "deletes";
  const path = step.replaceReasons[0];
  const verdict = (code: DiagnosticCode, text: string, ...warnings: readonly Note[]): Omit<Verdict, "fate"> => ({
    subject: "volume",
    name,
    id: step.id,
    taskEffect: "none",
    outage: noOutage,
    causes: [{ code, text, ...(path !== undefined && { path }) }],
    remedies: [remedies.keepVolume(), remedies.forgetVolume()],
    leftBehind: [],
    warnings,
    codes: [...new Set([code, ...warnings.map((warning) => warning.code)])],
    assumptions: [],
    before: undefined,
    after: undefined,
  });
  if (isSpared) {
    const text = `The plan ${verb} volume "${name}", which is protected: Pulumi refuses, and nothing happens to it.`;
    const note: Note = { code: "DF504", text: `It stays because of \`protect\` alone: ${protectLimits}` };
    return {
      ...verdict("DF112", text, ...(restsOnProtect(step) ? [note] : [])),
      fate: "untouched",
      otherwise: { fate, when: "the protection is taken off, or ignored (--ignore-protect)" },
    };
  }
  if (mayBeInUse) {
    const text = `The plan ${verb} volume "${name}". Docker refuses that while a container uses the volume, a stopped one of the task history included: the delete is tried for 30 s, \`up\` fails, and the data stays by luck.`;
    const next = "The next `up` tries to delete the volume again, and succeeds as soon as no container uses it.";
    return {
      ...verdict("DF113", text, { code: "DF113", text: next }),
      fate: "untouched",
      assumptions: [
        `a service that this preview does not show, because nothing about it changes, has tasks that mount "${name}"`,
      ],
      otherwise: { fate, when: `no container uses volume "${name}"` },
    };
  }
  const stays =
    device === undefined
      ? "with all that is in it"
      : `(what its options lead to, ${withoutCredentials(device.path)}, stays with all that is in it)`;
  const text = `The plan ${verb} volume "${name}" ${stays}, and no service of the program mounts it.`;
  const ignored: Note = {
    code: "DF503",
    text: "It is protected, and this run deletes it all the same (--ignore-protect).",
  };
  return {
    ...verdict("DF111", text, ...(step.ignoresProtect ? [ignored] : [])),
    fate,
    leftBehind: device === undefined ? [] : [{ place: placeWords(place), command: mountCommand(device) }],
  };
}

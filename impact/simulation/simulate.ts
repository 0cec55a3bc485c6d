/**
 * What a plan does, in one pass: which steps come to pass, whether Swarm replaces a task, where it starts again, what holds the
 * data path before and after, and what the server writes when it stops and reads when it starts. It makes one record of facts for
 * each service with data; what they mean for the data is the rules' business.
 */
import { matchingNodes } from "../../model/placement/constraints.ts";
import { whyUnfit, type Obstacle } from "../../model/placement/feasibility.ts";
import { whyNowhere, type Location } from "../../model/placement/task-location.ts";
import {
  nameOf,
  type Executor,
  type LiveFacts,
  type Plan,
  type PlannedService,
  type PlannedStep,
} from "../../model/plan/plan.ts";
import { compareTasks, type TaskComparison } from "../../model/plan/task-template.ts";
import { isKnown } from "../../model/service/definition.ts";
import { dataKeeper } from "../../model/storage/data-location.ts";
import type { ServiceFacts, VolumeFacts } from "./facts.ts";
import { removedLast, whyBothAtOnce } from "./late-removal.ts";
import { withFilesOfLastRun } from "./lost-files.ts";
import { carryOut } from "./plan-execution.ts";
import {
  destroyedVolumes,
  findNewUsers,
  newUsersBeside,
  renamings,
  volumesAfter,
  volumesBefore,
  volumesWithoutService,
  type VolumesByName,
} from "./plan-relations.ts";
import { locationOf, serviceFacts } from "./service-facts.ts";
import type { Side } from "./side.ts";
import { findRefusal } from "./startup-refusal.ts";

/** What comes of a plan. */
export interface Simulation {
  /** Of each service with data, in the order of the plan. */
  readonly services: readonly ServiceFacts[];
  readonly volumes: readonly VolumeFacts[];
  /** Services that keep nothing: of images known for it, without a persistent mount, or caches by a label or their own configuration. */
  readonly withoutData: readonly string[];
  /** What of the swarm as it is keeps new tasks from starting, a service each. */
  readonly obstacles: readonly Obstacle[];
}

/** Carries a plan out in mind. */
export function simulate(given: Plan, live: LiveFacts): Simulation {
  const plan = withFilesOfLastRun(given, live);
  const volumes = volumesBefore(plan);
  const before = new Map<string, Side>();
  const locations = new Map<string, Location>();
  const comparisons = new Map<string, TaskComparison>();
  for (const step of plan.steps) {
    const { before: old, after } = step;
    if (old?.kind !== "service") continue;
    before.set(step.id, sideIn(old, old, volumes, live));
    if (step.operation === "same") continue;
    const next = after?.kind === "service" ? after : undefined;
    const location = locationOf(old, next ?? old, live);
    locations.set(step.id, location);
    if (next !== undefined && step.operation === "update")
      comparisons.set(step.id, compare(step, old, next, location, live, plan));
  }
  const obstacles = new Map<string, Obstacle>();
  const pairs = renamings(plan, () => true);
  const predecessors = new Map(pairs.map(({ from, to }) => [to, from]));
  for (const { from, to } of pairs) {
    const atOnce = whyBothAtOnce(plan, from, to);
    if (atOnce !== undefined) obstacles.set(to.id, atOnce);
  }
  const names = changedServices(plan);
  // Asked while the steps are carried out: what they destroy is not known yet.
  const volumesMeant = volumesAfter(plan, volumes, new Map());
  const outcomes = carryOut(plan, {
    nodes: live.nodes,
    mayRunHere: (service) => mayRunHere(service, live),
    isReplaced: ({ id }) => comparisons.get(id)?.isReplaced ?? true,
    whyNotStarted: (step) => {
      const { after } = step;
      if (after?.kind !== "service") return undefined;
      const found = locations.get(step.id);
      const nowhere = found?.move.kind === "nowhere" ? found.move.why : undefined;
      const unfit = obstacles.get(step.id) ?? whyUnfitHere(step, after, names, live);
      if (unfit !== undefined) obstacles.set(step.id, unfit);
      const why = (found === undefined ? whyNowhere(after.definition, live.nodes) : nowhere) ?? unfit?.why;
      const old = step.operation === "create" ? predecessors.get(step) : step;
      const side = old && before.get(old.id);
      if (why !== undefined || old === undefined || side === undefined) return why;
      const location = found ?? locationOf(side.service, after, live);
      const refusal = findRefusal(side, sideIn(side.service, after, volumesMeant, live), location);
      const isRefused = refusal?.isWhileOldRuns === true || !startsBeside(step, side.service, after, plan.executor);
      return isRefused ? refusal?.why : undefined;
    },
  });

  const services: ServiceFacts[] = [];
  const withoutData: string[] = [];
  const destroyed = destroyedVolumes(outcomes);
  const volumesThen = volumesAfter(plan, volumes, destroyed);
  const successors = new Map(
    renamings(plan, ({ id }) => outcomes.get(id)?.result === "done").map(({ from, to }) => [from.id, to]),
  );
  const newUsers = findNewUsers(plan, outcomes);
  for (const step of plan.steps) {
    const side = before.get(step.id);
    if (side === undefined) continue;
    if (side.keeper.places.length === 0 || side.keeper.isCache) {
      withoutData.push(nameOf(side.service));
      continue;
    }
    const outcome = outcomes.get(step.id);
    const to = successors.get(step.id);
    const successor = to?.after?.kind === "service" ? to.after : undefined;
    const location = successor === undefined ? locations.get(step.id) : locationOf(side.service, successor, live);
    const sides = new Map<PlannedService, Side>();
    const sideOf = (after: PlannedService): Side => {
      const found = sides.get(after) ?? sideIn(side.service, after, volumesThen, live);
      sides.set(after, found);
      return found;
    };
    services.push(
      serviceFacts({
        plan,
        live,
        step,
        outcome,
        before: side,
        successor: successor && { service: successor, cannotStart: outcomes.get(to?.id ?? "")?.cannotStart },
        newUsers: newUsersBeside(step, side.service, outcome, newUsers),
        comparison: comparisons.get(step.id),
        location,
        sideOf,
        destroyedVolumes: destroyed,
        isHere: mayRunHere(side.service, live),
      }),
    );
  }
  return { services, volumes: volumesWithoutService(plan, outcomes), withoutData, obstacles: [...obstacles.values()] };
}

/**
 * A service with what keeps its data, where it takes another one's place or is that one itself. An image that is not known yet is
 * taken to be the one of before, and it finds the volumes of the plan only on the executor's engine.
 */
function sideIn(before: PlannedService, service: PlannedService, volumes: VolumesByName, live: LiveFacts): Side {
  const { definition } = service;
  const image = isKnown(definition.image.repository) ? definition.image : before.definition.image;
  const found = mayRunHere(before, live) ? volumes : new Map();
  return {
    service,
    keeper: dataKeeper(
      { ...definition, image },
      { images: live.images ?? new Map(), imageNames: live.imageNames, volumes: found },
    ),
  };
}

/** Whether a service may have containers on the engine that the executor talks to, as far as that is known. */
function mayRunHere(service: PlannedService, { engineNode, nodes, taskNodes }: LiveFacts): boolean {
  if (engineNode === undefined || nodes === undefined) return true;
  const running = taskNodes?.get(nameOf(service));
  if (running !== undefined) return running.includes(engineNode);
  const matching = matchingNodes(service.definition.constraints, nodes);
  // One that no node may run has its data wherever it ran before.
  return !isKnown(matching) || matching.length === 0 || matching.some(({ id }) => id === engineNode);
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

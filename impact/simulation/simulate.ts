/**
 * What a plan does, in one pass: which steps take place, whether Swarm replaces a task, where it starts again, what holds the data
 * path before and after, and what the server writes when it stops and reads when it starts. It makes one record of facts for each
 * service with data; what they mean for the data is up to the rules.
 */
import { matchingNodes } from "../../model/placement/constraints.ts";
import { whyUnfit, type Obstacle } from "../../model/placement/feasibility.ts";
import { locate, whyNowhere, type Location } from "../../model/placement/task-location.ts";
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
  volumesBefore,
  volumesWithoutService,
} from "./plan-relations.ts";
import { serviceFacts } from "./service-facts.ts";
import { makeSide, type Side } from "./side.ts";
import { checkStartFiles, type FileCheck } from "./startup-refusal.ts";
import type { VolumesByName } from "./swarm-claims.ts";

/** The result of simulating a plan. */
export interface Simulation {
  /** Of each service with data, in the order of the plan. */
  readonly services: readonly ServiceFacts[];
  readonly volumes: readonly VolumeFacts[];
  /** Services that keep nothing: of images known for it, without a persistent mount, or caches by a label or their own configuration. */
  readonly withoutData: readonly string[];
  /** What keeps new tasks from starting on the swarm as it is, one for each service. */
  readonly obstacles: readonly Obstacle[];
}

/** Simulates a plan. */
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
  for (const { from, to } of pairs) {
    const atOnce = whyBothAtOnce(plan, from, to);
    if (atOnce !== undefined) obstacles.set(to.id, atOnce);
  }
  /** The service whose files a step's new tasks find: its own, or for a creation that of the one whose place it takes. */
  const predecessors = new Map(pairs.map(({ from, to }) => [to.id, from.id]));
  const replacements = new Map(pairs.map(({ from, to }) => [from.id, to.id]));
  const checks = new Map<string, FileCheck>();
  /** Asked once for each step, with the volumes of that moment. */
  const filesOf = (step: PlannedStep): FileCheck => {
    const { id, after } = step;
    const side = before.get(step.operation === "create" ? (predecessors.get(id) ?? "") : id);
    if (after?.kind !== "service" || side === undefined || step.operation === "same") return nothingToCheck;
    const location = locations.get(id) ?? locationOf(side.service, after, live);
    const check = checks.get(id) ?? checkStartFiles(side, sideIn(side.service, after, volumes, live), location);
    checks.set(id, check);
    return check;
  };
  const names = changedServices(plan);
  const outcomes = carryOut(plan, {
    nodes: live.nodes,
    volumes,
    mayRunHere: (service) => mayRunHere(service, live),
    isReplaced: ({ id }) => comparisons.get(id)?.isReplaced ?? true,
    whyNotStarted: (step) => {
      const { after } = step;
      if (after?.kind !== "service") return undefined;
      const { refusal } = filesOf(step);
      const found = locations.get(step.id);
      const nowhere = found?.move.kind === "nowhere" ? found.move.why : undefined;
      const unfit = obstacles.get(step.id) ?? whyUnfitHere(step, after, names, live);
      if (unfit !== undefined) obstacles.set(step.id, unfit);
      const why = (found === undefined ? whyNowhere(after.definition, live.nodes) : nowhere) ?? unfit?.why;
      const old = before.get(predecessors.get(step.id) ?? step.id);
      if (why !== undefined || old === undefined) return why;
      const isRefused = refusal?.isWhileOldRuns === true || !startsBeside(step, old.service, after, plan.executor);
      return isRefused ? refusal?.why : undefined;
    },
  });

  const services: ServiceFacts[] = [];
  const withoutData: string[] = [];
  const destroyed = destroyedVolumes(outcomes);
  const successors = new Map(
    renamings(plan, ({ id }) => outcomes.get(id)?.result === "done").map(({ from, to }) => [from.id, to]),
  );
  const newUsers = findNewUsers(plan, outcomes);
  for (const step of plan.steps) {
    const side = before.get(step.id);
    if (side === undefined) continue;
    const { service, keeper } = side;
    const name = nameOf(service);
    if (keeper.places.length === 0 || keeper.isCache) {
      withoutData.push(name);
      continue;
    }
    const outcome = outcomes.get(step.id);
    const successor = successors.get(step.id);
    const { after } = step.operation === "delete" ? (successor ?? {}) : step;
    const sides = new Map<PlannedService, Side>();
    const sideOf = (next: PlannedService): Side => {
      const found = sides.get(next) ?? sideIn(service, next, volumes, live);
      sides.set(next, found);
      return found;
    };
    services.push(
      serviceFacts({
        name,
        plan,
        live,
        step,
        outcome,
        before: side,
        after: step.operation !== "same" && after?.kind === "service" ? sideOf(after) : undefined,
        successor: successor && outcomes.get(successor.id),
        newUsers: newUsersBeside(step, service, outcome, newUsers),
        comparison: comparisons.get(step.id),
        location:
          successor?.after?.kind === "service" ? locationOf(service, successor.after, live) : locations.get(step.id),
        obstacle: obstacles.get(replacements.get(step.id) ?? step.id),
        ...filesOf(successor ?? step),
        destroyedVolumes: destroyed,
        isHere: mayRunHere(service, live),
        down: live.down?.get(name),
        datasetBytes: live.datasetBytes?.get(name),
        sideOf,
      }),
    );
  }
  return { services, volumes: volumesWithoutService(plan, outcomes), withoutData, obstacles: [...obstacles.values()] };
}

const nothingToCheck: FileCheck = { unread: undefined, refusal: undefined };

/** Where a service's tasks run before and after, with what the swarm says. */
function locationOf(before: PlannedService, after: PlannedService, { nodes, taskNodes }: LiveFacts): Location {
  return locate(before.definition, after.definition, { nodes, taskNodes: taskNodes?.get(nameOf(before)) });
}

/**
 * A service with its data, as the successor of another one or as the same service. An image that is not known yet is assumed to
 * be the previous one. The plan's volumes are found only on the executor's engine.
 */
function sideIn(before: PlannedService, service: PlannedService, volumes: VolumesByName, live: LiveFacts): Side {
  const { definition } = service;
  const image = isKnown(definition.image.repository) ? definition.image : before.definition.image;
  const found = mayRunHere(before, live) ? volumes : new Map();
  const known = { images: live.images ?? new Map(), imageNames: live.imageNames, volumes: found };
  return makeSide(service, dataKeeper({ ...definition, image }, known));
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

/**
 * Which steps of a plan take place. Docker refuses some, and a step that fails keeps others from being reached; what a failed `up`
 * leaves behind decides about the data as much as what a successful one does.
 */
import type { Plan, PlannedObject, PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import { isKnown, type Known, type ServiceDefinition, type SwarmNode } from "../../model/service/definition.ts";
import { publishedPorts } from "../../model/service/published-ports.ts";
import { namedVolumes, SwarmClaims, type VolumesByName } from "./swarm-claims.ts";
import {
  refusalToUpdate,
  refusedConstraint,
  runsOnOneNode,
  shareNode,
  sharesHostPort,
  tasksWithoutRoom,
} from "./swarm-refusals.ts";

/** The outcome of a step. */
export interface StepOutcome {
  readonly step: PlannedStep;
  /**
   * `done`: as planned. `stalled`: Docker took it, and the tasks do not start. `refused`: Docker or Pulumi says no, and nothing
   * changes. `undone`: a new service whose tasks did not start was removed again. `not reached`: something before it failed.
   */
  readonly result: "done" | "stalled" | "refused" | "undone" | "not reached";
  /** Whether the old object was deleted; a replacement may get this far and no further. */
  readonly deletedOld: boolean;
  /** Why, as it reads after "because". */
  readonly why: string | undefined;
  /** For a service: why its new tasks cannot start; `undefined` when nothing is known to keep them from it. */
  readonly cannotStart: string | undefined;
  /** For a service that was replaced, with the new one first or with the old one retained: the old task still ran when the new one started. */
  readonly overlaps: boolean;
}

/** What {@link carryOut} needs to know besides the plan. */
export interface ExecutionFacts {
  readonly nodes: readonly SwarmNode[] | undefined;
  /** The volumes that exist; kept up to date while the plan is carried out. */
  readonly volumes: VolumesByName;
  /** Whether an update in place replaces the service's tasks. */
  readonly isReplaced: (step: PlannedStep) => Known<boolean>;
  /** Whether a service may have containers on the engine that the executor talks to, whose volumes the plan deletes. */
  readonly mayRunHere: (service: PlannedService) => boolean;
  /** Why the new tasks of a service that is created, updated or replaced cannot start on any node, or on what they find there; `undefined` when they can. */
  readonly whyNotStarted: (step: PlannedStep) => string | undefined;
}

/** Carries a plan out, step by step. */
export function carryOut(plan: Plan, facts: ExecutionFacts): ReadonlyMap<string, StepOutcome> {
  return new Execution(plan, facts).run();
}

type Settled = Partial<Omit<StepOutcome, "step">>;

class Execution {
  readonly #plan: Plan;
  readonly #facts: ExecutionFacts;
  /** By step; a replaced service's new version under another key. */
  readonly #claims = new SwarmClaims();
  readonly #outcomes = new Map<string, StepOutcome>();

  constructor(plan: Plan, facts: ExecutionFacts) {
    this.#plan = plan;
    this.#facts = facts;
    for (const { id, before } of plan.steps) if (before !== undefined) this.#add(id, before);
  }

  run(): ReadonlyMap<string, StepOutcome> {
    const { steps, executor } = this.#plan;
    // `docker stack deploy --prune` removes first what the file no longer has.
    if (executor === "stack deploy") for (const step of steps) if (step.operation === "delete") this.#delete(step);
    const declared = steps.filter(({ operation }) => operation !== "delete");
    const isTriedAgain = (step: PlannedStep): boolean =>
      isVolumeDeletedFirst(step) && this.#refusalToDelete(step) !== undefined;
    for (const step of inOrderOfEffect(declared, isTriedAgain)) this.#settle(step, this.#declare(step));
    if (executor === "stack deploy") return this.#outcomes;
    const deletions = steps.filter((step) => step.operation === "delete" || isDeletedLast(step));
    const forbidden = deletions.find((step) => step.operation === "delete" && step.isProtected);
    const failed = [...this.#outcomes.values()].find(({ result }) => result !== "done");
    for (const step of deletions.toSorted(servicesFirst)) {
      if (forbidden !== undefined && step !== forbidden)
        this.#settle(step, { result: "not reached", why: "the plan deletes a protected resource" });
      else if (failed === undefined) this.#delete(step);
      else if (step.operation === "delete") this.#settle(step, notReached(failed));
    }
    return this.#outcomes;
  }

  #settle(step: PlannedStep, outcome: Settled): void {
    const start = {
      result: "done",
      deletedOld: false,
      why: undefined,
      cannotStart: undefined,
      overlaps: false,
    } as const;
    this.#outcomes.set(step.id, { ...start, ...this.#outcomes.get(step.id), ...outcome, step });
  }

  /** A step that the program's declarations bring about. */
  #declare(step: PlannedStep): Settled {
    if (step.operation === "same") return {};
    const blocking = step.dependsOn
      .map((id) => this.#outcomes.get(id))
      .find((outcome) => outcome !== undefined && outcome.result !== "done");
    if (blocking !== undefined) return notReached(blocking);
    if (step.operation === "replace") return this.#replace(step);
    return step.operation === "create" ? this.#create(step, step.id) : this.#update(step);
  }

  #replace(step: PlannedStep): Settled {
    if (step.isProtected) return refused("it is protected, and a replacement deletes it");
    const deletesOld = step.deletesFirst && !step.isRetained;
    if (!deletesOld) return this.#create(step, `${step.id}#new`);
    const refusal = this.#refusalToDelete(step);
    if (refusal !== undefined) return refused(refusal);
    this.#remove(step);
    return { deletedOld: true, ...this.#create(step, step.id) };
  }

  #create(step: PlannedStep, key: string): Settled {
    const { after } = step;
    if (after === undefined) return {};
    const refusal = this.#refusalToCreate(after);
    if (refusal !== undefined) return refused(refusal);
    const cannotStart = after.kind === "service" ? this.#whyCreationStalls(step, after) : undefined;
    const isFailure = cannotStart !== undefined && after.kind === "service" && after.isAwaited;
    // The provider removes a new service whose tasks do not start; the embedded engine leaves it, to be looked at.
    if (isFailure && this.#plan.executor === "pulumi") return { result: "undone", why: cannotStart, cannotStart };
    const overlaps = key !== step.id && this.#claims.service(step.id)?.runsTasks === true;
    this.#add(key, after);
    return { result: isFailure ? "stalled" : "done", why: cannotStart, cannotStart, overlaps };
  }

  #update(step: PlannedStep): Settled {
    const { before, after } = step;
    if ((after?.kind === "config" || after?.kind === "secret") && this.#plan.executor === "stack deploy")
      return refused(
        'Swarm refuses another content under the same name ("only updates to Labels are allowed"): give it a new name',
      );
    if (before?.kind !== "service" || after?.kind !== "service") return {};
    const refusal = refusalToUpdate(before.definition, after.definition) ?? this.#ingressConflict(after, step.id);
    if (refusal !== undefined) return refused(refusal);
    const live = this.#claims.service(step.id);
    const isReplaced = this.#facts.isReplaced(step);
    const cannotStart = this.#whyUpdateStalls(step, before.definition, after.definition, isReplaced);
    const runsTasks = after.definition.replicas !== 0;
    // Scaling to nothing removes the containers; an update leaves the stopped ones in the task history.
    const held = isReplaced === false || live?.runsTasks === true ? (live?.heldVolumes ?? []) : [];
    const heldVolumes = new Set(runsTasks ? [...held, ...this.#volumesHere(after)] : []);
    this.#claims.put(step.id, { object: after, heldVolumes, runsTasks });
    // The service still gets its new definition; only the steps after this one are not reached.
    const isFailure = cannotStart !== undefined && after.isAwaited;
    return { result: isFailure ? "stalled" : "done", why: cannotStart, cannotStart };
  }

  #whyUpdateStalls(
    step: PlannedStep,
    old: ServiceDefinition,
    next: ServiceDefinition,
    isReplaced: Known<boolean>,
  ): string | undefined {
    const { nodes } = this.#facts;
    if (next.replicas === 0) return undefined;
    if (isReplaced !== false) {
      const why = this.#facts.whyNotStarted(step);
      if (why !== undefined) return why;
      const startsFirst = next.updateOrder === "start-first" && old.replicas !== 0;
      if (startsFirst && sharesHostPort(old, next) && runsOnOneNode(next, nodes))
        return "the new task waits for the host port that the old one holds: the update order is start-first";
    }
    const kept = isReplaced === false && isKnown(old.replicas) ? { definition: old, count: old.replicas } : undefined;
    return tasksWithoutRoom(next, kept, nodes) ?? this.#hostPortConflict(next, step.id, step.id);
  }

  #whyCreationStalls(step: PlannedStep, { definition }: PlannedService): string | undefined {
    if (definition.replicas === 0) return undefined;
    return (
      this.#facts.whyNotStarted(step) ??
      tasksWithoutRoom(definition, undefined, this.#facts.nodes) ??
      this.#hostPortConflict(definition, step.id, undefined)
    );
  }

  #delete(step: PlannedStep): void {
    const isReplacement = step.operation === "replace";
    const refusal = step.isProtected ? "it is protected" : this.#refusalToDelete(step);
    if (!step.isRetained && refusal === undefined) {
      this.#remove(step);
      this.#settle(step, { deletedOld: true });
    } else if (!isReplacement) this.#settle(step, step.isRetained ? {} : refused(refusal));
  }

  #add(key: string, object: PlannedObject): void {
    const { volumes } = this.#facts;
    if (object.kind === "service") {
      const runsTasks = object.definition.replicas !== 0;
      this.#claims.put(key, { object, heldVolumes: new Set(runsTasks ? this.#volumesHere(object) : []), runsTasks });
      return;
    }
    this.#claims.put(key, object);
    // Docker answers a second creation of a volume with the one that exists.
    if (object.kind === "volume" && isKnown(object.name) && !volumes.has(object.name))
      volumes.set(object.name, object.definition);
  }

  #remove({ id, before }: PlannedStep): void {
    this.#claims.remove(id);
    if (before?.kind === "volume" && isKnown(before.name)) this.#facts.volumes.delete(before.name);
  }

  #volumesHere(service: PlannedService): readonly Known<string>[] {
    return this.#facts.mayRunHere(service) ? namedVolumes(service.definition) : [];
  }

  #refusalToCreate(after: PlannedObject): string | undefined {
    if (!isKnown(after.name) || after.kind === "volume") return undefined;
    if (this.#claims.isNameTaken(after))
      return `the name "${after.name}" is taken by a ${after.kind} that still exists`;
    if (after.kind !== "service") return undefined;
    return refusedConstraint(after.definition) ?? this.#ingressConflict(after, undefined);
  }

  #ingressConflict({ definition }: PlannedService, ownKey: string | undefined): string | undefined {
    for (const port of publishedPorts(definition, "ingress")) {
      for (const [key] of this.#claims.holders([`ingress ${port}`])) {
        if (key !== ownKey) return `port ${port} is published by another service through the routing mesh`;
      }
    }
    return undefined;
  }

  #refusalToDelete({ before }: PlannedStep): string | undefined {
    if (before === undefined || before.kind === "service" || !isKnown(before.name)) return undefined;
    const claims = [`use ${before.kind} ${before.name}`];
    if (before.kind !== "volume" && isKnown(before.id)) claims.push(`use ${before.kind} ${before.id ?? ""}`);
    for (const [, { object }] of this.#claims.holders(claims)) {
      const user = isKnown(object.name) ? ` "${object.name}"` : "";
      return before.kind === "volume"
        ? `Docker refuses to delete volume "${before.name}" while a container of service${user} uses it, a stopped one of the task history included`
        : `Docker refuses to delete ${before.kind} "${before.name}" while service${user} uses it`;
    }
    return undefined;
  }

  /** Why a task cannot start while others run, on the one node that it may run on. */
  #hostPortConflict(
    definition: ServiceDefinition,
    replacedKey: string,
    ownKey: string | undefined,
  ): string | undefined {
    const { nodes } = this.#facts;
    if (!runsOnOneNode(definition, nodes)) return undefined;
    const claims = publishedPorts(definition, "host").map((port) => `host ${port}`);
    for (const [key, { object, runsTasks }] of this.#claims.holders(claims)) {
      if (key === ownKey || !runsTasks || !shareNode(object.definition, definition, nodes)) continue;
      const name = isKnown(object.name) ? ` "${object.name}"` : "";
      return `its task waits for a host port that ${key === replacedKey ? "the old service" : "service"}${name} holds on the same node`;
    }
    return undefined;
  }
}

function refused(why: string | undefined): Settled {
  return { result: "refused", why };
}

function notReached({ step, why }: StepOutcome): Settled {
  const name = step.id.slice(step.id.lastIndexOf("::") + 1).replace(/^:/u, "");
  return { result: "not reached", why: `the step before it fails (${name}): ${why ?? "its tasks do not start"}` };
}

function isDeletedLast(step: PlannedStep): boolean {
  return step.operation === "replace" && !step.deletesFirst;
}

function servicesFirst(one: PlannedStep, other: PlannedStep): number {
  return Number(one.before?.kind !== "service") - Number(other.before?.kind !== "service");
}

function isVolumeDeletedFirst({ operation, deletesFirst, before }: PlannedStep): boolean {
  return operation === "replace" && deletesFirst && before?.kind === "volume";
}

/**
 * Steps in the order in which they take effect. Deleting a volume that is in use is tried again for 30 s, so what other steps free
 * meanwhile counts, unless they wait for that very step.
 */
function inOrderOfEffect(
  steps: readonly PlannedStep[],
  isTriedAgain: (step: PlannedStep) => boolean,
): readonly PlannedStep[] {
  const patient = new Set(steps.filter(isTriedAgain));
  const after = new Set([...patient].map(({ id }) => id));
  const waiting = new Set<PlannedStep>();
  for (const step of steps) {
    if (!patient.has(step) && step.dependsOn.some((id) => after.has(id))) {
      waiting.add(step);
      after.add(step.id);
    }
  }
  return [...steps.filter((step) => !patient.has(step) && !waiting.has(step)), ...patient, ...waiting];
}

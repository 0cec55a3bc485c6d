/**
 * Which steps of a plan come to pass. Docker refuses some, and a step that fails keeps others from being reached; what a failed
 * `up` leaves behind decides about the data as much as what a successful one does.
 */
import { matchingNodes, narrowingOf } from "../../model/placement/constraints.ts";
import type { Plan, PlannedObject, PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import {
  isKnown,
  notKnown,
  type Known,
  type Mount,
  type ServiceDefinition,
  type SwarmNode,
} from "../../model/service/definition.ts";
import { publishedPorts } from "../../model/service/published-ports.ts";

/** What became of a step. */
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
  /** Whether an update in place replaces the service's tasks. */
  readonly isReplaced: (step: PlannedStep) => Known<boolean>;
  /** Whether a service may have containers on the engine that the executor talks to, whose volumes the plan deletes. */
  readonly mayRunHere: (service: PlannedService) => boolean;
  /** Why the new tasks of a service that is created, updated or replaced cannot start on any node, or on what they find there; `undefined` when they can. */
  readonly whyNotStarted: (step: PlannedStep) => string | undefined;
}

/** Follows a plan through, step by step. */
export function carryOut(plan: Plan, facts: ExecutionFacts): ReadonlyMap<string, StepOutcome> {
  return new Execution(plan, facts).run();
}

/** A service as it is at one moment of the execution. */
interface LiveService {
  readonly object: PlannedService;
  /** Named volumes of the executor's engine that its containers hold: those of running tasks, and of stopped ones in the task history. */
  readonly heldVolumes: ReadonlySet<Known<string>>;
  readonly runsTasks: boolean;
}

class Execution {
  readonly #plan: Plan;
  /** Who lays claim to what: a name, a port, a volume, a network. A plan may have thousands of services. */
  readonly #claims = new Map<string, Set<string>>();
  /** The same by who lays them. */
  readonly #laid = new Map<string, readonly string[]>();
  readonly #facts: ExecutionFacts;
  /** What exists, by step; a replaced service's new version under another key. */
  readonly #services = new Map<string, LiveService>();
  readonly #outcomes = new Map<string, StepOutcome>();

  constructor(plan: Plan, facts: ExecutionFacts) {
    this.#plan = plan;
    this.#facts = facts;
    for (const { id, before } of plan.steps) this.#add(id, before);
  }

  run(): ReadonlyMap<string, StepOutcome> {
    const { steps, executor } = this.#plan;
    // `docker stack deploy --prune` removes first what the file no longer has.
    if (executor === "stack deploy") for (const step of steps) if (step.operation === "delete") this.#delete(step);
    const declared = steps.filter(({ operation }) => operation !== "delete");
    const isTriedAgain = (step: PlannedStep): boolean =>
      isVolumeDeletedFirst(step) && this.#refusalToDelete(step) !== undefined;
    for (const step of inOrderOfEffect(declared, isTriedAgain)) this.#declare(step);
    if (executor === "stack deploy") return this.#outcomes;
    const deletions = steps.filter((step) => step.operation === "delete" || isDeletedLast(step));
    const forbidden = deletions.find((step) => step.operation === "delete" && step.isProtected);
    const failed = [...this.#outcomes.values()].find(({ result }) => result !== "done");
    for (const step of deletions.toSorted(servicesFirst)) {
      if (forbidden !== undefined && step !== forbidden)
        this.#settle(step, { result: "not reached", why: "the plan deletes a protected resource" });
      else if (failed !== undefined) this.#notReached(step, failed);
      else this.#delete(step);
    }
    return this.#outcomes;
  }

  #settle(step: PlannedStep, outcome: Partial<StepOutcome>): void {
    const before = this.#outcomes.get(step.id);
    this.#outcomes.set(step.id, {
      result: "done",
      deletedOld: false,
      why: undefined,
      cannotStart: undefined,
      overlaps: false,
      ...before,
      ...outcome,
      step,
    });
  }

  #notReached(step: PlannedStep, failed: StepOutcome): void {
    if (step.operation === "delete") this.#settle(step, { result: "not reached", why: failureOf(failed) });
  }

  /** A step that the program's declarations bring about. */
  #declare(step: PlannedStep): void {
    const blocking = step.dependsOn
      .map((id) => this.#outcomes.get(id))
      .find((outcome) => outcome !== undefined && outcome.result !== "done");
    if (blocking !== undefined && step.operation !== "same") {
      this.#settle(step, { result: "not reached", why: failureOf(blocking) });
      return;
    }
    switch (step.operation) {
      case "same":
        this.#settle(step, {});
        return;
      case "create":
        this.#create(step, step.id);
        return;
      case "update":
        this.#update(step);
        return;
      case "replace":
        this.#replace(step);
        return;
      case "delete":
        return;
    }
  }

  #replace(step: PlannedStep): void {
    if (step.isProtected) {
      this.#settle(step, { result: "refused", why: "it is protected, and a replacement deletes it" });
      return;
    }
    if (!step.deletesFirst) {
      this.#create(step, newVersion(step));
      return;
    }
    if (!step.isRetained) {
      const refusal = this.#refusalToDelete(step);
      if (refusal !== undefined) {
        this.#settle(step, { result: "refused", why: refusal });
        return;
      }
      this.#remove(step.id);
      this.#settle(step, { deletedOld: true });
    }
    this.#create(step, newVersion(step));
  }

  #create(step: PlannedStep, key: string): void {
    const { after } = step;
    if (after === undefined) return;
    const refusal = this.#refusalToCreate(after);
    if (refusal !== undefined) {
      this.#settle(step, { result: "refused", why: refusal });
      return;
    }
    if (after.kind !== "service") {
      this.#add(key, after);
      this.#settle(step, {});
      return;
    }
    const cannotStart = this.#whyCreationStalls(step, after);
    const isFailure = cannotStart !== undefined && after.isAwaited;
    // The provider removes a new service whose tasks do not start; the embedded engine leaves it, to be looked at.
    if (isFailure && this.#plan.executor === "pulumi") {
      this.#settle(step, { result: "undone", why: cannotStart, cannotStart });
      return;
    }
    const overlaps = key !== step.id && this.#services.get(step.id)?.runsTasks === true;
    this.#add(key, after);
    this.#settle(step, { result: isFailure ? "stalled" : "done", why: cannotStart, cannotStart, overlaps });
  }

  #update(step: PlannedStep): void {
    const { before, after } = step;
    if ((after?.kind === "config" || after?.kind === "secret") && this.#plan.executor === "stack deploy") {
      const why =
        'Swarm refuses another content under the same name ("only updates to Labels are allowed"): give it a new name';
      this.#settle(step, { result: "refused", why });
      return;
    }
    if (before?.kind !== "service" || after?.kind !== "service") {
      this.#settle(step, {});
      return;
    }
    const refusal = refusalToUpdate(before.definition, after.definition) ?? this.#ingressConflict(after, step.id);
    if (refusal !== undefined) {
      this.#settle(step, { result: "refused", why: refusal });
      return;
    }
    const live = this.#services.get(step.id);
    const isReplaced = this.#facts.isReplaced(step);
    const cannotStart = this.#whyUpdateStalls(step, before, after, isReplaced);
    const runsTasks = after.definition.replicas !== 0;
    // Scaling to nothing removes the containers; an update leaves the stopped ones in the task history.
    const heldVolumes = runsTasks
      ? new Set([
          ...(isReplaced === false || live?.runsTasks ? (live?.heldVolumes ?? []) : []),
          ...this.#volumesHere(after),
        ])
      : new Set<Known<string>>();
    this.#put(step.id, { object: after, heldVolumes, runsTasks });
    // The service has its new definition all the same; it is the steps after this one that are not reached.
    const isFailure = cannotStart !== undefined && after.isAwaited;
    this.#settle(step, { result: isFailure ? "stalled" : "done", why: cannotStart, cannotStart });
  }

  #whyUpdateStalls(
    step: PlannedStep,
    before: PlannedService,
    after: PlannedService,
    isReplaced: Known<boolean>,
  ): string | undefined {
    const { nodes } = this.#facts;
    const [old, next] = [before.definition, after.definition];
    if (next.replicas === 0) return undefined;
    if (isReplaced !== false) {
      const why = this.#facts.whyNotStarted(step);
      if (why !== undefined) return why;
      const startsFirst = next.updateOrder === "start-first" && old.replicas !== 0;
      if (startsFirst && sharesHostPort(old, next) && runsOnOneNode(next, nodes)) {
        return "the new task waits for the host port that the old one holds: the update order is start-first";
      }
    }
    const kept = isReplaced === false && isKnown(old.replicas) ? { definition: old, count: old.replicas } : undefined;
    return tasksWithoutRoom(next, kept, nodes) ?? this.#hostPortConflict(next, step.id, step.id);
  }

  #whyCreationStalls(step: PlannedStep, after: PlannedService): string | undefined {
    const { definition } = after;
    if (definition.replicas === 0) return undefined;
    return (
      this.#facts.whyNotStarted(step) ??
      tasksWithoutRoom(definition, undefined, this.#facts.nodes) ??
      this.#hostPortConflict(definition, step.id, undefined)
    );
  }

  #delete(step: PlannedStep): void {
    const isReplacement = step.operation === "replace";
    if (step.isRetained) {
      if (!isReplacement) this.#settle(step, {});
      return;
    }
    const refusal = step.isProtected ? "it is protected" : this.#refusalToDelete(step);
    if (refusal === undefined) {
      this.#remove(step.id);
      this.#settle(step, { deletedOld: true });
    } else if (!isReplacement) this.#settle(step, { result: "refused", why: refusal });
  }

  #add(key: string, object: PlannedObject | undefined): void {
    if (object === undefined) return;
    if (object.kind !== "service") {
      this.#claim(key, [nameClaim(object)]);
      return;
    }
    const runsTasks = object.definition.replicas !== 0;
    this.#put(key, { object, heldVolumes: new Set(runsTasks ? this.#volumesHere(object) : []), runsTasks });
  }

  #volumesHere(service: PlannedService): readonly Known<string>[] {
    return this.#facts.mayRunHere(service) ? namedVolumes(service.definition) : [];
  }

  #put(key: string, service: LiveService): void {
    this.#remove(key);
    this.#services.set(key, service);
    this.#claim(key, claimsOf(service));
  }

  #claim(key: string, claims: readonly string[]): void {
    this.#laid.set(key, claims);
    for (const claim of claims) {
      const others = this.#claims.get(claim);
      if (others === undefined) this.#claims.set(claim, new Set([key]));
      else others.add(key);
    }
  }

  #remove(key: string): void {
    for (const claim of this.#laid.get(key) ?? []) this.#claims.get(claim)?.delete(key);
    this.#laid.delete(key);
    this.#services.delete(key);
  }

  /** The services that lay one of some claims. */
  *#claimants(claims: readonly string[]): Iterable<[string, LiveService]> {
    for (const key of new Set(claims.flatMap((claim) => [...(this.#claims.get(claim) ?? [])]))) {
      const service = this.#services.get(key);
      if (service !== undefined) yield [key, service];
    }
  }

  #refusalToCreate(after: PlannedObject): string | undefined {
    if (!isKnown(after.name)) return undefined;
    // Docker answers a second creation of a volume with the one that exists.
    if (after.kind === "volume") return undefined;
    const isTaken = (this.#claims.get(nameClaim(after))?.size ?? 0) > 0;
    if (isTaken) return `the name "${after.name}" is taken by a ${after.kind} that still exists`;
    if (after.kind !== "service") return undefined;
    return refusedConstraint(after.definition) ?? this.#ingressConflict(after, undefined);
  }

  #ingressConflict(after: PlannedService, ownKey: string | undefined): string | undefined {
    for (const port of publishedPorts(after.definition, "ingress")) {
      for (const [key] of this.#claimants([`ingress ${port}`])) {
        if (key !== ownKey) return `port ${port} is published by another service through the routing mesh`;
      }
    }
    return undefined;
  }

  #refusalToDelete({ before }: PlannedStep): string | undefined {
    if (before === undefined || before.kind === "service" || !isKnown(before.name)) return undefined;
    const claims = [`use ${before.kind} ${before.name}`];
    if (before.kind !== "volume" && isKnown(before.id)) claims.push(`use ${before.kind} ${before.id ?? ""}`);
    for (const [, { object }] of this.#claimants(claims)) {
      const user = isKnown(object.name) ? ` "${object.name}"` : "";
      return before.kind === "volume"
        ? `Docker refuses to delete volume "${before.name}" while a container of service${user} uses it, a stopped one of the task history included`
        : `Docker refuses to delete ${before.kind} "${before.name}" while service${user} uses it`;
    }
    return undefined;
  }

  /** Why a task cannot start beside what runs already, on the one node that it may run on. */
  #hostPortConflict(
    definition: ServiceDefinition,
    replacedKey: string,
    ownKey: string | undefined,
  ): string | undefined {
    const { nodes } = this.#facts;
    if (!runsOnOneNode(definition, nodes)) return undefined;
    const claims = publishedPorts(definition, "host").map((port) => `host ${port}`);
    for (const [key, { object, runsTasks }] of this.#claimants(claims)) {
      if (key === ownKey || !runsTasks || !shareNode(object.definition, definition, nodes)) continue;
      const name = isKnown(object.name) ? ` "${object.name}"` : "";
      return `its task waits for a host port that ${key === replacedKey ? "the old service" : "service"}${name} holds on the same node`;
    }
    return undefined;
  }
}

function nameClaim({ kind, name }: PlannedObject): string {
  return `${kind} ${isKnown(name) ? name : ""}`;
}

function claimsOf({ object, heldVolumes }: LiveService): readonly string[] {
  const { definition } = object;
  const files = (kind: string, list: ServiceDefinition["secrets"]): readonly string[] =>
    isKnown(list)
      ? list.flatMap(({ name }) => (isKnown(name) && name !== undefined ? [`use ${kind} ${name}`] : []))
      : [];
  return [
    nameClaim(object),
    ...publishedPorts(definition, "ingress").map((port) => `ingress ${port}`),
    ...publishedPorts(definition, "host").map((port) => `host ${port}`),
    ...[...heldVolumes].flatMap((name) => (isKnown(name) ? [`use volume ${name}`] : [])),
    ...(isKnown(definition.networks)
      ? definition.networks.flatMap((id) => (isKnown(id) ? [`use network ${id}`] : []))
      : []),
    ...files("secret", definition.secrets),
    ...files("config", definition.configs),
  ];
}

function newVersion(step: PlannedStep): string {
  return step.deletesFirst && !step.isRetained ? step.id : `${step.id}#new`;
}

function isDeletedLast(step: PlannedStep): boolean {
  return step.operation === "replace" && !step.deletesFirst;
}

function servicesFirst(one: PlannedStep, other: PlannedStep): number {
  return Number(one.before?.kind !== "service") - Number(other.before?.kind !== "service");
}

function failureOf({ step, why }: StepOutcome): string {
  const name = step.id.slice(step.id.lastIndexOf("::") + 1).replace(/^:/u, "");
  return `the step before it fails (${name}): ${why ?? "its tasks do not start"}`;
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

/** The named volumes that a service's containers mount. */
export function namedVolumes(definition: ServiceDefinition): readonly Known<string>[] {
  const mounts: readonly Mount[] = isKnown(definition.mounts) ? definition.mounts : [];
  return mounts.flatMap(({ type, source }) =>
    type === "volume" && source !== undefined && source !== "" ? [source] : [],
  );
}

/** Swarm takes an update as a whole or not at all (moby daemon/cluster/services.go, swarmkit controlapi/service.go). */
function refusalToUpdate(before: ServiceDefinition, after: ServiceDefinition): string | undefined {
  if (isKnown(before.mode) && isKnown(after.mode) && before.mode !== after.mode) {
    return `Swarm refuses to change a service's mode in place (${before.mode} to ${after.mode})`;
  }
  if (after.endpointMode === "dnsrr" && publishedPorts(after, "ingress").length > 0) {
    return "Swarm refuses a port in ingress mode together with the endpoint mode dnsrr";
  }
  return refusedConstraint(after);
}

function refusedConstraint({ constraints }: ServiceDefinition): string | undefined {
  const refused = isKnown(constraints) ? constraints.find(({ key }) => key === "") : undefined;
  if (refused === undefined || !isKnown(refused.text)) return undefined;
  return `Swarm refuses the placement constraint "${refused.text}": it takes \`node.hostname==NAME\` and the like`;
}

/** Whether two services want the same port of their node. */
export function sharesHostPort(one: ServiceDefinition, other: ServiceDefinition): boolean {
  const taken = publishedPorts(one, "host");
  return publishedPorts(other, "host").some((port) => taken.includes(port));
}

/** Whether a service's tasks all run on one node: pinned by name, or on a swarm of one node. */
function runsOnOneNode(definition: ServiceDefinition, nodes: readonly SwarmNode[] | undefined): boolean {
  const { constraints } = definition;
  if (nodes !== undefined) {
    const matching = matchingNodes(constraints, nodes);
    return isKnown(matching) && matching.length <= 1;
  }
  return isKnown(constraints) && constraints.some((constraint) => narrowingOf(constraint) !== "none");
}

function shareNode(one: ServiceDefinition, other: ServiceDefinition, nodes: readonly SwarmNode[] | undefined): boolean {
  if (nodes !== undefined) {
    const first = matchingNodes(one.constraints, nodes);
    const second = matchingNodes(other.constraints, nodes);
    if (isKnown(first) && isKnown(second)) return first.some((node) => second.includes(node));
  }
  if (!isKnown(one.constraints) || !isKnown(other.constraints)) return false;
  const pins = one.constraints.filter((constraint) => narrowingOf(constraint) !== "none");
  const others = other.constraints;
  return pins.some((pin) => others.some(({ key, value }) => key === pin.key && value === pin.value));
}

/**
 * Why some of a service's tasks stay pending although a node satisfies its constraints.
 *
 * @param kept - the tasks that stay as they are, with the ports that they hold
 */
function tasksWithoutRoom(
  definition: ServiceDefinition,
  kept: { definition: ServiceDefinition; count: number } | undefined,
  nodes: readonly SwarmNode[] | undefined,
): string | undefined {
  const { replicas, maxReplicasPerNode, constraints } = definition;
  if (!isKnown(replicas) || definition.mode !== "replicated" || replicas < 2) return undefined;
  const matching = nodes === undefined ? notKnown : matchingNodes(constraints, nodes);
  const room = isKnown(matching) ? matching.length : runsOnOneNode(definition, undefined) ? 1 : Infinity;
  const rivals = kept !== undefined && !sharesHostPort(kept.definition, definition) ? replicas - kept.count : replicas;
  if (publishedPorts(definition, "host").length > 0 && rivals > room) {
    return `${rivals} tasks want the same host port on ${room === 1 ? "one node" : `${room} nodes`}, so ${rivals - room} of them wait for ever`;
  }
  const most = isKnown(maxReplicasPerNode) && maxReplicasPerNode ? maxReplicasPerNode : Infinity;
  return replicas > room * most ? `${replicas} tasks do not fit: at most ${most} may run on a node` : undefined;
}

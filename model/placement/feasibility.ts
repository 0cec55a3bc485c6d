/**
 * Whether a service's next task can start on the swarm as it is now, by the rules of Swarm's scheduler (swarmkit
 * manager/scheduler/filter.go) and of Docker on the chosen node.
 */
import { advisedDocker } from "../../text/advised-command.ts";
import { byteWords } from "../../text/byte-size.ts";
import {
  isKnown,
  notKnown,
  type Constraint,
  type ImageReference,
  type Known,
  type ServiceDefinition,
  type ServiceField,
  type SwarmNode,
} from "../service/definition.ts";
import { publishedPorts } from "../service/published-ports.ts";
import { matchingNodes } from "./constraints.ts";
import { isUsable, whyNowhere } from "./task-location.ts";

/** What is in use on a swarm, and what is unavailable. */
export interface SwarmUse {
  readonly services: readonly ServiceUse[];
  /** Images that their registry does not have, by {@link imageName}, with the registry's message; not those already on the task's node. */
  readonly missingImages?: ReadonlyMap<string, string>;
  /** Ports on which something other than a service answers, as {@link foreignPort} writes them. */
  readonly foreignPorts?: ReadonlySet<string>;
}

/** What a service uses of a swarm. */
export interface ServiceUse {
  readonly name: string;
  /** Published on every node, such as `10000/tcp`. */
  readonly routedPorts: readonly string[];
  readonly tasks: readonly TaskUse[];
}

/** What a task uses of its node. */
export interface TaskUse {
  readonly nodeId: string;
  readonly memoryBytes: number;
  readonly nanoCpus: number;
  /** Such as `10000/tcp`. */
  readonly hostPorts: readonly string[];
}

/** Why a task cannot start, in the parts of an error. */
export interface Obstacle {
  /** What is missing: a node, an image, a port, capacity on a node, or something used by a service that is removed last. */
  readonly kind: "node" | "image" | "port" | "room" | "removed last";
  /** The service's name. */
  readonly service: string;
  /** The path in the definition of what is unavailable. */
  readonly path: string;
  /** Phrased to follow "expected". */
  readonly expected: string;
  /** Phrased to follow "got". */
  readonly got: string;
  /** One imperative sentence without a full stop. */
  readonly fix: string;
  /** Phrased to follow "because". */
  readonly why: string;
}

/** What is asked. */
export interface FitQuestion {
  /** What runs now, when an existing service is changed. */
  readonly before?: ServiceDefinition | undefined;
  readonly nodes: readonly SwarmNode[];
  readonly use: SwarmUse;
  /** Services whose tasks will have gone or changed by the time the new task starts. */
  readonly leaving: Pick<ReadonlySet<string>, "has">;
  /** Services that are removed only once the new task runs. */
  readonly removedLast?: Pick<ReadonlySet<string>, "has">;
}

/** What to do when a task cannot get what it needs; the same before an update and after Swarm has refused it. */
export const lackFixes = {
  ports: "Choose another published port, or end what uses it",
  reservation: "Lower the reservation, or make room",
} as const;

/** What keeps a task from a node. */
interface Lack {
  readonly field: ServiceField;
  /** What is wanted, such as `a memory reservation of 2 GiB`. */
  readonly wanted: string;
  /** What is available, such as `vm has 1 GiB left of 8 GiB`. */
  readonly found: string;
  readonly fix: string;
}

/**
 * Says why no task of a service can start; `undefined` when nothing is known to rule out every node. Of several tasks, the first
 * counts.
 *
 * The service's own tasks are assumed to have gone, unless the new one starts first.
 */
export function whyUnfit(wanted: ServiceDefinition, question: FitQuestion): Obstacle | undefined {
  const { leaving, removedLast, use } = question;
  const late = new Set(use.services.map(({ name }) => name).filter((name) => removedLast?.has(name)));
  const whileThere = (isThere: (name: string) => boolean): Obstacle | undefined => {
    const has = (name: string): boolean => (leaving.has(name) || late.has(name)) && !isThere(name);
    return whyUnfitWith(wanted, { ...question, leaving: { has } });
  };
  const unfit = whileThere(() => false);
  if (unfit !== undefined || late.size === 0) return unfit;
  const early = whileThere((name) => late.has(name));
  if (early === undefined) return undefined;
  const holders = [...late].filter((one) => whileThere((name) => name === one) !== undefined);
  return {
    ...early,
    kind: "removed last",
    fix: renameAdvice(holders.length === 0 ? [...late] : holders),
    why: `${early.why} until this one runs`,
  };
}

/** What to do when a service needs something used by another that is removed last. */
export function renameAdvice(names: readonly string[], resource?: string): string {
  const alias = resource === undefined ? "" : `, \`aliases: [{ name: ${JSON.stringify(resource)} }]\``;
  return `Where it is the same service, renamed in the program, give its component the former name as an alias${alias} (docs/components.md, Renames): then it is changed in place. Otherwise remove ${names.map((name) => `"${name}"`).join(" and ")} from the program in a separate run first`;
}

function whyUnfitWith(wanted: ServiceDefinition, question: FitQuestion): Obstacle | undefined {
  const { nodes, use } = question;
  if (wanted.mode !== "replicated" || wanted.replicas === 0) return undefined;
  const nowhere = whyNowhere(wanted, nodes);
  if (nowhere !== undefined) return nowhereObstacle(wanted, nowhere, nodes);
  const suitable = matchingNodes(wanted.constraints, nodes.filter(isUsable));
  const missing = use.missingImages?.get(imageName(wanted.image) ?? "");
  if (missing !== undefined) return missingImage(wanted, missing);
  const routed = routedPortTaken(wanted, question);
  if (routed !== undefined) return obstacle(wanted, [routed]);
  if (!isKnown(suitable)) return undefined;
  const lacks = suitable.map((node) => lackOf(node, wanted, question));
  return lacks.every((lack) => lack !== undefined) ? obstacle(wanted, lacks) : undefined;
}

function nowhereObstacle(wanted: ServiceDefinition, why: string, nodes: readonly SwarmNode[]): Obstacle {
  const texts = isKnown(wanted.constraints) ? wanted.constraints.map(({ text }) => text).filter(isKnown) : [];
  return {
    kind: "node",
    service: wanted.name,
    path: pathOf(wanted, "constraints"),
    expected: "constraints that a node satisfies which is ready and active",
    got: texts.length === 0 ? "none such" : texts.join(" and "),
    fix: `${placeAdvice(wanted.constraints, nodes)}. The nodes: ${describeNodes(nodes, texts)}`,
    why,
  };
}

/** What to do when no node is usable. The intended node may be down or drained, and has the data on its disk. */
export function placeAdvice(constraints: Known<readonly Constraint[]>, nodes: readonly SwarmNode[]): string {
  const meant = matchingNodes(constraints, nodes);
  const [node] = isKnown(meant) && isKnown(constraints) && constraints.length > 0 ? meant : [];
  if (node === undefined) return "Change the constraints, or the nodes";
  const { hostname, state, availability } = node;
  return state === "ready"
    ? `Let ${hostname} take tasks again, which is set to ${availability}: \`${advisedDocker(`node update --availability active ${hostname}`)}\``
    : `Start ${hostname} again, which is ${state}: its data is on no other node`;
}

function missingImage(wanted: ServiceDefinition, words: string): Obstacle {
  const image = imageName(wanted.image) ?? "";
  return {
    kind: "image",
    service: wanted.name,
    path: pathOf(wanted, "image"),
    expected: "an image that its registry has",
    got: `${image}, of which the registry says: ${words}`,
    fix: "Correct the image's name, tag or digest, or push it",
    why: `its registry does not have the image ${image} (${words})`,
  };
}

/** Combines what all nodes lack into one obstacle. */
function obstacle(wanted: ServiceDefinition, lacks: readonly Lack[]): Obstacle {
  const fields = new Set(lacks.map(({ field }) => field));
  const asked = [...new Set(lacks.map((lack) => lack.wanted))].join(" and ");
  const found = [...new Set(lacks.map((lack) => lack.found))].join("; ");
  const [only = "service"] = fields;
  return {
    kind: fields.size === 1 && only === "ports" ? "port" : "room",
    service: wanted.name,
    path: pathOf(wanted, fields.size === 1 ? only : "service"),
    expected: "what a suitable node can give",
    got: `${asked}, while ${found}`,
    fix: [...new Set(lacks.map(({ fix }) => fix))].join(". "),
    why: `it asks for ${asked}, while ${found}`,
  };
}

function pathOf({ name, paths }: ServiceDefinition, field: ServiceField): string {
  return `service "${name}": ${paths[field]}`;
}

/** Only one service can publish a port through the routing mesh, and no task can publish it on its node as well. */
function routedPortTaken(wanted: ServiceDefinition, { use, leaving }: FitQuestion): Lack | undefined {
  const [routed, host] = [publishedPorts(wanted, "ingress"), publishedPorts(wanted, "host")];
  for (const { name, routedPorts, tasks } of use.services) {
    if (name === wanted.name || leaving.has(name)) continue;
    const taken = [
      ...[...routed, ...host].filter((port) => routedPorts.includes(port)),
      ...routed.filter((port) => tasks.some(({ hostPorts }) => hostPorts.includes(port))),
    ];
    if (taken.length > 0) return portLack(taken, `service "${name}" has it on every node`);
  }
  return undefined;
}

function lackOf(node: SwarmNode, wanted: ServiceDefinition, question: FitQuestion): Lack | undefined {
  const { before, use, leaving } = question;
  const startsFirst = wanted.updateOrder === "start-first";
  const others = use.services.filter(
    ({ name }) => !leaving.has(name) && (name !== wanted.name || (startsFirst && before !== undefined)),
  );
  const tasks = others.flatMap((service) =>
    service.tasks.filter(({ nodeId }) => nodeId === node.id).map((task) => ({ ...task, service: service.name })),
  );
  return (
    amountLack(node, wanted, before, tasks, "memoryBytes") ??
    amountLack(node, wanted, before, tasks, "nanoCpus") ??
    hostPortLack(node, wanted, tasks, before, use)
  );
}

/** How a node's resources are read and written. */
const amounts = {
  memoryBytes: {
    what: "memory ",
    words: byteWords,
    limit: "memoryLimit",
    reservation: "memoryReservation",
    // Docker starts a task whose limit exceeds the node's memory, but it is a mistake unless it already runs that way.
    mayStay: true,
  },
  nanoCpus: { what: "", words: inProcessors, limit: "service", reservation: "service", mayStay: false },
} as const;

function amountLack(
  node: SwarmNode,
  { limits, reservations }: ServiceDefinition,
  before: ServiceDefinition | undefined,
  tasks: readonly TaskUse[],
  kind: keyof typeof amounts,
): Lack | undefined {
  const { what, words, mayStay, ...fields } = amounts[kind];
  const { [kind]: total, hostname } = node;
  if (total === undefined) return undefined;
  const { [kind]: limit } = limits;
  const { [kind]: wanted } = reservations;
  if (isKnown(limit) && limit !== undefined && limit > total && !(mayStay && before?.limits[kind] === limit)) {
    return {
      field: fields.limit,
      wanted: `a ${what}limit of ${words(limit)}`,
      found: `${hostname} has ${words(total)} in all`,
      fix: "Lower the limit, or choose a larger node",
    };
  }
  const taken = tasks.reduce((sum, task) => sum + task[kind], 0);
  if (!isKnown(wanted) || wanted === undefined || wanted <= total - taken) return undefined;
  return {
    field: fields.reservation,
    wanted: `a ${what}reservation of ${words(wanted)}`,
    found: `${hostname} has ${taken === 0 ? `${words(total)} in all` : `${words(Math.max(total - taken, 0))} left of ${words(total)}`}`,
    fix: lackFixes.reservation,
  };
}

function hostPortLack(
  node: SwarmNode,
  wanted: ServiceDefinition,
  tasks: readonly (TaskUse & { readonly service: string })[],
  before: ServiceDefinition | undefined,
  { foreignPorts }: SwarmUse,
): Lack | undefined {
  const ports = publishedPorts(wanted, "host");
  const holder = tasks.find(({ hostPorts }) => hostPorts.some((port) => ports.includes(port)));
  if (holder !== undefined) {
    const shared = ports.filter((port) => holder.hostPorts.includes(port));
    return portLack(shared, `service "${holder.service}" has it on ${node.hostname}`);
  }
  const own = before === undefined ? [] : allPorts(before);
  const foreign = allPorts(wanted).filter(
    (port) => !own.includes(port) && foreignPorts?.has(foreignPort(node.id, port)),
  );
  return foreign.length === 0
    ? undefined
    : portLack(foreign, `something on ${node.hostname} answers on it that is no service of the swarm`);
}

function allPorts(definition: ServiceDefinition): readonly string[] {
  return [...publishedPorts(definition, "host"), ...publishedPorts(definition, "ingress")];
}

function portLack(ports: readonly string[], found: string): Lack {
  const names = [...new Set(ports)].map((port) => port.replace(/\/tcp$/u, "")).join(", ");
  return {
    field: "ports",
    wanted: `port ${names}`,
    found,
    fix: lackFixes.ports,
  };
}

/** Writes a port of a node for {@link SwarmUse.foreignPorts}. */
export function foreignPort(nodeId: string, port: string): string {
  return `${nodeId} ${port}`;
}

/** An image as its author wrote it; `undefined` when a part is unknown. */
export function imageName({ repository, tag, digest }: ImageReference): string | undefined {
  const parts: readonly Known<string | undefined>[] = [repository, tag, digest];
  if (parts.includes(notKnown)) return undefined;
  return `${String(repository)}${tag === undefined ? "" : `:${String(tag)}`}${digest === undefined ? "" : `@${String(digest)}`}`;
}

/** What a description of a node uses. */
type DescribedNode = Pick<SwarmNode, "hostname" | "id" | "role" | "state" | "availability" | "labels">;

/** Describes nodes by what constraints can match, with only the labels that the constraints name. */
export function describeNodes(nodes: readonly DescribedNode[], constraints: readonly string[]): string {
  const labelNames = constraints.flatMap((constraint) => /node\.labels\.([\w.-]+)/.exec(constraint)?.[1] ?? []);
  return nodes
    .map((node) => {
      const labels = labelNames.map((name) => `${name}=${node.labels[name] ?? ""}`);
      return `${node.hostname} (${[`id ${node.id}`, node.role, node.state, node.availability, ...labels].join(", ")})`;
    })
    .join("; ");
}

function inProcessors(nanoCpus: number): string {
  const count = Number((nanoCpus / 1e9).toFixed(2));
  return count === 1 ? "1 processor" : `${count} processors`;
}

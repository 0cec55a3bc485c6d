/** Whose something in a swarm is: labels of project and stack, the start guard's mark, and who mounts it. */

/** A stack of a project. */
export interface StackIdentity {
  readonly project: string;
  readonly stack: string;
}

/** Kinds of things that have names in a swarm. */
export type NamedKind = "volume" | "service" | "network" | "secret" | "config";

/** What the names of Holdfast's labels begin with. */
export const ownerLabelPrefix = "holdfast.";

/** Labels by which volumes, networks, secrets, configs and services say whose they are. */
export const ownerLabels = {
  project: "holdfast.project",
  stack: "holdfast.stack",
  /** On a service: the volumes that its tasks create for the stack, by name, with commas between them. */
  volumes: "holdfast.volumes",
  /** On a service: the store that its start guard marks its volumes with. */
  identity: "holdfast.identity",
} as const;

/** The label of everything that `docker stack deploy` makes. */
const deployedStackLabel = "com.docker.stack.namespace";

/** The labels of what a stack makes. */
export function labelsOfOwner({ project, stack }: StackIdentity): Record<string, string> {
  return { [ownerLabels.project]: project, [ownerLabels.stack]: stack };
}

/** The stack that labels name; undefined where they name none. */
export function ownerInLabels(labels: Labels): StackIdentity | undefined {
  const { [ownerLabels.project]: project, [ownerLabels.stack]: stack } = labels ?? {};
  return project === undefined || stack === undefined ? undefined : { project, stack };
}

type Labels = Readonly<Record<string, string>> | null | undefined;

/** Something that mounts a volume. */
export interface VolumeUse {
  readonly kind: "service" | "container";
  readonly name: string;
  readonly labels: Labels;
  /** Whether it is a container that does not run: it writes nothing, but keeps the volume from being deleted. */
  readonly isStopped?: boolean;
}

/** What tells whose something is. */
export interface OwnershipTraces {
  readonly labels: Labels;
  /** The store that the start guard's mark on a volume names. */
  readonly store?: string | undefined;
  /** Who mounts a volume. */
  readonly users?: readonly VolumeUse[];
}

/** The answer to whose something is. */
export type Ownership =
  { readonly kind: "ours" } | { readonly kind: "another's"; readonly owner: string } | { readonly kind: "unknown" };

/** What a stack knows to be its own without labels. */
export interface KnownAsOwn {
  /** Its services, by name: all of them, so a service that is not among them is managed from elsewhere, whatever its labels say. */
  readonly services?: ReadonlySet<string>;
  /** The store that a service of it marks its volumes with, where that is not named after the stack. */
  readonly store?: string | undefined;
}

/** Says whose something is. Its own labels decide; without them the mark on the volume; without that who mounts it. */
export function ownershipOf(
  { labels, store, users = [] }: OwnershipTraces,
  own: StackIdentity,
  known: KnownAsOwn = {},
): Ownership {
  const labelled = ownerInLabels(labels);
  if (labelled !== undefined) return isSame(labelled, own) ? ours : anothers(stackWords(labelled));
  const deployed = labels?.[deployedStackLabel];
  if (deployed !== undefined) return anothers(`the stack ${deployed} of docker stack deploy`);
  if (store !== undefined) {
    const isOwn = store === known.store || store.startsWith(`${own.project}/${own.stack}/`);
    return isOwn ? ours : anothers(`the store ${store}, as its mark says`);
  }
  const writers = users.filter(({ isStopped }) => isStopped !== true);
  const other = writers.find((user) => !isOwnUser(user, own, known));
  if (other !== undefined) return anothers(userWords(other, own));
  return writers.length > 0 ? ours : unknown;
}

/**
 * The use of a volume by somebody else, whosever it is; undefined where there is none.
 *
 * @param withStopped - whether containers that do not run count, as for a deletion
 */
export function foreignUse(
  { users = [] }: OwnershipTraces,
  own: StackIdentity,
  known: KnownAsOwn = {},
  withStopped = false,
): string | undefined {
  const other = users.find((user) => (withStopped || user.isStopped !== true) && !isOwnUser(user, own, known));
  return other && userWords(other, own);
}

const ours: Ownership = { kind: "ours" };
const unknown: Ownership = { kind: "unknown" };

function anothers(owner: string): Ownership {
  return { kind: "another's", owner };
}

function isOwnUser({ kind, name, labels }: VolumeUse, own: StackIdentity, { services }: KnownAsOwn): boolean {
  const owner = ownerInLabels(labels);
  if (owner === undefined) return kind === "service" && services?.has(name) === true;
  // Another checkout with the same names, or a lost state, has the same labels: its service writes the data all the same.
  return isSame(owner, own) && (kind !== "service" || services?.has(name) !== false);
}

/** What is said of something that has this stack's labels and that it does not know. */
export const managedElsewhere =
  "managed from elsewhere: another checkout with the same project and stack name, or a lost state";

function userWords({ kind, name, labels }: VolumeUse, own: StackIdentity): string {
  const owner = ownerInLabels(labels);
  if (owner !== undefined && isSame(owner, own))
    return `the ${kind} ${name}, which mounts it and is this stack's by its labels, but is ${managedElsewhere}`;
  return `the ${kind} ${name}${owner === undefined ? "" : ` of ${stackWords(owner)}`}, which mounts it`;
}

/**
 * Whether what is found where a stack's own was has come to be another stack's, by the labels of both.
 *
 * @param isSuccessor - whether it is not what the state knows but something else of its name: then labels where there were none
 *   are another's too
 */
export function hasPassedToAnother(found: Labels, known: Labels, isSuccessor: boolean): boolean {
  const owner = ownerInLabels(found);
  const own = ownerInLabels(known);
  if (owner === undefined) return false;
  return own === undefined ? isSuccessor : !isSame(owner, own);
}

function isSame(one: StackIdentity, other: StackIdentity): boolean {
  return one.project === other.project && one.stack === other.stack;
}

function stackWords({ project, stack }: StackIdentity): string {
  return `the stack ${stack} of the project ${project}`;
}

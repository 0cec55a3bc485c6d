/** Who owns an object in a swarm, by project and stack labels, the start guard's mark, and who mounts it. */

/** A stack of a project. */
export interface StackIdentity {
  readonly project: string;
  readonly stack: string;
}

/** Kinds of named objects in a swarm. */
export type NamedKind = "volume" | "service" | "network" | "secret" | "config";

/** The prefix of Holdfast's labels. */
export const ownerLabelPrefix = "holdfast.";

/** Labels that state the owner of volumes, networks, secrets, configs and services. */
export const ownerLabels = {
  project: "holdfast.project",
  stack: "holdfast.stack",
  /** On a service: the names of the volumes that its tasks create for the stack, separated by commas. */
  volumes: "holdfast.volumes",
  /** On a service: the store whose mark its start guard puts on its volumes. */
  identity: "holdfast.identity",
} as const;

/** The label of everything that `docker stack deploy` creates. */
const deployedStackLabel = "com.docker.stack.namespace";

/** The labels of what a stack creates. */
export function labelsOfOwner({ project, stack }: StackIdentity): Record<string, string> {
  return { [ownerLabels.project]: project, [ownerLabels.stack]: stack };
}

/** The stack named by labels, if any. */
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
  /** Whether it is a stopped container: it writes nothing, but prevents the volume's deletion. */
  readonly isStopped?: boolean;
}

/** What shows who owns an object. */
export interface OwnershipTraces {
  readonly labels: Labels;
  /** The store named by the start guard's mark on a volume. */
  readonly store?: string | undefined;
  /** Who mounts a volume. */
  readonly users?: readonly VolumeUse[];
}

/** Who owns an object. */
export type Ownership =
  { readonly kind: "ours" } | { readonly kind: "another's"; readonly owner: string } | { readonly kind: "unknown" };

/** What a stack owns according to its state, without labels. */
export interface KnownAsOwn {
  /** The names of all its services: any other service is managed from elsewhere, regardless of its labels. */
  readonly services?: ReadonlySet<string>;
  /** The store whose mark its service puts on volumes, if not named after the stack. */
  readonly store?: string | undefined;
}

/** Determines who owns an object: by its labels, else by the mark on the volume, else by who mounts it. */
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
 * The use of a volume by anything outside the stack, if any.
 *
 * @param withStopped - whether stopped containers count, as for a deletion
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
  // Another checkout with the same names, or a lost state, has the same labels, but its service still writes the data.
  return isSame(owner, own) && (kind !== "service" || services?.has(name) !== false);
}

/** Describes an object that has this stack's labels but is not in its state. */
export const managedElsewhere =
  "managed from elsewhere: another checkout with the same project and stack name, or a lost state";

function userWords({ kind, name, labels }: VolumeUse, own: StackIdentity): string {
  const owner = ownerInLabels(labels);
  if (owner !== undefined && isSame(owner, own))
    return `the ${kind} ${name}, which mounts it and is this stack's by its labels, but is ${managedElsewhere}`;
  return `the ${kind} ${name}${owner === undefined ? "" : ` of ${stackWords(owner)}`}, which mounts it`;
}

/**
 * Whether an object in place of a stack's own now belongs to another stack, by the labels of both.
 *
 * @param isSuccessor - whether it is a different object of the same name: then new labels where there were none also mean another
 * owner
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

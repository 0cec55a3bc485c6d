/**
 * One data model for a stateful service from any source: a Pulumi program, a stack file, or a live swarm.
 *
 * Each leaf may be not known yet. A leaf that is known and `undefined` was left out by its author, so Swarm's default applies.
 */

import { familiarRepository, splitImageName } from "../../text/image-name.ts";

/** Marks a value that is not known yet: an output of a resource still to be created, or an unset variable. */
export const notKnown: unique symbol = Symbol("not known yet");

/** A value, or {@link notKnown}. */
export type Known<T> = T | typeof notKnown;

/** Tells whether a value is known. */
export function isKnown<T>(value: Known<T>): value is T {
  return value !== notKnown;
}

/** What Pulumi prints instead of a secret: the value exists but is hidden. */
export const secretMark = "[secret]";

/** Treats a value that is hidden as a secret as not known. */
export function visible<T>(value: Known<T>): Known<T> {
  return value === secretMark ? notKnown : value;
}

/** Where a definition comes from. It decides what a missing value means: an unset grace period is 10 s to Swarm and 0 s to Pulumi's provider. */
export type DefinitionOrigin = "pulumi" | "stack file" | "swarm";

/** A service as its author defined it. */
export interface ServiceDefinition {
  /** Unique within an estate: a URN, the key in a stack file, or a service's id. */
  readonly id: string;
  readonly origin: DefinitionOrigin;
  /** The display name: the service's name if known, else its name in the program. */
  readonly name: string;
  readonly image: ImageReference;
  /** Overrides the image's `ENTRYPOINT` (`ContainerSpec.Command`). */
  readonly command: Known<readonly Known<string>[] | undefined>;
  /** Overrides the image's `CMD` (`ContainerSpec.Args`). */
  readonly args: Known<readonly Known<string>[] | undefined>;
  readonly environment: Known<Readonly<Record<string, Known<string>>>>;
  readonly user: Known<string | undefined>;
  /** The container's id when left out, so different for each task. */
  readonly hostname: Known<string | undefined>;
  readonly workingDirectory: Known<string | undefined>;
  readonly readOnlyRoot: Known<boolean | undefined>;
  readonly mounts: Known<readonly Mount[]>;
  readonly configs: Known<readonly MountedFile[]>;
  readonly secrets: Known<readonly MountedFile[]>;
  readonly constraints: Known<readonly Constraint[]>;
  readonly maxReplicasPerNode: Known<number | undefined>;
  readonly mode: Known<ServiceMode>;
  /** Tasks wanted in replicated mode; 1 when left out. */
  readonly replicas: Known<number>;
  readonly updateOrder: Known<string | undefined>;
  readonly rollbackOrder: Known<string | undefined>;
  /** What Swarm does when an update's tasks fail: `pause` when left out, `continue`, or `rollback`. */
  readonly failureAction: Known<string | undefined>;
  /** `undefined` when the service leaves the check to the image. */
  readonly healthCheck: Known<DefinedHealthCheck | undefined>;
  readonly restart: Known<RestartPolicy | undefined>;
  readonly limits: Resources;
  readonly reservations: Resources;
  readonly stopSignal: Known<string | undefined>;
  readonly stopGraceSeconds: Known<number | undefined>;
  readonly endpointMode: Known<string | undefined>;
  readonly ports: Known<readonly DefinedPort[]>;
  readonly networks: Known<readonly Known<string>[]>;
  /** Labels of the service, not of its containers. */
  readonly labels: Known<Readonly<Record<string, Known<string>>>>;
  readonly containerLabels: Known<Readonly<Record<string, Known<string>>>>;
  readonly forceUpdate: Known<number>;
  /** For each field, the path at which the author wrote it, or would write it. */
  readonly paths: Readonly<Record<ServiceField, string>>;
}

/** The fields of a service that a finding can point at. */
export type ServiceField =
  | "service"
  | "image"
  | "command"
  | "args"
  | "environment"
  | "hostname"
  | "workingDirectory"
  | "mounts"
  | "constraints"
  | "mode"
  | "replicas"
  | "updateOrder"
  | "rollbackOrder"
  | "failureAction"
  | "healthCheck"
  | "restart"
  | "memoryLimit"
  | "memoryReservation"
  | "stopSignal"
  | "stopGrace"
  | "ports"
  | "configs"
  | "labels"
  | "containerLabels";

export type ServiceMode = "replicated" | "global" | "replicated-job" | "global-job";

/** An image reference in its parts, because a tag may be unknown while the repository is known. */
export interface ImageReference {
  /** Registry and path without tag and digest, for example `registry.example/mirror/redis`. */
  readonly repository: Known<string>;
  readonly tag: Known<string | undefined>;
  /** With its algorithm, for example `sha256:…`. */
  readonly digest: Known<string | undefined>;
}

/** A placement constraint in its parts; the key may be known while the value is not. */
export interface Constraint {
  /** As its author wrote it. */
  readonly text: Known<string>;
  /** For example `node.labels.disk`; in lower case but for a label's name. Empty when Swarm would refuse the constraint. */
  readonly key: Known<string>;
  readonly operator: "==" | "!=";
  readonly value: Known<string>;
}

/** A mount of a service's containers. */
export interface Mount {
  /** Its path, for example `taskSpec.containerSpec.mounts[0]`. */
  readonly path: string;
  readonly type: Known<string>;
  /** Name of the volume, or path on the host; empty or `undefined` for an anonymous volume. */
  readonly source: Known<string | undefined>;
  readonly target: Known<string>;
  readonly readOnly: Known<boolean>;
  /** The mount's options for its volume, if any. */
  readonly volumeOptions: Known<VolumeOptions | undefined>;
  /** True when a stack file declares the volume as external, so its driver cannot be seen. */
  readonly external: boolean;
}

/** How a volume is created if it does not exist yet. */
export interface VolumeOptions {
  /** `local` when left out. */
  readonly driver: Known<string | undefined>;
  readonly driverOptions: Known<Readonly<Record<string, Known<string>>>>;
  readonly labels: Known<Readonly<Record<string, Known<string>>>>;
}

/** A Swarm config or secret as a file in the container. */
export interface MountedFile {
  readonly path: string;
  readonly name: Known<string | undefined>;
  /** Path of the file in the container. */
  readonly target: Known<string>;
  /** Its content; `undefined` when the input does not show it, and always for a secret. */
  readonly content: Known<string | undefined>;
}

/** How Docker checks that a container is healthy. */
export interface DefinedHealthCheck {
  /** In Docker's format: `["CMD", …]`, `["CMD-SHELL", script]`, `["NONE"]`; empty means the image's own. */
  readonly test: Known<readonly Known<string>[]>;
  /** 30 when left out. */
  readonly intervalSeconds: Known<number | undefined>;
  /** 30 when left out. */
  readonly timeoutSeconds: Known<number | undefined>;
  /** 3 when left out. */
  readonly retries: Known<number | undefined>;
  /** 0 when left out. */
  readonly startPeriodSeconds: Known<number | undefined>;
  /** 5 when left out. */
  readonly startIntervalSeconds: Known<number | undefined>;
}

/** When Swarm replaces a task that has ended. */
export interface RestartPolicy {
  /** `any` when left out. */
  readonly condition: Known<string | undefined>;
  /** 0 or left out: unlimited. */
  readonly maxAttempts: Known<number | undefined>;
  readonly windowSeconds: Known<number | undefined>;
  readonly delaySeconds: Known<number | undefined>;
}

export interface Resources {
  readonly memoryBytes: Known<number | undefined>;
  readonly nanoCpus: Known<number | undefined>;
}

export interface DefinedPort {
  readonly path: string;
  readonly targetPort: Known<number>;
  /** `undefined` when Swarm chooses one. */
  readonly publishedPort: Known<number | undefined>;
  readonly publishMode: Known<string | undefined>;
  readonly protocol: Known<string | undefined>;
}

/** A volume declared apart from services: a `docker.Volume`, a stack file's top-level volume, or one on a live node. */
export interface VolumeDefinition {
  readonly id: string;
  readonly origin: DefinitionOrigin;
  readonly path: string;
  readonly name: Known<string>;
  readonly options: VolumeOptions;
  /** Pulumi's `protect` option; `undefined` where it does not exist. */
  readonly protect: boolean | undefined;
  /** Pulumi's `retainOnDelete` option; `undefined` where it does not exist or is not shown. */
  readonly retainOnDelete: boolean | undefined;
}

/** What is known about a live node, in the terms of `docker node inspect`. */
export interface SwarmNode {
  readonly id: string;
  readonly hostname: string;
  readonly role: string;
  /** `ready`, `down`, `disconnected` or `unknown`. */
  readonly state: string;
  /** `active`, `pause` or `drain`. */
  readonly availability: string;
  readonly address: string;
  readonly os: string;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly engineLabels: Readonly<Record<string, string>>;
  /** Its total memory, if reported. */
  readonly memoryBytes?: number;
  /** Its total processors in billionths, if reported. */
  readonly nanoCpus?: number;
}

/** What a live engine says about an image, in the terms of `docker image inspect`. */
export interface ImageFacts {
  /** The image's `VOLUME`s. */
  readonly volumes: readonly string[];
  readonly hasHealthCheck: boolean;
}

/** Everything known at once: services, volumes, and the swarm that they run on, if it was asked. */
export interface Estate {
  readonly services: readonly ServiceDefinition[];
  readonly volumes: readonly VolumeDefinition[];
  /** `undefined` when no live swarm was asked. */
  readonly nodes: readonly SwarmNode[] | undefined;
  /** By the images' names, `repository:tag` and `repository@digest`. */
  readonly images: ReadonlyMap<string, ImageFacts>;
  /** By {@link ServiceDefinition.id}: a service before the change under review. */
  readonly previous: ReadonlyMap<string, ServiceDefinition>;
  /** By {@link ServiceDefinition.id}: a service as the program defines it, without what the provider keeps in addition. */
  readonly written?: ReadonlyMap<string, ServiceDefinition>;
}

/** An estate with only its services known. */
export function estateOf(services: readonly ServiceDefinition[], more: Partial<Estate> = {}): Estate {
  return { services, volumes: [], nodes: undefined, images: new Map(), previous: new Map(), ...more };
}

/** Parses an image reference. An image given by id alone has no repository. */
export function parseImageReference(reference: string): ImageReference {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(reference)) return unknownImage;
  return splitImageName(reference);
}

/** An image reference of which nothing is known. */
export const unknownImage: ImageReference = { repository: notKnown, tag: notKnown, digest: notKnown };

/** What a live engine said about an image; `undefined` when it was not asked or does not have it. */
export function factsOf(image: ImageReference, images: Estate["images"]): ImageFacts | undefined {
  const { repository, tag, digest } = image;
  if (images.size === 0 || !isKnown(repository) || !isKnown(tag) || !isKnown(digest)) return undefined;
  const familiar = familiarRepository(repository);
  return (
    (digest === undefined ? undefined : images.get(`${familiar}@${digest}`)) ??
    images.get(`${familiar}:${tag ?? "latest"}`)
  );
}

/**
 * The value of a label, which may be not known; `undefined` when there is no such label. A label on the service takes precedence
 * over one on its containers, where a stack file's `labels` outside `deploy` go.
 */
export function labelOf(service: ServiceDefinition, label: string): Known<string | undefined> {
  const places: readonly ServiceDefinition["labels"][] = [service.labels, service.containerLabels];
  for (const labels of places) {
    if (!isKnown(labels)) return notKnown;
    if (Object.hasOwn(labels, label)) return labels[label];
  }
  return undefined;
}

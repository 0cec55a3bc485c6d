/** A planned change in Swarm's terms, whether it was planned by Pulumi, the embedded engine, or `docker stack deploy`. */
import type { SwarmUse } from "../placement/feasibility.ts";
import {
  isKnown,
  type ImageFacts,
  type Known,
  type ServiceDefinition,
  type SwarmNode,
  type VolumeDefinition,
} from "../service/definition.ts";
import type { ImageNames } from "../storage/data-profile.ts";
import type { TaskTemplate } from "./task-template.ts";

/** What will carry out the change. Executors differ in how they wait, and in how they treat a task that Swarm keeps. */
export type Executor = "pulumi" | "embedded" | "stack deploy";

/** A service on one side of a change. */
export interface PlannedService {
  readonly kind: "service";
  readonly name: Known<string>;
  readonly definition: ServiceDefinition;
  readonly template: TaskTemplate;
  /** Whether the executor waits until its tasks run, and fails if they do not. */
  readonly isAwaited: boolean;
}

/** A volume that the plan creates or deletes; it is on the engine that the executor talks to. */
export interface PlannedVolume {
  readonly kind: "volume";
  readonly name: Known<string>;
  readonly definition: VolumeDefinition;
}

/** A network, secret or config. It matters only because Docker refuses to delete it while a service uses it. */
export interface PlannedAccessory {
  readonly kind: "network" | "secret" | "config";
  readonly name: Known<string>;
  /** Docker's id; `undefined` before it exists. */
  readonly id: Known<string | undefined>;
}

export type PlannedObject = PlannedService | PlannedVolume | PlannedAccessory;

/** What a step does. A replacement is one step. */
export type PlannedOperation = "same" | "create" | "update" | "replace" | "delete";

/** One object's part in a plan. */
export interface PlannedStep {
  /** Unique in the plan: a URN, or `<kind> <name>`. */
  readonly id: string;
  readonly operation: PlannedOperation;
  readonly before: PlannedObject | undefined;
  readonly after: PlannedObject | undefined;
  /** For a replacement: whether the old one is deleted before the new one is created. */
  readonly deletesFirst: boolean;
  /** Pulumi's `protect`: the old object must not be deleted; for a replacement, only if the new one is protected too. */
  readonly isProtected: boolean;
  /** It is protected but the plan deletes it anyway: a run with `--ignore-protect` (Pulumi 3.256 and later). */
  readonly ignoresProtect?: true;
  /** Pulumi's `retainOnDelete`: the old object is dropped from the state, not deleted. */
  readonly isRetained: boolean;
  /** Ids of the steps that must be done before this one. */
  readonly dependsOn: readonly string[];
  /** Whether this is the service's first update since its creation; not known when the plan does not show it. */
  readonly isFirstUpdate: Known<boolean>;
  /** What the program no longer has but the service keeps, because the provider plans no change for it. */
  readonly ignoredRemovals: readonly string[];
  /** Properties that forced a replacement. */
  readonly replaceReasons: readonly string[];
}

/** Defaults of a step: no dependencies, not protected, nothing retained or ignored. */
export const plainStep = {
  deletesFirst: false,
  isProtected: false,
  isRetained: false,
  dependsOn: [],
  isFirstUpdate: false,
  ignoredRemovals: [],
  replaceReasons: [],
} as const satisfies Partial<PlannedStep>;

/** A whole plan. */
export interface Plan {
  readonly executor: Executor;
  /** In the order in which the executor begins them; deletions come last. */
  readonly steps: readonly PlannedStep[];
  /** The number of unchanged objects that the plan does not show; any of them may be a service. */
  readonly unseen: number;
  /** Why the plan cannot be carried out: the preview's errors, one line each. */
  readonly errors: readonly string[];
  /** Policy findings contained in the plan. */
  readonly policyFindings: readonly PolicyFinding[];
}

/** A policy pack's finding on the plan. */
export interface PolicyFinding {
  readonly policy: string;
  readonly level: string;
  readonly resource: string;
  readonly message: string;
}

/** What was seen of a volume on its own node. */
export interface VolumeSight {
  /** The store whose data it has, according to the start guard's mark. */
  readonly mark: string | undefined;
  readonly isEmpty: boolean;
}

/** What was read from the live swarm; each part may be missing. */
export interface LiveFacts {
  readonly nodes?: readonly SwarmNode[];
  /** By image name, as `Estate.images`. */
  readonly images?: ReadonlyMap<string, ImageFacts>;
  /** What renamed images are; given by the user, not read from the swarm. */
  readonly imageNames?: ImageNames;
  /** The size of a service's dataset in memory, in bytes, by the service's name. */
  readonly datasetBytes?: ReadonlyMap<string, number>;
  /** Where a service's tasks run now: ids of nodes, by the service's name. */
  readonly taskNodes?: ReadonlyMap<string, readonly string[]>;
  /** Services without a running task, by name, with the reason: scaled to 0, or their newest task's message. */
  readonly down?: ReadonlyMap<string, string>;
  /** Names of the existing configs. */
  readonly configNames?: ReadonlySet<string>;
  /** Services, by name, whose running task has a different placement from the one that the provider's next update will leave on the service. */
  readonly withOtherPlacement?: ReadonlySet<string>;
  /** Volumes found on the nodes whose engines were asked, by node id and volume name. */
  readonly volumesOn?: ReadonlyMap<string, ReadonlyMap<string, VolumeSight>>;
  /** What is in use on the swarm, and what is unavailable. */
  readonly use?: SwarmUse;
  /** Services, by name, that the program removes without the plan showing it, once what it creates runs. */
  readonly removedLast?: ReadonlySet<string>;
  /** The id of the node whose engine was asked. The executor talks to the same engine, so the plan's own volumes are there. */
  readonly engineNode?: string;
}

/** A service's name in Docker or, if not known yet, in the program. */
export function nameOf({ name, definition }: PlannedService): string {
  return isKnown(name) ? name : definition.name;
}

/** Whether only `protect` keeps a plan from deleting the old object. */
export function restsOnProtect(step: PlannedStep): boolean {
  return isRefusedDeletion(step) && !step.isRetained;
}

/** Whether Pulumi refuses a step because it would delete or replace a protected object, even if its data would be retained. */
export function isRefusedDeletion({ operation, isProtected }: PlannedStep): boolean {
  return isProtected && (operation === "delete" || operation === "replace");
}

/** What `protect` alone does not cover, phrased to follow a colon. */
export const protectLimits =
  "`pulumi up` and `pulumi destroy` with --ignore-protect (Pulumi 3.256 and later) delete it, and retainOnDelete is what keeps it then.";

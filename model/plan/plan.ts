/**
 * A planned change in Swarm's terms, whoever planned it: Pulumi, the embedded engine, or `docker stack deploy` with another file.
 */
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

/** Who will carry the change out. They differ in how they wait, and in what they do about a task that Swarm keeps. */
export type Executor = "pulumi" | "embedded" | "stack deploy";

/** A service on one side of a change. */
export interface PlannedService {
  readonly kind: "service";
  readonly name: Known<string>;
  readonly definition: ServiceDefinition;
  readonly template: TaskTemplate;
  /** Whether the executor waits until its tasks run, and so fails when they do not. */
  readonly isAwaited: boolean;
}

/** A volume that the plan itself creates or deletes; it lies on the engine that the executor talks to. */
export interface PlannedVolume {
  readonly kind: "volume";
  readonly name: Known<string>;
  readonly definition: VolumeDefinition;
}

/** A network, secret or config: it matters only because Docker refuses to delete it while a service uses it. */
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
  /** Pulumi's `protect`: the old one must not be deleted; for a replacement only where the new one is protected too. */
  readonly isProtected: boolean;
  /** It is protected, and the plan deletes it all the same: a run with `--ignore-protect` (Pulumi 3.256 and later). */
  readonly ignoresProtect?: true;
  /** Pulumi's `retainOnDelete`: the old one is forgotten and not deleted. */
  readonly isRetained: boolean;
  /** Ids of the steps that must be done before this one. */
  readonly dependsOn: readonly string[];
  /** True when this is the service's first update since its creation; not known where the plan does not tell. */
  readonly isFirstUpdate: Known<boolean>;
  /** What the program no longer says and the service nevertheless keeps, because the provider plans nothing for it. */
  readonly ignoredRemovals: readonly string[];
  /** Properties that forced a replacement. */
  readonly replaceReasons: readonly string[];
}

/** What most steps are: nothing comes first, nothing is protected, retained or ignored. */
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
  /** How many unchanged objects exist that the plan does not show; any of them may be a service. */
  readonly unseen: number;
  /** Why the plan cannot be carried out as it is: errors of the preview, one line each. */
  readonly errors: readonly string[];
  /** Findings of policy packs that the plan carries. */
  readonly policyFindings: readonly PolicyFinding[];
}

/** What a policy pack said about the plan. */
export interface PolicyFinding {
  readonly policy: string;
  readonly level: string;
  readonly resource: string;
  readonly message: string;
}

/** What was seen of a volume on its own node. */
export interface VolumeSight {
  /** The store whose data it holds, by the mark of the start guard. */
  readonly mark: string | undefined;
  readonly isEmpty: boolean;
}

/** What was asked of the live swarm; each part may be missing. */
export interface LiveFacts {
  readonly nodes?: readonly SwarmNode[];
  /** By image name, as `Estate.images`. */
  readonly images?: ReadonlyMap<string, ImageFacts>;
  /** What images under other names are; said by the user, not asked of the swarm. */
  readonly imageNames?: ImageNames;
  /** The size of a service's dataset in memory, in bytes, by the service's name. */
  readonly datasetBytes?: ReadonlyMap<string, number>;
  /** Where a service's tasks run now: ids of nodes, by the service's name. */
  readonly taskNodes?: ReadonlyMap<string, readonly string[]>;
  /** Services of which no task runs, by name, with the reason: that they are scaled to 0, or what their newest task says. */
  readonly down?: ReadonlyMap<string, string>;
  /** Names of the configs that there are. */
  readonly configNames?: ReadonlySet<string>;
  /** Services whose running task has another placement than the provider's next update leaves to the service, by name. */
  readonly withOtherPlacement?: ReadonlySet<string>;
  /** Volumes on nodes whose own engines were asked, by the node's id and the volume's name; one that is not there is not among them. */
  readonly volumesOn?: ReadonlyMap<string, ReadonlyMap<string, VolumeSight>>;
  /** What is taken on the swarm, and what cannot be had on it. */
  readonly use?: SwarmUse;
  /** Services that the program removes without the plan's showing it, by name: only once what it makes runs. */
  readonly removedLast?: ReadonlySet<string>;
  /** The id of the node whose engine was asked. The executor talks to it too, so the plan's own volumes lie there. */
  readonly engineNode?: string;
}

/** A service's name in Docker; where that is not known yet, its name in the program. */
export function nameOf({ name, definition }: PlannedService): string {
  return isKnown(name) ? name : definition.name;
}

/** Whether nothing but `protect` keeps a plan from deleting the old object. */
export function restsOnProtect(step: PlannedStep): boolean {
  return isRefusedDeletion(step) && !step.isRetained;
}

/** Whether Pulumi refuses a step because it would delete what is protected, or replace it, even where its data would be retained. */
export function isRefusedDeletion({ operation, isProtected }: PlannedStep): boolean {
  return isProtected && (operation === "delete" || operation === "replace");
}

/** What `protect` alone does not keep, as it reads after a colon. */
export const protectLimits =
  "`pulumi up` and `pulumi destroy` with --ignore-protect (Pulumi 3.256 and later) delete it, and retainOnDelete is what keeps it then.";

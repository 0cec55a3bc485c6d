/** What is known about one service's change, computed once; the rules look at nothing else. */
import type { Obstacle } from "../../model/placement/feasibility.ts";
import type { Location } from "../../model/placement/task-location.ts";
import type { LiveFacts, Plan, PlannedService, PlannedStep } from "../../model/plan/plan.ts";
import type { TaskComparison } from "../../model/plan/task-template.ts";
import type { DataPlace } from "../../model/storage/data-location.ts";
import type { ShownChange } from "../redaction/property-values.ts";
import type { Outage } from "./outage.ts";
import type { PlaceFacts } from "./place-course.ts";
import type { StepOutcome } from "./plan-execution.ts";
import type { StartEffect } from "./redis-restart.ts";
import type { Side } from "./side.ts";
import type { FileCheck } from "./startup-refusal.ts";
import type { StopEffect } from "./stop.ts";
import type { Course, TaskEffect } from "./task-course.ts";

/** One service's part in a plan that has been carried out. */
export interface ServiceChange extends FileCheck {
  /** Its name in Docker or, if not known yet, in the program. */
  readonly name: string;
  readonly plan: Plan;
  readonly live: LiveFacts;
  readonly step: PlannedStep;
  readonly outcome: StepOutcome | undefined;
  readonly before: Side;
  /** What takes the place of its tasks, if anything does. */
  readonly after: Side | undefined;
  /** For a deleted service: the creation of the one that takes its place, which starts before this one stops. */
  readonly successor: StepOutcome | undefined;
  /** Services that the plan gives a volume of this one. */
  readonly newUsers: readonly PlannedService[];
  readonly comparison: TaskComparison | undefined;
  readonly location: Location | undefined;
  /** What prevents its new task from starting on the current swarm. */
  readonly obstacle: Obstacle | undefined;
  /** Volumes that the plan deletes, by name, with the step that does. */
  readonly destroyedVolumes: ReadonlyMap<string, PlannedStep>;
  /** The volumes of the plan may be those of the service: it may run on the engine that the executor talks to. */
  readonly isHere: boolean;
  /** Why no task runs now although one should; `undefined` if one does, or if the swarm was not asked. */
  readonly down: string | undefined;
  /** Size of the data in memory in bytes, if it is known. */
  readonly datasetBytes: number | undefined;
  /** A service that takes this one's place, with what keeps its data. */
  readonly sideOf: (service: PlannedService) => Side;
}

/** The facts about one service with data. */
export interface ServiceFacts extends Omit<
  ServiceChange,
  "plan" | "live" | "after" | "successor" | "newUsers" | "destroyedVolumes" | "isHere" | "sideOf"
> {
  /** Why the step fails or is not reached, in a sentence; `undefined` for one that takes place. */
  readonly failure: string | undefined;
  readonly course: Course;
  /** The plan deletes the service and creates another one for it. */
  readonly isRenamed: boolean;
  /** No task runs, so nothing is written any more that a copy could lack. */
  readonly isIdle: boolean;
  /** What changes in the service, fit to be shown. */
  readonly changes: readonly ShownChange[];
  /** The placement constraints before and after, where they differ. */
  readonly constraints: ShownChange;
  /** What stopping its tasks does to data in memory; `undefined` if none is stopped. */
  readonly stop: StopEffect | undefined;
  /** Why a stop loses data after this change; `undefined` if it does not, or already did. */
  readonly laterStopLoss: string | undefined;
  /** What a new Redis reads of what the old one has written. */
  readonly start: StartEffect | undefined;
  /** What happens to the data at each of its places. */
  readonly places: readonly PlaceFacts[];
  /** The new server looks for the data; whether it finds it is another question. */
  readonly looksForData: boolean;
  /** Others who write the same files; `undefined` for a program made for many writers, and for a removed service. */
  readonly writing: WritingFacts | undefined;
  readonly taskEffect: TaskEffect;
  readonly outage: Outage;
  /** The steps of the service and of its data volumes, as far as protection concerns them. */
  readonly protection: readonly ProtectionFacts[];
  /** The data volumes that the plan deletes on another engine than the service's. */
  readonly deletedElsewhere: readonly string[];
  /** The plan has errors, and the swarm was not asked. */
  readonly restsOnErrors: boolean;
}

/** Others who write the same files. */
export interface WritingFacts {
  /** What the service is after the plan. */
  readonly then: Side;
  /** It keeps its data in the same place as before. */
  readonly isSameStorage: boolean;
  /** Before and after want the same port of their node, so one waits for the other. */
  readonly sharesHostPort: boolean;
  /** Services that the plan starts on the same storage, and that may run at the same time. */
  readonly rivals: readonly Rival[];
}

/** A service that the plan starts on another one's storage. */
export interface Rival {
  readonly name: string;
  /** It is the new version of the service, next to the old one. */
  readonly isOwn: boolean;
  /** The property that gives it the storage. */
  readonly path: string;
}

/** One step that protection concerns. */
export interface ProtectionFacts {
  /** In words: `The volume "data"`. */
  readonly what: string;
  /** This run deletes it although it is protected. */
  readonly isIgnored: boolean;
  /** Only `protect` keeps it. */
  readonly isAlone: boolean;
}

/** The facts about a volume that the plan deletes and no service that it shows has mounted. */
export interface VolumeFacts {
  readonly step: PlannedStep;
  readonly name: string;
  readonly place: DataPlace;
  /** Pulumi refuses, because it is protected. */
  readonly isSpared: boolean;
  /** The plan does not show all services, so one of them may use it. */
  readonly mayBeInUse: boolean;
}

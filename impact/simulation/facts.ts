/** What is known of one service's change, found out once; the rules look at nothing else. */
import type { Location } from "../../model/placement/task-location.ts";
import type { Executor, PlannedStep } from "../../model/plan/plan.ts";
import type { TaskComparison } from "../../model/plan/task-template.ts";
import type { DataPlace } from "../../model/storage/data-location.ts";
import type { ShownChange } from "../redaction/property-values.ts";
import type { Outage } from "./outage.ts";
import type { PlaceFacts } from "./place-course.ts";
import type { StepOutcome } from "./plan-execution.ts";
import type { StartEffect } from "./redis-restart.ts";
import type { Side } from "./side.ts";
import type { StartRefusal } from "./startup-refusal.ts";
import type { StopEffect } from "./stop.ts";
import type { Course, TaskEffect } from "./task-course.ts";

/** The facts about one service with data. */
export interface ServiceFacts {
  /** Its name in Docker; where that is not known yet, its name in the program. */
  readonly name: string;
  readonly executor: Executor;
  readonly step: PlannedStep;
  readonly outcome: StepOutcome | undefined;
  /** That the step does not come to pass, and why, in a sentence; `undefined` for one that does. */
  readonly failure: string | undefined;
  readonly before: Side;
  readonly course: Course;
  /** The plan deletes the service and creates another one for it. */
  readonly isRenamed: boolean;
  /** Why no task runs now that is meant to; `undefined` where one does, and where nobody asked. */
  readonly down: string | undefined;
  /** No task runs, so nothing is written any more that a copy could lack. */
  readonly isIdle: boolean;
  readonly location: Location | undefined;
  readonly comparison: TaskComparison | undefined;
  /** What changes in the service, fit to be shown. */
  readonly changes: readonly ShownChange[];
  /** The placement constraints before and after, where they differ. */
  readonly constraints: ShownChange;
  /** What the stop of its tasks does to what is in memory; `undefined` where none is stopped. */
  readonly stop: StopEffect | undefined;
  /** Why, from this change on, a stop loses data; `undefined` where it does not, or did before. */
  readonly laterStopLoss: string | undefined;
  /** Why the new server does not start on the files. */
  readonly refusal: StartRefusal | undefined;
  /** What a new Redis reads of what the old one has written. */
  readonly start: StartEffect | undefined;
  /** What becomes of the data at each of its places. */
  readonly places: readonly PlaceFacts[];
  /** What bears on others who write the same files; `undefined` for a program made for many writers, and for a removed service. */
  readonly writing: WritingFacts | undefined;
  /** Size of the data in memory in bytes, where it was asked for. */
  readonly datasetBytes: number | undefined;
  readonly taskEffect: TaskEffect;
  readonly outage: Outage;
  /** The steps of the service and of its data volumes that protection bears on. */
  readonly protection: readonly ProtectionFacts[];
  /** The data volumes that the plan deletes on another engine than the service's. */
  readonly deletedElsewhere: readonly string[];
  /** The plan has errors, and nobody asked the swarm. */
  readonly restsOnErrors: boolean;
}

/** What bears on others who write the same files. */
export interface WritingFacts {
  /** What the service is once the plan is carried out. */
  readonly then: Side;
  /** It keeps data where it kept it before. */
  readonly isSameStorage: boolean;
  /** Both want the same port of their node, so that one waits for the other. */
  readonly sharesHostPort: boolean;
  /** Services that the plan starts on the same storage, where they may run beside this one. */
  readonly rivals: readonly Rival[];
}

/** A service that the plan starts on another one's storage. */
export interface Rival {
  readonly name: string;
  /** It is the new version of the service, beside the old one. */
  readonly isOwn: boolean;
  /** The property that gives it the storage. */
  readonly path: string;
}

/** One step that protection bears on. */
export interface ProtectionFacts {
  readonly step: PlannedStep;
  /** In words: `The volume "data"`. */
  readonly what: string;
  /** This run deletes it although it is protected. */
  readonly isIgnored: boolean;
  /** Nothing but `protect` keeps it. */
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

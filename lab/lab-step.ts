/** The steps in which a lab comes up, in this order. */
export const labSteps = {
  packages: "Download Docker, Redis and a registry as Debian packages",
  engine: "Start a private Docker engine",
  swarm: "Initialise its swarm",
  registry: "Start a private registry",
  image: "Assemble a Redis image and push it to the registry",
} as const;

/** The id of a step. */
type LabStepId = keyof typeof labSteps;

/** What is told about a step; a step that has nothing to do is only told as skipped. */
export interface LabStepEvent {
  readonly step: LabStepId;
  readonly title: string;
  readonly state: "started" | "progress" | "done" | "skipped";
  /** What is being done or what came of it, without a full stop. */
  readonly detail?: string;
}

/** Receives what a lab tells while it starts. */
export type LabStepListener = (event: LabStepEvent) => void;

/** How to tell whether a step is needed, and how to do it; both answer with a detail to show. */
export interface LabStepWork {
  readonly step: LabStepId;
  /** What stands already, or undefined when the step must run. */
  readonly check: () => Promise<string | undefined>;
  readonly run: (progress: (detail: string) => void) => Promise<string>;
}

/** Runs one step unless it is done already, and tells so. */
export async function takeStep(tell: LabStepListener, { step, check, run }: LabStepWork): Promise<void> {
  const title = labSteps[step];
  const standing = await check();
  if (standing !== undefined) {
    tell({ step, title, state: "skipped", detail: standing });
    return;
  }
  tell({ step, title, state: "started" });
  const detail = await run((progress) => {
    tell({ step, title, state: "progress", detail: progress });
  });
  tell({ step, title, state: "done", detail });
}

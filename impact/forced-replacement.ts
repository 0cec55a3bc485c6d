import {
  plainStep,
  type LiveFacts,
  type Plan,
  type PlannedService,
  type PlannedStep,
  type PlannedVolume,
} from "../model/plan/plan.ts";
import type { Estate, ServiceDefinition } from "../model/service/definition.ts";
import { judgePlan } from "./judge-plan.ts";
import type { Verdict } from "./verdict/verdict.ts";

/** The verdict on `docker service update --force`: the task is replaced and nothing else changes. Undefined for a service without data. */
export function judgeForcedReplacement(
  definition: ServiceDefinition,
  estate: Estate,
  live: LiveFacts,
): Verdict | undefined {
  const planned = (forceUpdate: number): PlannedService => ({
    kind: "service",
    name: definition.name,
    definition,
    template: {
      placement: {},
      rest: { forceUpdate },
      endpoint: {},
      hiddenChanges: [],
      isExact: false,
      paths: { placement: definition.paths.constraints, rest: definition.paths.service, endpoint: "endpoint" },
    },
    isAwaited: true,
  });
  const volumes = estate.volumes.map((volume): PlannedStep => {
    const object: PlannedVolume = { kind: "volume", name: volume.name, definition: volume };
    return { ...plainStep, id: `volume ${volume.id}`, operation: "same", before: object, after: object };
  });
  const update: PlannedStep = {
    ...plainStep,
    id: definition.id,
    operation: "update",
    before: planned(1),
    after: planned(2),
  };
  const plan: Plan = {
    executor: "stack deploy",
    steps: [...volumes, update],
    unseen: 0,
    errors: [],
    policyFindings: [],
  };
  return judgePlan(plan, live).verdicts.find(({ subject }) => subject === "service");
}

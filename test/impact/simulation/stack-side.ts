import { makeSide, type Side } from "../../../impact/simulation/side.ts";
import type { PlannedService } from "../../../model/plan/plan.ts";
import type { ServiceDefinition } from "../../../model/service/definition.ts";
import { dataKeeper } from "../../../model/storage/data-location.ts";

/** A service of a stack file as one side of a change. */
export function sideOf(definition: ServiceDefinition): Side {
  const paths = { placement: "", rest: "", endpoint: "" };
  const template = { placement: {}, rest: {}, endpoint: {}, hiddenChanges: [], isExact: false, paths };
  const service: PlannedService = { kind: "service", name: definition.name, definition, template, isAwaited: false };
  return makeSide(service, dataKeeper(definition, { images: new Map(), volumes: [] }));
}

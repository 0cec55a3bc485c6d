/** What the stop of the old task says about the data. */
import type { ServiceDefinition } from "../../model/service/definition.ts";
import type { DataKeeper } from "../../model/storage/data-location.ts";
import { sharesHostPort } from "../simulation/plan-execution.ts";
import { gracefulStop, redisStop, type StopEffect, type StopFacts } from "../simulation/redis-restart.ts";
import { nameOf, whyDown, type Course, type ServiceChange } from "../simulation/service-change.ts";
import { remedies } from "../verdict/remedies.ts";
import type { Cause } from "../verdict/verdict.ts";
import { sentence, triggers } from "./causes.ts";
import type { Part } from "./finding.ts";

/** What interrupts the service, and what its stop writes. */
export function restartParts(change: ServiceChange, course: Course): readonly Part[] {
  const { before, keeper } = change;
  if (course.kind === "goes on" || before.definition.replicas === 0) return [];
  const parts: Part[] = triggers(change, course).map((cause): Part => ({ fate: "interrupted", cause }));
  if (whyDown(change) !== undefined) return parts;
  const stop = stopEffect(before.definition, keeper, stopFacts(change, course));
  if (stop.kind === "kept") return parts;
  const code = stop.kind === "lost" ? "DF201" : stop.fix === undefined ? "DF203" : "DF202";
  const text = `${sentence(stop.why)} What is in memory is lost with the old task.`;
  const cause: Cause = { code, text, path: stop.path };
  const save = remedies.saveFirst(keeper, nameOf(before));
  if (stop.kind === "lost")
    return [
      ...parts,
      { fate: "destroyed", cause, remedies: [remedies.switchAppendOnlyOn(keeper, nameOf(before)), save] },
    ];
  const means =
    stop.fix === undefined ? [remedies.dumpFirst(keeper, nameOf(before))] : [remedies.mendStop(stop.fix), save];
  return [...parts, { fate: "at risk", cause, remedies: means }];
}

/** What bears on the stop of the old task. */
export function stopFacts({ before, live, step }: ServiceChange, course: Course): StopFacts {
  const isUpdated = course.kind === "exchanged" && step.operation === "update";
  return {
    datasetBytes: live.datasetBytes?.get(nameOf(before)),
    // A task that waits for the port that the old one holds reads nothing.
    isReplaced:
      isUpdated &&
      course.after.definition.replicas !== 0 &&
      !sharesHostPort(before.definition, course.after.definition),
  };
}

/** What a stop does to the data that is in memory, whatever the program. */
export function stopEffect(
  service: ServiceDefinition,
  { redis, entry, places }: DataKeeper,
  facts: StopFacts,
): StopEffect {
  const readOnly = places.find((place) => place.readOnly === true);
  if (readOnly !== undefined && redis !== undefined) {
    return {
      kind: "at risk",
      path: readOnly.at,
      why: "the data path is mounted read-only, so a stop cannot write what is in memory",
      fix: undefined,
    };
  }
  if (entry?.survivesKill === true) return { kind: "kept" };
  return redis === undefined || entry?.redis === undefined
    ? gracefulStop(service, entry)
    : redisStop(service, redis, entry, facts);
}

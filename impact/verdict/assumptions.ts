/** What a verdict takes for granted because it could not be seen, each as it reads after "Taken for granted:". */
import { hasSavePoints, isAppendOnly } from "../../model/redis/settings.ts";
import { isKnown } from "../../model/service/definition.ts";
import type { DataKeeper, DataPlace } from "../../model/storage/data-location.ts";
import type { Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";

/** The assumptions behind what the rules have found about a service. */
export function assumptionsOf(
  { before, course, location, comparison, datasetBytes, restsOnErrors }: ServiceFacts,
  found: readonly Diagnostic[],
): readonly string[] {
  const { keeper } = before;
  const keepsRunning = course.kind === "keeps running";
  const after = course.kind === "exchanged" ? course.after.service.definition : undefined;
  const assumed = [
    ...found.flatMap(({ assumption }) => assumption ?? []),
    ...(keepsRunning ? [] : keeper.places.flatMap((place) => placeAssumption(place, found))),
  ];
  if (
    location?.assumption !== undefined &&
    comparison?.isReplaced === false &&
    comparison.changes.some(({ path }) => path.includes("lacement"))
  )
    assumed.push(location.assumption);
  if (after !== undefined && location?.move.kind === "stays" && location.move.assumption !== undefined)
    assumed.push(location.move.assumption);
  if (after !== undefined && datasetBytes === undefined) {
    const was = before.service.definition.limits.memoryBytes;
    const is = after.limits.memoryBytes;
    if (isKnown(is) && is !== undefined && isKnown(was) && (was === undefined || is < was))
      assumed.push(
        `the data fits into the new memory limit (${is} bytes); otherwise the server is killed while it reads it`,
      );
  }
  if (!keepsRunning && before.service.definition.replicas !== 0 && isUnseen(keeper))
    assumed.push(
      `the configuration of Redis, which cannot be seen here (${keeper.redis?.path ?? ""}), has it write its data when it stops`,
    );
  if (after !== undefined && !isKnown(after.image.repository))
    assumed.push("the image, which is not known yet, is of the same program and of no older version");
  if (after !== undefined && keeper.entry === undefined)
    assumed.push(
      "the image, which the catalogue does not know, writes its data to the mounts and saves it when it is stopped",
    );
  if (!keepsRunning && restsOnErrors) assumed.push("the errors of the preview are fixed and the steps stay the same");
  return assumed;
}

/** What is assumed about a place; why it is not known is given as the cause if it leaves the fate open. */
function placeAssumption({ kind, assumption }: DataPlace, found: readonly Diagnostic[]): readonly string[] {
  if (assumption === undefined) return [];
  if (kind !== "not known") return [assumption];
  return found.some(({ fate }) => fate === "unknown") ? [] : [`the data is where it was, although ${assumption}`];
}

/** Whether it cannot be seen that a stop writes what is in memory. */
function isUnseen({ redis, entry }: DataKeeper): boolean {
  if (redis === undefined || entry?.redis === undefined) return false;
  const appendOnly = isAppendOnly(redis, entry.redis);
  return appendOnly !== true && (!isKnown(appendOnly) || !isKnown(hasSavePoints(redis)));
}

import { isKnown } from "../../model/service/definition.ts";
import { rule } from "../rule.ts";
import type { Side } from "../simulation/side.ts";
import { remedies } from "../verdict/remedies.ts";

/** A server of another version or product that does not start on the files. */
export const filesRefused = rule({ DF301: "The new server refuses the files" }, ({ places, refusal, course }) => {
  if (refusal === undefined || course.kind !== "exchanged" || !places.some(({ kind }) => kind === "refused")) return [];
  const text = course.isTakenBack
    ? `${refusal.why}: it never starts, Swarm rolls the update back (failureAction), and the former task starts again on the data as it is.`
    : `${refusal.why}: it never starts, and the data stays as it is until someone migrates it.`;
  return [{ code: "DF301", fate: "interrupted", text, path: course.after.service.definition.paths.image }];
});

/** A memory limit that the data does not fit into: Redis is killed while it loads, or as soon as it has grown. */
export const memoryLimit = rule(
  { DF309: "The memory limit is below the data" },
  ({ before, course, start, places, datasetBytes }) => {
    const isLoading = start?.kind === "loads" || start?.kind === "at risk";
    if (course.kind !== "exchanged" || !isLoading || !places.some(({ kind }) => kind === "same")) return [];
    const { limits, paths } = course.after.service.definition;
    const limit = limits.memoryBytes;
    if (!isKnown(limit) || limit === undefined) return [];
    const risk = (text: string) =>
      [{ code: "DF309", fate: "at risk", text, path: paths.memoryLimit, remedies: [remedies.memoryFirst()] }] as const;
    if (datasetBytes !== undefined && datasetBytes > limit)
      return risk(
        `The memory limit (${limit} bytes) is below the dataset (${datasetBytes} bytes): the server is killed while it loads.`,
      );
    const most = mostAboveLimit(course.after);
    if (most === undefined || mostAboveLimit(before) !== undefined || datasetBytes !== undefined) return [];
    return risk(
      `The memory limit (${limit} bytes) is below maxmemory (${most} bytes): a dataset that does not fit gets the server killed while it loads.`,
    );
  },
);

/** `maxmemory` where the memory limit is below it. */
function mostAboveLimit({ service, redis }: Side): number | undefined {
  const most = redis?.maxMemoryBytes;
  const limit = service.definition.limits.memoryBytes;
  if (most === undefined || !isKnown(most) || limit === undefined || !isKnown(limit)) return undefined;
  return most > limit ? most : undefined;
}

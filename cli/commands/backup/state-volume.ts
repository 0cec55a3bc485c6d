import { z } from "zod";
import { jsonOrUndefined } from "../../../text/parse-json.ts";

const volumeType = "docker:index/volume:Volume";

const urns = z.array(z.string()).nullish();

const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z
      .array(
        z.looseObject({
          urn: z.string(),
          type: z.string(),
          dependencies: urns,
          propertyDependencies: z.record(z.string(), urns).optional(),
        }),
      )
      .optional(),
  }),
});

/**
 * An exported state without the volume that a component of this name has made. It stays where it is: the stack alone does not know it any more.
 *
 * @param component - the volume's
 * @returns undefined where the state has none
 */
export function withoutVolume(state: string, component: string): string | undefined {
  const read = exportSchema.safeParse(jsonOrUndefined(state)).data;
  const resources = read?.deployment.resources ?? [];
  const gone = new Set(
    resources
      .filter(({ type, urn }) => type === volumeType && urn.endsWith(`::${component}-volume`))
      .map(({ urn }) => urn),
  );
  if (read === undefined || gone.size === 0) return undefined;
  const left = (list: z.infer<typeof urns>) => list?.filter((urn) => !gone.has(urn));
  const kept = resources
    .filter(({ urn }) => !gone.has(urn))
    .map((resource) => ({
      ...resource,
      ...(resource.dependencies && { dependencies: left(resource.dependencies) }),
      ...(resource.propertyDependencies && {
        propertyDependencies: Object.fromEntries(
          Object.entries(resource.propertyDependencies).map(([property, list]) => [property, left(list) ?? null]),
        ),
      }),
    }));
  return JSON.stringify({ ...read, deployment: { ...read.deployment, resources: kept } });
}

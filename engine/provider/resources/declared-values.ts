/** Planned properties of the smaller resource types; null and missing read as Terraform's zero values. */
import { z } from "zod";

/** A text, "" where there is none. */
export const textSchema = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
/** A flag, false where there is none. */
export const flagSchema = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
/** A map of texts, empty where there is none. */
export const textMapSchema = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
/** A list of labels, empty where there is none. */
export const labelsSchema = z
  .array(z.object({ label: z.string(), value: z.string() }))
  .nullish()
  .transform((labels) => labels ?? []);

/** Labels as Docker takes them. */
export function labelMap(labels: z.infer<typeof labelsSchema>): Record<string, string> {
  return Object.fromEntries(labels.map(({ label, value }) => [label, value]));
}

/** Whether two sets of labels are the same. */
export function isSameMap(
  one: Readonly<Record<string, string>> | null | undefined,
  other: Readonly<Record<string, string>>,
): boolean {
  const entries = Object.entries(one ?? {});
  return entries.length === Object.keys(other).length && entries.every(([name, value]) => other[name] === value);
}

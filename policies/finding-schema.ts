import { z } from "zod";

const oneLine = z.string().regex(/^[^\r\n]*$/);

const findingSchema = z
  .strictObject({
    rule: z
      .string()
      .regex(/^SS\d{3}$/)
      .describe("The rule's id"),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .describe("The rule's name"),
    level: z.enum(["error", "warning"]),
    result: z.enum(["fail", "unverifiable"]).describe("unverifiable: it depends on a value that is not known"),
    service: oneLine.describe("The service's name"),
    path: oneLine.min(1).describe("The offending property, in the words of the input"),
    message: oneLine.min(1),
    fix: oneLine.min(1),
    url: z.string().describe("The rule's page"),
    location: z
      .strictObject({ file: oneLine, line: z.int().positive(), column: z.int().positive() })
      .optional()
      .describe("Where the property is written"),
  })
  .meta({ title: "Finding" });

/** What `holdfast policy --json` prints; published as `docs/schemas/findings.schema.json`. */
export const findingsSchema = z
  .strictObject({ findings: z.array(findingSchema) })
  .meta({ title: "Findings of holdfast policy" });

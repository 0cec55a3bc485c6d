import { z } from "zod";

const absolutePath = z.string().regex(/^\/[^\s:]*$/, "an absolute path");
const source = z.url({ protocol: /^https$/ });
const versions = z.strictObject({ from: z.int().positive().optional(), before: z.int().positive().optional() });

function isPattern(text: string): boolean {
  try {
    return new RegExp(text).source !== "";
  } catch {
    return false;
  }
}
const pattern = z.string().refine(isPattern, "a regular expression");

const mover = z.union([
  z.strictObject({ environment: z.string().regex(/^[A-Za-z_][\w.]*$/) }),
  z.strictObject({ argument: z.string().regex(/^-/), means: absolutePath.optional() }),
  z.strictObject({ wordsAfter: z.string().min(1), flags: z.array(z.string().regex(/^-/)) }),
  z.strictObject({
    setting: z.string().regex(/^[\w.-]+$/),
    within: z.array(z.string().regex(/^\w+$/)).optional(),
    always: z.literal(true).optional(),
  }),
  z.strictObject({ redisDirectory: z.literal(true) }),
]);

/** What each entry of the image catalogue must look like, also one that a user adds. */
export const catalogueEntrySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  title: z.string().min(1),
  repositories: z.array(z.string().regex(/^[a-z0-9][a-z0-9._/-]*$/)).min(1),
  keepsState: z.union([
    z.enum(["always", "never"]),
    z.strictObject({
      withArgument: z.array(z.string().min(1)).min(1),
      withSetting: z
        .string()
        .regex(/^[\w.-]+$/)
        .optional(),
    }),
  ]),
  stateElsewhere: z
    .strictObject({ variables: z.record(z.string(), pattern).optional(), configuration: pattern.optional() })
    .optional(),
  commands: z
    .strictObject({
      servers: z.array(z.string().min(1)).min(1),
      tools: z.array(z.string().min(1)).min(1),
      disguises: z.array(z.string().min(1)).optional(),
    })
    .optional(),
  dataPaths: z.array(
    z.strictObject({
      path: absolutePath,
      versions: versions.optional(),
      alsoAt: z.array(absolutePath).optional(),
      movedBy: z.array(mover),
      looksFirstInto: pattern.optional(),
      namedAfterHost: z
        .strictObject({
          byDefault: z.string().min(1),
          longNames: z.string().min(1),
          variable: z.string().min(1),
          unless: z.string().min(1),
        })
        .optional(),
      source,
    }),
  ),
  volumes: z.array(z.strictObject({ path: absolutePath, versions: versions.optional() })),
  writers: z.enum(["one", "many"]),
  redis: z
    .strictObject({
      appendOnly: z.boolean(),
      argumentsFrom: z.string().optional(),
      appendOnlyFrom: z.string().optional(),
    })
    .optional(),
  survivesKill: z.literal(true).optional(),
  refuses: z.enum(["other majors", "skipped majors"]).optional(),
  majors: z.strictObject({ from: z.number(), before: z.number() }).optional(),
  life: z.array(z.strictObject({ command: z.string().min(1), failsWhileLoading: z.boolean(), source })),
  hasHealthCheck: z.boolean().optional(),
  authentication: z
    .strictObject({
      byDefault: z.boolean(),
      onByEnvironment: z.array(z.string()),
      onByArgument: z.array(z.string()),
      onBySetting: z.array(z.string().regex(/^\w+$/)).optional(),
      offByEnvironment: z.record(z.string(), z.array(z.string())),
      source,
    })
    .optional(),
});

/** What the catalogue as a whole must look like: no name and no repository twice, and a path for all that keeps state. */
export const catalogueSchema = z.array(catalogueEntrySchema).superRefine((entries, context) => {
  for (const key of ["name", "repositories"] as const) {
    const seen = new Set<string>();
    for (const value of entries.flatMap((entry) => entry[key])) {
      if (seen.has(value)) context.addIssue({ code: "custom", message: `${value} stands in two entries` });
      seen.add(value);
    }
  }
  for (const entry of entries) {
    if (entry.keepsState === "never" ? entry.dataPaths.length > 0 : entry.dataPaths.length === 0) {
      context.addIssue({ code: "custom", message: `${entry.name}: data paths and keepsState disagree` });
    }
  }
});

import { z } from "zod";
import type { EngineEvent } from "../../engine/model/events.ts";
import { jsonOrUndefined } from "../../text/parse-json.ts";

/** Go writes `null` for what is not there. */
function absent<T extends z.ZodType>(schema: T) {
  return schema.nullish().transform((value) => value ?? undefined);
}

const state = z.looseObject({ urn: z.string(), type: z.string(), id: z.string().optional() });

const metadata = z
  .looseObject({
    op: z.string(),
    urn: z.string(),
    type: z.string(),
    provider: z.string().default(""),
    old: absent(state),
    new: absent(state),
    keys: absent(z.array(z.string())),
    diffs: absent(z.array(z.string())),
    detailedDiff: absent(z.record(z.string(), z.looseObject({ diffKind: z.string(), inputDiff: z.boolean() }))),
    logical: z.boolean().default(false),
  })
  .transform(withoutAbsent);

const diagnostic = z
  .looseObject({ message: z.string(), severity: z.string(), urn: z.string().optional(), prefix: z.string().optional() })
  .transform((event) => ({ ...event, message: withoutColours(event.message) }));

const eventSchema = z.looseObject({
  sequence: z.number().default(0),
  timestamp: z.number().default(0),
  resourcePreEvent: z.looseObject({ metadata }).optional(),
  resOutputsEvent: z.looseObject({ metadata }).optional(),
  resOpFailedEvent: z.looseObject({ metadata }).optional(),
  diagnosticEvent: diagnostic.optional(),
  summaryEvent: z
    .looseObject({
      durationSeconds: z.number().default(0),
      isPreview: z.boolean().default(false),
      resourceChanges: z.record(z.string(), z.number()).default({}),
    })
    .optional(),
});

/**
 * Reads one line of `pulumi … --json`: an engine event (sdk/go/common/apitype/events.go); undefined for anything else that
 * may be printed there.
 */
export function parsePulumiEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  const parsed = eventSchema.safeParse(jsonOrUndefined(line));
  // Our events have Pulumi's shape; what the schema does not check is only passed on or shown.
  return parsed.success ? (parsed.data as unknown as EngineEvent) : undefined;
}

/** Takes out Pulumi's colour marks, `<{%reset%}>` (sdk/go/common/diag/colors). */
function withoutColours(text: string): string {
  return text.replaceAll(/<\{%[^%]*%\}>/g, "");
}

function withoutAbsent<T extends object>(value: T): T {
  // Only members that are undefined are left out.
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

import type { PreparedFile } from "../../model/redis/preparation.ts";
import { placeWords, type DataPlace } from "../../model/storage/data-location.ts";
import { showChanges } from "../redaction/property-values.ts";
import { leftBehind, rule, sentence, type Diagnostic } from "../rule.ts";
import type { ServiceFacts } from "../simulation/facts.ts";
import type { StartEffect } from "../simulation/redis-restart.ts";
import { remedies } from "../verdict/remedies.ts";

type Code = "DF302" | "DF303" | "DF304" | "DF305" | "DF306" | "DF307" | "DF308";

/** What a new Redis reads of what the old one has written. */
export const redisStart = rule<Code>(
  {
    DF302: "The append-only file is switched on over a snapshot",
    DF303: "The append-only file is switched off without a snapshot",
    DF304: "The files have another name",
    DF305: "The new server may start without the latest writes",
    DF306: "The server becomes a replica",
    DF307: "What the new server reads is not known",
    DF308: "The start script converts the files",
  },
  (facts) => {
    const { start } = facts;
    if (start === undefined) return [];
    return facts.places.flatMap(({ kind, place }) => (kind === "same" ? onSamePlace(facts, start, place) : []));
  },
);

function onSamePlace(facts: ServiceFacts, start: StartEffect, place: DataPlace): readonly Diagnostic<Code>[] {
  const { keeper } = facts.before;
  switch (start.kind) {
    case "loads":
      return start.prepares === undefined ? [] : [converted(facts, start.prepares, start.path)];
    case "not known":
      return [{ code: "DF307", fate: "unknown", text: sentence(start.why), path: start.path }];
    case "at risk": {
      const code = start.isReplica ? "DF306" : "DF305";
      const save = remedies.saveFirst(keeper, facts.name);
      return [{ code, fate: "at risk", text: sentence(start.why), path: start.path, remedies: [save] }];
    }
    case "empty":
      return [startsEmpty(facts, start, place)];
  }
}

function converted({ before }: ServiceFacts, file: PreparedFile, path: string): Diagnostic<Code> {
  return {
    code: "DF308",
    fate: "interrupted",
    text: conversionWords[file],
    path,
    // A start script moves a file out of the way once it has converted it to a snapshot.
    ...(file === "append-only file" &&
      before.keeper.prepares === undefined && {
        assumption: "there is no older append-only file next to the snapshot",
      }),
  };
}

const conversionWords: Readonly<Record<PreparedFile, string>> = {
  "append-only file":
    "The service's start script makes the snapshot the beginning of an append-only file before Redis starts, so Redis reads every key.",
  snapshot:
    "The service's start script makes a snapshot of the append-only file before Redis starts, so Redis reads every key; the old files stay next to it in appendonlydir.before.",
};

function startsEmpty(
  facts: ServiceFacts,
  start: Extract<StartEffect, { kind: "empty" }>,
  place: DataPlace,
): Diagnostic<Code> {
  const { name, before, course } = facts;
  const danger = start.overwrites ? " The next snapshot overwrites the old file." : "";
  const text = `${sentence(start.why)} It starts empty; the old data stays as a file in ${placeWords(place)}.${danger}`;
  const [was, is] = [
    before.service.definition,
    course.kind === "exchanged" ? course.after.service.definition : undefined,
  ];
  const [shown] = is ? showChanges([{ path: is.paths.args, before: was.args, after: is.args }]) : [];
  const values = shown?.before === shown?.after || start.path !== shown?.path ? {} : shown;
  const { code, means } = (
    {
      "append-only file": { code: "DF302", means: remedies.switchAppendOnlyOn(before.keeper, name) },
      snapshot: { code: "DF303", means: remedies.switchAppendOnlyOff(before.keeper, name) },
      name: { code: "DF304", means: remedies.renameFirst() },
    } as const
  )[start.lacks];
  return leftBehind(facts, place, { code, text, path: start.path, ...values }, [means]);
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dataFates } from "../../impact/verdict/verdict.ts";
import type { SwarmNode } from "../../model/service/definition.ts";

const recordings = join(import.meta.dirname, "../data/recordings");

/** What real Pulumi on a real swarm did to a key. */
export interface RecordedChange {
  readonly name: string;
  readonly fate: (typeof dataFates)[number];
  /** Whether the container was replaced. */
  readonly task: string;
  readonly exitCode: number;
}

/** All rows of data-fate.csv. */
export function recordedChanges(): readonly RecordedChange[] {
  const [, ...lines] = readFileSync(join(recordings, "data-fate.csv"), "utf8").trim().split("\n");
  return lines.map((line) => {
    const [name = "", exitCode = "", , task = "", , , fate = ""] = line.split(",");
    return { name, exitCode: Number(exitCode), task, fate: z.enum(dataFates).parse(fate) };
  });
}

/** What `pulumi preview --json` printed for a change. */
export function recordedPreview(name: string): string {
  return readFileSync(join(recordings, "changes", name, "preview.json"), "utf8");
}

/** A file of the recordings. */
export function recordedFile(path: string): string {
  return readFileSync(join(recordings, path), "utf8");
}

/** The one node of the swarm that the recordings were made on. */
export const vm: SwarmNode = {
  id: "v0",
  hostname: "vm",
  role: "manager",
  state: "ready",
  availability: "active",
  address: "10.0.0.2",
  os: "linux",
  architecture: "x86_64",
  labels: {},
  engineLabels: {},
};

const digest = z.looseObject({
  steps: z.array(
    z.looseObject({
      op: z.string(),
      urn: z.string(),
      oldState: z.record(z.string(), z.unknown()).nullish(),
      newState: z.record(z.string(), z.unknown()).nullish(),
      replaceReasons: z.array(z.string()).nullish(),
      detailedDiff: z.record(z.string(), z.looseObject({ kind: z.string() })).nullish(),
    }),
  ),
});

/**
 * A recorded preview as the stream of events that Pulumi writes with PULUMI_ENABLE_STREAMING_JSON_PREVIEW: what the digest
 * leaves out because it stays the same is taken from the base state, and what events do not have is taken away.
 */
export function recordedEvents(name: string): string {
  const { steps } = digest.parse(JSON.parse(recordedPreview(name)));
  const base = z
    .object({ deployment: z.object({ resources: z.array(z.looseObject({ urn: z.string(), type: z.string() })) }) })
    .parse(JSON.parse(recordedFile("base-state.json")));
  const shown = new Set(steps.map(({ urn }) => urn));
  const metadata = [
    ...base.deployment.resources
      .filter(({ urn }) => !shown.has(urn) && steps.length > 0)
      .map((state) => ({
        op: "same",
        urn: state.urn,
        type: state.type,
        old: eventState(state),
        new: eventState(state),
      })),
    ...steps.flatMap(({ op, urn, oldState, newState, replaceReasons, detailedDiff }) => {
      const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
      const whole = {
        urn,
        type,
        ...(oldState && { old: eventState(oldState) }),
        ...(newState && { new: eventState(newState) }),
        ...(replaceReasons && { keys: replaceReasons }),
        detailedDiff: Object.fromEntries(
          Object.entries(detailedDiff ?? {}).map(([path, { kind }]) => [path, { diffKind: kind }]),
        ),
      };
      if (op !== "replace") return [{ op, ...whole }];
      const halves = [
        { op: "replace", ...whole },
        { op: "create-replacement", ...whole },
      ];
      const deletion = { op: "delete-replaced", urn, type, old: whole.old };
      return oldState?.["pendingReplacement"] === true ? [deletion, ...halves] : [...halves.toReversed(), deletion];
    }),
  ];
  const events = metadata.map((each, sequence) => ({
    sequence,
    timestamp: 0,
    resourcePreEvent: { metadata: each, planning: true },
  }));
  const summary = { sequence: events.length, timestamp: 0, summaryEvent: { resourceChanges: {} } };
  return [...events, summary].map((event) => JSON.stringify(event)).join("\n");
}

function eventState({
  dependencies: _1,
  propertyDependencies: _2,
  pendingReplacement: _3,
  delete: _4,
  ...state
}: Record<string, unknown>) {
  return state;
}

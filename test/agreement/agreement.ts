import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
  readdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { z } from "zod";

import { previewDigest, type PreviewDigest } from "../../cli/display/preview-digest.ts";
import type { EngineEvent } from "../../engine/model/events.ts";
import { previewStack } from "../../engine/operations.ts";

/** The program of which everything recorded is a variant; further recordings need not bring it along. */
const recordedProgram = join(import.meta.dirname, "../data/recordings/program");

/** The passphrase with which the recorded states were made. */
const recordingPassphrase = "x";

const step = z.looseObject({
  op: z.string(),
  urn: z.string(),
  diffReasons: z.array(z.string()).optional(),
  replaceReasons: z.array(z.string()).optional(),
  detailedDiff: z
    .record(z.string(), z.looseObject({ kind: z.string() }))
    .nullable()
    .optional(),
});
const recordedPreview = z.looseObject({ steps: z.array(step), changeSummary: z.record(z.string(), z.number()) });
type Digest = z.infer<typeof recordedPreview>;

/** The cases of a folder of recordings, by name. */
export function recordedCases(recordings: string): string[] {
  return readdirSync(join(recordings, "changes")).toSorted();
}

/**
 * Runs one recorded change through the embedded engine and compares its preview with Pulumi's.
 *
 * @param recordings a folder with `base-state.json`, `changes/<case>/preview.json` and, where it is another, `program/`
 * @param name the case, which is the value of the program's configuration `case`
 * @returns what differs, a line each; empty when both agree
 */
export async function compareCase(recordings: string, name: string): Promise<string[]> {
  const recorded = recordedPreview.parse(readJson(join(recordings, "changes", name, "preview.json")));
  return differences(recordedPreview.parse(JSON.parse(JSON.stringify(await previewCase(recordings, name)))), recorded);
}

/** What the embedded engine plans for a case, in the shape of `pulumi preview --json`. */
async function previewCase(recordings: string, name: string): Promise<PreviewDigest> {
  const projectDirectory = mkdtempSync(join(tmpdir(), "holdfast-agreement-"));
  try {
    layOut(recordings, projectDirectory, name);
    const events: EngineEvent[] = [];
    await previewStack(
      { projectDirectory, stackName: "dev" },
      {
        onEvent: (event) => events.push(event),
        environment: { ...process.env, PULUMI_CONFIG_PASSPHRASE: recordingPassphrase },
      },
    );
    return previewDigest(events);
  } finally {
    rmSync(projectDirectory, { recursive: true, force: true });
  }
}

/** A project as `pulumi login file://.` keeps it, with the recorded program and its state before the change. */
function layOut(recordings: string, directory: string, name: string): void {
  const program = join(recordings, "program");
  cpSync(existsSync(program) ? program : recordedProgram, directory, { recursive: true });
  symlinkSync(join(import.meta.dirname, "../../node_modules"), join(directory, "node_modules"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
  const { deployment } = z
    .object({
      version: z.literal(3),
      deployment: z.looseObject({ secrets_providers: z.looseObject({ state: z.object({ salt: z.string() }) }) }),
    })
    .parse(readJson(join(recordings, "base-state.json")));
  writeFileSync(
    join(directory, "Pulumi.dev.yaml"),
    `encryptionsalt: ${deployment.secrets_providers.state.salt}\nconfig:\n  recording:case: ${JSON.stringify(name)}\n`,
  );
  const stacks = join(directory, ".pulumi/stacks/recording");
  mkdirSync(stacks, { recursive: true });
  writeFileSync(join(directory, ".pulumi/meta.yaml"), "version: 1\n");
  writeFileSync(
    join(stacks, "dev.json"),
    JSON.stringify({ version: 3, checkpoint: { stack: "organization/recording/dev", latest: deployment } }),
  );
}

function differences(ours: Digest, recorded: Digest): string[] {
  const theirs = new Map(recorded.steps.map((item) => [key(item), item]));
  const mine = new Map(ours.steps.map((item) => [key(item), item]));
  return [
    ...[...theirs.keys()].filter((item) => !mine.has(item)).map((item) => `missing: ${item}`),
    ...[...mine.keys()].filter((item) => !theirs.has(item)).map((item) => `too much: ${item}`),
    ...[...mine].flatMap(([item, { diffReasons, replaceReasons, detailedDiff, oldState, newState }]) => {
      const other = theirs.get(item);
      if (!other) return [];
      return [
        ...differing(`${item} diffReasons`, diffReasons, other.diffReasons),
        ...differing(`${item} replaceReasons`, replaceReasons, other.replaceReasons),
        ...differing(`${item} detailedDiff`, detailedDiff ?? undefined, other.detailedDiff ?? undefined),
        ...differing(`${item} oldState`, comparable(oldState), comparable(other["oldState"])),
        ...differing(`${item} newState`, comparable(newState), comparable(other["newState"])),
      ];
    }),
    ...differing("changeSummary", ours.changeSummary, recorded.changeSummary),
    ...outOfOrder(ours),
  ];
}

/** What of a state must be equal: all but times, what is drawn by chance, and the order of dependencies. */
function comparable(state: unknown): unknown {
  if (typeof state !== "object" || state === null) return state;
  const text = JSON.stringify(state, (key, value: unknown) => {
    if (key === "created" || key === "modified" || key === "sourcePosition") return undefined;
    return isUrnList(value) ? value.toSorted() : value;
  });
  return JSON.parse(
    text.replaceAll(/("(?:name|secretName|configName)":"(?:password|conf)-)[0-9a-f]{7}"/g, '$1#######"'),
  );
}

function isUrnList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string" && item.startsWith("urn:pulumi:"));
}

function differing(what: string, ours: unknown, theirs: unknown): string[] {
  return isDeepStrictEqual(ours, theirs)
    ? []
    : [`${what}: expected ${JSON.stringify(theirs)}, got ${JSON.stringify(ours)}`];
}

/** Deletions come after everything else, and nothing is deleted before what depends on it. */
function outOfOrder(digest: Digest): string[] {
  const deletions = digest.steps.findIndex(({ op }) => op === "delete");
  const late = deletions < 0 ? [] : digest.steps.slice(deletions).filter(({ op }) => op !== "delete");
  return late.map((item) => `out of order: ${key(item)} after a deletion`);
}

function key({ op, urn }: { op: string; urn: string }): string {
  return `${op} ${urn}`;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
